"""Whether an answer has the form that its app reads, told by the good answer to the same prompt.

Nothing here judges what an answer says. The app is known by its system prompt; a prompt of a
person's own counts as chat.
"""

import json
import re
from collections.abc import Sequence

from shared.formats import brainstorm, chat, poetry, story
from shared.messages import Message
from training.data import Row
from training.gate.measured import Written

APPS = {
    chat.CODE_SYSTEM: "code",
    story.SYSTEM: "story",
    brainstorm.SYSTEM: "brainstorm",
    poetry.SYSTEM: "poetry",
}
_REPEATED_WORDS, _REPEATED_TIMES = 4, 4


def app_of(prompt: Sequence[Message]) -> str:
    """Which app asks so."""
    system = prompt[0].content if prompt and prompt[0].role == "system" else ""
    return APPS.get(system, "chat")


def keeps_form(row: Row, written: Written) -> bool:
    """Whether the answer ended by itself, does not loop, and is what its app can read."""
    if not written.ended or not written.text or repeats(written.text):
        return False
    if row.completion.lstrip().startswith("{"):
        return _keys(written.text) == _keys(row.completion)
    if app_of(row.prompt) == "poetry":
        return len(poetry.parse(written.text)) == len(poetry.parse(row.completion))
    return "```" in written.text if "```" in row.completion else True


def repeats(text: str) -> bool:
    """The same four words four times."""
    words = re.findall(r"\w+", text.casefold())
    runs = [tuple(words[i : i + _REPEATED_WORDS]) for i in range(len(words) - _REPEATED_WORDS + 1)]
    return any(runs.count(run) >= _REPEATED_TIMES for run in set(runs))


def _keys(text: str) -> list[str] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return sorted(value) if isinstance(value, dict) else None
