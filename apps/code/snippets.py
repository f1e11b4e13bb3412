"""The code in an answer: its fenced blocks, whether Python in them parses, and as files.

Parsing is all that is done with the code; nothing of it is ever run here. A block that the answer
did not close is left alone: it was cut off, and says so itself.
"""

import ast
import re
import warnings
from collections import Counter
from dataclasses import dataclass

from apps.talk.display import fence_for, shown_answer
from apps.talk.export import File
from apps.ui.mended import ENDINGS
from shared.texts import say

_OPENING = re.compile(
    r"(?P<indent>[ \t]*)(?:(?P<ticks>`{3,}+)(?=[^`]*$)|(?P<waves>~{3,}+))"
    r"[ \t]*(?P<language>[\w+#.-]*)"
)
PYTHON = frozenset({"python", "py", "python3"})


@dataclass(frozen=True, slots=True)
class Snippet:
    """One fenced block."""

    language: str
    """As the fence says it, in lower case; may be empty."""
    code: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a block of Python does not parse."""

    line: int
    """Counted from 1 within the block."""
    text: str
    """The line itself."""
    what: str


def snippets(answer: str) -> list[Snippet]:
    """The closed fenced blocks of an answer, without the indentation of their fence."""
    found: list[Snippet] = []
    opening: re.Match[str] | None = None
    code: list[str] = []
    for line in answer.split("\n"):
        if opening is None:
            opening, code = _OPENING.match(line), []
        elif _closes(line, opening["ticks"] or opening["waves"]):
            text = _outdented("".join(code), opening["indent"])
            found.append(Snippet(opening["language"].lower(), text))
            opening = None
        else:
            code.append(line + "\n")
    return found


def python_problem(code: str) -> Problem | None:
    """Where Python stops understanding, or None if it parses.

    A recorded prompt (`>>> `) is not a program and counts as fine.
    """
    if code.lstrip().startswith(">>>"):
        return None
    try:
        with warnings.catch_warnings():
            # A dubious escape such as "\d" is a warning of the parser, not a failure.
            warnings.simplefilter("ignore")
            ast.parse(code)
    except SyntaxError as error:
        line = max(error.lineno or 1, 1)
        lines = code.splitlines() or [""]
        return Problem(line, lines[min(line, len(lines)) - 1].strip(), error.msg)
    except (ValueError, RecursionError, MemoryError):
        what = say("it is nested too deeply, or holds characters that Python forbids")
        return Problem(1, "", what)
    return None


def remarks(answer: str) -> str:
    """What to say below an answer, in Markdown: each block of Python that does not parse."""
    said: list[str] = []
    for number, snippet in enumerate(snippets(answer), start=1):
        problem = python_problem(snippet.code) if snippet.language in PYTHON else None
        if problem is not None:
            said.append(
                say(
                    "⚠ Block {number} is not valid Python: {problem}",
                    number=number,
                    problem=_told(problem),
                )
            )
    return "\n\n".join(said)


def files(answer: str) -> list[File]:
    """The blocks as files, blocks of one language together."""
    kinds = Counter(_extension(snippet) for snippet in snippets(answer))
    return [
        File(
            f"inkloop.{kind}",
            "\n\n".join(s.code.rstrip("\n") for s in snippets(answer) if _extension(s) == kind)
            + "\n",
        )
        for kind in kinds
    ]


def _closes(line: str, fence: str) -> bool:
    words = line.strip(" \t")
    return words.startswith(fence) and not words.strip("`~")


def _told(problem: Problem) -> str:
    if not problem.text:
        return f"{problem.what}."
    ticks = fence_for(problem.text)
    return say(
        "line {line}, {code} ({what}).",
        line=problem.line,
        code=f"{ticks} {problem.text} {ticks}",
        what=shown_answer(problem.what),
    )


def _extension(snippet: Snippet) -> str:
    return ENDINGS.get(snippet.language, "txt")


def _outdented(code: str, indent: str) -> str:
    if not indent:
        return code
    lines = code.splitlines(keepends=True)
    return "".join(line[len(indent) :] if line.startswith(indent) else line for line in lines)
