"""Decides which rows are left out, and why. Every rule looks at one row alone.

None of the rules is a judge of truth: they find what is broken, foreign, evasive or off the domain.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from training.data_forms import Sample
from training.recipe_data import Filters, Relevant

Rule = Callable[[Sample], bool]
"""True for a row that stays."""

REFUSALS = re.compile(
    r"\bas an? (ai|artificial intelligence|(large )?language model)\b"
    r"|\bi(['’]m| am) (just )?an? (ai|(large )?language model)\b"
    r"|\bi (can(no|['’])t|am (unable|not able) to|won['’]t) "
    r"(assist|help|fulfil|comply|provide that)"
    r"|\bi(['’]m| am) sorry,? but i (can(no|['’])t|am (unable|not able))"
    r"|\bi must (decline|refuse)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+(?:['’]\w+)?")
_LINES_JUDGED = 3
_WORDS_JUDGED = 12
_LETTERS_AT_LEAST = 0.45
_LANGUAGE_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one recipe, by the name under which a dropped row is counted."""

    by_name: dict[str, Rule]

    def broken(self, sample: Sample) -> str:
        """The first rule that a row breaks; empty when it stays."""
        return next((name for name, stays in self.by_name.items() if not stays(sample)), "")


def rules(filters: Filters, *, general: Iterable[Sample] = ()) -> Rules:
    """The rules that a recipe asks for.

    Args:
        filters: Of the recipe.
        general: Rows to compare the domain's examples with, where `relevant.like` is used.

    Raises:
        TrainingError: If the examples of the domain cannot be read.
    """
    found: dict[str, Rule] = {"too short": _long_enough(filters.fewest_characters)}
    if filters.most_characters:
        found["too long"] = lambda sample: len(sample.text()) <= filters.most_characters
    if filters.languages:
        found["other language"] = lambda sample: language(sample.text()) in filters.languages
    if filters.refusals:
        found["refusal"] = lambda sample: not is_refusal(sample)
    if filters.quality:
        found["low quality"] = lambda sample: quality(sample) >= filters.quality
    if filters.relevant is not None:
        found["off the domain"] = _relevance(filters.relevant, general)
    return Rules(found)


def is_refusal(sample: Sample) -> bool:
    """Whether an answer declines or speaks of the model as a model; only its beginning counts."""
    return any(REFUSALS.search(answer[:400]) for answer in sample.answers())


def language(text: str) -> str:
    """ISO code of the language that a text is most likely in; short texts are guesses."""
    import py3langid

    return str(py3langid.classify(text[:_LANGUAGE_CHARACTERS])[0])


def quality(sample: Sample) -> float:
    """How whole the answers of a row look, from 0 to 1: the lowest of four shares.

    Lines that are not repeated, words that are not repeated, letters among all characters, and
    whether the last answer ends (it does not in the middle of a word or an open code block).
    """
    answers = "\n".join(sample.answers())
    return min(_fresh_lines(answers), _fresh_words(answers), _letters(answers), _ends(sample))


def _fresh_lines(text: str) -> float:
    lines = [line.strip() for line in text.splitlines() if len(line.strip()) > _LINES_JUDGED]
    return len(set(lines)) / len(lines) if len(lines) >= _LINES_JUDGED else 1.0


def _fresh_words(text: str) -> float:
    """Three-word sequences that occur once; 1 for a text that is too short to judge."""
    words = _WORD.findall(text.casefold())
    if len(words) < _WORDS_JUDGED:
        return 1.0
    runs = list(zip(words, words[1:], words[2:], strict=False))
    return len(set(runs)) / len(runs)


def _letters(text: str) -> float:
    dense = "".join(text.split())
    if not dense or "```" in text:
        return 1.0
    share = sum(character.isalpha() for character in dense) / len(dense)
    return min(1.0, share / _LETTERS_AT_LEAST)


def _ends(sample: Sample) -> float:
    last = sample.answers()[-1].rstrip()
    if last.count("```") % 2:
        return 0.0
    long = len(last.split()) > _WORDS_JUDGED * 4
    return 0.5 if long and (last[-1:].isalnum() or last[-1:] in ",;(") else 1.0


def _long_enough(characters: int) -> Rule:
    return lambda sample: sum(map(len, sample.answers())) >= characters


def _relevance(wanted: Relevant, general: Iterable[Sample]) -> Rule:
    by_words = _has_words(wanted) if wanted.words else None
    by_likeness = _is_like(wanted, general) if wanted.like else None
    return lambda sample: all(rule(sample) for rule in (by_words, by_likeness) if rule)


def _has_words(wanted: Relevant) -> Rule:
    words = {word.casefold() for word in wanted.words}
    return lambda sample: len(words & set(_words(sample))) >= min(wanted.fewest, len(words))


def _is_like(wanted: Relevant, general: Iterable[Sample]) -> Rule:
    """Naive Bayes over words: how much more usual a row's words are in the domain's examples."""
    from training.data_forms import samples
    from training.data_read import rows_of
    from training.recipe_data import Source

    examples = samples(rows_of(Source(path=wanted.like)), form="auto", where=wanted.like)
    domain = Counter(word for sample in examples for word in _words(sample))
    usual = Counter(word for sample in general for word in _words(sample))
    size = len(domain | usual)

    @cache
    def gain(word: str) -> float:
        here = (domain[word] + 1) / (domain.total() + size)
        there = (usual[word] + 1) / (usual.total() + size)
        return math.log(here / there)

    def stays(sample: Sample) -> bool:
        words = set(_words(sample))
        return bool(words) and sum(map(gain, words)) / len(words) > wanted.margin

    return stays


def _words(sample: Sample) -> list[str]:
    return _WORD.findall(sample.text().casefold())
