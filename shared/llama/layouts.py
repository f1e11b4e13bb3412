"""Weights in a second layout, for steps of few rows.

The library knows two ways to multiply with quantised weights. As they lie in the file they are
unpacked for many rows at once, which reads prompts fast; laid out anew for the processor
("repacked"), a few rows cost less, which writes fast (Llama 1B as Q4_K_M on two cores: a token
66 and 44 ms, eight people's 170 and 122, a prompt of 256 tokens 1,240 and 1,840). It makes the
choice once, when it loads the file, for all steps. Here both are kept, for the memory that it
takes, and each step is computed with the one that is faster for its rows on this machine.

The library has no call for that: a tensor's buffer, data and kernel are three pointers in its
struct, and these are exchanged between two steps. So the struct's fields are checked against what
the library itself says of a tensor, and where they do not agree there is one layout.
"""

import ctypes
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import count, takewhile
from math import inf
from pathlib import Path
from typing import Final

import llama_cpp
import llama_cpp.llama_cpp as lib

from shared.llama.library import Handle

REPACKED: Final = b"CPU_REPACK"
"""What the library calls buffers of such weights."""
WEIGHTS: Final = 1
"""ggml_backend_buffer_usage."""
MULTIPLY: Final = b"MUL_MAT"
CPU_DEVICE: Final = 0
"""ggml_backend_dev_type."""
KEPT_FREE: Final = 2
"""The copies are made where so many times their size is available."""
PROBES: Final = (1, 8, 24)
"""Rows of the steps that are measured. Where these are all faster, so is a batch of `BATCH`, and
there are no other devices, all steps take the copies: some processors have no better kernel."""
BATCH: Final = 64
PROBE_TIMES: Final = 3
GAIN: Final = 0.97
CLEAR_GAIN: Final = 0.85
"""The copies must be faster by the first factor to be taken, and are not measured again if one
layout is faster by the second."""
LARGE_PAGES: Final = 14
"""MADV_HUGEPAGE of Linux."""
LARGE_PAGE_BYTES: Final = 1 << 21


