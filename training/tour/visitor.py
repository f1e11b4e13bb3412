"""A person in front of the apps, as the server sees one: a cookie and HTTP requests.

Questions go to `/v1/chat/completions`, whose id is the answer's id; flags go to the site's own
`flag` endpoint with the cookie of the person.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from shared.errors import TrainingError
from shared.formats import chat

TIMEOUT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Told:
    """An answer that a visitor got."""

    answer_id: str
    question: str
    text: str
    model: str


class Visitor:
    """One person with a cookie of their own."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def ask(self, question: str) -> Told:
        """Ask in the chat app's words; always the likeliest answer, to be compared.

        Raises:
            TrainingError: If the server does not answer.
        """
        body = {
            "model": "any",
            "messages": [
                {"role": "system", "content": chat.SYSTEM},
                {"role": "user", "content": question},
            ],
            "temperature": 0,
            "max_tokens": 60,
        }
        reply = self._json("POST", "/v1/chat/completions", body)
        text = reply["choices"][0]["message"]["content"].strip()
        return Told(reply["id"], question, text, reply["model"])

    def correct(self, told: Told, correction: str) -> str:
        """Flag an answer as wrong, say what is right, and allow training; the flag's id."""
        values = [told.answer_id, "down", ["incorrect"], "", correction, "major", True, False]
        return str(self._call("flag", values)["flag_id"])

    def state_of(self, flag_id: str) -> str:
        """What became of a flag."""
        return str(self._call("flag_status", [flag_id])["state"])

    def running(self) -> str:
        """Name of the model that answers now."""
        return str(self._json("GET", "/v1/models", None)["data"][0]["id"])

    def _call(self, name: str, values: list[Any]) -> dict[str, Any]:
        """Call one of the site's endpoints and wait for its result."""
        path = f"/gradio_api/call/{name}"
        event = self._json("POST", path, {"data": values})["event_id"]
        with self._client.stream("GET", f"{path}/{event}") as lines:
            return _result(name, lines)

    def _json(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        try:
            reply = self._client.request(method, path, json=body)
            reply.raise_for_status()
        except httpx.HTTPError as error:
            raise TrainingError(f"The server did not answer {path}: {error}") from error
        return dict(reply.json())


def _result(name: str, reply: httpx.Response) -> dict[str, Any]:
    """The value of the event `complete`."""
    event = ""
    for line in reply.iter_lines():
        if line.startswith("event:"):
            event = line.removeprefix("event:").strip()
        elif line.startswith("data:") and event == "complete":
            return dict(json.loads(line.removeprefix("data:"))[0])
        elif line.startswith("data:") and event == "error":
            raise TrainingError(f"The server refused {name}: {line.removeprefix('data:').strip()}")
    raise TrainingError(f"The server broke off {name}.")


@contextmanager
def visitors(url: str, count: int) -> Iterator[list[Visitor]]:
    """That many people, each with the cookie that the site gave them."""
    clients = [httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS) for _ in range(count)]
    try:
        for client in clients:
            client.get("/").raise_for_status()
        yield [Visitor(client) for client in clients]
    finally:
        for client in clients:
            client.close()
