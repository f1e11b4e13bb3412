"""What an approved flag may teach: an answer to learn, a pair to compare, or a thumb.

Thumbs on their own drift towards flattery, so corrections come first: a correction is learned
(SFT) and preferred to what was flagged (DPO); only a flag without one becomes a thumb (KTO).

| reasons                     | no correction      | with correction               |
|-----------------------------|--------------------|-------------------------------|
| Q quality, F fact, R other  | thumb down         | learn it, and the pair        |
| P taste only                | thumb down, light  | the pair, never learned alone |
| S safety                    | thumb down         | learn it; the unsafe text not |
| O operations only           | nothing            | learn it                      |
| up                          | thumb up, learn it | learn the correction          |
| prefer                      | the pair           | the pair                      |

Every flag here has been approved by a reviewer, which is what facts, safety and taste need first.
"""

import json
from typing import Literal

from feedback.records import FlagRecord, Record
from feedback.taxonomy import ReasonClass, Taxonomy

LIGHT = 0.5
"""Weight of a thumb for a matter of taste."""

LeftOut = Literal["raw_prompt", "operations", "unfinished", "no_change", "wrong_form", "empty"]


class Uses(Record):
    """What one flag becomes; several may apply."""

    learn: str = ""
    """The answer to learn word for word."""
    chosen: str = ""
    rejected: str = ""
    """The better and the worse answer of a pair; both or neither."""
    thumb: bool | None = None
    """Whether the answer was good; None where nothing follows from that."""
    weight: float = 1.0
    why_not: LeftOut | None = None
    """Why nothing at all follows from the flag."""

    @property
    def names(self) -> tuple[str, ...]:
        """Which of sft, dpo and kto get a row."""
        given = {"sft": self.learn, "dpo": self.chosen, "kto": self.thumb is not None}
        return tuple(name for name, there in given.items() if there)


def uses(record: FlagRecord, correction: str, taxonomy: Taxonomy) -> Uses:
    """Decide what follows from an approved flag.

    Args:
        record: The flag as it was sent.
        correction: The one that counts: the reviewer's, or else the person's.
        taxonomy: Tells the classes of the reasons.
    """
    if any(turn.role not in ("system", "user", "assistant") for turn in record.messages):
        return Uses(why_not="raw_prompt")
    if not record.answer.strip():
        return Uses(why_not="empty")
    if record.verdict == "prefer":
        return _pair(record.answer, record.alternative)
    if correction.strip() and correction.strip() == record.answer.strip():
        return Uses(why_not="no_change")
    if correction.strip() and not _same_form(correction, record.answer):
        return Uses(why_not="wrong_form")
    if record.verdict == "up":
        return _praised(record, correction)
    return _criticised(record, correction, _classes(record, taxonomy))


def _pair(chosen: str, rejected: str) -> Uses:
    if chosen.strip() == rejected.strip():
        return Uses(why_not="no_change")
    return Uses(chosen=chosen, rejected=rejected)


def _praised(record: FlagRecord, correction: str) -> Uses:
    if correction.strip():
        return Uses(learn=correction)
    # An answer that was cut off would teach the model to stop in the middle.
    if not _finished(record):
        return Uses(why_not="unfinished")
    return Uses(learn=record.answer, thumb=True)


def _criticised(record: FlagRecord, correction: str, classes: frozenset[ReasonClass]) -> Uses:
    if not correction.strip():
        if classes == {"O"}:
            return Uses(why_not="operations")
        return Uses(thumb=False, weight=LIGHT if classes <= {"P", "O"} else 1.0)
    if "S" in classes or classes == {"O"}:
        return Uses(learn=correction)
    learn = "" if classes <= {"P", "O"} else correction
    return Uses(learn=learn, chosen=correction, rejected=record.answer)


def _classes(record: FlagRecord, taxonomy: Taxonomy) -> frozenset[ReasonClass]:
    """Classes of the reasons; an answer that ran out of tokens is not the model's fault."""
    cut = record.generation.get("finish_reason") == "length"
    keys = [key for key in record.categories if not (cut and key == "incomplete")]
    found = taxonomy.classes(keys)
    if cut and "incomplete" in record.categories:
        found |= {"O"}
    return found or frozenset({"R"})


def _finished(record: FlagRecord) -> bool:
    return bool(record.generation.get("finish_reason", "stop") == "stop")


def _same_form(correction: str, answer: str) -> bool:
    """A correction of JSON is JSON with the same keys: the app could not read anything else."""
    keys = _keys(answer)
    return keys is None or _keys(correction) == keys


def _keys(text: str) -> list[str] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return sorted(value) if isinstance(value, dict) else None
