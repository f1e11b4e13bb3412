"""The KV cache and the act of computing: a thin, exact wrapper of one llama context.

Owned by one thread (the scheduler's). Only `abort` may be called from elsewhere. Which sequence
holds what is not known here; see `shared.llama.cache`.
"""

import ctypes
import mmap
import os
from pathlib import Path
from typing import Final

import llama_cpp.llama_cpp as lib
import numpy as np
import numpy.typing as npt

from shared import metrics
from shared.errors import EngineClosed, ModelFileError
from shared.llama.binding import Model
from shared.llama.library import Handle

Logits = npt.NDArray[np.float32]
Copy = npt.NDArray[np.uint8]

BATCH_TOKENS: Final = 256
"""Most tokens in one step; the library keeps memory for each. 64 take 6.0 ms each, 256 take
4.8 (1B, two cores), and 512 no less (`shared/bench/TRIED.md`)."""
OUTPUT_ROWS: Final = 64
"""Most rows of logits from one step; the library keeps memory for each (0.5 MB at 128k tokens)."""
NO_SLOT, ABORTED = 1, 2
HALF, BRAIN_FLOAT = 1, 30
"""ggml_type: 16 bits with 10 of precision, and 16 bits with 7 and a wider range."""
TILE_ROWS: Final = 64
"""From so many rows on, the library attends in tiles, where keys and values are `HALF`. Below it
goes row by row, and each row costs 14 times as much per cell that it looks at (1B on two cores,
1,024 tokens before it: 12 rows take 455 ms, 32 rows 994 ms, 64 rows 484 ms)."""
SMALL_POOL: Final = 128_000_000
"""Bytes; below it values are kept as `BRAIN_FLOAT`, see `value_type`."""

_LAYOUT = dict(lib.llama_batch._fields_)


class Batch:
    """Rows for one step: token, position, sequence, and whether its logits are wanted."""

    def __init__(self, size: int = BATCH_TOKENS) -> None:
        self.tokens = np.zeros(size, np.int32)
        self.positions = np.zeros(size, np.int32)
        self.sequences = np.zeros(size, np.int32)
        self.wanted = np.zeros(size, np.int8)
        self._ones = np.ones(size, np.int32)
        # Each row names its sequences by address; a row of ours is in exactly one.
        step = self.sequences.itemsize
        self._addresses = self.sequences.ctypes.data + step * np.arange(size, dtype=np.uintp)
        self.size = 0
        self.wanted_rows = 0
        self.raw = lib.llama_batch()
        for field, array in (
            ("token", self.tokens),
            ("pos", self.positions),
            ("n_seq_id", self._ones),
            ("seq_id", self._addresses),
            ("logits", self.wanted),
        ):
            setattr(self.raw, field, ctypes.cast(array.ctypes.data, _LAYOUT[field]))

    def clear(self) -> None:
        """Begin a new step."""
        self.size = self.wanted_rows = 0

    def add(self, sequence: int, tokens: list[int], position: int, *, wanted_from: int) -> None:
        """Append consecutive tokens; logits are wanted from the `wanted_from`-th of them on."""
        start, stop = self.size, self.size + len(tokens)
        self.tokens[start:stop] = tokens
        self.positions[start:stop] = np.arange(position, position + len(tokens))
        self.sequences[start:stop] = sequence
        self.wanted[start:stop] = 0
        self.wanted[start + wanted_from : stop] = 1
        self.size = stop
        self.wanted_rows += len(tokens) - wanted_from


