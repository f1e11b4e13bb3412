"""Builds a dataset version out of the flags of this home.

The same flags, reviews and sides always give the same bytes and so the same name. Flags are read
twice, a few at a time: first to choose, then to write; in between there is only what choosing
needs, so that memory does not grow with what people wrote. Nothing in here waits for a server, a
network or a person.
"""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from feedback import dataset
from feedback.dataset import Card, DatasetVersion, FileNote, RowNote, SplitNote
from feedback.ledger import Ledger
from feedback.material import material
from feedback.progress import Progress
from feedback.records import Consent
from feedback.rows import KINDS, Kind, Row
from feedback.selection import Caps, Item, Selection, select
from feedback.split import held_out, held_out_share
from feedback.taxonomy import Taxonomy
from shared.errors import GateRefused, StoreError
from shared.home import Home

DEFAULT_CAPS = Caps()
TRIES = 5


def build(
    home: Home, *, caps: Caps = DEFAULT_CAPS, replay: Mapping[str, int] | None = None
) -> DatasetVersion:
    """Build the dataset version of what is approved now, and note it with every flag in it.

    Args:
        home: Whose flags.
        caps: How much weight one person and one question may have.
        replay: Rows of old answers that training will mix in, by source; only noted.

    Raises:
        GateRefused: If no flag may be trained on, saying what is missing.
    """
    # Under the lock, so that a flag erased meanwhile is either not read or taken out afterwards.
    with dataset.building(home):
        version = _built(home, caps, replay or {})
    Progress(home).mark(version.flag_ids, "dataset", version.name)
    return version


def _built(home: Home, caps: Caps, replay: Mapping[str, int]) -> DatasetVersion:
    for _ in range(TRIES):
        selection = select(Ledger(home).each(), Taxonomy.load(home), caps)
        if not selection.items:
            raise GateRefused("There is nothing to build from yet.", fix=_missing(selection))
        with contextlib.suppress(_Changed):
            return _write(home, selection, replay)
    raise StoreError("Flags change faster than they can be written.", fix="Export again.")


class _Changed(Exception):
    """A flag that was chosen was taken back, erased or changed before it was written."""


def _write(home: Home, selection: Selection[Item], replay: Mapping[str, int]) -> DatasetVersion:
    items = selection.items
    apart = held_out(home, items)
    plan = _planned(items, apart)
    taxonomy = Taxonomy.load(home)
    with dataset.Draft(home) as draft:
        chosen = iter(items)
        for flag in Ledger(home).each(item.id for item in items):
            item, found = next(chosen), material(flag, taxonomy)
            if isinstance(found, str) or (flag.id, found.revision) != (item.id, item.revision):
                raise _Changed
            made = found.rows()
            for kind in _kinds(item, apart):
                merged = plan[kind][item.keys[kind]]
                if merged.flag_ids[0] == item.id:
                    draft.add(kind, merged.applied(made[kind]))
        if next(chosen, None) is not None:
            raise _Changed
        return draft.finish(lambda files, rows: _card(selection, apart, files, rows, replay))


@dataclass(slots=True)
class _Merged:
    """Flags whose rows say the same: one row names them all, where the first of them stands."""

    flag_ids: list[str] = field(default_factory=list)
    reasons: set[str] = field(default_factory=set)
    publish: bool = True

    def add(self, item: Item) -> None:
        self.flag_ids.append(item.id)
        self.reasons.update(item.reasons)
        self.publish = self.publish and item.publish

    def applied(self, row: Row) -> Row:
        return row.model_copy(
            update={
                "flag_ids": tuple(self.flag_ids),
                "reasons": tuple(sorted(self.reasons)),
                "consent": _CONSENTS[self.publish],
            }
        )


_CONSENTS = {publish: Consent(train=True, publish=publish) for publish in (False, True)}


def _planned(items: Sequence[Item], apart: frozenset[str]) -> dict[Kind, dict[bytes, _Merged]]:
    plan: dict[Kind, dict[bytes, _Merged]] = {kind: defaultdict(_Merged) for kind in KINDS}
    for item in items:
        for kind in _kinds(item, apart):
            plan[kind][item.keys[kind]].add(item)
    return plan


def _kinds(item: Item, apart: frozenset[str]) -> list[Kind]:
    """What a flag becomes: held out, or else all that it may teach."""
    return ["heldout"] if item.id in apart else [kind for kind in item.keys if kind != "heldout"]


def _card(
    selection: Selection[Item],
    apart: frozenset[str],
    files: dict[Kind, FileNote],
    rows: dict[Kind, tuple[RowNote, ...]],
    replay: Mapping[str, int],
) -> Card:
    items = selection.items
    return Card(
        flag_ids=tuple(item.id for item in items),
        apps=_counted(item.app for item in items),
        reasons=_counted(reason for item in items for reason in item.reasons),
        verdicts=_counted(item.verdict for item in items),
        left_out=dict(sorted(selection.left_out.items())),
        split=_split_note(items, apart),
        replay=dict(sorted(replay.items())),
        files=files,
        rows=rows,
        notes=_notes(items, apart),
    )


def _split_note(items: Sequence[Item], apart: frozenset[str]) -> SplitNote:
    owners_out = {item.session for item in items if item.id in apart}
    owners_in = {item.session for item in items if item.id not in apart}
    return SplitNote(
        share=held_out_share(len(items)),
        flags_training=len(items) - len(apart),
        flags_held_out=len(apart),
        owners_training=len(owners_in),
        owners_held_out=len(owners_out),
    )


def _notes(items: Sequence[Item], apart: frozenset[str]) -> tuple[str, ...]:
    notes: list[str] = []
    owners = {item.session for item in items}
    if apart and len(owners) == 1 and "" not in owners:
        notes.append("All flags come from one person, so conversations were held out, not people.")
    if not apart:
        notes.append("Nothing is held out yet, so a gate has nothing to measure.")
    if len(apart) == len(items):
        notes.append("Everything is held out, so there is nothing to train on.")
    return tuple(notes)


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


_WHY = {
    "not_reviewed": "{} waiting for review (`inkloop flags review`)",
    "no_consent": "{} without consent to train",
    "rejected": "{} rejected",
    "quarantined": "{} in quarantine",
    "withdrawn": "{} withdrawn",
    "erased": "{} erased",
}


def _missing(selection: Selection[Item]) -> str:
    """Why there is nothing, as one sentence."""
    if not selection.left_out:
        return "No flag has been sent; flags are sent from the apps."
    parts = [
        _WHY.get(why, "{} that nothing follows from (" + why + ")").format(count)
        for why, count in sorted(selection.left_out.items())
    ]
    return f"Flags: {', '.join(parts)}."
