"""What an approved flag becomes: its rows, and whether it may become any.

A flag is looked at twice when a dataset version is built, to choose and to write; both times
the same rows are made of it here.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from feedback.ledger import Flag
from feedback.mapping import Uses, uses
from feedback.records import Consent, FlagRecord, Turn
from feedback.rows import DpoRow, HeldOutRow, Kind, KtoRow, Row, SftRow
from feedback.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Material:
    """An approved flag with its words, and what follows from it."""

    flag: Flag
    record: FlagRecord
    revision: int
    uses: Uses

    def rows(self) -> dict[Kind, Row]:
        """The row of each kind that it may become; `heldout` always."""
        found, common = self.uses, self._common()
        rows: dict[Kind, Row] = {"heldout": self._heldout(common)}
        if found.learn:
            rows["sft"] = SftRow(**common, completion=_said(found.learn))
        if found.chosen:
            pair = {"chosen": _said(found.chosen), "rejected": _said(found.rejected)}
            rows["dpo"] = DpoRow(**common, **pair)
        if found.thumb is not None:
            rows["kto"] = KtoRow(
                **common,
                completion=_said(self.record.answer),
                label=found.thumb,
                weight=found.weight,
            )
        return rows

    def _heldout(self, common: dict[str, Any]) -> HeldOutRow:
        found, record = self.uses, self.record
        return HeldOutRow(
            **common,
            verdict=record.verdict,
            flagged=found.rejected or record.answer,
            correction=found.chosen or (found.learn if found.thumb is None else ""),
            label=found.thumb,
        )

    def _common(self) -> dict[str, Any]:
        record = self.record
        return {
            "prompt": record.prompt,
            "flag_ids": (self.flag.id,),
            "app": record.app,
            "reasons": tuple(sorted(record.categories)),
            "session": record.session,
            "consent": Consent(train=record.consent.train, publish=record.consent.publish),
        }


def material(flag: Flag, taxonomy: Taxonomy) -> Material | str:
    """What a flag may teach, or why it may not."""
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
    return found.why_not or Material(flag, record, row.revision, found)


def key_of(row: Row) -> bytes:
    """Equal for rows that say the same, whoever they come from."""
    said = row.model_dump_json(exclude={"flag_ids", "reasons", "session", "consent"})
    return hashlib.sha256(said.encode()).digest()[:16]


def conversation(record: FlagRecord) -> str:
    """What was said before the answer, without the app's system prompt."""
    return "\n".join(turn.content for turn in record.prompt if turn.role != "system")


def opening(prompt: Sequence[Turn]) -> str:
    """How a conversation begins."""
    return next((turn.content for turn in prompt if turn.role != "system"), "")


def _said(text: str) -> tuple[Turn, ...]:
    return (Turn(role="assistant", content=text),)
