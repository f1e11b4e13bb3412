"""Which flags go into a dataset version, and why others do not.

Only what its author allowed to train on and a reviewer approved, in its newest revision. Then
nobody may carry too much weight: flags of one owner and day and flags on one question are capped,
oldest first, and opposite thumbs on one answer cancel each other. What is left out is counted.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from feedback.build_record import normalised
from feedback.ledger import Flag
from feedback.material import conversation, key_of, material, opening
from feedback.records import App, Verdict
from feedback.rows import Kind
from feedback.taxonomy import Taxonomy

if TYPE_CHECKING:
    from feedback.duplicates import Fingerprint


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


class Capped(Protocol):
    """What the caps need to know about an approved flag."""

    @property
    def id(self) -> str:
        """Of the flag; ids sort by time."""

    @property
    def giver(self) -> str:
        """Who said it about which answer."""

    @property
    def session(self) -> str:
        """Who said it; empty where nobody knows."""

    @property
    def day(self) -> str:
        """When, in UTC."""

    @property
    def question(self) -> str:
        """Hash of what was asked."""

    @property
    def answer(self) -> bytes:
        """Hash of what was rated."""

    @property
    def thumb(self) -> bool | None:
        """Whether the answer was good, where it becomes a thumb."""


C = TypeVar("C", bound=Capped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What choosing needs to know about an approved flag; its words stay where they are.

    A version may have a hundred thousand of them in memory.
    """

    id: str
    """Of the flag; ids sort by time."""
    revision: int
    giver: str
    """Who said it about which answer."""
    session: str
    day: str
    question: str
    """Hash of what was asked."""
    answer: bytes
    """Hash of what was rated."""
    talk: str
    """Hash of how the conversation began."""
    words: "Fingerprint"
    """Of the conversation, to find near-duplicates by."""
    app: App
    verdict: Verdict
    reasons: tuple[str, ...]
    keys: dict[Kind, bytes]
    """For each kind of row that it may become: equal where the rows say the same."""
    thumb: bool | None
    """Whether the answer was good, where it becomes a thumb."""
    publish: bool


@dataclass(slots=True)
class Selection(Generic[C]):
    """What was chosen, oldest first, and how many were left out for which reason."""

    items: list[C] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def keep(self, kept: Iterable[C], why: str) -> None:
        """Go on with `kept`; the others are counted under `why`."""
        before = len(self.items)
        self.items = list(kept)
        if before > len(self.items):
            self.left_out[why] += before - len(self.items)


def select(flags: Iterable[Flag], taxonomy: Taxonomy, caps: Caps) -> Selection[Item]:
    """Choose from all flags of a home."""
    selection: Selection[Item] = Selection()
    for flag in flags:
        item = _item(flag, taxonomy)
        if isinstance(item, Item):
            selection.items.append(item)
        else:
            selection.left_out[item] += 1
    selection.items.sort(key=lambda item: item.id)
    cap(selection, caps)
    return selection


def cap(selection: Selection[C], caps: Caps) -> None:
    """Leave out what would give somebody or something too much weight; items are in order."""
    selection.keep(_one_per_answer(selection.items), "sent_twice")
    selection.keep(_without_opposites(selection.items), "opposite_thumbs")
    selection.keep(_first(selection.items, _question, caps.per_prompt), "prompt_cap")
    owners = {item.session for item in selection.items} - {""}
    if len(owners) > 1:
        selection.keep(_first(selection.items, _owner_day, caps.owner_per_day), "owner_cap")
    if len(owners) >= caps.share_from_owners:
        most = max(1, int(caps.owner_share * len(selection.items)))
        selection.keep(_first(selection.items, _owner, most), "owner_cap")


def _item(flag: Flag, taxonomy: Taxonomy) -> Item | str:
    """The flag as an item, or why it is none."""
    # Here, so that numpy stays out of `inkloop --help`.
    from feedback.duplicates import fingerprint

    found = material(flag, taxonomy)
    if isinstance(found, str):
        return found
    record, row = found.record, flag.rows[-1]
    begun = f"{record.app}\n{normalised(opening(record.prompt))}"
    return Item(
        id=flag.id,
        revision=found.revision,
        giver=f"{row.owner} {row.answer_id}",
        session=record.session,
        day=f"{record.created_at:%Y-%m-%d}",
        question=record.prompt_sha256,
        answer=digest(record.answer),
        talk=digest(begun).hex(),
        words=fingerprint(conversation(record)),
        app=record.app,
        verdict=record.verdict,
        reasons=record.categories,
        keys={kind: key_of(made) for kind, made in found.rows().items()},
        thumb=found.uses.thumb,
        publish=record.consent.publish,
    )


def digest(text: str) -> bytes:
    """Eight bytes that tell texts apart."""
    return hashlib.sha256(text.encode()).digest()[:8]


def _one_per_answer(items: Iterable[C]) -> list[C]:
    """Two processes may each have taken one person's flag on one answer: the later one counts."""
    last = {item.giver: item for item in items}
    return sorted(last.values(), key=lambda item: item.id)


def _without_opposites(items: Iterable[C]) -> list[C]:
    kept = list(items)
    thumbs: dict[tuple[str, bytes], set[bool]] = defaultdict(set)
    for item in kept:
        if item.thumb is not None:
            thumbs[item.question, item.answer].add(item.thumb)
    return [
        item for item in kept if item.thumb is None or len(thumbs[item.question, item.answer]) == 1
    ]


def _first(items: Iterable[C], key: Callable[[C], str], most: int) -> list[C]:
    """The oldest `most` items of each key; an empty key is not capped."""
    seen: dict[str, int] = {}
    kept: list[C] = []
    for item in items:
        name = key(item)
        seen[name] = so_far = seen.get(name, 0) + 1
        if not name or so_far <= most:
            kept.append(item)
    return kept


def _question(item: Capped) -> str:
    return item.question


def _owner(item: Capped) -> str:
    return item.session


def _owner_day(item: Capped) -> str:
    return f"{item.session} {item.day}" if item.session else ""
