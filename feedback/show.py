"""Flags as a terminal shows them.

What people wrote is untrusted: no escape sequence gets through.
"""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Any

import click

from feedback.ledger import Flag

# Characters that move the cursor, hide text or turn its direction (categories Cc, Cf), except
# those that writing needs: new lines, tabs, and the joiners of emoji and several scripts.
_HARMLESS = "\n\t\u200c\u200d"

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def tell(value: object, text: str, *, as_json: bool) -> None:
    """Print what a command found, for people or for programs."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2) if as_json else text)


def count(flags: int) -> str:
    """“1 flag”, “2 flags”."""
    return "1 flag" if flags == 1 else f"{flags} flags"


def printable(text: str) -> str:
    """The text with “�” for every character that could play tricks on a terminal."""
    return "".join(
        "�" if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in _HARMLESS else c
        for c in text
    )


def as_line(flag: Flag) -> str:
    """One flag in one line, its whole id first."""
    record = flag.record
    if record is None:
        return f"{flag.id}  {flag.state}"
    said = record.comment or record.correction or record.answer
    brief = printable(" ".join(said[:300].split()))[:50]
    reasons = ",".join(record.categories) or "-"
    consent = "train" if record.consent.train else "-"
    return (
        f"{flag.id}  {flag.state:<11} {record.app:<10} {record.verdict:<6} {consent:<5}"
        f" {printable(reasons)}  {brief}"
    )


def as_text(flag: Flag) -> str:
    """All that a reviewer needs to decide."""
    record = flag.record
    if record is None:
        return as_line(flag)
    turns = "\n".join(f"{turn.role}: {turn.content}" for turn in record.prompt)
    parts = [
        f"Flag {flag.id}, {record.app}, written by {record.model.name}",
        turns,
        f"— answer —\n{record.answer}",
        f"— {record.verdict} — {', '.join(record.categories) or 'no reason'} {record.severity}",
    ]
    parts += [f"— from {record.origin} —"] if record.origin else []
    parts += [f"— comment —\n{record.comment}"] if record.comment else []
    parts += [f"— correction —\n{record.correction}"] if record.correction else []
    parts += [f"— better than —\n{record.alternative}"] if record.alternative else []
    return printable("\n".join(parts))


def as_dict(flag: Flag) -> dict[str, Any]:
    """Everything about a flag, as JSON values."""
    record = flag.record
    row = flag.newest
    return {
        "flag_id": flag.id,
        "state": flag.state,
        "app": row.app if row else None,
        "revision": row.revision if row else None,
        "verdict": record.verdict if record else None,
        "reasons": list(record.categories) if record else [],
        "consent_train": bool(record and record.consent.train),
        "consent_publish": bool(record and record.consent.publish),
        "record": record.model_dump(mode="json") if record else None,
        "history": [event.as_dict() for event in flag.history],
    }


def statistics(flags: Iterable[Flag], *, answers: int) -> dict[str, Any]:
    """How many flags there are, by whatever tells something.

    Args:
        flags: All flags.
        answers: How many answers are kept, for the rate.
    """
    every = list(flags)
    records = [record for flag in every if (record := flag.record) is not None]
    return {
        "flags": len(every),
        "answers_kept": answers,
        "states": _counted(flag.state for flag in every),
        "apps": _counted(record.app for record in records),
        "verdicts": _counted(record.verdict for record in records),
        "reasons": _counted(reason for record in records for reason in record.categories),
        "models": _counted(record.model.name for record in records),
        "with_correction": sum(bool(record.correction) for record in records),
        "with_consent": sum(record.consent.train for record in records),
        "owners": len({record.session for record in records}),
    }


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())
