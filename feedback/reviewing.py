"""Decides about flags from the command line: by id, from a file, or one after the other.

All decisions of one command are checked first and then stored together; a wrong id stores none.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click
from pydantic import ValidationError

from feedback.drafts import storable
from feedback.ledger import Flag, Ledger
from feedback.records import MAX_CORRECTION
from feedback.reviews import Decision, Reviews, Ruling
from feedback.scrub import scrub
from feedback.show import as_text
from feedback.taxonomy import Taxonomy
from shared.errors import BadRequest
from shared.home import Home

KEYS: dict[str, Ruling] = {"y": "approve", "n": "reject", "e": "edit", "q": "quarantine"}
SKIP, STOP = "s", "x"


def decide(home: Home, wanted: dict[str, Ruling], *, by: str, why: str) -> list[Decision]:
    """Decide about flags by id.

    Raises:
        NotFound: If an id is unknown.
        BadRequest: If a flag was withdrawn or erased.
    """
    ledger = Ledger(home)
    found = [
        decision_on(ledger.get(flag_id), decision, by=by, why=why)
        for flag_id, decision in wanted.items()
    ]
    Reviews(home).decide(found)
    return found


def decide_as_seen(  # noqa: PLR0913 - the fields of a decision
    home: Home,
    flag_id: str,
    decision: Ruling,
    *,
    revision: int,
    by: str,
    why: str = "",
    correction: str = "",
) -> Decision:
    """Decide about the revision that a reviewer was looking at.

    Raises:
        NotFound: If the flag is gone.
        BadRequest: If its author has changed or taken it back meanwhile; else as `decide`.
    """
    flag = Ledger(home).get(flag_id)
    if flag.newest is None or flag.newest.revision != revision:
        raise BadRequest(
            "Its author has changed this flag meanwhile.", fix="Open it again and decide then."
        )
    found = decision_on(flag, decision, by=by, why=why, correction=correction)
    Reviews(home).decide([found])
    return found


def from_file(home: Home, path: Path, *, by: str) -> list[Decision]:
    """Decide as a file of JSON lines says: flag_id, decision, and note or correction.

    Raises:
        BadRequest: Naming the first line that does not fit.
    """
    ledger = Ledger(home)
    found: list[Decision] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            raw = {"note": "", "correction": "", **json.loads(line)}
            flag = ledger.get(str(raw["flag_id"]))
            found.append(
                decision_on(
                    flag, raw["decision"], by=by, why=raw["note"], correction=raw["correction"]
                )
            )
        except (ValueError, KeyError, TypeError) as error:
            raise BadRequest(
                f"Line {number} of {path.name} is not a decision.",
                fix='One looks like {"flag_id": "…", "decision": "approve", "note": "…"}; the'
                " decisions are approve, reject, edit (with a correction) and quarantine.",
            ) from error
    Reviews(home).decide(found)
    return found


def waiting(home: Home, *, by: str = "") -> list[Flag]:
    """Flags that wait for a decision on what they say now, oldest first.

    Args:
        home: Whose flags.
        by: A reviewer: flags that wait for somebody else's opinion are left out.
    """
    return [flag for flag in Ledger(home).flags() if flag.waits and can_add(flag, by)]


def can_add(flag: Flag, by: str) -> bool:
    """Whether this reviewer's opinion is one of those that a flag waits for.

    Whoever has said something already may still change it where reviewers disagree.
    """
    return flag.waits == "tie" or by not in {one.by for one in flag.opinions}


def second_opinions(home: Home, decisions: Iterable[Decision]) -> int:
    """How many of the flags that were just decided wait for another reviewer."""
    decided = {decision.flag_id for decision in decisions}
    return sum(bool(flag.waits) for flag in Ledger(home).flags() if flag.id in decided)


def approve_all(home: Home, *, by: str, why: str) -> tuple[list[Decision], int]:
    """Approve what waits, except flags about safety: somebody has to read those.

    Returns:
        The decisions, and how many flags still wait.
    """
    taxonomy = Taxonomy.load(home)
    flags = list(waiting(home, by=by))
    plain = [flag for flag in flags if not _about_safety(flag, taxonomy)]
    found = [decision_on(flag, "approve", by=by, why=why) for flag in plain]
    Reviews(home).decide(found)
    return found, len(flags) - len(plain)


def one_by_one(home: Home, flags: Sequence[Flag], *, by: str) -> int:
    """Show each flag and ask; every answer is stored at once. Says how many were decided."""
    reviews = Reviews(home)
    decided = 0
    for place, flag in enumerate(flags, 1):
        click.echo(f"\n[{place} of {len(flags)}]\n{as_text(flag)}\n")
        key = click.prompt(
            "y approve, n reject, e edit, q quarantine, s skip, x stop",
            type=click.Choice([*KEYS, SKIP, STOP]),
            show_choices=False,
        )
        if key == STOP:
            break
        if key == SKIP:
            continue
        reviews.decide([_asked(flag, KEYS[key], by=by, edit=_edit)])
        decided += 1
    return decided


def _asked(flag: Flag, decision: Ruling, *, by: str, edit: Callable[[str], str]) -> Decision:
    record = flag.record
    if decision == "edit" and record is not None:
        correction = edit(record.correction or record.answer)
        return decision_on(flag, "edit", by=by, why="", correction=correction)
    why = click.prompt("Why", default="", show_default=False) if decision == "reject" else ""
    return decision_on(flag, decision, by=by, why=why)


def _edit(text: str) -> str:
    return (click.edit(text) or text).rstrip("\n")


def decision_on(
    flag: Flag, decision: Ruling, *, by: str, why: str, correction: str = ""
) -> Decision:
    """A decision about what the flag says now, scrubbed; not stored yet.

    Raises:
        BadRequest: If there is nothing to decide, or the texts do not fit.
    """
    if flag.newest is None or flag.record is None:
        raise BadRequest(f"Flag {flag.id} is {flag.state}; there is nothing to decide.")
    if (decision == "edit") != bool(correction.strip()):
        raise BadRequest(
            f"Flag {flag.id}: a correction comes with “edit”, and “edit” with a correction.",
            fix=f"Give one of up to {MAX_CORRECTION:,} characters, or approve the flag as it is.",
        )
    try:
        return Decision(
            flag_id=flag.id,
            revision=flag.newest.revision,
            decision=decision,
            by=by,
            note=scrub(storable(why)).text,
            correction=scrub(storable(correction)).text,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise BadRequest(f"Flag {flag.id}: {first['loc'][0]}: {first['msg'].lower()}.") from error


def _about_safety(flag: Flag, taxonomy: Taxonomy) -> bool:
    record = flag.record
    return record is not None and "S" in taxonomy.classes(record.categories)


def by_action(actions: Iterable[tuple[Ruling, Sequence[str]]]) -> dict[str, Ruling]:
    """Ids with what is to be done to them.

    Raises:
        BadRequest: If one id is to be treated in two ways.
    """
    wanted: dict[str, Ruling] = {}
    for decision, ids in actions:
        for flag_id in ids:
            if wanted.setdefault(flag_id, decision) != decision:
                raise BadRequest(
                    f"Flag {flag_id[:60]} is to be treated in two ways.",
                    fix="Name it once.",
                )
    return wanted
