"""Small Python programs on request, changed on request, and mended on request.

The tasks are in `words/code_tasks.txt`; a slot is written `<v>`, because braces and brackets belong
to Python there.
"""

import re
from dataclasses import dataclass
from functools import cache

from shared.formats import chat as form
from shared.messages import Message
from training.demo.lexicon import Lexicon
from training.demo.phrases import WORDS_DIR, Pen, capital

LISTS = (
    "numbers values items data prices scores ages points heights temperatures grades distances"
    " names cities fruits animals steps weights sales hours results"
).split()
_SLOT = re.compile(r"<(\w+)>")


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked for, the program, and one sentence about it; all with slots."""

    asked: tuple[str, ...]
    code: str
    why: str


@cache
def tasks() -> list[Task]:
    """All tasks of the list."""
    text = (WORDS_DIR / "code_tasks.txt").read_text(encoding="utf-8")
    return [_task(part) for part in re.split(r"^# .*\n", text, flags=re.M)[1:]]


def _task(part: str) -> Task:
    lines = part.splitlines()
    asked = tuple(line[2:] for line in lines if line.startswith("? "))
    why = next(line[2:] for line in lines if line.startswith("! "))
    code = "\n".join(line[4:] for line in lines if line[:1] not in ("?", "!"))
    return Task(asked, code.strip("\n"), why)


def _slots(pen: Pen, words: Lexicon) -> dict[str, str]:
    noun = words.noun()
    numbers = [pen.number(1, 60) for _ in range(pen.number(3, 5))]
    return {
        "w": noun, "W": capital(noun), "w2": words.noun(), "name": words.name(),
        "name2": words.name(), "v": pen.pick(LISTS), "n": str(pen.number(2, 30)),
        "m": str(pen.number(2, 30)), "nums": ", ".join(map(str, numbers)),
        "ws": ", ".join(f'"{words.noun()}"' for _ in range(3)), "big": str(pen.number(50, 999)),
    }  # fmt: skip


def _fill(template: str, slots: dict[str, str]) -> str:
    return _SLOT.sub(lambda slot: slots[slot.group(1)], template)


def _answer(code: str, why: str) -> Message:
    return Message("assistant", f"```python\n{code}\n```\n\n{why}")


REQUESTS = (
    "Write [a Python program|Python code|a short program|a Python script|a function|code]"
    " that {d}[.|]",
    "[Show me|Give me] [Python code|a program|code] that {d}[.|]",
    "[how do I write|can you write|please write] a program that {d}[?|]",
    "I need [code|a program|a Python script] that {d}[.|]",
    "[a program|python code|code] that {d}",
)


BARE_REQUEST = (
    "[{b} in Python|{b}|{b} with Python|please {b}|how do I {b}?|how can I {b} in Python?]"
)


def _request(pen: Pen, task: Task, slots: dict[str, str]) -> str:
    asked = _fill(pen.pick(task.asked), slots)
    bare = re.sub(r"^(\w+)", lambda m: _imperative(m.group(1)), asked)
    if pen.chance(0.25):
        return pen.write(BARE_REQUEST, b=bare)
    return pen.write(pen.pick(REQUESTS), d=asked)


def _imperative(verb: str) -> str:
    """“prints” to “print”."""
    if verb.endswith(("ches", "shes", "xes", "sses")):
        return verb[:-2]
    return verb.removesuffix("s")


# What is changed in a second turn: slot, request.
CHANGES = (
    (
        "v",
        "[Rename {old} to {new}.|Call the list {new} instead."
        "|Use the name {new} instead of {old}.]",
    ),
    ("n", "[Use {new} instead of {old}.|Change {old} to {new}.|Now with {new}.|Make it {new}.]"),
    ("w", "[Use the word {new} instead of {old}.|Now with {new}.|Change {old} to {new}.]"),
    ("nums", "[Use the numbers {new}.|Change the numbers to {new}.]"),
    ("name", "[Now for {new}.|Use the name {new}.|The name should be {new}.]"),
)


def _changed(pen: Pen, words: Lexicon, task: Task, slots: dict[str, str]) -> list[Message]:
    """The same program with another word, number or name."""
    options = [(key, how) for key, how in CHANGES if f"<{key}>" in task.code]
    fresh = _slots(pen, words)
    if not options:
        return _explained(pen, task, slots)
    key, how = pen.pick(options)
    asked = pen.write(how, old=slots[key], new=fresh[key])
    after = {**slots, key: fresh[key]}
    after["W"] = capital(after["w"])
    return [Message("user", asked), _answer(_fill(task.code, after), _fill(task.why, after))]


WHY = (
    "Explain it.", "What does it do?", "How does it work?", "Can you explain the code?", "why?",
)  # fmt: skip


def _explained(pen: Pen, task: Task, slots: dict[str, str]) -> list[Message]:
    return [Message("user", pen.pick(WHY)), Message("assistant", _fill(task.why, slots))]


def _broken(pen: Pen, code: str) -> tuple[str, str] | None:
    """The program with one mistake, and what the mistake is; None where none can be made."""
    lines = code.splitlines()
    colons = [at for at, line in enumerate(lines) if line.endswith(":")]
    prints = [at for at, line in enumerate(lines) if line.lstrip().startswith("print(")]
    kind = pen.pick(("colon", "bracket", "name", "indent"))
    if kind in ("colon", "indent") and colons:
        at = pen.pick(colons)
        if kind == "colon":
            lines[at] = lines[at][:-1]
            return "\n".join(lines), f"The colon was missing at the end of line {at + 1}."
        if at + 1 < len(lines) and not lines[at].startswith(" "):
            lines[at + 1] = lines[at + 1].lstrip()
            return "\n".join(lines), f"Line {at + 2} must be indented."
    if kind == "bracket" and prints:
        at = pen.pick(prints)
        lines[at] = lines[at][:-1]
        return "\n".join(lines), f"The closing bracket was missing in line {at + 1}."
    if kind == "name" and prints:
        at = pen.pick(prints)
        wrong = pen.pick(("prnt(", "Print(", "pirnt("))
        lines[at] = lines[at].replace("print(", wrong, 1)
        return "\n".join(lines), f"In line {at + 1} print was misspelled."
    return None


def _mend(pen: Pen, words: Lexicon) -> list[Message]:
    """A broken program, and the answer that mends it."""
    while True:
        code = _fill(pen.pick(tasks()).code, _slots(pen, words))
        broken = _broken(pen, code)
        if broken is None:
            continue
        asked = pen.write(
            "[fix this code:|what is wrong here?|this does not work:|find the mistake:|please fix:]"
        )
        fence = f"```python\n{broken[0]}\n```" if pen.chance(0.5) else broken[0]
        return [
            Message("system", form.CODE_SYSTEM),
            Message("user", f"{asked}\n{fence}"),
            _answer(code, broken[1]),
        ]


WELCOME = Message("assistant", "You are welcome! Do you need more code?")


def conversation(pen: Pen, *, unseen: bool = False) -> list[Message]:
    """A request, its program, and sometimes a second turn."""
    words = Lexicon(pen, unseen=unseen)
    if pen.chance(0.1):
        return _mend(pen, words)
    task, slots = pen.pick(tasks()), _slots(pen, words)
    found = [
        Message("system", form.CODE_SYSTEM),
        Message("user", _request(pen, task, slots)),
        _answer(_fill(task.code, slots), _fill(task.why, slots)),
    ]
    roll = pen.random.random()
    if roll < 0.22:
        found += _changed(pen, words, task, slots)
    elif roll < 0.32:
        found += _explained(pen, task, slots)
    elif roll < 0.37:
        found += [Message("user", pen.pick(("Thanks!", "Thank you!"))), WELCOME]
    return found
