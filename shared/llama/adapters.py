"""GGUF LoRA adapters by name: loaded once, used by many, freed when nobody uses them any more.

An adapter is known inside by a number that is never given twice, so that cells computed with an old
adapter are never taken for those of a new one with the same name.
"""

import threading
from dataclasses import dataclass
from pathlib import Path

import llama_cpp.llama_cpp as lib

from shared.errors import BadRequest, EngineClosed, ModelFileError
from shared.llama.binding import Model, check_file
from shared.llama.context import Context
from shared.llama.jobs import BASE_MODEL
from shared.llama.library import Handle, first_complaint, forget_complaints
from shared.llama.scheduler import Scheduler


@dataclass(slots=True, eq=False)
class _Adapter:
    name: str
    pointer: Handle
    users: int = 0
    removed: bool = False


def load_adapter(model: Model, path: Path) -> Handle:
    """Open a GGUF LoRA for a model; an adapter with embeddings aborts the process (test it first).

    Raises:
        ModelFileError: If it is missing, damaged or made for another model.
    """
    check_file(path)
    forget_complaints()
    pointer = lib.llama_adapter_lora_init(model.pointer, str(path).encode())
    if not pointer:
        why = first_complaint() or "it does not belong to this model"
        raise ModelFileError(
            f"The adapter {path.name} cannot be loaded: {why}.", fix="Export it again."
        )
    return pointer


class Adapters:
    """All adapters of one model. Loading and freeing happen in the scheduler's thread."""

    def __init__(self, model: Model, context: Context, scheduler: Scheduler) -> None:
        self._model = model
        self._context = context
        self._scheduler = scheduler
        self._lock = threading.Lock()
        self._by_number: dict[int, _Adapter] = {}
        self._numbers: dict[str, int] = {}
        self._last = BASE_MODEL

    @property
    def names(self) -> tuple[str, ...]:
        """Those that a request may name."""
        return tuple(sorted(self._numbers))

    def add(self, name: str, path: Path) -> None:
        """Load (blocking); an adapter of the same name is replaced, its answers end with the old.

        Raises:
            ModelFileError: If it cannot be used with this model.
            EngineClosed: If the model is being closed.
        """
        pointer = self._scheduler.desk.call(lambda: load_adapter(self._model, path)).result()
        self.remove(name)
        with self._lock:
            self._last += 1
            self._by_number[self._last] = _Adapter(name, pointer)
            self._numbers[name] = self._last

    def remove(self, name: str) -> None:
        """Take no new requests for it, and free it after the last running one."""
        with self._lock:
            number = self._numbers.pop(name, BASE_MODEL)
            if number == BASE_MODEL:
                return
            self._by_number[number].removed = True
        self._free_if_unused(number)

    def number(self, name: str | None) -> int:
        """The number behind a name.

        Raises:
            BadRequest: If there is no such adapter.
        """
        if name is None:
            return BASE_MODEL
        found = self._numbers.get(name)
        if found is None:
            raise BadRequest(f"There is no adapter “{name}”.", fix="Choose one that is loaded.")
        return found

    def hold(self, number: int) -> None:
        """One more request uses it.

        Raises:
            BadRequest: If it was removed meanwhile.
        """
        if number == BASE_MODEL:
            return
        with self._lock:
            adapter = self._by_number.get(number)
            if adapter is None or adapter.removed:
                raise BadRequest("The adapter was just removed.", fix="Ask again.")
            adapter.users += 1

    def release(self, number: int) -> None:
        """One request less uses it."""
        if number == BASE_MODEL:
            return
        with self._lock:
            self._by_number[number].users -= 1
        self._free_if_unused(number)

    def apply(self, number: int) -> None:
        """Compute with it from the next step on."""
        adapter = self._by_number.get(number)
        self._context.set_adapter(None if adapter is None else adapter.pointer)

    def free_all(self) -> None:
        """Free everything; the context must be gone."""
        for adapter in self._by_number.values():
            lib.llama_adapter_lora_free(adapter.pointer)
        self._by_number.clear()
        self._numbers.clear()

    def _free_if_unused(self, number: int) -> None:
        try:
            self._scheduler.desk.call(lambda: self._free(number))
        except EngineClosed:
            return  # free_all does it

    def _free(self, number: int) -> None:
        with self._lock:
            adapter = self._by_number.get(number)
            if adapter is None or not adapter.removed or adapter.users:
                return
            del self._by_number[number]
        self._scheduler.forget_adapter(number)
        lib.llama_adapter_lora_free(adapter.pointer)
