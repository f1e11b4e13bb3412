"""From OpenAI's words to the engine's request."""

from collections.abc import Sequence
from typing import Final

from apps.api.schema import USUAL, ChatBody, ChatMessage, CompletionBody, Sampled
from apps.context import Ask
from shared.engine.types import EngineInfo, Request, Sampling
from shared.errors import BadRequest
from shared.messages import Message

CHAT_TOKENS = 1024
"""Length of a chat answer when the caller names none; never more than half of the window."""
COMPLETION_TOKENS = 16
"""OpenAI's own default."""
APP: Final = "api"


def chat(body: ChatBody, info: EngineInfo, owner: str, *, one_person: bool) -> Ask:
    """The question of a chat completion."""
    wanted = body.max_completion_tokens or body.max_tokens
    tokens = wanted or min(CHAT_TOKENS, info.context_tokens // 2)
    bound_to = body.response_format.bound_to if body.response_format else None
    return Ask(
        app=APP,
        role="chat",
        schema_name=body.response_format.type if bound_to and body.response_format else "",
        request=Request(
            messages=messages(body.messages),
            sampling=sampling(body, tokens),
            schema=bound_to,
            app=APP,
            owner=owner,
            one_person=one_person,
            logprobs=(body.top_logprobs or 0) if body.logprobs else None,
        ),
    )


def completion(body: CompletionBody, owner: str, *, one_person: bool) -> Ask:
    """The question of a plain completion."""
    tokens = COMPLETION_TOKENS if body.max_tokens is None else body.max_tokens
    tokens = 1 if body.reads_only else tokens
    return Ask(
        app=APP,
        role="chat",
        request=Request(
            prompt=body.text,
            sampling=sampling(body, tokens),
            app=APP,
            owner=owner,
            one_person=one_person,
            logprobs=body.logprobs,
            echo=body.echo and body.logprobs is not None,
        ),
    )


def messages(turns: Sequence[ChatMessage]) -> tuple[Message, ...]:
    """The turns, with all leading instructions as the one system message.

    Raises:
        BadRequest: If an instruction stands in the middle.
    """
    lead = 0
    while lead < len(turns) and turns[lead].role in {"system", "developer"}:
        lead += 1
    rest: list[Message] = []
    for turn in turns[lead:]:
        if turn.role not in {"user", "assistant"}:
            raise BadRequest(
                f"A {turn.role} message stands after the conversation has begun.",
                fix="Put instructions first.",
            )
        rest.append(Message("user" if turn.role == "user" else "assistant", turn.text))
    system = "\n\n".join(turn.text for turn in turns[:lead])
    return (Message("system", system), *rest) if system else tuple(rest)


def sampling(body: Sampled, tokens: int) -> Sampling:
    """How to draw; what is not said is the suite's balanced preset, without its extra filters."""
    breakers = body.dry_sequence_breakers
    return Sampling(
        temperature=USUAL.temperature if body.temperature is None else body.temperature,
        top_p=USUAL.top_p if body.top_p is None else body.top_p,
        top_k=body.top_k,
        min_p=body.min_p,
        repeat_penalty=body.repeat_penalty,
        presence_penalty=body.presence_penalty or 0.0,
        frequency_penalty=body.frequency_penalty or 0.0,
        dry_multiplier=body.dry_multiplier,
        dry_base=body.dry_base,
        dry_allowed_length=body.dry_allowed_length,
        dry_penalty_last_n=body.dry_penalty_last_n,
        dry_sequence_breakers=USUAL.dry_sequence_breakers if breakers is None else tuple(breakers),
        seed=body.seed,
        max_tokens=tokens,
        stop=body.stops,
        logit_bias=body.logit_bias or {},
    )
