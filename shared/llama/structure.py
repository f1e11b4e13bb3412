"""Answers that keep to a JSON schema or a pattern, and end before their tokens do.

The token masks are llguidance's: llama.cpp's own grammar lets broken JSON through (17 of 20 sampled
objects). What is added here is the end: while tokens are plenty the model writes freely; once the
way to the end might no longer fit, only tokens are left from which it still does.
"""

import functools
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from llama_cpp import llama_cpp
from llguidance import LLMatcher
from llguidance.llamacpp import lltokenizer_from_vocab

from shared.errors import BadRequest
from shared.llama.bound import has_shaped_strings, leap, reach, reach_of_pattern, shrink
from shared.llama.closing import Alphabet
from shared.llama.constraint import Compiled, Constraint

LARGEST_GRAMMAR = 65_536
"""Characters of a schema or pattern."""
KEPT_GRAMMARS = 128

__all__ = ["Constraint", "Grammars"]


class Grammars:
    """Makes constraints for one model; may be used from any thread.

    The model must outlive this object and all its constraints.
    """

    def __init__(self, vocab_ptr: Any) -> None:  # noqa: ANN401 - a ctypes pointer
        self._vocab = vocab_ptr
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, str], Compiled] = OrderedDict()

    def schema(self, schema: Mapping[str, Any], *, budget: int | None = None) -> Constraint:
        """An answer that is one JSON value of this schema, without white space between its parts.

        Args:
            schema: JSON schema; keywords that cannot be guaranteed are refused.
            budget: Tokens of the whole answer. Long strings are bounded so that each field gets
                its share.

        Raises:
            BadRequest: If the schema is malformed, unsupported, or cannot fit in `budget`.
        """
        try:
            own = {key: value for key, value in schema.items() if key != "x-guidance"}
            _small("schema", json.dumps(own, ensure_ascii=False))
            fitted = own if budget is None else _shrunk(own, budget)
            made = self._get("schema", json.dumps(fitted), lambda: self._of_schema(fitted))
        except RecursionError:
            raise BadRequest("The schema is nested too deeply.", fix="Flatten it.") from None
        except (TypeError, ValueError, AttributeError) as error:
            raise _malformed("schema", str(error)) from None
        return made.constraint(budget)

    def pattern(self, regex: str, *, budget: int | None = None) -> Constraint:
        """An answer that matches a regular expression as a whole.

        Raises:
            BadRequest: If the expression is malformed, unsupported, or cannot fit in `budget`.
        """
        _small("pattern", regex)
        made = self._get("pattern", regex, lambda: self._of_pattern(regex))
        return made.constraint(budget)

    @functools.cached_property
    def _alphabet(self) -> Alphabet:
        size = llama_cpp.llama_vocab_n_tokens(self._vocab)
        ends = [t for t in range(size) if llama_cpp.llama_vocab_is_eog(self._vocab, t)]
        return Alphabet(lltokenizer_from_vocab(self._vocab, eos_token=ends or None))

    def _get(self, kind: str, text: str, make: Callable[[], Compiled]) -> Compiled:
        with self._lock:
            if (kind, text) not in self._kept:
                self._kept[kind, text] = make()
                if len(self._kept) > KEPT_GRAMMARS:
                    self._kept.popitem(last=False)
            self._kept.move_to_end((kind, text))
            return self._kept[kind, text]

    def _of_schema(self, schema: Mapping[str, Any]) -> Compiled:
        grammar = LLMatcher.grammar_from_json_schema(
            json.dumps(schema), overrides={"whitespace_flexible": False}
        )
        return Compiled(
            self._alphabet,
            self._matcher("schema", grammar),
            json=True,
            shaped=has_shaped_strings(schema),
            reach=reach(schema),
            leap=leap(schema),
        )

    def _of_pattern(self, regex: str) -> Compiled:
        matcher = self._matcher("pattern", LLMatcher.grammar_from_regex(regex))
        reached = reach_of_pattern(regex)
        return Compiled(
            self._alphabet, matcher, json=False, shaped=True, reach=reached, leap=reached
        )

    def _matcher(self, kind: str, grammar: str) -> LLMatcher:
        matcher = LLMatcher(self._alphabet.tokenizer, grammar, log_level=0)
        if matcher.is_error():
            raise _malformed(kind, matcher.get_error())
        return matcher


def _shrunk(schema: Mapping[str, Any], budget: int) -> Mapping[str, Any]:
    try:
        return shrink(schema, budget)
    except (TypeError, ValueError, AttributeError):
        # Malformed; the grammar library says better in what way.
        return schema


def _small(kind: str, text: str) -> str:
    if len(text) > LARGEST_GRAMMAR:
        raise BadRequest(
            f"The {kind} has {len(text):,} characters; the limit is {LARGEST_GRAMMAR:,}.",
            fix="Make it smaller.",
        )
    return text


def _malformed(kind: str, why: str) -> BadRequest:
    first = next((line.strip() for line in why.splitlines() if line.strip()), "no reason given")
    return BadRequest(f"The {kind} cannot be used: {first[:200]}.", fix=f"Change the {kind}.")
