"""The life of a flag in plain words: what each state means, and what erasing reaches."""

import re
from dataclasses import dataclass
from typing import Any

from feedback.receipts import Reach

STEPS = ("Received", "Reviewed", "In a dataset version", "In a training run", "In a release")
_REACHED = {
    "received": 1, "approved": 2, "rejected": 2, "quarantined": 2, "in_dataset": 3, "in_run": 4,
    "shipped": 5,
}  # fmt: skip
"""State to how many of the steps are done; a flag that was taken back stands nowhere."""
SENTENCES = {
    "received": "It has arrived and waits for a reviewer.",
    "approved": "A reviewer approved it. With your consent to train, the next dataset version"
    " takes it in; without, it stays on this machine.",
    "rejected": "A reviewer decided not to use it.",
    "quarantined": "A reviewer set it aside for a closer look. It is not used meanwhile.",
    "in_dataset": "It is in a dataset version, from which models learn or are measured.",
    "in_run": "A training run has learned from it.",
    "shipped": "A release was made with it.",
    "withdrawn": "You took it back. It is no longer used.",
    "erased": "It was erased, with its answer. Only its id is kept, so that it never comes back.",
}
_HAPPENED = {
    "received": "Received",
    "approved": "Approved by a reviewer",
    "rejected": "Rejected by a reviewer",
    "quarantined": "Set aside by a reviewer",
    "in_dataset": "Taken into dataset version",
    "in_run": "Learned from in run",
    "shipped": "Shipped in release",
    "withdrawn": "Taken back",
    "erased": "Erased",
}
_PASTED = re.compile(r"\s*(?:Flag\s+)?(\S+?)\s*(?:Receipt\s+(\S+))?\s*")


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a flag's history."""

    at: str
    """Day and minute in UTC."""
    text: str
    name: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Life:
    """A flag's state as its author reads it."""

    flag_id: str
    state: str
    sentence: str
    done: int
    """How many of `STEPS` lie behind it."""
    history: tuple[Happening, ...]


def life(status: dict[str, Any]) -> Life:
    """From `Flags.status` to words."""
    state = status["state"]
    history: list[Happening] = []
    for event in status["history"]:
        again = event["state"] == "received" and bool(history)
        text = "Changed by its author" if again else _HAPPENED[event["state"]]
        at = event["at"][:16].replace("T", " ")
        history.append(Happening(at, text, event.get("name", ""), event.get("why", "")))
    return Life(status["flag_id"], state, SENTENCES[state], _REACHED.get(state, 0), tuple(history))


def pasted(text: str) -> tuple[str, str]:
    """Id and secret out of what somebody pasted: an id, or the two lines of the flag panel."""
    found = _PASTED.fullmatch(text)
    return (found[1], found[2] or "") if found else (text.strip(), "")


def erasing(reach: Reach, *, pushed_to: str = "") -> list[str]:
    """What erasing does and cannot do, one sentence each.

    Args:
        reach: Where the flag has got to on this machine.
        pushed_to: The private dataset on the Hub that has or may have a copy.
    """
    copies = "what you sent" if reach.revisions == 1 else f"all {reach.revisions} versions of it"
    said = [
        f"This deletes {copies}, the recorded answer with the conversation before it, what"
        " reviewers wrote about it, and this receipt. It cannot be undone.",
        "Only the flag's id stays, so that every later dataset version leaves it out.",
    ]
    if reach.datasets:
        said.append(f"Its rows are taken out of dataset version {_names(reach.datasets)}.")
    if pushed_to:
        said.append(
            f"Its copy in the private dataset {pushed_to} is erased there too, history included,"
            " as soon as the Hub can be reached; what somebody has downloaded is out of reach."
        )
    if reach.runs or reach.releases:
        learned = [f"run {name}" for name in reach.runs]
        learned += [f"release {name}" for name in reach.releases]
        said.append(
            f"It does not reach the weights that have learned from it ({', '.join(learned)}):"
            " weights forget only at the next retrain, which begins again from the base model"
            " without your flag."
        )
    said.append("A conversation that the app keeps for you stays until you delete it there.")
    return said


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(names)
