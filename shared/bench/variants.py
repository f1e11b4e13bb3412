"""Other files made from one GGUF, to measure what they would cost: other types, fewer words.

Made from what is given, so only their speed and size say anything, not what they write.
"""

from pathlib import Path
from typing import Any

from shared.llama.binding import check_file
from shared.llama.quantise import quantise


def file_type(model: Path) -> int:
    """In what most of its weights are, as llama.cpp counts types; -1 where the file does not say.

    Raises:
        ModelFileError: If the file cannot be read.
    """
    check_file(model)
    import gguf

    field = gguf.GGUFReader(model).get_field("general.file_type")
    return -1 if field is None else int(field.contents())


def trained_window(model: Path) -> int:
    """How many tokens it was trained to see at once; 0 where the file does not say.

    Raises:
        ModelFileError: If the file cannot be read.
    """
    check_file(model)
    import gguf

    reader = gguf.GGUFReader(model)
    architecture = reader.fields["general.architecture"].contents()
    field = reader.get_field(f"{architecture}.context_length")
    return 0 if field is None else int(field.contents())


def requantised(model: Path, folder: Path, kind: str) -> Path:
    """The same model as `kind` (for a 1B: half a minute on two cores).

    Raises:
        ModelFileError: If llama.cpp refuses.
    """
    return quantise(model, folder / f"{kind}.gguf", kind=kind, threads=2, requantise=True)


def with_fewer_words(model: Path, folder: Path, *, share: float) -> Path:
    """The same model with the first `share` of its vocabulary.

    Raises:
        ModelFileError: If the file cannot be read.
    """
    check_file(model)
    import gguf

    reader = gguf.GGUFReader(model)
    target = folder / "fewer-words.gguf"
    writer = gguf.GGUFWriter(target, str(reader.fields["general.architecture"].contents()))
    words = len(reader.fields["tokenizer.ggml.tokens"].data)
    kept = max(int(words * share) // 256 * 256, 256)
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and name != "general.architecture":
            _copy(writer, name, field, words=words, kept=kept)
    for tensor in reader.tensors:
        data = tensor.data[:kept] if tensor.name in _BY_WORD else tensor.data
        writer.add_tensor(tensor.name, data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


_BY_WORD = ("token_embd.weight", "output.weight")
"""Tensors with a row for each word."""


def _copy(writer: Any, name: str, field: Any, *, words: int, kept: int) -> None:  # noqa: ANN401
    import gguf

    value, kind = field.contents(), field.types[0]
    if kind is gguf.GGUFValueType.ARRAY:
        per_word = name.startswith("tokenizer.") and len(value) == words
        writer.add_array(name, value[:kept] if per_word else value)
    elif name.endswith("vocab_size"):
        writer.add_key_value(name, kept, kind)
    elif name.endswith("_token_id"):
        writer.add_key_value(name, min(value, kept - 1), kind)
    else:
        writer.add_key_value(name, value, kind)
