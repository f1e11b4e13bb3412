"""How often the checker is right: `python -m apps.poetry.agreement --verse FOLDER`.

It is held against forty poems with known truth (`data/known.yaml`) and against verse whose form is
known from its poets: Shakespeare's sonnets and Dickinson's quatrains, with shuffled lines as what
does not scan. Every disagreement on the known poems is listed.
"""

import random
import re
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from apps.poetry.checks import report
from apps.poetry.report import LineReport
from apps.poetry.sounds import kinship, sounds, words_in
from shared.formats.poetry import FORMS, Form

SEED = 20
SONNET = FORMS["sonnet"]
SECONDS = (2, 3, 6, 7, 10, 11)
"""Lines (from 0) of a sonnet that rhyme with the line two before them."""
NUMERAL = re.compile(r"^\s*[IVXLC]+\.\s*$")
VERSE = ("shakespeare_sonnets.txt", "emily_dickinson.txt")


@dataclass(slots=True)
class Tally:
    """How often one check agreed with the truth, and where it did not."""

    agreed: int = 0
    asked: int = 0
    apart: list[str] = field(default_factory=list)

    def hold(self, agrees: bool, told: str = "") -> None:
        """Count one comparison."""
        self.asked += 1
        self.agreed += agrees
        if not agrees and told:
            self.apart.append(told)

    def __str__(self) -> str:
        return f"{self.agreed} of {self.asked} ({self.agreed / max(1, self.asked):.1%})"


def known_poems() -> dict[str, list[dict[str, Any]]]:
    """The forty poems by form."""
    text = files("apps.poetry").joinpath("data", "known.yaml").read_text(encoding="utf-8")
    poems: dict[str, list[dict[str, Any]]] = yaml.safe_load(text)
    return poems


def on_known_poems() -> dict[str, Tally]:
    """Each check on the forty poems, and the verdict on the whole."""
    tallies = {name: Tally() for name in ("syllables", "rhyme", "metre", "whole poem")}
    for name, poems in known_poems().items():
        for poem in poems:
            _hold_known(poem, FORMS[name], tallies)
    return tallies


def _hold_known(poem: dict[str, Any], form: Form, tallies: dict[str, Tally]) -> None:
    lines = [line.strip() for line in poem["text"].split(" / ")]
    # Counted without a wish: a form's own count would be found wherever it may be spoken.
    free = report(lines, Form("any", (1, 60)))
    for line, truth in zip(free.lines, poem["syllables"], strict=True):
        right = truth if isinstance(truth, list) else [truth]
        told = f"“{line.text}”: counted {line.syllables}, in truth {truth}"
        tallies["syllables"].hold(line.syllables in right, told)
    found = report(lines, form)
    breaks = poem.get("breaks", "")
    told = (
        f"“{lines[0]} …”: {'broken: ' + breaks if breaks else 'right'}, found {_why(found.lines)}"
    )
    tallies["whole poem"].hold(found.ok == (not breaks), told)
    if form.rhyme:
        _hold_rhyme(found.lines, poem["rhyme"], tallies["rhyme"])
    if form.metre:
        _hold_metre(found.lines, poem.get("limps", []), tallies["metre"])


def _hold_rhyme(lines: Sequence[LineReport], truth: str, tally: Tally) -> None:
    for line, letter in zip(lines, truth, strict=True):
        found = "rhyme" not in line.failed
        # Of a broken pair only one line is blamed; which one is not the question.
        if letter == "-" and truth.count("-") == 2 and found:
            continue
        tally.hold(found == (letter != "-"), f"“{line.text}”: {line.problems or 'rhymes'}")


def _hold_metre(lines: Sequence[LineReport], limps: list[int], tally: Tally) -> None:
    for number, line in enumerate(lines, start=1):
        found = bool({"metre", "syllables"} & set(line.failed))
        told = f"“{line.text}”: {line.problems or 'scans'} ({line.feet})"
        tally.hold(found == (number in limps), told)


def _why(lines: Sequence[LineReport]) -> str:
    return "; ".join(problem for line in lines for problem in line.problems) or "nothing amiss"


def sonnets(text: str) -> list[list[str]]:
    """Those of fourteen lines."""
    return [poem for poem in _poems(text) if len(poem) == 14]


