"""What is asked of a model, what comes back, and what an engine is.

One request type, one set of errors and one way to cancel for every engine: embedded
(`shared.llama`), any OpenAI-compatible server (`shared.engine.remote`) and the scripted one of the
tests (`shared.engine.scripted`). An engine declares its abilities; whoever needs one that is
missing says so to the person instead of doing something else.

To cancel, close the iterator that `generate` returned (`aclose()`, or cancel the task that reads
it): the sequence is freed within one step.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from shared.messages import Message

Ability = Literal["chat", "complete", "schema", "pattern", "score", "adapters", "queue", "cached"]
"""chat: messages; complete: a raw prompt; schema/pattern: constrained answers; score: log-
probabilities of a given text; adapters: a LoRA per request; queue: says the place in the queue;
cached: says how many prompt tokens were not read again."""

FinishReason = Literal["stop", "length", "cancelled", "deadline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the next token is drawn. Defaults are the suite's "balanced" preset."""

    temperature: float = 0.7
    """0 (always the best token) to 2."""
    top_p: float = 0.95
    top_k: int = 40
    """0 switches it off."""
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    """1 switches it off; looks back over the last 64 tokens."""
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    dry_multiplier: float = 0.0
    """How strongly not to say a passage again (llama.cpp's DRY); 0 switches it off, 0.8 is usual.
    A token that makes a repeated run longer loses `multiplier * base ** (run - allowed_length)`."""
    dry_base: float = 1.75
    dry_allowed_length: int = 2
    """Tokens that may come again in a row before anything is lost."""
    dry_penalty_last_n: int = 64
    """Tokens looked back over, the prompt's among them; -1: all of them."""
    dry_sequence_breakers: tuple[str, ...] = ("\n", ":", '"', "*")
    """What ends a run: what stands behind one of them may be said as if for the first time."""
    seed: int | None = None
    """None draws one; the answer's numbers say which."""
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    """The answer ends before the first of these strings."""
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    """Token id to what is added to its logit (-100 bans it)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One answer that somebody waits for.

    Exactly one of `messages` and `prompt` is given. `schema` (a JSON schema) or `pattern` (a
    regular expression in llguidance's dialect) bind the whole answer; never both.
    """

    messages: tuple[Message, ...] = ()
    """Oldest first; a system message only at the front; the last one is the user's."""
    prompt: str | None = None
    """Raw text to continue, for `/v1/completions`; no template is applied."""
    sampling: Sampling = field(default_factory=Sampling)
    schema: Mapping[str, Any] | None = None
    pattern: str | None = None
    app: str = "api"
    """For the metrics: chat, code, story, brainstorm, poetry or api."""
    owner: str = ""
    """Who waits. Fairness is between owners, and what one owner wrote is never reused (nor shown
    by timing or `cached_tokens`) for another. Empty: reused for nobody."""
    one_person: bool = True
    """False where several people may stand behind `owner`: they share its turns in the queue, and
    nothing that they wrote is reused."""
    shared_messages: int = 0
    """How many leading messages are the app's own (system prompt, shipped examples). Only these
    may be reused between owners."""
    adapter: str | None = None
    """Name of a loaded LoRA adapter; None is the base model."""
    deadline_seconds: float | None = None
    """From submission to the last token; past it the answer ends with `finish_reason="deadline"`,
    or raises DeadlineExceeded when nothing was written yet."""
    logprobs: int | None = None
    """How many alternatives to report per token (0: only the chosen one); None reports nothing."""
    echo: bool = False
    """Also report the prompt's tokens (with `prompt` and `logprobs` only)."""


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One token, its natural-log probability, and the likeliest alternatives."""

    text: str
    token: int
    logprob: float | None
    """None for the very first token of a text, which nothing predicts."""
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Still in the queue; sent when the place changes."""

    position: int
    """1 is next."""
    seconds: float
    """Estimate until the first token."""


@dataclass(frozen=True, slots=True)
class Piece:
    """New text, whole characters only. May be empty when it only carries log-probabilities."""

    text: str
    tokens: int = 1
    """How many tokens were generated for it."""
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What one answer cost and where it came from."""

    prompt_tokens: int
    cached_tokens: int
    """Of the prompt tokens, those that were not read again."""
    completion_tokens: int
    queue_seconds: float
    first_token_seconds: float | None
    """From submission; None when no token was written."""
    tokens_per_second: float | None
    finish_reason: FinishReason
    seed: int
    release: str
    """Name of the model or release that wrote the answer."""
    adapter: str | None = None
    dropped_turns: int = 0
    """Oldest messages that no longer fitted the window."""


@dataclass(frozen=True, slots=True)
class Done:
    """The last event of every answer that did not raise."""

    numbers: Numbers


Event = Waiting | Piece | Done


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """What an engine is running and can do."""

    release: str
    """Shown to people and recorded with every answer."""
    sha256: str = ""
    """Of the model file; empty where there is none (a remote server)."""
    abilities: frozenset[Ability]
    context_tokens: int
    """Window of one conversation: prompt and answer together."""
    template_sha256: str = ""
    adapters: tuple[str, ...] = ()
    adapter: str | None = None
    """The adapter of requests that name none; None is the base model."""
    notice: str = ""
    """A sentence for the banner, as the demo model has one."""


class Engine(Protocol):
    """Whatever writes answers. All methods may be called from any event loop."""

    def generate(self, request: Request) -> AsyncGenerator[Event, None]:
        """Stream one answer: any number of Waiting, then Piece, then one Done.

        Raises (from the iterator, before the first Piece unless said otherwise):
            BadRequest: Empty, out of range, or not possible with this model.
            PromptTooLong: The system message and the newest message alone exceed the window.
            QueueFull: Too many people wait.
            DeadlineExceeded: Nothing was written in time.
            AbilityMissing: The request needs an ability that the engine did not declare.
            EngineClosed: Shutting down (also in the middle of an answer).
        """
        ...

    async def score(
        self, prompt: str | Sequence[Message], continuation: str, *, adapter: str | None = None
    ) -> list[TokenLogprob]:
        """Log-probability of each token of `continuation` after `prompt`.

        With messages, the continuation is the assistant's answer including the end of turn.
        """
        ...

    async def count_tokens(self, text: str) -> int:
        """Tokens of plain text, control tokens never recognised."""
        ...

    def info(self) -> EngineInfo:
        """What is running now (changes with a hot swap)."""
        ...

    async def close(self) -> None:
        """End running answers with EngineClosed and free everything."""
        ...
