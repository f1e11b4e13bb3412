"""The demo model without rounding, to tell a wrong computation from a rounded one.

A quantised model rounds what flows through it to 8 bits, so a last digit that differs (cells in
another order, a step with more rows) can end as a whole nat. In 32 bits it stays a last digit, and
what is left over is a wrong cell, position or mask.
"""

from pathlib import Path

import gguf
import numpy as np
from gguf.quants import dequantize


def write_floats(source: Path, target: Path) -> Path:
    """Copy a GGUF with all its weights as 32-bit numbers."""
    reader, writer = gguf.GGUFReader(source), gguf.GGUFWriter(target, "llama")
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        if field.types[0] is gguf.GGUFValueType.ARRAY:
            writer.add_array(name, field.contents())
        else:
            value = gguf.LlamaFileType.ALL_F32 if name == "general.file_type" else field.contents()
            writer.add_key_value(name, value, field.types[0])
    for tensor in reader.tensors:
        weights = dequantize(tensor.data, tensor.tensor_type)
        writer.add_tensor(tensor.name, np.ascontiguousarray(weights))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target
