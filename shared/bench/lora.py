"""A LoRA of the real size with weights that mean nothing, to measure what adapters cost.

It sits on the query and value projections of every layer.
"""

from pathlib import Path

import numpy as np

from shared.llama.binding import check_file

RANK = 16
SCALE = 0.05
"""Standard deviation of both halves' numbers."""
TARGETS = ("attn_q.weight", "attn_v.weight")


def make_adapter(
    model: Path, target: Path, *, seed: int, rank: int = RANK, scale: float = SCALE
) -> Path:
    """Write a GGUF LoRA that fits `model`.

    Args:
        model: The GGUF that it is for; only its header is read.
        target: Where to.
        seed: Another one gives another adapter.
        rank: Inner width of each pair of matrices.
        scale: How far the weights lie from zero.

    Raises:
        ModelFileError: If the model cannot be read.
    """
    check_file(model)
    import gguf

    reader = gguf.GGUFReader(model)
    writer = gguf.GGUFWriter(target, str(reader.fields["general.architecture"].contents()))
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(rank))
    random = np.random.default_rng(seed)
    for tensor in reader.tensors:
        if tensor.name.endswith(TARGETS):
            columns, rows = (int(size) for size in tensor.shape)
            for half, shape in (("a", (rank, columns)), ("b", (rows, rank))):
                weights = random.standard_normal(shape, np.float32) * np.float32(scale)
                writer.add_tensor(f"{tensor.name}.lora_{half}", weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target