class Tensor(ctypes.Structure):
    """`ggml_tensor` of llama.cpp in llama-cpp-python 0.3.36 (ggml.h)."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("buffer", ctypes.c_void_p),
        ("ne", ctypes.c_int64 * 4),
        ("nb", ctypes.c_size_t * 4),
        ("op", ctypes.c_int),
        ("op_params", ctypes.c_int32 * 16),
        ("flags", ctypes.c_int32),
        ("src", ctypes.c_void_p * 10),
        ("view_src", ctypes.c_void_p),
        ("view_offs", ctypes.c_size_t),
        ("data", ctypes.c_void_p),
        ("name", ctypes.c_char * 64),
        ("extra", ctypes.c_void_p),
        ("padding", ctypes.c_char * 8),
    )


class _InitParams(ctypes.Structure):
    _fields_ = (
        ("mem_size", ctypes.c_size_t),
        ("mem_buffer", ctypes.c_void_p),
        ("no_alloc", ctypes.c_bool),
    )


@cache
def _ggml() -> dict[str, Handle]:
    """The functions of ggml that llama-cpp-python does not name; none where one is missing."""
    folder = Path(llama_cpp.__file__).parent / "lib"
    ending = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
    stem = "" if sys.platform == "win32" else "lib"
    try:
        found = [ctypes.CDLL(str(folder / f"{stem}{one}{ending}")) for one in ("ggml-base", "ggml")]
    except OSError:
        return {}
    pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    wanted: dict[str, tuple[Handle, list[Handle]]] = {
        "ggml_backend_dev_by_type": (pointer, [ctypes.c_int]),
        "ggml_backend_dev_count": (size, []),
        "ggml_backend_dev_backend_reg": (pointer, [pointer]),
        "ggml_backend_reg_get_proc_address": (pointer, [pointer, text]),
        "ggml_backend_buft_name": (text, [pointer]),
        "ggml_backend_alloc_ctx_tensors_from_buft": (pointer, [pointer, pointer]),
        "ggml_backend_buffer_get_base": (pointer, [pointer]),
        "ggml_backend_buffer_get_size": (size, [pointer]),
        "ggml_backend_buffer_set_usage": (None, [pointer, ctypes.c_int]),
        "ggml_backend_buffer_free": (None, [pointer]),
        "ggml_backend_tensor_set": (None, [pointer, pointer, size, size]),
        "ggml_init": (pointer, [_InitParams]),
        "ggml_free": (None, [pointer]),
        "ggml_new_tensor_2d": (
            pointer,
            [pointer, ctypes.c_int, ctypes.c_int64, ctypes.c_int64],
        ),
        "ggml_tensor_overhead": (size, []),
        "ggml_nbytes": (size, [pointer]),
        "ggml_get_data": (pointer, [pointer]),
        "ggml_get_name": (pointer, [pointer]),
        "ggml_op_desc": (text, [pointer]),
    }
    functions = {}
    for name, (result, arguments) in wanted.items():
        function = next((getattr(one, name) for one in found if hasattr(one, name)), None)
        if function is None:
            return {}
        function.restype, function.argtypes = result, arguments
        functions[name] = function
    return functions


class _Copies:
    """Tensors of the same types and shapes as others, in one buffer, without contents yet."""

    def __init__(self, likes: list[Tensor], buffer_type: int) -> None:
        g = _ggml()
        room = (len(likes) + 1) * g["ggml_tensor_overhead"]()
        self._context = g["ggml_init"](_InitParams(room, None, True))
        new = g["ggml_new_tensor_2d"]
        addresses = [new(self._context, like.type, like.ne[0], like.ne[1]) for like in likes]
        allocate = g["ggml_backend_alloc_ctx_tensors_from_buft"]
        self._buffer = allocate(self._context, buffer_type) if likes else None
        self.tensors = [Tensor.from_address(one) for one in addresses] if self._buffer else []

    def fill(self, originals: list[Tensor]) -> None:
        """Repack these weights, in the order of `likes`."""
        g = _ggml()
        base = g["ggml_backend_buffer_get_base"](self._buffer)
        _ask_for_large_pages(base, g["ggml_backend_buffer_get_size"](self._buffer))

        def fill(copy: Tensor, original: Tensor) -> None:
            size = g["ggml_nbytes"](ctypes.addressof(original))
            g["ggml_backend_tensor_set"](ctypes.addressof(copy), original.data, 0, size)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(fill, self.tensors, originals))
        g["ggml_backend_buffer_set_usage"](self._buffer, WEIGHTS)

    def free(self) -> None:
        g = _ggml()
        g["ggml_backend_buffer_free"](self._buffer)
        g["ggml_free"](self._context)


class SecondLayout:
    """Repacked copies of a loaded model's weights, and which of the two the next step takes.

    Only the thread that computes may call it, and only between two steps.
    """

    def __init__(self, weights: list[Tensor], *, available: int) -> None:
        """Copy what can be repacked (the rest stays as it is).

        Args:
            weights: As `multiplied` finds them.
            available: Bytes of memory; nothing is copied where these are few.
        """
        self.rows = 0
        """Steps of up to so many rows are faster with the copies; `measure` finds out."""
        self.bytes = 0
        self._copies: _Copies | None = None
        self._exchanged: list[tuple[Tensor, Tensor, Tensor]] = []
        self._in_use = False
        buffer_type = _repacked_buffers()
        if buffer_type is None:
            return
        weights = _with_kernels(weights, buffer_type)
        size = sum(_ggml()["ggml_nbytes"](ctypes.addressof(one)) for one in weights)
        if not weights or KEPT_FREE * size > available:
            return
        copies = _Copies(weights, buffer_type)
        if not copies.tensors:  # there was less memory than it seemed
            copies.free()
            return
        copies.fill(weights)
        self._copies, self.bytes = copies, size
        self._exchanged = [
            (tensor, Tensor.from_buffer_copy(tensor), copy)
            for tensor, copy in zip(weights, copies.tensors, strict=True)
        ]

    def lay_out(self, rows: int) -> None:
        """Before a step of so many rows."""
        if (copies := rows <= self.rows) != self._in_use:
            self._exchange(copies=copies)

    def measure(self, seconds: Callable[[int], float]) -> None:
        """Find out for which steps the copies are faster; give them back where that is for none.

        Args:
            seconds: What one step of so many rows takes; called for both layouts by turns.
        """
        if self._copies is None:
            return
        # Other devices compute with what lies in the file, and a batch may be theirs.
        alone = _ggml()["ggml_backend_dev_count"]() == 1
        best = 0
        for rows in (*PROBES, BATCH) if alone else PROBES:
            if not self._gains(rows, seconds):
                break
            best = rows
        self.rows = sys.maxsize if best == BATCH else best
        if not best:
            self.free()

    def _gains(self, rows: int, seconds: Callable[[int], float]) -> bool:
        plain = copies = inf
        for _ in range(PROBE_TIMES):
            self.rows = rows
            copies = min(copies, seconds(rows))
            self.rows = 0
            plain = min(plain, seconds(rows))
            if copies < CLEAR_GAIN * plain or plain < CLEAR_GAIN * copies:
                break
        return copies <= GAIN * plain

    def free(self) -> None:
        """Give the copies back; before the model, and again is harmless."""
        self._exchange(copies=False)
        self._exchanged.clear()
        if self._copies is not None:
            self._copies.free()
        self._copies, self.rows, self.bytes = None, 0, 0

    def _exchange(self, *, copies: bool) -> None:
        for tensor, plain, copy in self._exchanged:
            now = copy if copies else plain
            tensor.buffer, tensor.data, tensor.extra = now.buffer, now.data, now.extra
        self._in_use = copies


def _ask_for_large_pages(start: int, size: int) -> None:
    """Before memory is first touched: with pages of 2 MB a token takes 44 ms instead of 52."""
    if sys.platform == "linux":
        aligned = -(-start // LARGE_PAGE_BYTES) * LARGE_PAGE_BYTES
        length = (start + size - aligned) // LARGE_PAGE_BYTES * LARGE_PAGE_BYTES
        if length > 0:
            ctypes.CDLL(None).madvise(
                ctypes.c_void_p(aligned), ctypes.c_size_t(length), LARGE_PAGES
            )


@cache
def _repacked_buffers() -> int | None:
    """The library's type of buffers for repacked weights; None where it has none."""
    g = _ggml()
    if not g:
        return None
    device = g["ggml_backend_dev_by_type"](CPU_DEVICE)
    registry = g["ggml_backend_dev_backend_reg"](device)
    address = g["ggml_backend_reg_get_proc_address"](registry, b"ggml_backend_dev_get_extra_bufts")
    if not address:
        return None
    listed = ctypes.CFUNCTYPE(ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p)(address)(device)
    for found in takewhile(bool, (listed[at] for at in count())):
        if g["ggml_backend_buft_name"](found) == REPACKED:
            return found
    return None


