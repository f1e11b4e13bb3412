"""Builds a dataset version out of the flags of this home.

The same flags, reviews and sides always give the same bytes and so the same name. Nothing in here
waits for a server, a network or a person.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from feedback import dataset
from feedback.dataset import Card, DatasetVersion, SplitNote
from feedback.ledger import Ledger
from feedback.progress import Progress
from feedback.records import Consent, Turn
from feedback.rows import DpoRow, HeldOutRow, Kind, KtoRow, R, Rows, SftRow, as_lines
from feedback.selection import Caps, Item, Selection, select
from feedback.split import held_out, held_out_share
from feedback.taxonomy import Taxonomy
from shared.errors import GateRefused
from shared.home import Home

DEFAULT_CAPS = Caps()


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
        selection = select(Ledger(home).flags(), Taxonomy.load(home), caps)
        if not selection.items:
            raise GateRefused("There is nothing to build from yet.", fix=_missing(selection))
        version = _write(home, selection, replay or {})
    Progress(home).mark(version.flag_ids, "dataset", version.name)
    return version


def _write(home: Home, selection: Selection, replay: Mapping[str, int]) -> DatasetVersion:
    apart = held_out(home, selection.items)
    rows = _rows([item for item in selection.items if item.id not in apart])
    rows["heldout"] = _merged(_heldout(item) for item in selection.items if item.id in apart)
    texts = {kind: as_lines(some) for kind, some in rows.items()}
    return dataset.write(home, _card(selection, apart, rows, texts, replay), texts)


def _rows(items: Sequence[Item]) -> Rows:
    return {
        "sft": _merged(_sft(item) for item in items if item.uses.learn),
        "dpo": _merged(_dpo(item) for item in items if item.uses.chosen),
        "kto": _merged(_kto(item) for item in items if item.uses.thumb is not None),
    }


def _sft(item: Item) -> SftRow:
    return SftRow(**_common(item), completion=_said(item.uses.learn))


def _dpo(item: Item) -> DpoRow:
    chosen, rejected = _said(item.uses.chosen), _said(item.uses.rejected)
    return DpoRow(**_common(item), chosen=chosen, rejected=rejected)


def _kto(item: Item) -> KtoRow:
    return KtoRow(
        **_common(item),
        completion=_said(item.record.answer),
        label=bool(item.uses.thumb),
        weight=item.uses.weight,
    )


def _heldout(item: Item) -> HeldOutRow:
    found, record = item.uses, item.record
    return HeldOutRow(
        **_common(item),
        verdict=record.verdict,
        flagged=found.rejected or record.answer,
        correction=found.chosen or (found.learn if found.thumb is None else ""),
        label=found.thumb,
    )


def _common(item: Item) -> dict[str, Any]:
    record = item.record
    return {
        "prompt": record.prompt,
        "flag_ids": (item.id,),
        "app": record.app,
        "reasons": tuple(sorted(record.categories)),
        "session": record.session,
        "consent": Consent(train=record.consent.train, publish=record.consent.publish),
    }


def _said(text: str) -> tuple[Turn, ...]:
    return (Turn(role="assistant", content=text),)


def _merged(rows: Iterable[R]) -> list[R]:
    """Rows that say the same become one that names all their flags; oldest first."""
    found: dict[str, R] = {}
    for row in rows:
        key = row.model_dump_json(exclude={"flag_ids", "reasons", "session", "consent"})
        found[key] = _joined(found[key], row) if key in found else row
    return list(found.values())


def _joined(row: R, other: R) -> R:
    consent = Consent(train=True, publish=row.consent.publish and other.consent.publish)
    return row.model_copy(
        update={
            "flag_ids": (*row.flag_ids, *other.flag_ids),
            "reasons": tuple(sorted({*row.reasons, *other.reasons})),
            "consent": consent,
        }
    )


def _card(
    selection: Selection,
    apart: frozenset[str],
    rows: Rows,
    texts: dict[Kind, str],
    replay: Mapping[str, int],
) -> Card:
    items = selection.items
    records = [item.record for item in items]
    return Card(
        flag_ids=tuple(item.id for item in items),
        apps=_counted(record.app for record in records),
        reasons=_counted(reason for record in records for reason in record.categories),
        verdicts=_counted(record.verdict for record in records),
        left_out=dict(sorted(selection.left_out.items())),
        split=_split_note(items, apart),
        replay=dict(sorted(replay.items())),
        files=dataset.notes_of_files(rows, texts),
        rows=dataset.notes_of_rows(rows),
        notes=_notes(items, apart),
    )


def _split_note(items: Sequence[Item], apart: frozenset[str]) -> SplitNote:
    owners_out = {item.record.session for item in items if item.id in apart}
    owners_in = {item.record.session for item in items if item.id not in apart}
    return SplitNote(
        share=held_out_share(len(items)),
        flags_training=len(items) - len(apart),
        flags_held_out=len(apart),
        owners_training=len(owners_in),
        owners_held_out=len(owners_out),
    )


def _notes(items: Sequence[Item], apart: frozenset[str]) -> tuple[str, ...]:
    notes: list[str] = []
    owners = {item.record.session for item in items}
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


def _missing(selection: Selection) -> str:
    """Why there is nothing, as one sentence."""
    if not selection.left_out:
        return "No flag has been sent; flags are sent from the apps."
    parts = [
        _WHY.get(why, "{} that nothing follows from (" + why + ")").format(count)
        for why, count in sorted(selection.left_out.items())
    ]
    return f"Flags: {', '.join(parts)}."
