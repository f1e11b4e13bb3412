"""How well the scrubber does: `python tests/scrub_report.py` writes figures/scrub.md.

The cases are in `scrub/secrets.txt` and `scrub/clean.txt`, written by hand for this purpose; they
are other people's habits as far as one person can imagine them, not a sample of real traffic.
"""

import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from feedback.scrub import scrub  # noqa: E402

REPORT = HERE / "figures" / "scrub.md"
HARD = "hard: found only by a reader"
MARKED = re.compile("⟦(.*?)⟧", re.DOTALL)


@dataclass(frozen=True)
class Case:
    """One text with its kind."""

    kind: str
    text: str
    clean: str

    @property
    def found(self) -> bool:
        return scrub(self.text).text == self.clean


def secrets() -> list[Case]:
    """Texts in which something has to go."""
    return [
        Case(kind, MARKED.sub(r"\1", line), MARKED.sub(f"[{kind}]", line))
        for kind, line in _lines("secrets.txt")
    ]


def clean() -> list[Case]:
    """Texts that have to stay as they are."""
    return [Case(kind, line, line) for kind, line in _lines("clean.txt")]


def _lines(name: str) -> list[tuple[str, str]]:
    kind, found = "", []
    for line in (HERE / "scrub" / name).read_text(encoding="utf-8").split("\n"):
        if line.startswith("=== "):
            kind = line.removeprefix("=== ")
        elif line and kind:
            found.append((kind, line.replace("¦", "").replace("\\n", "\n")))
    return found


def report() -> str:
    """Figures by kind, and every case that goes wrong."""
    positives = [case for case in secrets() if case.kind != HARD]
    hard = [case for case in secrets() if case.kind == HARD]
    negatives = clean()
    missed = [case for case in positives if not case.found]
    changed = [case for case in negatives if not case.found]
    lines = [
        "# The scrubber on hand-written cases",
        "",
        "Made by `python tests/scrub_report.py`; a case counts only if exactly the secret goes.",
        "",
        "| kind | right | of |",
        "|---|---|---|",
        *_rows(positives),
        f"| **all secrets** | {len(positives) - len(missed)} | {len(positives)} |",
        *_rows(negatives),
        f"| **all clean texts** | {len(negatives) - len(changed)} | {len(negatives)} |",
        f"| {HARD} | {sum(case.found for case in hard)} | {len(hard)} |",
        "",
        "Missed, or not exactly:",
        "",
        *(f"- {case.kind}: `{_shown(case)}`" for case in missed),
        "",
        "Changed though clean:",
        "",
        *(f"- {case.kind}: `{_shown(case)}`" for case in changed),
        "",
    ]
    return "\n".join(lines)


def _rows(cases: list[Case]) -> list[str]:
    kinds: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        kinds[case.kind].append(case)
    return [
        f"| {kind} | {sum(case.found for case in some)} | {len(some)} |"
        for kind, some in kinds.items()
    ]


def _shown(case: Case) -> str:
    """What came out: no made-up key is repeated here."""
    return scrub(case.text).text.replace("\n", "\\n")[:90]


if __name__ == "__main__":
    sys.stdout.write(report())
    if "--no-report" not in sys.argv:
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text(report(), encoding="utf-8")
