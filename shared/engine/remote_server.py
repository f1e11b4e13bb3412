"""The calls made to an OpenAI-compatible server, and what it turns out to be able to do."""

import asyncio
import hashlib
import json
import os
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import openai

from shared.engine.remote_errors import in_our_words
from shared.engine.remote_reading import listed_logprobs
from shared.engine.types import Ability, Request, TokenLogprob
from shared.errors import EngineClosed, InkloopError
from shared.messages import to_dict
from shared.web_address import shown_address

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 600.0
_PROBE_SCHEMA = {
    "type": "object",
    "properties": {"answer": {"enum": ["yes"]}},
    "required": ["answer"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Found:
    """What a server was found to be."""

    model: str
    abilities: frozenset[Ability]
    context_tokens: int | None
    """None where it does not tell."""


class Server:
    """One server and the model that is asked of it."""

    def __init__(self, url: str, model: str, api_key: str) -> None:
        self._address = url.rstrip("/")
        self.url = shown_address(self._address)
        """For people: without a name and password that the address may hold."""
        self.model = model
        self.takes_extras = False
        """It knows top_k, min_p and the repeat penalty, which OpenAI itself refuses."""
        self.takes_dry = False
        """It knows the settings of DRY, as llama-server does."""
        self._key = api_key or os.environ.get("OPENAI_API_KEY", "") or "none"
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, openai.AsyncOpenAI]
        self._clients = WeakKeyDictionary()

    async def find_out(self) -> Found:
        """Ask for the model, the window and the abilities; costs a handful of tokens.

        Raises:
            EngineClosed: The server cannot be reached.
            SettingsError: It refuses the key or does not know the model.
        """
        with in_our_words(self.url):
            listed = (await self._client().models.list()).data
        chosen = next((row for row in listed if row.id == self.model), None)
        if chosen is None and listed and not self.model:
            chosen = listed[0]
        self.model = chosen.id if chosen else self.model
        return Found(
            self.model, await self._abilities(), _window(chosen.model_dump() if chosen else {})
        )

    async def stream(self, request: Request) -> Any:  # noqa: ANN401 - a stream of either kind
        """Begin an answer.

        Raises:
            InkloopError: What the server says, in our words.
        """
        settings = self._settings(request)
        with in_our_words(self.url):
            if request.prompt is not None:
                return await self._client().completions.create(
                    prompt=request.prompt, echo=request.echo, logprobs=request.logprobs, **settings
                )
            if request.logprobs is not None:
                settings |= {"logprobs": True, "top_logprobs": request.logprobs}
            if request.schema is not None:
                settings["response_format"] = _bound_to(dict(request.schema))
            settings["messages"] = [to_dict(message) for message in request.messages]
            return await self._client().chat.completions.create(**settings)

    async def echoed(self, text: str) -> list[TokenLogprob]:
        """All tokens of a text, and one that follows it.

        Raises:
            ValueError: If the server does not echo.
        """
        with in_our_words(self.url):
            answer = await self._client().completions.create(
                model=self.model, prompt=text, max_tokens=1, echo=True, logprobs=0, temperature=0
            )
        rows = listed_logprobs(answer.choices[0].logprobs)
        if text not in "".join(row.text for row in rows):
            raise ValueError("the prompt was not echoed")
        return rows

    async def prompt_tokens(self, text: str, **more: Any) -> int:  # noqa: ANN401
        """What the server says a conversation of this one message takes."""
        answer = await self._chat(text, max_tokens=1, **more)
        return answer.usage.prompt_tokens if answer.usage else 0

    async def close(self) -> None:
        """Hang up, also on other event loops that still run."""
        here = asyncio.get_running_loop()
        for loop, client in list(self._clients.items()):
            if loop is here:
                await client.close()
            elif loop.is_running():
                closing = asyncio.run_coroutine_threadsafe(client.close(), loop)
                await asyncio.wrap_future(closing)
        self._clients.clear()

    def _client(self) -> openai.AsyncOpenAI:
        """The client of the running event loop: connections cannot move between loops."""
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            timeout = openai.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
            self._clients[loop] = openai.AsyncOpenAI(
                base_url=self._address, api_key=self._key, max_retries=1, timeout=timeout
            )
        return self._clients[loop]

    def _settings(self, request: Request) -> dict[str, Any]:
        sampling = request.sampling
        settings: dict[str, Any] = {
            "model": self.model,
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "presence_penalty": sampling.presence_penalty,
            "frequency_penalty": sampling.frequency_penalty,
            "seed": sampling.seed,
        }
        if sampling.stop:
            settings["stop"] = list(sampling.stop)
        if sampling.logit_bias:
            settings["logit_bias"] = {str(t): bias for t, bias in sampling.logit_bias.items()}
        if request.owner:
            # Fairness needs to tell people apart, not to know them: the cookie stays here.
            settings["user"] = hashlib.sha256(request.owner.encode()).hexdigest()[:32]
        if self.takes_extras:
            settings["extra_body"] = _extras(request)
        if self.takes_dry and request.sampling.dry_multiplier:
            settings["extra_body"] |= _dry(request)
        return settings

    async def _abilities(self) -> frozenset[Ability]:
        found: set[Ability] = set()
        extras = {"top_k": 40, "min_p": 0.05, "repeat_penalty": 1.0, "repetition_penalty": 1.0}
        self.takes_extras = await self._works(self.prompt_tokens("a", extra_body=extras))
        self.takes_dry = self.takes_extras and await self._works(
            self.prompt_tokens("a", extra_body={"dry_multiplier": 0.0})
        )
        if self.takes_extras or await self._works(self.prompt_tokens("a")):
            found.add("chat")
        if await self._works(self._obeys_schema()):
            found.add("schema")
        if await self._works(self._completes()):
            found.add("complete")
        if "complete" in found and await self._works(self.echoed("One two")):
            found.add("score")
        return frozenset(found)

    async def _works(self, call: Awaitable[object]) -> bool:
        """Whether the server does this.

        Raises:
            EngineClosed: If it cannot be reached, which says nothing about abilities.
        """
        try:
            await call
        except EngineClosed as error:
            if isinstance(error.__cause__, openai.APIConnectionError):
                raise
            return False
        except (InkloopError, ValueError, LookupError):
            return False
        return True

    async def _chat(self, text: str, **more: Any) -> Any:  # noqa: ANN401
        settings: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "user", "content": text}],
            **more,
        }
        with in_our_words(self.url):
            return await self._client().chat.completions.create(**settings)

    async def _obeys_schema(self) -> None:
        bound = _bound_to(_PROBE_SCHEMA)
        answer = await self._chat("Is it so?", max_tokens=32, response_format=bound)
        if json.loads(answer.choices[0].message.content or "") != {"answer": "yes"}:
            raise ValueError("the schema was ignored")

    async def _completes(self) -> None:
        with in_our_words(self.url):
            await self._client().completions.create(model=self.model, prompt="a", max_tokens=1)


