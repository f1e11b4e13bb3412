"""What keeps an answer from saying a passage again: llama.cpp's DRY sampler, made ready per model.

A token that would make a repeated run of tokens longer than is allowed is taken less readily, the
less the longer the run; a single word may come back as often as it likes. Sequence breakers end a
run. To find them the library reads the whole vocabulary (50 ms a breaker at 128k tokens), so
that is done once per way of drawing, outside the scheduler's thread, and an answer gets a copy.
"""

import ctypes
import weakref
from collections import OrderedDict
from threading import Lock
from typing import Final

import llama_cpp.llama_cpp as lib

from shared.engine.types import Sampling
from shared.llama.binding import Model
from shared.llama.library import Handle

KEPT: Final = 16
"""Ways of drawing that are kept ready; each holds a few hundred kilobytes at most."""
_Key = tuple[float, float, int, int, tuple[str, ...]]


def looks_back(sampling: Sampling, window: int) -> int:
    """How many tokens DRY looks back over; 0 where it is off."""
    if sampling.dry_multiplier == 0.0:
        return 0
    return window if sampling.dry_penalty_last_n < 0 else sampling.dry_penalty_last_n


class Dry:
    """One way not to repeat oneself; never used to draw, only copied."""

    def __init__(self, model: Model, key: _Key) -> None:
        multiplier, base, allowed, self.last_n, breakers = key
        texts = [text.encode("utf-8", "replace") for text in breakers]
        listed = (ctypes.c_char_p * len(texts))(*texts)
        self._pointer: Handle = lib.llama_sampler_init_dry(
            model.vocab, multiplier, base, allowed, self.last_n, listed, len(texts)
        )
        weakref.finalize(self, lib.llama_sampler_free, self._pointer)

    def copy(self) -> Handle:
        """A sampler for one answer, which has seen nothing yet; the caller frees it."""
        return lib.llama_sampler_clone(self._pointer)


class DrySamplers:
    """The ways of drawing that were asked of one model; may be used from any thread."""

    def __init__(self, model: Model, *, window: int) -> None:
        self._model = model
        self._window = window
        self._lock = Lock()
        self._kept: OrderedDict[_Key, Dry] = OrderedDict()

    def of(self, sampling: Sampling) -> Dry | None:
        """What these settings ask for; None where DRY is off."""
        last_n = looks_back(sampling, self._window)
        if not last_n:
            return None
        key = (
            sampling.dry_multiplier,
            sampling.dry_base,
            sampling.dry_allowed_length,
            last_n,
            tuple(sampling.dry_sequence_breakers),
        )
        with self._lock:
            made = self._kept.pop(key, None) or Dry(self._model, key)
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made
