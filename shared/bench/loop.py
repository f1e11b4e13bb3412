"""The library's own low-level loop for one person, with every choice open: what `tried` measures.

Not the engine: it has one sequence, no fairness and no cache. A choice that does not pay here,
where nothing stands between it and the processor, does not pay there.
"""

import ctypes
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import llama_cpp.llama_cpp as lib
import numpy as np
import psutil

from shared.errors import ModelFileError
from shared.llama.context import BATCH_TOKENS, Batch
from shared.llama.layouts import SecondLayout, multiplied
from shared.llama.library import open_library
from shared.llama.memory import available

F16, Q8_0 = 1, 8
"""ggml_type of keys and values."""
FLASH, NO_FLASH = 1, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How a model is loaded and computed."""

    path: Path
    kv_type: int = F16
    batch_tokens: int = BATCH_TOKENS
    micro_tokens: int = BATCH_TOKENS
    flash: int = FLASH
    mmap: bool = True
    mlock: bool = False
    threads: int = 2
    window: int = 2048
    repacked_rows: int = 0
    """Steps of up to so many rows take the weights' second layout."""


class Loop:
    """One loaded model and one sequence."""

    def __init__(self, choice: Choice) -> None:
        open_library()
        self._choice = choice
        before = psutil.Process().memory_info().rss
        begin = time.perf_counter()
        self._model = _load(choice)
        self._second = _second(self._model, choice.repacked_rows)
        self._context = _open(self._model, choice)
        self._memory = lib.llama_get_memory(self._context)
        self._batch = Batch(choice.window)
        self.vocab_size: int = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(self._model))
        self.write(self.read([0] * 16), 2)
        self.load_seconds = time.perf_counter() - begin
        self.memory_bytes = psutil.Process().memory_info().rss - before

    def free(self) -> None:
        """Give everything back."""
        lib.llama_free(self._context)
        if self._second is not None:
            self._second.free()
        lib.llama_model_free(self._model)

    def read(self, tokens: Sequence[int]) -> int:
        """Forget everything, read a prompt; how many tokens are known then."""
        self._cut(0)
        step = self._choice.batch_tokens
        for start in range(0, len(tokens), step):
            part = list(tokens[start : start + step])
            self._decode(part, start, wanted_from=len(part) - 1)
        return len(tokens)

    def write(self, position: int, count: int) -> int:
        """Write the likeliest tokens one after the other; the position after them."""
        for at in range(position, position + count):
            token = int(self._rows(1)[0].argmax())
            self._decode([token], at, wanted_from=0)
        return position + count

    def follow(self, position: int, tokens: Sequence[int]) -> int:
        """The same with the answer given in advance; the number of steps."""
        for at, token in enumerate(tokens):
            int(self._rows(1)[0].argmax())
            self._decode([token], position + at, wanted_from=0)
        return len(tokens)

    def follow_drafted(
        self, prompt: Sequence[int], tokens: Sequence[int], *, gram: int, most: int
    ) -> int:
        """The same with prompt-lookup drafts: each step checks what stood after the same words.

        Args:
            prompt: What was read.
            tokens: The answer.
            gram: How many last tokens must stand somewhere before for a draft.
            most: Longest draft.

        Returns:
            The number of steps.
        """
        known, steps, end = list(prompt), 0, len(prompt) + len(tokens)
        whole = [*prompt, *tokens]
        while len(known) < end:
            position = len(known)
            sure = whole[position]  # what the last step's logits said
            draft = look_up([*known, sure], gram=gram, most=min(most, end - position - 1))
            self._decode([sure, *draft], position, wanted_from=0)
            self._rows(len(draft) + 1).argmax(axis=1)
            agreed = _agreed(draft, whole[position + 1 :])
            known += [sure, *draft[:agreed]]
            self._cut(len(known))
            steps += 1
        return steps

    def tokens(self, text: str) -> list[int]:
        """Tokens of a text."""
        raw = text.encode()
        room = len(raw) + 2
        buffer = (ctypes.c_int32 * room)()
        vocab = lib.llama_model_get_vocab(self._model)
        count = lib.llama_tokenize(vocab, raw, len(raw), buffer, room, False, False)
        return list(buffer[:count])

    def _decode(self, tokens: list[int], position: int, *, wanted_from: int) -> None:
        self._batch.clear()
        self._batch.add(0, tokens, position, wanted_from=wanted_from)
        self._batch.raw.n_tokens = self._batch.size
        if self._second is not None:
            self._second.lay_out(self._batch.size)
        if lib.llama_decode(self._context, self._batch.raw) != 0:
            raise ModelFileError(
                f"{self._choice.path.name} could not be computed this way.",
                fix="Leave this alternative out.",
            )

    def _rows(self, rows: int) -> np.ndarray:
        pointer = lib.llama_get_logits(self._context)
        return np.ctypeslib.as_array(pointer, (rows, self.vocab_size))

    def _cut(self, start: int) -> None:
        lib.llama_memory_seq_rm(self._memory, 0, start, -1)


@contextmanager
def opened(choice: Choice) -> Iterator[Loop]:
    """A loop that is freed afterwards."""
    loop = Loop(choice)
    try:
        yield loop
    finally:
        loop.free()


def look_up(known: Sequence[int], *, gram: int, most: int) -> list[int]:
    """What followed the last time that the last `gram` tokens stood somewhere; empty if never."""
    tail = list(known[-gram:])
    for start in range(len(known) - gram - 1, -1, -1):
        if known[start] == tail[0] and list(known[start : start + gram]) == tail:
            return list(known[start + gram : start + gram + most])
    return []


def some_tokens(count: int, vocab_size: int, seed: int) -> list[int]:
    """A prompt that no cache knows; what it says does not change what it costs."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    return [rng.randrange(vocab_size // 4, vocab_size // 2) for _ in range(count)]


def _agreed(draft: Sequence[int], truth: Sequence[int]) -> int:
    pairs = enumerate(zip(draft, truth, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(draft), len(truth)))


def _load(choice: Choice) -> object:
    params = lib.llama_model_default_params()
    params.n_gpu_layers = 0
    params.use_mmap, params.use_mlock = choice.mmap, choice.mlock
    params.use_extra_bufts = False
    pointer = lib.llama_model_load_from_file(str(choice.path).encode(), params)
    if not pointer:
        raise ModelFileError(f"{choice.path} cannot be loaded.", fix="Choose another file.")
    return pointer


def _second(model: object, rows: int) -> SecondLayout | None:
    if not rows:
        return None
    second = SecondLayout(multiplied(model), available=available())
    if not second.bytes:
        second.free()
        raise ModelFileError(
            "The library has no second layout for these weights here.",
            fix="Leave this alternative out.",
        )
    second.rows = rows
    return second


def _open(model: object, choice: Choice) -> object:
    params = lib.llama_context_default_params()
    params.n_ctx = choice.window
    params.n_batch, params.n_ubatch = choice.batch_tokens, choice.micro_tokens
    params.n_threads = params.n_threads_batch = choice.threads
    params.type_k = params.type_v = choice.kv_type
    params.flash_attn_type = choice.flash
    params.n_outputs_max = 64
    params.no_perf = True
    pointer = lib.llama_init_from_model(model, params)
    if not pointer:
        raise ModelFileError(
            f"{choice.path.name} leaves no room for {choice.window} tokens.", fix="Free memory."
        )
    return pointer
