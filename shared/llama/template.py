"""A model's own chat template, from messages to the text that its training saw.

Templates come from model files and are not trusted: they run in Jinja's immutable sandbox. The
date is pinned, because a prompt that changes at midnight cannot be found in the prefix cache.
"""

import json
from collections.abc import Sequence
from typing import Any, NoReturn

from jinja2.exceptions import TemplateError, TemplateSyntaxError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from shared.errors import BadRequest, ModelFileError
from shared.messages import Message

PINNED_DATE = "26 Jul 2024"
"""What Llama-3.2's template itself writes when nobody tells it the date."""
BETWEEN_FOLDED = "\n\n"
"""Between the system message and the first user message where they become one."""

# What a template may raise besides Jinja's own errors when a message is not what it expects.
_TEMPLATE_FAILURES = (TemplateError, TypeError, ValueError, LookupError, AttributeError)


def _to_json(value: Any, indent: int | None = None) -> str:  # noqa: ANN401
    """The `tojson` that chat templates are written for: Jinja's own escapes <, > and & for HTML."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _raise_exception(message: str) -> NoReturn:
    raise TemplateError(message)


def _strftime_now(_format: str) -> str:
    return PINNED_DATE


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[loopcontrols],
        autoescape=False,
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = _strftime_now
    return environment


class TemplateText:
    """Renders messages to text; folds a system message where the template refuses one."""

    def __init__(self, template: str, *, bos: str, eos: str) -> None:
        if not template.strip():
            raise ModelFileError(
                "The model has no chat template.", fix="Use an instruct or chat model."
            )
        try:
            self._template = _environment().from_string(template)
        except TemplateSyntaxError as error:
            raise ModelFileError(
                f"The model's chat template does not parse: {error}.", fix="Use another file."
            ) from None
        self._constants = {
            "bos_token": bos,
            "eos_token": eos,
            "date_string": PINNED_DATE,
            "tools": None,
            "documents": None,
            "enable_thinking": False,
        }
        self.folds_system = not self._takes_system()

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool) -> str:
        """The prompt as text.

        Raises:
            BadRequest: If the template refuses these messages, in the template's words.
        """
        if self.folds_system:
            messages = fold_system(messages)
        try:
            return self._plain(messages, add_generation_prompt=add_generation_prompt)
        except _TEMPLATE_FAILURES as error:
            raise BadRequest(
                f"The model's chat template refuses this conversation: {error}.",
                fix="Let user and assistant take turns, beginning with the user.",
            ) from None

    def _plain(self, messages: Sequence[Message], *, add_generation_prompt: bool) -> str:
        rows = [{"role": message.role, "content": message.content} for message in messages]
        return self._template.render(
            messages=rows, add_generation_prompt=add_generation_prompt, **self._constants
        )

    def _takes_system(self) -> bool:
        """Some templates raise on a system message, others leave it out without a word."""
        probe = [Message("system", "qsystemq"), Message("user", "quserq")]
        try:
            return "qsystemq" in self._plain(probe, add_generation_prompt=True)
        except _TEMPLATE_FAILURES:
            return False


def fold_system(messages: Sequence[Message]) -> list[Message]:
    """Put the system message in front of the first user message's text."""
    if not messages or messages[0].role != "system":
        return list(messages)
    system, rest = messages[0], list(messages[1:])
    if not rest or rest[0].role != "user":
        return [Message("user", system.content), *rest]
    joined = f"{system.content}{BETWEEN_FOLDED}{rest[0].content}"
    return [Message("user", joined), *rest[1:]]
