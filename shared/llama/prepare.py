"""From a request to a job: template, tokens, what fits the window, grammar, room for the answer.

All of it is done outside the scheduler's thread, and may be done by several threads at once.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from shared.engine.check import clean_text
from shared.engine.types import Event, Request
from shared.errors import AbilityMissing, BadRequest, InkloopError, PromptTooLong
from shared.llama.answer import Answer, Order
from shared.llama.binding import Model
from shared.llama.cache import common_length
from shared.llama.constraint import Constraint
from shared.llama.dry import DrySamplers
from shared.llama.jobs import Scoring, Warming
from shared.llama.outlet import Outlet
from shared.llama.render import ChatTemplate
from shared.llama.sampling import draw_seed
from shared.llama.structure import Grammars
from shared.llama.window import Fitted, fit_prompt, too_long
from shared.messages import Message

SMALLEST_ANSWER = 64
"""Tokens that stay free for the answer even where a long prompt wants the whole window."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Tokens to read, and what may be used again of them."""

    tokens: list[int]
    shared_tokens: int = 0
    dropped_at: int | None = None
    dropped: int = 0


class Preparer:
    """Knows one model's template, window and grammars."""

    def __init__(self, model: Model, *, window: int, release: str) -> None:
        self.window = window
        self._model = model
        self._release = release
        self._grammars = Grammars(model.vocab)
        self._dry = DrySamplers(model, window=window)
        self._ends = model.end_tokens
        self._template: ChatTemplate | None = None
        if model.template:
            bos, eos = model.text(model.bos), model.text(model.eos)
            self._template = ChatTemplate(model, model.template, bos, eos)

    @property
    def chats(self) -> bool:
        """Whether the model has a chat template."""
        return self._template is not None

    @property
    def template_sha256(self) -> str:
        """Of the template's text; empty without one."""
        return hashlib.sha256(self._model.template.encode()).hexdigest() if self.chats else ""

    def answer(
        self, request: Request, adapter: int, outlet: Outlet[Event | InkloopError]
    ) -> Answer:
        """The job that writes this answer.

        Raises:
            BadRequest: If the model cannot do it, or it does not fit the window.
        """
        sampling = request.sampling
        bad = [t for t in sampling.logit_bias if not 0 <= t < self._model.vocab_size]
        if bad:
            raise BadRequest(
                f"logit_bias names token {bad[0]}; they go to {self._model.vocab_size - 1}.",
                fix="Change logit_bias.",
            )
        prompt = self._raw(request.prompt) if request.prompt is not None else self._chat(request)
        room = min(sampling.max_tokens, self.window - len(prompt.tokens))
        order = Order(
            tokens=prompt.tokens,
            sampling=sampling,
            seed=draw_seed() if sampling.seed is None else sampling.seed,
            max_tokens=room,
            owner=request.owner,
            adapter=adapter,
            adapter_name=request.adapter,
            release=self._release,
            constraint=self._constraint(request, room),
            dry=self._dry.of(sampling),
            logprobs=request.logprobs,
            echo=request.echo,
            dropped_turns=prompt.dropped,
        )
        job = Answer(self._model, order, outlet)
        job.one_person = request.one_person
        job.shared_tokens, job.dropped_at = prompt.shared_tokens, prompt.dropped_at
        return job

    def scoring(
        self, prompt: str | Sequence[Message], continuation: str, adapter: int
    ) -> Scoring | None:
        """The job that scores a continuation; None when nothing is left to score.

        Raises:
            BadRequest: If it does not fit the window.
        """
        if isinstance(prompt, str):
            before = self._text_tokens(prompt)
            tokens = self._text_tokens(prompt + continuation)
        else:
            before = self._require_template().render(prompt).tokens
            tokens = self._with_answer(prompt, continuation)
        start = max(common_length(before, tokens), 1)
        if len(tokens) > self.window:
            raise too_long(len(tokens), self.window)
        return Scoring(self._model, tokens, start, adapter=adapter) if start < len(tokens) else None

    def warming(self, messages: Sequence[Message], adapter: int) -> Warming | None:
        """The job that reads an app's leading messages ahead; None where there is nothing to share.

        Raises:
            BadRequest: If the template refuses them.
        """
        template = self._require_template()
        rendered = template.render([*messages, Message("user", "…")])
        tokens = rendered.tokens[: rendered.ends[len(messages) - 1]] if messages else []
        return Warming(tokens, adapter=adapter) if 0 < len(tokens) < self.window else None

    def count(self, text: str) -> int:
        """Tokens of plain text."""
        return len(self._model.tokenize(clean_text(text), special=False))

    def _raw(self, text: str) -> Prompt:
        tokens = self._text_tokens(text)
        if not 0 < len(tokens) < self.window:
            raise too_long(len(tokens), self.window - 1)
        return Prompt(tokens)

    def _text_tokens(self, text: str) -> list[int]:
        bos = [self._model.bos] if self._model.adds_bos else []
        return bos + self._model.tokenize(clean_text(text), special=False)

    def _chat(self, request: Request) -> Prompt:
        fitted = self._fit(request)
        rendered = fitted.rendered
        # Turns are left out after the system message, so an app's own examples go first.
        shared = request.shared_messages
        if fitted.dropped:
            system = 1 if fitted.messages[0].role == "system" else 0
            shared = min(shared, max(shared - fitted.dropped, system))
        shared_tokens = rendered.ends[shared - 1] if 0 < shared <= len(rendered.ends) else 0
        return Prompt(
            rendered.tokens, shared_tokens, self._dropped_at(fitted), dropped=fitted.dropped
        )

    def _dropped_at(self, fitted: Fitted) -> int | None:
        if not fitted.dropped:
            return None
        if fitted.messages[0].role == "system":
            return fitted.rendered.ends[0]
        return 1 if fitted.rendered.tokens[0] == self._model.bos else 0

    def _fit(self, request: Request) -> Fitted:
        """Leave the answer what it wants, up to a part of the window; less before refusing."""
        template, wanted = self._require_template(), request.sampling.max_tokens
        bound = request.schema is not None or request.pattern is not None
        usual = min(wanted, self.window // (2 if bound else 4))
        try:
            return fit_prompt(template, request.messages, budget=self.window - usual)
        except PromptTooLong:
            least = min(wanted, SMALLEST_ANSWER)
            return fit_prompt(template, request.messages, budget=self.window - least)

    def _with_answer(self, messages: Sequence[Message], answer: str) -> list[int]:
        """The conversation with this answer, up to and with its end of turn."""
        said = [*messages, Message("assistant", answer)]
        tokens = self._require_template().render(said, add_generation_prompt=False).tokens
        ends = [i for i, token in enumerate(tokens) if token in self._ends]
        return tokens[: ends[-1] + 1] if ends else tokens

    def _constraint(self, request: Request, room: int) -> Constraint | None:
        if request.schema is not None:
            return self._grammars.schema(request.schema, budget=room)
        if request.pattern is not None:
            return self._grammars.pattern(request.pattern, budget=room)
        return None

    def _require_template(self) -> ChatTemplate:
        if self._template is None:
            raise AbilityMissing(
                f"{self._release} has no chat template.", fix="Use a model made for chat."
            )
        return self._template