class Context:
    """One llama context: unified KV cells that sequences may share."""

    def __init__(self, model: Model, *, cells: int, sequences: int) -> None:
        self.model = model
        self.cells = cells
        self._abort = ctypes.create_string_buffer(2)
        params = lib.llama_context_default_params()
        params.n_ctx = cells
        params.n_batch = params.n_ubatch = BATCH_TOKENS
        params.n_outputs_max = max(OUTPUT_ROWS, sequences)
        params.n_seq_max = sequences
        params.kv_unified = True
        params.swa_full = True  # a sliding window forgets cells that a shared prefix still needs
        params.no_perf = True
        # More threads than free cores wait for each other all the time; see `shared.llama.threads`.
        params.n_threads = params.n_threads_batch = 1
        params.type_k, params.type_v = HALF, value_type(model, cells)
        # Flash attention skips the cells of other sequences; without it every token pays for all
        # that is kept (measured with a full pool of 16384 cells: 4 times the time per token, 12
        # times per prompt token).
        params.flash_attn_type = lib.LLAMA_FLASH_ATTN_TYPE_AUTO
        self._pointer = lib.llama_init_from_model(model.pointer, params)
        if not self._pointer:
            raise ModelFileError(
                f"{model.path.name} does not leave room for {cells} tokens of memory.",
                fix="Lower INKLOOP_KV_TOKENS, or use a smaller model.",
            )
        self._memory = lib.llama_get_memory(self._pointer)
        self.tiles = params.type_v == HALF and not model.gpu_layers and model.rewinds
        """Whether a step of `TILE_ROWS` rows can be cheaper than one of fewer."""
        self.values = "bf16" if params.type_v == BRAIN_FLOAT else "f16"
        metrics.kv_bytes.labels(self.values).set(model.cell_bytes * cells)
        self.shifts = bool(lib.llama_memory_can_shift(self._memory))
        self._shown = (0, 0)
        self._view = np.empty((0, model.vocab_size), np.float32)
        self._install_abort()

    def _install_abort(self) -> None:
        # The library asks "abort?" at every node of the graph. A Python function would take the
        # GIL each time, so the question goes to C's own strlen: 0 for an empty buffer, 1 after
        # `abort` has put a byte there.
        c_library = ctypes.CDLL("msvcrt" if os.name == "nt" else None)
        strlen = ctypes.cast(c_library.strlen, lib.ggml_abort_callback)
        self._strlen = strlen
        address = ctypes.cast(self._abort, ctypes.c_void_p)
        lib.llama_set_abort_callback(self._pointer, strlen, address)

    def free(self) -> None:
        """Give the cells back."""
        if self._pointer:
            lib.llama_free(self._pointer)
            self._pointer = None

    def abort(self) -> None:
        """End the running step (from any thread); it answers ABORTED."""
        self._abort[0] = b"\x01"

    def clear_abort(self) -> None:
        """Let steps run again."""
        self._abort[0] = b"\x00"

    def decode(self, batch: Batch) -> int:
        """Compute one step: 0, NO_SLOT (nothing was changed) or ABORTED (some rows are in).

        Raises:
            EngineClosed: If the library failed.
        """
        if self.model.second is not None:
            self.model.second.lay_out(batch.size)
        batch.raw.n_tokens = batch.size
        code: int = lib.llama_decode(self._pointer, batch.raw)
        if code < 0:
            raise EngineClosed(f"The model could not compute (code {code}).", fix="Ask again.")
        return code

    def logits(self, rows: int) -> Logits:
        """The wanted rows of the last step, in batch order; a view until the next step."""
        if not rows:
            return np.empty((0, self.model.vocab_size), np.float32)
        pointer = lib.llama_get_logits(self._pointer)
        shown = (ctypes.addressof(pointer.contents), rows)
        if shown != self._shown:  # making a view takes longer than choosing a token from it
            self._shown = shown
            self._view = np.ctypeslib.as_array(pointer, (rows, self.model.vocab_size))
        return self._view

    def sample(self, chain: Handle, row: int) -> int:
        """Draw from batch row `row`, and tell the chain what was drawn."""
        return int(lib.llama_sampler_sample(chain, self._pointer, row))

    def cut(self, sequence: int, start: int, stop: int = -1) -> bool:
        """Forget positions `start` to `stop` (to the end); False if this memory cannot."""
        return bool(lib.llama_memory_seq_rm(self._memory, sequence, start, stop))

    def share(self, source: int, target: int, length: int) -> None:
        """Let `target` have the first `length` cells of `source` too; nothing is copied."""
        lib.llama_memory_seq_cp(self._memory, source, target, 0, length)

    def copy_bytes(self, tokens: int) -> int:
        """About how much a copy of so many cells takes."""
        return self.model.cell_bytes * tokens

    def copy(self, sequence: int) -> Copy:
        """The cells of a sequence, to be pasted later; not while a shift is still to be done."""
        size = lib.llama_state_seq_get_size(self._pointer, sequence)
        # Pages of its own: among other things in malloc's heap copies leave holes when they go.
        copy = np.frombuffer(_pages(size), np.uint8)
        lib.llama_state_seq_get_data(self._pointer, _bytes_of(copy), size, sequence)
        return copy

    def paste(self, sequence: int, copy: Copy) -> bool:
        """Fill an empty sequence with such a copy; False if there are not enough free cells."""
        return bool(
            lib.llama_state_seq_set_data(self._pointer, _bytes_of(copy), copy.nbytes, sequence)
        )

    def shift(self, sequence: int, start: int, by: int) -> None:
        """Move positions from `start` on; only where no other sequence shares these cells.

        The library moves the cells when it computes the next step.
        """
        lib.llama_memory_seq_add(self._memory, sequence, start, -1, by)

    def save(self, sequence: int, path: Path, tokens: list[int]) -> bool:
        """Write the cells of a sequence, and which tokens they hold, to a file."""
        array = (lib.llama_token * len(tokens))(*tokens)
        name = str(path).encode()
        return bool(
            lib.llama_state_seq_save_file(self._pointer, name, sequence, array, len(tokens))
        )

    def load(self, sequence: int, path: Path, room: int) -> list[int]:
        """Fill an empty sequence from such a file; the tokens it holds, none if it does not fit."""
        array, count = (lib.llama_token * room)(), ctypes.c_size_t(0)
        name = str(path).encode()
        read = lib.llama_state_seq_load_file(
            self._pointer, name, sequence, array, room, ctypes.byref(count)
        )
        return list(array[: count.value]) if read else []

    def set_threads(self, decoding: int, reading: int) -> None:
        """How many threads compute a token, and a prompt; cheap enough for every step."""
        lib.llama_set_n_threads(self._pointer, decoding, reading)

    def set_adapter(self, adapter: Handle | None) -> None:
        """Compute with this LoRA from the next step on; None is the base model."""
        count = 0 if adapter is None else 1
        adapters = (lib.llama_adapter_lora_p_ctypes * 1)(adapter)
        scales = (ctypes.c_float * 1)(1.0)
        if lib.llama_set_adapters_lora(self._pointer, adapters, count, scales) != 0:
            raise EngineClosed("The adapter could not be applied.", fix="Load it again.")


def _pages(size: int) -> mmap.mmap:
    private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if os.name == "posix" else {}
    return mmap.mmap(-1, size, **private)


def _bytes_of(copy: Copy) -> "ctypes._Pointer[ctypes.c_uint8]":
    return copy.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))


def value_type(model: Model, cells: int) -> int:
    """In what the values of all these cells are kept.

    With keys and values of one type the library attends in tiles or row by row, depending on how
    many rows a step has, and adds up in 16 bits. The two differ in the last digits, and where
    activations are rounded to 8 bits (any quantised model) that grows to a whole nat. With
    `BRAIN_FLOAT` values it always goes row by row, in 32 bits: who else is being answered moves
    no digit (as long as a conversation's cells lie in order), and a token of the demo model takes
    1.1 ms instead of 2.7 with 1,000 tokens before it. Reading a prompt takes two and a half times
    as long, which only a small model can afford. Both are equally far from the exact result.
    """
    small = not model.gpu_layers and model.cell_bytes * cells <= SMALL_POOL
    return BRAIN_FLOAT if small else HALF
