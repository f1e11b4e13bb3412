"""Does this model file load and write? Asked in a process of its own.

    python -m shared.llama.smoke MODEL.gguf [ADAPTER.gguf]

A damaged file can end the process that opens it (the library checks much with assertions), so
nothing is loaded into a server that was not opened here first. Exit code 0, or 2 and one sentence.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

from shared.errors import InkloopError, ModelFileError
from shared.llama.adapters import load_adapter
from shared.llama.binding import Model
from shared.llama.context import BATCH_TOKENS, Batch, Context
from shared.llama.render import ChatTemplate
from shared.messages import Message

WRITTEN_TOKENS = 8
TIMEOUT_SECONDS = 300


def try_in_subprocess(path: Path, adapter: Path | None = None) -> None:
    """Open a model (and an adapter) in another process and write a few tokens (blocking).

    Raises:
        ModelFileError: With what that process said, or how it died.
    """
    command = [sys.executable, "-m", __spec__.name, str(path)]
    try:
        done = subprocess.run(  # noqa: S603 - our own module, no shell
            [*command, *([str(adapter)] if adapter else [])],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelFileError(
            f"{path.name} did not load in time.", fix="Nothing changed."
        ) from error
    if done.returncode == InkloopError.exit_code and done.stdout.strip():
        raise ModelFileError(done.stdout.strip(), fix="")
    if done.returncode != 0:
        raise ModelFileError(
            f"{(adapter or path).name} made the model library fail (code {done.returncode}).",
            fix="Nothing changed; verify the file or export it again.",
        )


def write_a_little(path: Path, adapter: Path | None = None) -> None:
    """Load and write `WRITTEN_TOKENS` tokens, with the weights' second layout too.

    Raises:
        ModelFileError: If anything on the way does not work.
    """
    model = Model.load(path)
    context = Context(model, cells=256, sequences=1)
    if adapter is not None:
        context.set_adapter(load_adapter(model, adapter))
    tokens = _first_tokens(model)
    _write(context, tokens)
    second = model.repack()
    if second.bytes:
        second.rows = BATCH_TOKENS
        context.cut(0, 0)
        _write(context, tokens)


def _write(context: Context, tokens: list[int]) -> None:
    batch = Batch()
    batch.add(0, tokens, 0, wanted_from=len(tokens) - 1)
    for position in range(len(tokens), len(tokens) + WRITTEN_TOKENS):
        context.decode(batch)
        row = context.logits(1)[0]
        if not np.isfinite(row).all():
            name = context.model.path.name
            raise ModelFileError(f"{name} computes no usable numbers.", fix="Export it again.")
        batch.clear()
        batch.add(0, [int(row.argmax())], position, wanted_from=0)


def _first_tokens(model: Model) -> list[int]:
    if not model.template:
        return [max(model.bos, 0)]
    template = ChatTemplate(model, model.template, model.text(model.bos), model.text(model.eos))
    return template.render([Message("user", "Hello")]).tokens[:128]


def main() -> None:
    """Entry point of `python -m shared.llama.smoke`."""
    files = [Path(name) for name in sys.argv[1:3]]
    if not files:
        sys.stdout.write("Which file? python -m shared.llama.smoke MODEL.gguf [ADAPTER.gguf]\n")
        sys.exit(InkloopError.exit_code)
    try:
        write_a_little(*files)
    except InkloopError as error:
        sys.stdout.write(f"{error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
