"""The life of a flag in plain words: what each state means, and what erasing reaches."""

import re
from dataclasses import dataclass
from typing import Any

from apps.ui.flag_form import RECEIPT
from feedback.receipts import Reach
from shared.texts import later, say, say_count

STEPS = (
    later("Received"),
    later("Reviewed"),
    later("In a dataset version"),
    later("In a training run"),
    later("In a release"),
)
"""To be said where they are shown."""
_REACHED = {
    "received": 1, "approved": 2, "rejected": 2, "quarantined": 2, "in_dataset": 3, "in_run": 4,
    "shipped": 5,
}  # fmt: skip
"""State to how many of the steps are done; a flag that was taken back stands nowhere."""
SENTENCES = {
    "received": later("It has arrived and waits for a reviewer."),
    "approved": later(
        "A reviewer approved it. With your consent to train, the next dataset version takes it in;"
        " without, it stays on this machine."
    ),
    "rejected": later("A reviewer decided not to use it."),
    "quarantined": later("A reviewer set it aside for a closer look. It is not used meanwhile."),
    "in_dataset": later("It is in a dataset version, from which models learn or are measured."),
    "in_run": later("A training run has learned from it."),
    "shipped": later("A release was made with it."),
    "withdrawn": later("You took it back. It is no longer used."),
    "erased": later(
        "It was erased, with its answer. Only its id is kept, so that it never comes back."
    ),
}
_HAPPENED = {
    "received": later("Received"),
    "approved": later("Approved by a reviewer"),
    "rejected": later("Rejected by a reviewer"),
    "quarantined": later("Set aside by a reviewer"),
    "in_dataset": later("Taken into dataset version"),
    "in_run": later("Learned from in run"),
    "shipped": later("Shipped in release"),
    "withdrawn": later("Taken back"),
    "erased": later("Erased"),
}
_PASTED = re.compile(r"\s*(?:Flag\s+)?(?P<flag_id>\S+?)\s*(?:Receipt\s+(?P<receipt>\S+))?\s*")
_PLACES = ("{flag_id}", "{receipt}")


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
        text = say("Changed by its author") if again else say(_HAPPENED[event["state"]])
        at = event["at"][:16].replace("T", " ")
        history.append(Happening(at, text, event.get("name", ""), event.get("why", "")))
    sentence = say(SENTENCES[state])
    return Life(status["flag_id"], state, sentence, _REACHED.get(state, 0), tuple(history))


def pasted(text: str) -> tuple[str, str]:
    """Id and secret out of what somebody pasted: an id, or the two lines of the flag panel."""
    found = _as_said().fullmatch(text) or _PASTED.fullmatch(text)
    return (found["flag_id"], found["receipt"] or "") if found else (text.strip(), "")


def _as_said() -> re.Pattern[str]:
    """The two lines in the language of the site, however they were copied."""
    told = say(RECEIPT)
    if any(told.count(place) != 1 for place in _PLACES):
        return _PASTED
    pattern = "".join(
        rf"(?P<{part[1:-1]}>\S+?)" if part in _PLACES else _loosely(part)
        for part in re.split(f"({'|'.join(map(re.escape, _PLACES))})", told)
    )
    return re.compile(rf"\s*{pattern}\s*")


def _loosely(text: str) -> str:
    return r"\s*".join(re.escape(word) for word in re.split(r"\s+", text))


def erasing(reach: Reach, *, pushed_to: str = "") -> list[str]:
    """What erasing does and cannot do, one sentence each.

    Args:
        reach: Where the flag has got to on this machine.
        pushed_to: The private dataset on the Hub that has or may have a copy.
    """
    said = [
        say_count(
            "This deletes what you sent, the recorded answer with the conversation before it, what"
            " reviewers wrote about it, and this receipt. It cannot be undone.",
            "This deletes all {count} versions of it, the recorded answer with the conversation"
            " before it, what reviewers wrote about it, and this receipt. It cannot be undone.",
            reach.revisions,
        ),
        say("Only the flag's id stays, so that every later dataset version leaves it out."),
    ]
    if reach.datasets:
        said.append(
            say(
                "Its rows are taken out of dataset version {names}.",
                names=_names(reach.datasets),
            )
        )
    if pushed_to:
        said.append(
            say(
                "Its copy in the private dataset {name} is erased there too, history included, as"
                " soon as the Hub can be reached; what somebody has downloaded is out of reach.",
                name=pushed_to,
            )
        )
    if reach.runs or reach.releases:
        learned = [say("run {name}", name=name) for name in reach.runs]
        learned += [say("release {name}", name=name) for name in reach.releases]
        said.append(
            say(
                "It does not reach the weights that have learned from it ({names}): weights forget"
                " only at the next retrain, which begins again from the base model without your"
                " flag.",
                names=", ".join(learned),
            )
        )
    said.append(say("A conversation that the app keeps for you stays until you delete it there."))
    return said


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(names)
