"""Rules for reasons that can be checked without a judge: is the fault gone from a new answer?"""

from collections.abc import Callable, Mapping

from training.data import Row
from training.gate.form import keeps_form, repeats
from training.gate.measured import HeldOutRow, Written

Rule = Callable[[HeldOutRow, Written], bool]


def _form(row: HeldOutRow, written: Written) -> bool:
    return keeps_form(Row(row.prompt, row.correction), written)


def _nearer_in_length(row: HeldOutRow, written: Written) -> bool:
    wanted = len(row.correction)
    return abs(len(written.text) - wanted) <= abs(len(row.flagged) - wanted)


RULES: Mapping[str, Rule] = {
    "repetitive": lambda _, written: not repeats(written.text),
    "incomplete": lambda _, written: written.ended and bool(written.text),
    "length": _nearer_in_length,
    "form": _form,
    "too_few": _form,
    "incorrect": lambda row, written: written.text != row.flagged.strip(),
    "instructions": lambda row, written: written.text != row.flagged.strip(),
    "misunderstood": lambda row, written: written.text != row.flagged.strip(),
}
"""The last three only say that the flagged answer does not come again."""


def checkable(row: HeldOutRow) -> bool:
    """Whether a rule knows one of the row's reasons."""
    return any(reason in RULES for reason in row.reasons)


def is_mended(row: HeldOutRow, written: Written) -> bool:
    """Whether every rule that knows a reason of the row is content."""
    return all(RULES[reason](row, written) for reason in row.reasons if reason in RULES)
