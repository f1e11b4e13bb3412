"""What the machine offers: precision, optimiser, memory, and this process's place among several."""

import os
import resource
import sys
from dataclasses import dataclass
from typing import Any

from shared.errors import TrainingError
from training.recipe import Recipe

_OPTIMISERS = {
    "adamw": "adamw_torch",
    "adamw_8bit": "adamw_8bit",
    "paged_adamw_8bit": "paged_adamw_8bit",
    "adafactor": "adafactor",
    "lion_8bit": "lion_8bit",
    "rmsprop": "rmsprop",
    "sgd": "sgd",
}
_PLAIN = {"adamw_8bit": "adamw", "paged_adamw_8bit": "adamw", "lion_8bit": "adamw"}


@dataclass(frozen=True, slots=True)
class Device:
    """The card or processor that a run uses."""

    name: str
    gpu: bool
    precision: str
    """bf16, fp16 or fp32."""

    def dtype(self) -> Any:  # noqa: ANN401 - torch is imported lazily
        """The type in which the base's weights are kept."""
        import torch

        kinds = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
        return kinds[self.precision]


def device_for(recipe: Recipe) -> Device:
    """The device of this process, with the precision that the recipe or the card settles.

    Raises:
        TrainingError: If the recipe asks for a precision that the card does not have.
    """
    import torch

    if not torch.cuda.is_available():
        wanted = "fp32" if recipe.precision == "auto" else recipe.precision
        if wanted == "fp16":
            raise TrainingError("A processor cannot train in fp16.", fix="Set precision: auto.")
        return Device("processor", False, wanted)
    # Emulated bf16 (a T4 has none) is slower than fp16.
    has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
    best = "bf16" if has_bf16 else "fp16"
    name = torch.cuda.get_device_name()
    if recipe.precision == "bf16" and not has_bf16:
        raise TrainingError(f"{name} has no bf16.", fix="Set precision: auto, or fp16.")
    return Device(name, True, best if recipe.precision == "auto" else recipe.precision)


def optimiser_for(wanted: str, device: Device) -> str:
    """The optimiser's name in transformers; those in 8 bits are a matter of GPUs."""
    return _OPTIMISERS[wanted if device.gpu else _PLAIN.get(wanted, wanted)]


def peak_memory_bytes(device: Device) -> int:
    """The most memory used so far: of the card, or of this process."""
    if device.gpu:
        import torch

        return int(torch.cuda.max_memory_allocated())
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(used if sys.platform == "darwin" else used * 1024)


def processes() -> int:
    """Processes that train together (torchrun), this one among them."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this process is the one that writes files and speaks."""
    return os.environ.get("RANK", "0") == "0"
