"""One answer that is bound to a schema or pattern, token by token.

While more tokens remain than the way to the end can ever need, every token of the grammar is open.
After that only tokens stay open from which the end was seen to be in reach: text inside a free
string, the likeliest others (each tried out), and the first step of the known way.
"""

import functools
from dataclasses import dataclass

import numpy as np
from llguidance import LLMatcher

from shared.errors import BadRequest
from shared.llama.closing import LONGEST_WAY, Alphabet, JsonPlace, allowed_tokens, way_out

TRIED_TOKENS = 12
"""Of the likeliest tokens, those that are tried out when the end is near."""
HOPELESS = 30.0
"""A token whose logit is this much below the best is not drawn even at temperature 2 (e^-15)."""


@dataclass(frozen=True)
class Compiled:
    """A schema or pattern, ready to bind any number of answers."""

    alphabet: Alphabet
    start: LLMatcher
    json: bool
    shaped: bool
    """What stands in a string can change how far the end is."""
    reach: float
    """No way to the end is longer than this many tokens."""
    leap: float
    """No token makes the way to the end longer by more than this many."""

    @functools.cached_property
    def shortest(self) -> int:
        """Tokens of the shortest answer that was found.

        Raises:
            BadRequest: If none was found.
        """
        place = JsonPlace() if self.json else None
        way = way_out(self.start, self.alphabet, place)
        if way is None:
            raise BadRequest(
                f"No answer of this form was found within {LONGEST_WAY:,} tokens.",
                fix="Make the schema or pattern simpler.",
            )
        return len(way)

    @functools.cached_property
    def farthest(self) -> float:
        """With more tokens left than this, any of them may be taken."""
        # What must be there is counted in `shortest`, what need not be in `leap`.
        return max(min(self.reach, self.shortest + self.leap), self.shortest) + 1

    def constraint(self, budget: int | None) -> "Constraint":
        """A fresh constraint.

        Raises:
            BadRequest: If `budget` tokens cannot hold even the shortest answer.
        """
        if budget is not None and budget < self.shortest:
            raise BadRequest(
                f"An answer of this form takes at least {self.shortest} tokens, and there are"
                f" {budget}.",
                fix="Allow a longer answer or ask for less.",
            )
        return Constraint(self)


class Constraint:
    """The state of one answer; belongs to one thread at a time."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._alphabet = compiled.alphabet
        self._matcher = compiled.start.deep_copy()
        self._place = JsonPlace() if compiled.json else None

    @property
    def done(self) -> bool:
        """Nothing can follow; the answer is complete."""
        return bool(self._matcher.is_stopped())

    @property
    def can_end(self) -> bool:
        """The answer is complete if it ends here."""
        return bool(self._matcher.is_accepting())

    def forced(self) -> list[int]:
        """Tokens that must come next, to be appended (and accepted) without sampling."""
        return [] if self.done else list(self._matcher.compute_ff_tokens())

    def mask(self, logits: np.ndarray, remaining: int) -> None:
        """Set the logits of all tokens that must not come next to minus infinity, in place.

        Args:
            logits: One row, a number per token.
            remaining: Tokens that may still be written, the next one included.
        """
        allowed = np.zeros(logits.shape[-1], dtype=bool)
        open_now = allowed_tokens(self._matcher, allowed.size)
        allowed[: open_now.size] = open_now
        if remaining <= self._compiled.farthest:
            allowed = self._in_time(allowed, logits, remaining)
        logits[~allowed] = -np.inf

    def accept(self, token: int) -> None:
        """Move on by one token, sampled or forced.

        Raises:
            BadRequest: If the grammar has become too complex to follow.
        """
        if not self._matcher.consume_token(token):
            raise BadRequest(
                f"The answer cannot be kept to its form: {self._matcher.get_error()[:200]}",
                fix="Make the schema or pattern simpler.",
            )
        if self._place is not None:
            self._place.read(self._alphabet.piece(token))

    def _in_time(self, allowed: np.ndarray, logits: np.ndarray, remaining: int) -> np.ndarray:
        """Of the allowed tokens those from which an end is seen within what then remains."""
        way = way_out(self._matcher, self._alphabet, self._place)
        if way is None or len(way) + self._compiled.leap < remaining:
            return allowed
        safe = np.zeros_like(allowed)
        if way:
            safe[way[0]] = True
        else:
            safe[[t for t in self._alphabet.tokenizer.eos_tokens if t < safe.size]] = True
        if len(way) < remaining:
            if self._in_free_string(allowed):
                safe |= allowed & self._alphabet.plain[: allowed.size]
            best = float(logits[allowed].max(initial=-np.inf))
            for token in _likeliest(logits, allowed & ~safe, best):
                safe[token] = self._ends_after(token, remaining - 1)
        return safe & allowed

    def _in_free_string(self, allowed: np.ndarray) -> bool:
        """Whether any text may follow, and more of it does not move the end further away.

        A key or an enumeration leaves only a few tokens open, a free string nearly all.
        """
        if self._compiled.shaped or self._place is None or not self._place.in_string:
            return False
        plain = self._alphabet.plain[: allowed.size]
        return int((allowed & plain).sum()) * 2 > int(plain.sum())

    def _ends_after(self, token: int, remaining: int) -> bool:
        state = self._matcher.deep_copy()
        if not state.consume_token(token):
            return False
        place = None if self._place is None else self._place.copy()
        if place is not None:
            place.read(self._alphabet.piece(token))
        return way_out(state, self._alphabet, place, remaining) is not None


def _likeliest(logits: np.ndarray, among: np.ndarray, best: float) -> list[int]:
    found = np.flatnonzero(among & (logits > best - HOPELESS))
    order = np.argsort(logits[found])[::-1][:TRIED_TOKENS]
    return [int(token) for token in found[order]]
