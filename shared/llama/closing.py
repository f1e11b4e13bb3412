"""The shortest way to the end of a constrained answer, found by trying.

The grammar library says which tokens may come next, not how far the end is. So a copy of its state
(a microsecond) is led to the end by the token that closes most at each step. The result is a way
that certainly works and an upper bound on the tokens that are needed; usually it is the shortest.
"""

from collections.abc import Iterable
from functools import cached_property

import numpy as np
from llguidance import LLMatcher, LLTokenizer

LONGEST_WAY = 4096
"""Tokens after which the search gives up."""

# What closes most comes first. Outside a string: end the object or list, go on, then the values
# that are shortest to write. Inside one: end it, else fill it.
_OUTSIDE = '}],:"0123456789-.ntf[{+eE'
_INSIDE = "\"n'a0 A-.:/@T_Z+"
_NEWLINE_FIRST = "\n.a0 A-,!?;:'_\"()[]{}"


class Alphabet:
    """A tokenizer's tokens as bytes, and the tokens that are a single byte."""

    def __init__(self, tokenizer: LLTokenizer) -> None:
        self.tokenizer = tokenizer
        self._pieces = [
            b"" if tokenizer.is_special_token(token) else tokenizer.decode_bytes([token])
            for token in range(tokenizer.vocab_size)
        ]
        self.lengths = np.array([len(piece) or 1000 for piece in self._pieces], dtype=np.int32)
        """Bytes per token; control tokens count as very long."""
        # Made here and not when first needed: that would stop all running answers for 85 ms.
        self.plain = np.array([_is_plain(piece) for piece in self._pieces], dtype=bool)
        """Tokens that inside a JSON string are whole characters of it and nothing else."""
        self.single = {piece: token for token, piece in enumerate(self._pieces) if len(piece) == 1}

    def piece(self, token: int) -> bytes:
        """The token's bytes; empty for a control token."""
        return self._pieces[token] if 0 <= token < len(self._pieces) else b""

    def tokens(self, characters: str) -> list[int]:
        """The single-byte tokens of these characters, those that the vocabulary has."""
        return [self.single[c.encode()] for c in characters if c.encode() in self.single]

    @cached_property
    def outside(self) -> list[int]:
        """What to try outside a JSON string."""
        return self.tokens(_OUTSIDE)

    @cached_property
    def inside(self) -> list[int]:
        """What to try inside a JSON string."""
        return self.tokens(_INSIDE)

    @cached_property
    def lines(self) -> list[int]:
        """What to try in a pattern."""
        return self.tokens(_NEWLINE_FIRST)

    @cached_property
    def printable(self) -> list[int]:
        """All of printable ASCII."""
        return self.tokens("".join(map(chr, range(32, 127))))


class JsonPlace:
    """Whether the next byte of a JSON text stands inside a string."""

    __slots__ = ("_escaped", "in_string")

    def __init__(self, in_string: bool = False, escaped: bool = False) -> None:
        self.in_string = in_string
        self._escaped = escaped

    def read(self, piece: bytes) -> None:
        """Move on by these bytes."""
        for byte in piece:
            if self._escaped:
                self._escaped = False
            elif self.in_string and byte == 0x5C:
                self._escaped = True
            elif byte == 0x22:
                self.in_string = not self.in_string

    def copy(self) -> "JsonPlace":
        """The same place, to walk on from."""
        return JsonPlace(self.in_string, self._escaped)


def way_out(
    matcher: LLMatcher, alphabet: Alphabet, place: JsonPlace | None, most: int = LONGEST_WAY
) -> list[int] | None:
    """Tokens that lead from the matcher's state to an end; None if none was found in `most`.

    Args:
        matcher: Is not changed.
        alphabet: Of the matcher's tokenizer.
        place: Where the answer stands if it is JSON, None for a pattern.
        most: Ways with more tokens are given up.
    """
    if place is not None:
        return _walk(matcher, most, _JsonChoices(alphabet, place.copy()))
    by_lines = _walk(matcher, most, _LineChoices(alphabet))
    return _walk(matcher, most, _RareChoices(alphabet)) if by_lines is None else by_lines


class _Choices:
    """In which order tokens are tried."""

    looks_for_end = False
    """Whether to look at each step for a token after which the answer is whole."""

    def __init__(self, alphabet: Alphabet) -> None:
        self.alphabet = alphabet

    def order(self) -> Iterable[int]:
        """What closes most comes first."""
        return self.alphabet.lines

    def took(self, token: int) -> None:
        """Take note of a step."""


class _JsonChoices(_Choices):
    def __init__(self, alphabet: Alphabet, place: JsonPlace) -> None:
        super().__init__(alphabet)
        self._place = place

    def order(self) -> Iterable[int]:
        return self.alphabet.inside if self._place.in_string else self.alphabet.outside

    def took(self, token: int) -> None:
        self._place.read(self.alphabet.piece(token))


class _LineChoices(_Choices):
    """End the line where that is possible."""


class _RareChoices(_Choices):
    """End as soon as possible; until then try what was tried least."""

    looks_for_end = True

    def __init__(self, alphabet: Alphabet) -> None:
        super().__init__(alphabet)
        self._used = dict.fromkeys(alphabet.printable, 0)

    def order(self) -> Iterable[int]:
        return sorted(self._used, key=lambda token: self._used[token])

    def took(self, token: int) -> None:
        if token in self._used:
            self._used[token] += 1


def _walk(matcher: LLMatcher, most: int, choices: _Choices) -> list[int] | None:
    state = matcher.deep_copy()
    way: list[int] = []
    while not (state.is_accepting() or state.is_stopped()):
        step = state.compute_ff_tokens() or _next_token(state, choices)
        if not step or len(way) + len(step) > most or not state.consume_tokens(step):
            return None
        way += step
        for token in step:
            choices.took(token)
    return None if state.is_error() and not way else way


def _next_token(state: LLMatcher, choices: _Choices) -> list[int]:
    if choices.looks_for_end:
        for token in choices.alphabet.printable:
            if _ends_with(state, token):
                return [token]
    for token in choices.order():
        if state.validate_tokens([token]) == 1:
            return [token]
    allowed = allowed_tokens(state, len(choices.alphabet.lengths))
    shortest = np.where(allowed, choices.alphabet.lengths, 2000)
    token = int(shortest.argmin())
    return [token] if shortest[token] < 1000 else []


def _ends_with(state: LLMatcher, token: int) -> bool:
    if state.validate_tokens([token]) != 1:
        return False
    after = state.deep_copy()
    return bool(after.consume_token(token) and after.is_accepting())


def allowed_tokens(matcher: LLMatcher, size: int) -> np.ndarray:
    """Which tokens may come next, one boolean each."""
    bits = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
    return np.unpackbits(bits, bitorder="little")[:size].astype(bool)


def _is_plain(piece: bytes) -> bool:
    try:
        text = piece.decode()
    except UnicodeDecodeError:
        return False
    return bool(text) and not any(c in '"\\' or c < " " or c == "\x7f" for c in text)
