"""From messages to tokens, such that what people write can never become a control token.

The template is rendered twice: with the contents, and with placeholders in their place. The second
shows where each content stands, however the template orders or trims them, and how many control
tokens are the template's own; a prompt with any other number of them is refused.

The text is cut where a control token ends a message and each part is tokenised on its own. That
changes no token (nothing merges across a control token), and it makes a long conversation cheap:
the parts of earlier turns are remembered.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.engine.check import clean_text
from shared.errors import BadRequest
from shared.llama.control import SafeTokens, Vocab
from shared.llama.template import TemplateText
from shared.messages import Message, Role

__all__ = ["ChatTemplate", "Rendered", "Vocab", "clean_text"]

SOFT_ENDS = 4
"""Ends that are looked for in a stretch without control tokens: each costs tokenising it again,
and what people share (system prompt, examples) stands at the front."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt as tokens."""

    tokens: list[int]
    ends: list[int]
    """`tokens[: ends[i]]` holds nothing of the messages after `i`, and is the same whatever they
    say. Where the template leaves no clean place after message `i`, it is a little shorter (0
    where the template moves messages about)."""
    text: str
    """The same as text."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Where the content of message `index` ends in the prompt's text, and what follows it."""

    index: int
    end: int
    gap: str


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of text that is tokenised on its own."""

    start: int
    end: int
    soft: list[tuple[int, int]]
    """Messages that end inside it without a control token: (newest message, place in the text)."""
    newest: int | None
    """The newest message whose content is complete at its end; None for the last stretch."""


class ChatTemplate:
    """One model's chat template together with its vocabulary."""

    def __init__(self, vocab: Vocab, template: str, bos: str, eos: str) -> None:
        self._text = TemplateText(template, bos=bos, eos=eos)
        self._safe = SafeTokens(vocab)
        self._measure()

    def render(
        self, messages: Sequence[Message], *, add_generation_prompt: bool = True
    ) -> Rendered:
        """The prompt for these messages.

        Raises:
            BadRequest: If a content holds a NUL, or the template refuses the conversation.
        """
        contents = [clean_text(message.content) for message in messages]
        mark = _unused("\ue000", contents)
        defused = [self._safe.defuse(content, mark) for content in contents]
        blank = [
            content if not content.strip() else f"{mark}{index}\ue001"
            for index, content in enumerate(contents)
        ]
        text = self._fill(messages, defused, add_generation_prompt)
        skeleton = self._fill(messages, blank, add_generation_prompt)
        if self._safe.count_controls(text) != self._safe.count_controls(skeleton):
            raise BadRequest(
                "Together with the model's chat template this text would read as a control token.",
                fix="Change the beginning or the end of the message.",
            )
        spans = _locate(skeleton, text, defused, mark)
        tokens, ends = self._tokenize(text, spans, mark, len(messages))
        return Rendered(tokens, ends, text.replace(mark, ""))

    def count(self, message: Message) -> int:
        """About how many tokens a message takes in a prompt, its role markers included."""
        return self._safe.count(clean_text(message.content)) + self._markers[message.role]

    def _fill(self, messages: Sequence[Message], contents: Sequence[str], prompt: bool) -> str:
        filled = [Message(m.role, content) for m, content in zip(messages, contents, strict=True)]
        return self._text.render(filled, add_generation_prompt=prompt)

    def _tokenize(
        self, text: str, spans: Sequence[_Span], mark: str, count: int
    ) -> tuple[list[int], list[int]]:
        """All tokens, and `Rendered.ends` for `count` messages."""
        tokens: list[int] = []
        ends = [0] * count
        for part in self._parts(text, spans):
            made = self._safe.tokenize(text[part.start : part.end], mark)
            for newest, end in part.soft[:SOFT_ENDS]:
                before = self._safe.tokenize(text[part.start : end], mark)
                ends[newest] = len(tokens) + _same_start(before, made)
            tokens += made
            if part.newest is not None:
                ends[part.newest] = len(tokens)
        return tokens, list(itertools.accumulate(ends, max))

    def _parts(self, text: str, spans: Sequence[_Span]) -> Iterator[_Part]:
        """Cut the text wherever a message's content is followed by a control token."""
        newest, start = -1, 0
        soft: list[tuple[int, int]] = []
        for span in spans:
            newest = max(newest, span.index)
            cut = self._safe.first_cut(span.gap)
            if cut is None:
                soft.append((newest, span.end))
                continue
            yield _Part(start, span.end + cut, soft, newest)
            start, soft = span.end + cut, []
        if start < len(text):
            yield _Part(start, len(text), soft, None)

    def _measure(self) -> None:
        """How many tokens the template adds around a message of each role, and once."""
        letter = self._safe.count("x")
        alone = self._letters("user")
        turns = self._letters("user", "assistant", "user")
        # Where the template leaves no clean ends, a turn's two roles get half of it each.
        half = -(-(len(turns.tokens) - len(alone.tokens)) // 2)
        assistant = turns.ends[1] - turns.ends[0] or half
        user = turns.ends[2] - turns.ends[1] or half
        system = len(self._letters("system", "user").tokens) - len(alone.tokens)
        self._markers: dict[Role, int] = {
            "user": user - letter,
            "assistant": assistant - letter,
            "system": max(system - letter, 0),
        }
        self.fixed_tokens = max(len(alone.tokens) - user, 0)
        """What every prompt takes besides its messages: begin of text, generation prompt."""

    def _letters(self, *roles: Role) -> Rendered:
        return self.render([Message(role, "x") for role in roles])


def _unused(first: str, texts: Sequence[str]) -> str:
    """A short text from the private-use area that none of `texts` contains."""
    mark = first
    while any(mark in text for text in texts):
        mark += first
    return mark


def _same_start(one: Sequence[int], other: Sequence[int]) -> int:
    """Length of the common beginning."""
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return sum(1 for _ in same)


def _locate(skeleton: str, text: str, contents: Sequence[str], mark: str) -> list[_Span]:
    """Where each content ends in `text`, found from where its placeholder stands in `skeleton`.

    Templates may trim a content. Where one does something else to it (drops a part, say), nothing
    is located, which costs reuse and no safety.
    """
    pieces = re.split(f"{re.escape(mark)}([0-9]+)\ue001", skeleton)
    if not text.startswith(pieces[0]):
        return []
    at = len(pieces[0])
    spans: list[_Span] = []
    for index, gap in zip(map(int, pieces[1::2]), pieces[2::2], strict=True):
        content = contents[index]
        forms = (content, content.lstrip(), content.rstrip(), content.strip())
        end = next((at + len(f) for f in forms if text.startswith(f + gap, at)), None)
        if end is None:
            return []
        spans.append(_Span(index, end, gap))
        at = end + len(gap)
    return spans if at == len(text) else []
