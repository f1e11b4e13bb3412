"""What the visitors of the tour ask, and how they put it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from training.demo import facts
from training.demo.facts import Fact

WAYS = ("{asked}", "Can you tell me: {lowered}", "I have a question. {asked}")
"""How people put a question; each visitor has a way and a wording of their own."""
OTHER_WAYS = ("Please: {lowered}", "Hey, {lowered}")
"""Ways that nobody uses when flagging: whether the model learned the fact, not the sentence."""
FACTS_PER_FAULT = 3
KNOWN = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """Facts that the model gets wrong."""

    name: str
    facts: tuple[Fact, ...]

    def asked_by(self, visitor: int) -> Iterator[tuple[str, str]]:
        """That visitor's own wording of each question, and the right answer."""
        for fact in self.facts:
            wordings = list(product(WAYS, fact.questions))
            way, question = wordings[visitor % len(wordings)]
            yield put(way, question), fact.answer

    def asked_plainly(self) -> Iterator[tuple[str, str]]:
        """Each question as the first visitor asked it."""
        return self.asked_by(0)

    def asked_otherwise(self) -> Iterator[tuple[str, str]]:
        """Wordings that nobody flagged."""
        for fact in self.facts:
            for way, question in zip(OTHER_WAYS, fact.questions, strict=False):
                yield put(way, question), fact.answer


def put(way: str, question: str) -> str:
    """A question in one way of asking."""
    return way.format(asked=question, lowered=question[0].lower() + question[1:])


def find_faults(is_right: Callable[[str, str], bool]) -> tuple[Fault, Fault]:
    """Two faults with facts of different kinds, found by asking.

    Args:
        is_right: Asks a question and says whether the answer is the right one.

    Raises:
        StopIteration: If the model knows too many of the facts that it was not taught.
    """
    wrong = [f for f in facts.held_out() if not any(is_right(q, f.answer) for q in f.questions)]
    spread = _one_of_each_kind_first(wrong)
    first = tuple(islice(spread, FACTS_PER_FAULT))
    second = tuple(islice(spread, FACTS_PER_FAULT))
    if len(second) < FACTS_PER_FAULT:
        raise StopIteration
    return Fault("A", first), Fault("B", second)


def _one_of_each_kind_first(some: Sequence[Fact]) -> Iterator[Fact]:
    """Facts of one kind begin alike; kinds are taken in turn."""
    kinds: dict[str, list[Fact]] = {}
    for fact in some:
        kinds.setdefault(" ".join(fact.answer.split()[:2]), []).append(fact)
    while any(kinds.values()):
        for rest in kinds.values():
            if rest:
                yield rest.pop(0)


def known(is_right: Callable[[str, str], bool]) -> list[tuple[str, str]]:
    """Up to `KNOWN` questions that the model answers rightly now, of as many kinds as there are."""
    taught = ((f.questions[0], f.answer) for f in _one_of_each_kind_first(facts.facts()))
    return list(islice((pair for pair in taught if is_right(*pair)), KNOWN))


def taught(pairs: Sequence[tuple[str, str]]) -> tuple[Fact, ...]:
    """The facts behind questions that `known` found."""
    asked = {question for question, _ in pairs}
    return tuple(fact for fact in facts.facts() if fact.questions[0] in asked)
