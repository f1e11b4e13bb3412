"""Keeps what people type apart from control tokens.

A tokenizer that parses `<|eot_id|>` as a control token does so wherever it stands; in a person's
text it would end their turn and begin another role's. So each control text inside a content is
broken with a mark before the template sees it; the mark stays until the text is tokenised and is
then taken out without letting the halves become the control token again.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock
from typing import Protocol

CACHED_CHARACTERS = 1_000_000
"""Of texts whose tokens are remembered: about three conversations that fill a 128k window."""


class Vocab(Protocol):
    """The part of a model's vocabulary that turns text into tokens."""

    @property
    def control_texts(self) -> frozenset[str]:
        """The texts of all control tokens, and of user-defined tokens that serve as such."""
        ...

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Tokens of `text`, no begin-of-text added; control tokens are parsed only if `special`."""
        ...


class SafeTokens:
    """Tokenises prompts in which some control texts were broken by `mark`."""

    def __init__(self, vocab: Vocab) -> None:
        self._vocab = vocab
        # A single character or white space cannot be a role marker; Gemma lists runs of newlines.
        texts = [text for text in vocab.control_texts if len(text) > 1 and text.strip()]
        longest_first = sorted(texts, key=lambda text: (-len(text), text))
        self._control = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        self._stubborn = frozenset(token for text in texts for token in self._unavoidable(text))
        self._cache = TokenCache(CACHED_CHARACTERS)

    def defuse(self, text: str, mark: str) -> str:
        """The text with `mark` after the first character of every control text in it."""
        while self._control.search(text):
            text = self._control.sub(lambda match: match[0][0] + mark + match[0][1:], text)
        return text

    def count_controls(self, text: str) -> int:
        """How many whole control texts stand in `text`."""
        return sum(1 for _ in self._control.finditer(text))

    def first_cut(self, gap: str) -> int | None:
        """Where the template text after a content can be split without changing any token.

        That is after the first control text and the white space up to the next one, as in
        `<|im_end|>⏎|<|im_start|>`: some vocabularies strip white space after a control token.
        None if the gap has no control text.
        """
        first = self._control.search(gap)
        if first is None:
            return None
        end = first.end()
        following = self._control.search(gap, end)
        until = following.start() if following else len(gap)
        return end if gap[end:until].strip() else until

    def tokenize(self, text: str, mark: str) -> list[int]:
        """Tokens of template text with its contents, in which `mark` has broken control texts."""
        if mark and mark in text:
            return self._without_marks(text, mark)
        return self._cache.get_or_make(text, lambda: self._vocab.tokenize(text, special=True))

    def count(self, text: str) -> int:
        """Tokens of a content on its own."""
        made = self._cache.get_or_make(
            f"\0{text}", lambda: self._vocab.tokenize(text, special=False)
        )
        return len(made)

    def _without_marks(self, text: str, mark: str) -> list[int]:
        tokens: list[int] = []
        at = 0
        for match in self._control.finditer(text):
            tokens += self._raw(text[at : match.start()], mark)
            tokens += self._vocab.tokenize(match[0], special=True)
            at = match.end()
        return tokens + self._raw(text[at:], mark)

    def _raw(self, text: str, mark: str) -> list[int]:
        """Text between the template's own control tokens."""
        if not text:
            return []
        whole = self._vocab.tokenize(text.replace(mark, ""), special=False)
        if mark not in text or self._stubborn.isdisjoint(whole):
            return whole
        return [
            token
            for part in text.split(mark)
            for token in self._vocab.tokenize(part, special=False)
        ]

    def _unavoidable(self, text: str) -> Iterable[int]:
        """Control tokens that come out even when control tokens are not to be parsed.

        User-defined tokens are always matched, and a sentencepiece vocabulary can reach `<s>` by
        merging its letters.
        """
        special = self._vocab.tokenize(text, special=True)
        return special if special == self._vocab.tokenize(text, special=False) else ()


class TokenCache:
    """Tokens of the texts used last, bounded by characters; safe from any thread."""

    def __init__(self, characters: int) -> None:
        self._room = characters
        self._rows: OrderedDict[str, list[int]] = OrderedDict()
        self._lock = Lock()

    def get_or_make(self, text: str, make: "Make") -> list[int]:
        """The remembered tokens, or those that `make` gives."""
        with self._lock:
            if text in self._rows:
                self._rows.move_to_end(text)
                return self._rows[text]
        tokens = make()
        with self._lock:
            if text not in self._rows:
                self._rows[text] = tokens
                self._room -= len(text)
            while self._room < 0 and self._rows:
                oldest, _ = self._rows.popitem(last=False)
                self._room += len(oldest)
        return tokens


class Make(Protocol):
    """Tokenises one text."""

    def __call__(self) -> list[int]:
        """Its tokens."""
        ...
