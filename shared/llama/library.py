"""The C library, opened once: silent, and with its last complaints kept for error messages.

llama.cpp writes to standard error unless a callback is set, and the callback object must outlive
the process (ctypes frees it otherwise and the next log line crashes).
"""

import ctypes
import os
import threading
from collections import deque
from typing import Any, TypeAlias

import llama_cpp.llama_cpp as lib

Handle: TypeAlias = Any
"""A pointer into the library; ctypes gives it no type."""

ERROR_LEVEL = 4
"""ggml_log_level: 1 debug, 2 info, 3 warning, 4 error, 5 continues the line before."""

_complaints: deque[str] = deque(maxlen=20)
_once = threading.Lock()
_opened = False


@lib.llama_log_callback  # type: ignore[untyped-decorator]
def _listen(level: int, text: bytes, _user_data: object) -> None:
    if level == ERROR_LEVEL:
        _complaints.append(text.decode("utf-8", "replace").strip())


def open_library() -> None:
    """Initialise llama.cpp; later calls do nothing."""
    global _opened
    with _once:
        if not _opened:
            # On a failed assertion the library would call gdb and stop the whole process for it.
            os.environ.setdefault("GGML_NO_BACKTRACE", "1")
            lib.llama_log_set(_listen, ctypes.c_void_p(0))
            lib.llama_backend_init()
            _opened = True


def forget_complaints() -> None:
    """Start listening afresh, before a call whose failure is to be explained."""
    _complaints.clear()


def first_complaint() -> str:
    """What the library said first went wrong since `forget_complaints`; empty if nothing did."""
    for line in _complaints:
        return line.split(": ", 1)[-1].rstrip(".")
    return ""