def _bound_to(schema: dict[str, Any]) -> dict[str, Any]:
    named = {"name": "answer", "schema": schema, "strict": True}
    return {"type": "json_schema", "json_schema": named}


def _extras(request: Request) -> dict[str, Any]:
    """Settings beyond OpenAI's, under the names of llama-server and of vLLM."""
    sampling = request.sampling
    return {
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repeat_penalty": sampling.repeat_penalty,
        "repetition_penalty": sampling.repeat_penalty,
    }


def _dry(request: Request) -> dict[str, Any]:
    """DRY under llama-server's names, which are ours."""
    sampling = request.sampling
    return {
        "dry_multiplier": sampling.dry_multiplier,
        "dry_base": sampling.dry_base,
        "dry_allowed_length": sampling.dry_allowed_length,
        "dry_penalty_last_n": sampling.dry_penalty_last_n,
        "dry_sequence_breakers": list(sampling.dry_sequence_breakers),
    }


def _window(model: dict[str, Any]) -> int | None:
    """The window as vLLM (`max_model_len`), llama-server (`meta`) and others tell it."""
    meta = model.get("meta") or {}
    told = (
        model.get("max_model_len"),
        model.get("context_length"),
        meta.get("n_ctx"),
        meta.get("n_ctx_train"),
    )
    return next((int(value) for value in told if value), None)
