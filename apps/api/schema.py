"""What a program may send to `/v1`, in OpenAI's words.

Fields that only label a request (`user`, `metadata`, `store` …) are accepted and ignored; a field
that would change the answer and is not supported is refused by name, never quietly dropped.
`top_k`, `min_p`, `repeat_penalty` and the five `dry_…` fields are extensions that other local
servers share; what they default to is llama-server's.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from shared.engine.types import Sampling
from shared.errors import BadRequest

USUAL = Sampling()
UNSUPPORTED = ("tools", "functions", "tool_choice", "function_call", "audio", "suffix")
HARMLESS: tuple[Any, ...] = (None, [], "none", "auto", "")
"""Values of an unsupported field that ask for nothing."""


class Body(BaseModel):
    """A JSON object; unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_what_is_not_done(cls, raw: Any) -> Any:  # noqa: ANN401 - whatever was sent
        if isinstance(raw, dict):
            for name in UNSUPPORTED:
                if raw.get(name) not in HARMLESS:
                    raise PydanticCustomError(
                        "unsupported", "{name} is not supported", {"name": name}
                    )
        return raw


class StreamOptions(Body):
    """What a stream should tell besides text."""

    include_usage: bool = False


class Sampled(Body):
    """What both kinds of completion share."""

    model: str = ""
    """Any name is answered."""
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int = 40
    min_p: float = 0.0
    repeat_penalty: float = 1.0
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    dry_multiplier: float = USUAL.dry_multiplier
    dry_base: float = USUAL.dry_base
    dry_allowed_length: int = USUAL.dry_allowed_length
    dry_penalty_last_n: int = USUAL.dry_penalty_last_n
    dry_sequence_breakers: list[str] | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    logit_bias: dict[int, float] | None = None
    n: Literal[1] | None = None
    user: str | None = None

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends with the numbers."""
        return self.stream_options is not None and self.stream_options.include_usage

    @property
    def stops(self) -> tuple[str, ...]:
        """The stop strings."""
        if self.stop is None:
            return ()
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop)


class TextPart(Body):
    """One part of a message; only text is understood."""

    type: Literal["text"]
    text: str


class ChatMessage(Body):
    """One turn."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]

    @property
    def text(self) -> str:
        """The whole text."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content)


class JsonSchema(BaseModel):
    """A named schema for the whole answer."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    name: str = ""
    schema_: dict[str, Any] = Field(default_factory=dict, alias="schema")


class ResponseFormat(Body):
    """Free text, any JSON object, or JSON after a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @property
    def bound_to(self) -> dict[str, Any] | None:
        """The JSON schema of the answer; None for free text."""
        if self.type == "text":
            return None
        if self.type == "json_object" or self.json_schema is None:
            return {"type": "object"}
        return self.json_schema.schema_ or {"type": "object"}


class ChatBody(Sampled):
    """`POST /v1/chat/completions`."""

    messages: list[ChatMessage]
    max_completion_tokens: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    response_format: ResponseFormat | None = None


class CompletionBody(Sampled):
    """`POST /v1/completions`."""

    prompt: str | list[str]
    logprobs: int | None = None
    echo: bool = False
    best_of: Literal[1] | None = None

    @property
    def reads_only(self) -> bool:
        """Whether only the prompt's own log-probabilities are wanted, as evaluations do."""
        return self.echo and self.max_tokens == 0 and not self.stream

    @property
    def text(self) -> str:
        """The one prompt.

        Raises:
            BadRequest: If there are several.
        """
        if isinstance(self.prompt, str):
            return self.prompt
        if len(self.prompt) != 1:
            raise BadRequest("prompt holds several texts.", fix="Send one text per request.")
        return self.prompt[0]


def in_words(error: ValidationError) -> BadRequest:
    """The first thing that is wrong, by its name."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    what = f"{where}: {first['msg']}." if where else f"{first['msg']}."
    return BadRequest(what, fix="See OpenAI's reference for the form of a request.")