def _with_kernels(weights: list[Tensor], buffer_type: int) -> list[Tensor]:
    """Those for which the library has kernels on this processor (it says so by `extra`)."""
    trial = _Copies(weights, buffer_type)
    known = [one for one, copy in zip(weights, trial.tensors, strict=False) if copy.extra]
    trial.free()
    return known


def multiplied(model: Handle) -> list[Tensor]:
    """The weights of a model that are only ever multiplied with; none if they cannot be told.

    Args:
        model: The library's pointer. A token is computed with it, in a context of its own.
    """
    if _repacked_buffers() is None:
        return []
    uses: dict[int, set[tuple[bytes, int]]] = {}

    @lib.ggml_backend_sched_eval_callback  # type: ignore[untyped-decorator]
    def look(address: int, asked: bool, _data: object) -> bool:
        if asked:
            tensor = Tensor.from_address(address)
            name = _ggml()["ggml_op_desc"](address)
            for place, source in enumerate(tensor.src):
                if source:
                    uses.setdefault(source, set()).add((name, place))
        return False  # nothing is to be shown

    params = lib.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch, params.n_threads = 64, 1, 1, 1
    params.cb_eval = look
    context = lib.llama_init_from_model(model, params)
    if not context:
        return []
    tokens = (lib.llama_token * 1)(0)
    lib.llama_decode(context, lib.llama_batch_get_one(tokens, 1))
    tensors = [Tensor.from_address(one) for one, how in uses.items() if how == {(MULTIPLY, 0)}]
    found = [one for one in tensors if one.name.endswith(b".weight")]
    lib.llama_free(context)
    flat = [one for one in found if _is_flat(one)]
    return flat if all(_is_as_told(one) for one in flat) else []


def _is_flat(tensor: Tensor) -> bool:
    return not tensor.extra and tensor.ne[1] > 1 and tensor.ne[2] == tensor.ne[3] == 1


def _is_as_told(tensor: Tensor) -> bool:
    """Whether the fields lie where this version of the library has them."""
    g, address = _ggml(), ctypes.addressof(tensor)
    name = address + Tensor.name.offset
    sizes = ctypes.sizeof(Tensor) <= g["ggml_tensor_overhead"]()
    return bool(
        sizes
        and g["ggml_get_name"](address) == name
        and g["ggml_get_data"](address) == tensor.data
        and tensor.buffer
        and tensor.nb[3] == tensor.nb[1] * tensor.ne[1] == g["ggml_nbytes"](address)
    )
