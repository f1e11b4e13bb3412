"""Flags that say nearly the same, so that one decision can be made about all of them.

Belonging together means: nearly the same conversation, answer, comment and correction. A reviewer
sees one of them and the number of the others; what has changed since then is left out of the
decision, not decided unseen.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from feedback.ledger import Ledger
from feedback.records import FlagRecord
from feedback.register import Register, Wanted
from feedback.reviewing import decision_on
from feedback.reviews import Decision, Reviews, Ruling
from shared.errors import NotFound
from shared.home import Home

MOST = 20_000
"""Flags that are compared, oldest first; what comes after them waits for the next time."""
LONGEST = 20_000
"""Characters of a flag that are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Flags that say nearly the same, oldest first."""

    revisions: Mapping[str, int]
    """Flag id to the revision that was looked at."""
    people: int
    """Different people among their authors; callers without a name count as one."""
    about: str
    """How the first of them begins."""

    @property
    def flag_ids(self) -> tuple[str, ...]:
        """The flags, the first one leading."""
        return tuple(self.revisions)

    def __len__(self) -> int:
        """How many flags."""
        return len(self.revisions)


@dataclass(frozen=True, slots=True)
class _Seen:
    flag_id: str
    revision: int
    session: str
    about: str


def groups(home: Home, wanted: Wanted | None = None) -> list[Group]:
    """Groups of two and more flags, the largest first; by default among those that wait."""
    # Here, so that numpy stays out of `inkloop --help`.
    from feedback.duplicates import fingerprint, grouped

    seen: list[_Seen] = []
    prints = []
    ids = Register(home).ids(wanted or Wanted(state="received"))
    for flag in Ledger(home).each(flag_id for flag_id, _ in zip(ids, range(MOST), strict=False)):
        record, newest = flag.record, flag.newest
        if record is not None and newest is not None:
            prints.append(fingerprint(_said(record)))
            seen.append(_Seen(flag.id, newest.revision, record.session, _about(record)))
    members: dict[int, list[_Seen]] = defaultdict(list)
    for leader, one in zip(grouped(prints), seen, strict=True):
        members[leader].append(one)
    found = [_group(some) for some in members.values() if len(some) > 1]
    return sorted(found, key=lambda group: (-len(group), group.flag_ids[0]))


def group_of(home: Home, flag_id: str) -> Group:
    """The group that a waiting flag belongs to.

    Raises:
        NotFound: If the flag is alone, or does not wait.
    """
    for group in groups(home):
        if flag_id in group.revisions:
            return group
    raise NotFound(f"Flag {flag_id[:60]!r} is in no group that waits.")


def decide_group(
    home: Home, group: Group, ruling: Ruling, *, by: str, why: str = ""
) -> tuple[list[Decision], int]:
    """Decide about all flags of a group at once, as they were when the group was made.

    Returns:
        The decisions, and how many flags were left out because their authors changed them.
    """
    flags = list(Ledger(home).each(group.revisions))
    same = [
        flag
        for flag in flags
        if flag.record is not None
        and flag.newest is not None
        and flag.newest.revision == group.revisions[flag.id]
    ]
    found = [decision_on(flag, ruling, by=by, why=why) for flag in same]
    Reviews(home).decide(found)
    return found, len(group) - len(found)


def _group(seen: list[_Seen]) -> Group:
    return Group(
        revisions={one.flag_id: one.revision for one in seen},
        people=len({one.session for one in seen}),
        about=seen[0].about,
    )


def _said(record: FlagRecord) -> str:
    turns = [turn.content for turn in record.messages if turn.role != "system"]
    return "\n".join([*turns, record.comment, record.correction])[:LONGEST]


def _about(record: FlagRecord) -> str:
    asked = next((turn.content for turn in reversed(record.prompt) if turn.role == "user"), "")
    said = record.correction or record.comment or record.answer
    return " ".join(f"{asked[:150]} → {said[:150]}".split())