def quatrains(text: str) -> list[list[str]]:
    """Stanzas of four lines."""
    stanzas = [block.strip().splitlines() for block in re.split(r"\n\s*\n", text)]
    return [s for s in stanzas if len(s) == 4 and all(len(line.split()) > 2 for line in s)]


def _poems(text: str) -> Iterator[list[str]]:
    lines: list[str] = []
    for line in text.splitlines():
        if NUMERAL.match(line):
            yield lines
            lines = []
        elif line.strip():
            lines.append(line.strip())
    yield lines


def on_sonnets(poems: Sequence[Sequence[str]]) -> dict[str, Tally]:
    """Lines that have ten syllables, scan and rhyme, and shuffled ones that should not scan."""
    names = (
        "syllables",
        "metre",
        "metre, words shuffled",
        "rhyme",
        "rhyme, half of it from the next sonnet",
    )
    tallies = {name: Tally() for name in names}
    draw = random.Random(SEED)  # noqa: S311 - a fixed draw of words, not a secret
    for poem, following in zip(poems, [*poems[1:], poems[0]], strict=True):
        for line in report(poem, SONNET).lines:
            tallies["syllables"].hold("syllables" not in line.failed, _failed(line))
            tallies["metre"].hold(not {"metre", "syllables"} & set(line.failed), _failed(line))
            tallies["rhyme"].hold("rhyme" not in line.failed, _failed(line))
        shuffled = report([_shuffled(line, draw) for line in poem], SONNET)
        mixed = report([(following if at in SECONDS else poem)[at] for at in range(14)], SONNET)
        for line in shuffled.lines:
            tallies["metre, words shuffled"].hold("metre" in line.failed)
        for index in SECONDS:
            tallies["rhyme, half of it from the next sonnet"].hold(
                "rhyme" in mixed.lines[index].failed + mixed.lines[index - 2].failed
            )
    return tallies


def _shuffled(line: str, draw: random.Random) -> str:
    words = words_in(line)
    draw.shuffle(words)
    return " ".join(words)


def _failed(line: LineReport) -> str:
    return f"“{line.text}”: {'; '.join(line.problems)}"


def dickinson(stanzas: Sequence[Sequence[str]]) -> Counter[str]:
    """How the second and fourth lines of her quatrains rhyme."""
    kinds: Counter[str] = Counter()
    for stanza in stanzas:
        ends = [words_in(stanza[at])[-1] for at in (1, 3)]
        heard = sounds(ends)
        kinds[kinship(heard[ends[0]], heard[ends[1]]) or "none"] += 1
    return kinds


def written(verse: Path | None) -> str:
    """The whole report in Markdown."""
    parts = ["## Forty poems with known truth\n", _table(on_known_poems())]
    for name, tally in on_known_poems().items():
        parts += [f"Disagreements, {name}: {len(tally.apart)}\n", *_list(tally.apart), ""]
    if verse is None or not all((verse / name).is_file() for name in VERSE):
        return "\n".join([*parts, "Real verse was not at hand (`--verse FOLDER`)."])
    poems = sonnets((verse / VERSE[0]).read_text(encoding="utf-8"))
    tallies = on_sonnets(poems)
    parts += [f"## Shakespeare: {len(poems)} sonnets\n", _table(tallies)]
    for name in ("syllables", "rhyme"):
        apart = tallies[name].apart
        parts += [
            f"Of the {len(apart)} disagreements, {name}:\n",
            *_list(apart[:: len(apart) // 8]),
            "",
        ]
    stanzas = quatrains((verse / VERSE[1]).read_text(encoding="utf-8"))
    kinds = dickinson(stanzas)
    parts += [f"## Dickinson: {len(stanzas)} quatrains, second and fourth lines\n"]
    parts += [
        f"- {kind}: {often} ({often / len(stanzas):.0%})" for kind, often in kinds.most_common()
    ]
    return "\n".join(parts)


def _table(tallies: dict[str, Tally]) -> str:
    rows = [f"| {name} | {tally} |" for name, tally in tallies.items()]
    return "\n".join(["| check | agrees |", "|---|---|", *rows, ""])


def _list(told: Sequence[str]) -> list[str]:
    return [f"- {one}" for one in told]


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m apps.poetry.agreement", description=__doc__)
    parser.add_argument("--verse", type=Path, help="folder with " + " and ".join(VERSE))
    sys.stdout.write(written(parser.parse_args().verse) + "\n")
