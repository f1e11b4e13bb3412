"""The one place that refuses a request that cannot be answered, before it costs anything.

Every engine calls `validate` first, so a limit is the same (and is worded the same) whichever
engine answers. What only the model can tell, such as a prompt that does not fit, is not here.
"""

import math
import re
from collections.abc import Sequence

from shared.engine.types import Ability, EngineInfo, Request, Sampling
from shared.errors import AbilityMissing, BadRequest
from shared.messages import Message

MAX_CHARACTERS = 100_000
"""Of one message, or of a raw prompt."""
MAX_STOPS = 16
MAX_BREAKERS = 16
LONGEST_BREAKER = 40
"""Bytes; llama.cpp cuts off what is more."""
MAX_LOGPROBS = 20
MAX_SEED = 2**32 - 1
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def clean_text(text: str) -> str:
    """Text that a tokenizer can read: lone surrogates become U+FFFD.

    Raises:
        BadRequest: If the text holds a NUL character, which ends a string in C.
    """
    if "\0" in text:
        raise BadRequest("The text holds a NUL character.", fix="Remove it and send again.")
    return _LONE_SURROGATE.sub("\ufffd", text)


def validate(request: Request, info: EngineInfo) -> None:
    """Refuse what is empty, out of range or beyond the engine's abilities.

    Raises:
        BadRequest: Naming the limit.
        AbilityMissing: Naming the ability.
    """
    if bool(request.messages) == (request.prompt is not None):
        raise BadRequest(
            "A request has either messages or a raw prompt.", fix="Give exactly one of them."
        )
    if request.prompt is None:
        _check_messages(request.messages)
    else:
        _check_prompt(request.prompt)
    _check_shape(request)
    _check_abilities(request, info)
    check_sampling(request.sampling, context_tokens=info.context_tokens)


def check_sampling(sampling: Sampling, *, context_tokens: int) -> None:
    """Refuse settings out of range.

    Raises:
        BadRequest: Naming the setting and its range.
    """
    _between("temperature", sampling.temperature, 0, 2)
    _between("top_p", sampling.top_p, 0, 1)
    _between("min_p", sampling.min_p, 0, 1)
    _between("top_k", sampling.top_k, 0, 1_000_000)
    _between("repeat_penalty", sampling.repeat_penalty, 0.1, 10)
    _between("presence_penalty", sampling.presence_penalty, -2, 2)
    _between("frequency_penalty", sampling.frequency_penalty, -2, 2)
    _between("max_tokens", sampling.max_tokens, 1, context_tokens)
    if sampling.seed is not None:
        _between("seed", sampling.seed, 0, MAX_SEED)
    for bias in sampling.logit_bias.values():
        _between("logit_bias", bias, -100, 100)
    if len(sampling.stop) > MAX_STOPS or not all(sampling.stop):
        raise BadRequest(
            f"stop takes up to {MAX_STOPS} strings, none of them empty.", fix="Change stop."
        )
    _check_dry(sampling, context_tokens)


def _check_dry(sampling: Sampling, context_tokens: int) -> None:
    _between("dry_multiplier", sampling.dry_multiplier, 0, 100)
    _between("dry_base", sampling.dry_base, 1, 10)
    _between("dry_allowed_length", sampling.dry_allowed_length, 1, 10_000)
    _between("dry_penalty_last_n", sampling.dry_penalty_last_n, -1, context_tokens)
    breakers = sampling.dry_sequence_breakers
    sizes = [len(clean_text(text).encode()) for text in breakers]
    if len(sizes) > MAX_BREAKERS or not all(0 < size <= LONGEST_BREAKER for size in sizes):
        raise BadRequest(
            f"dry_sequence_breakers takes up to {MAX_BREAKERS} strings of 1 to {LONGEST_BREAKER}"
            " bytes.",
            fix="Change dry_sequence_breakers.",
        )


def _between(name: str, value: float, low: float, high: float) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise BadRequest(
            f"{name} is {value}; it must be {low:g} to {high:g}.", fix=f"Change {name}."
        )


def _check_length(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise BadRequest(
            f"The text has {len(text):,} characters; the limit is {MAX_CHARACTERS:,}.",
            fix="Shorten it.",
        )
    clean_text(text)


def _check_prompt(prompt: str) -> None:
    if not prompt:
        raise BadRequest("The prompt is empty.", fix="Write something first.")
    _check_length(prompt)


def _check_messages(messages: Sequence[Message]) -> None:
    for index, message in enumerate(messages):
        if message.role == "system" and index:
            raise BadRequest(
                "A system message stands only at the front.", fix="Move it there or leave it out."
            )
        _check_length(message.content)
    if messages[-1].role != "user":
        raise BadRequest("The last message must be the user's.", fix="Add a user message.")
    if not messages[-1].content.strip():
        raise BadRequest("The message is empty.", fix="Write something first.")


def _check_shape(request: Request) -> None:
    if request.schema is not None and request.pattern is not None:
        raise BadRequest("schema and pattern cannot both bind an answer.", fix="Give one of them.")
    if request.echo and (request.prompt is None or request.logprobs is None):
        raise BadRequest("echo needs a raw prompt and logprobs.", fix="Give both or leave it out.")
    if request.logprobs is not None:
        _between("logprobs", request.logprobs, 0, MAX_LOGPROBS)
    if request.deadline_seconds is not None and not request.deadline_seconds > 0:
        raise BadRequest("The deadline has passed already.", fix="Give more than 0 seconds.")


def _check_abilities(request: Request, info: EngineInfo) -> None:
    needed: list[tuple[Ability, bool]] = [
        ("chat", request.prompt is None),
        ("complete", request.prompt is not None),
        ("schema", request.schema is not None),
        ("pattern", request.pattern is not None),
        ("adapters", request.adapter is not None),
    ]
    for ability, wanted in needed:
        if wanted and ability not in info.abilities:
            raise AbilityMissing(
                f"This needs the ability “{ability}”, which {info.release} does not have.",
                fix="Use a local GGUF model for it (INKLOOP_MODEL or INKLOOP_ROLE_…).",
            )
    if request.adapter is not None and request.adapter not in info.adapters:
        raise BadRequest(
            f"{info.release} has no adapter “{request.adapter}”.",
            fix=f"Loaded adapters: {', '.join(info.adapters) or 'none'}.",
        )
