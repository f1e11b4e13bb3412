"""Which flags go into a dataset version, and why others do not.

Only what its author allowed to train on and a reviewer approved, in its newest revision. Then
nobody may carry too much weight: flags of one owner and day and flags on one question are capped,
oldest first, and opposite thumbs on one answer cancel each other. What is left out is counted.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from feedback.ledger import Flag
from feedback.mapping import Uses, uses
from feedback.records import FlagRecord
from feedback.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How much weight one person and one question may have.

    With one owner only, as on a laptop, there is nobody to protect and the owner's caps do not
    apply; the share does not below 50 owners, where nobody could stay under it.
    """

    owner_per_day: int = 20
    owner_share: float = 0.02
    share_from_owners: int = 50
    per_prompt: int = 3


@dataclass(frozen=True, slots=True)
class Item:
    """An approved flag and what follows from it."""

    flag: Flag
    record: FlagRecord
    revision: int
    uses: Uses

    @property
    def id(self) -> str:
        """Of the flag; ids sort by time."""
        return self.flag.id


@dataclass(slots=True)
class Selection:
    """What was chosen, oldest first, and how many were left out for which reason."""

    items: list[Item] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def keep(self, kept: Iterable[Item], why: str) -> None:
        """Go on with `kept`; the others are counted under `why`."""
        before = len(self.items)
        self.items = list(kept)
        if before > len(self.items):
            self.left_out[why] += before - len(self.items)


def select(flags: Iterable[Flag], taxonomy: Taxonomy, caps: Caps) -> Selection:
    """Choose from all flags of a home."""
    selection = Selection()
    for flag in flags:
        item = _item(flag, taxonomy)
        if isinstance(item, Item):
            selection.items.append(item)
        else:
            selection.left_out[item] += 1
    selection.items.sort(key=lambda item: item.id)
    selection.keep(_one_per_answer(selection.items), "sent_twice")
    selection.keep(_without_opposites(selection.items), "opposite_thumbs")
    selection.keep(_first(selection.items, _question, caps.per_prompt), "prompt_cap")
    owners = {item.record.session for item in selection.items} - {""}
    if len(owners) > 1:
        selection.keep(_first(selection.items, _owner_day, caps.owner_per_day), "owner_cap")
    if len(owners) >= caps.share_from_owners:
        most = max(1, int(caps.owner_share * len(selection.items)))
        selection.keep(_first(selection.items, _owner, most), "owner_cap")
    return selection


def _item(flag: Flag, taxonomy: Taxonomy) -> Item | str:
    """The flag as an item, or why it is none."""
    record, decision, row = flag.record, flag.decision, flag.newest
    if record is None or row is None:
        return flag.state
    if not record.consent.train:
        return "no_consent"
    if decision is None:
        return "not_reviewed"
    if not decision.approved:
        return flag.state
    found = uses(record, decision.correction or record.correction, taxonomy)
    return found.why_not or Item(flag, record, row.revision, found)


def _one_per_answer(items: Iterable[Item]) -> list[Item]:
    """Two processes may each have taken one person's flag on one answer: the later one counts."""
    last: dict[tuple[str, str], Item] = {}
    for item in items:
        row = item.flag.rows[-1]
        last[row.owner, row.answer_id] = item
    return sorted(last.values(), key=lambda item: item.id)


def _without_opposites(items: Iterable[Item]) -> list[Item]:
    kept = list(items)
    thumbs: dict[tuple[str, str], set[bool]] = defaultdict(set)
    for item in kept:
        if item.uses.thumb is not None:
            thumbs[_rated(item)].add(item.uses.thumb)
    return [item for item in kept if item.uses.thumb is None or len(thumbs[_rated(item)]) == 1]


def _rated(item: Item) -> tuple[str, str]:
    return item.record.prompt_sha256, item.record.answer


def _first(items: Iterable[Item], key: Callable[[Item], str], most: int) -> list[Item]:
    """The oldest `most` items of each key; an empty key is not capped."""
    seen: Counter[str] = Counter()
    kept: list[Item] = []
    for item in items:
        name = key(item)
        seen[name] += 1
        if not name or seen[name] <= most:
            kept.append(item)
    return kept


def _question(item: Item) -> str:
    return item.record.prompt_sha256


def _owner(item: Item) -> str:
    return item.record.session


def _owner_day(item: Item) -> str:
    session = item.record.session
    return f"{session} {item.record.created_at:%Y-%m-%d}" if session else ""
