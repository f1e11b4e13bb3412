"""Giving a person a file of their own work.

The browser makes the file, so nobody's words lie in a temporary folder of the server.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import gradio as gr

from apps.ui.errors import shows_errors
from apps.ui.stream import INSTANT

SAVE = """files => files.forEach(file => {
  const link = document.createElement('a');
  const data = file.base64
    ? Uint8Array.from(atob(file.base64), letter => letter.charCodeAt(0)) : file.text;
  link.href = URL.createObjectURL(new Blob([data], {type: file.kind}));
  link.download = file.name;
  link.click();
  URL.revokeObjectURL(link.href);
})"""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A small text file."""

    name: str
    text: str
    kind: str = "text/plain;charset=utf-8"
    base64: str = ""


def binary(name: str, data: bytes, kind: str) -> TextFile:
    """A small file that is no text; `kind` is its media type."""
    return TextFile(name, "", kind, base64.b64encode(data).decode("ascii"))


def keeps(button: gr.Button, made: Callable[..., TextFile], inputs: Sequence[Any] = ()) -> None:
    """Let a button hand over the file that `made(request, *inputs)` makes."""
    kept = gr.JSON(visible="hidden")

    def pressed(request: gr.Request, *given: object) -> list[dict[str, str]]:
        return [asdict(made(request, *given))]

    done = button.click(shows_errors(pressed), list(inputs), kept, **INSTANT)
    done.success(None, kept, None, js=SAVE, **INSTANT)
