"""A model of a real one's shape around a real vocabulary, with weights that mean nothing.

What serving costs does not depend on what the weights say, so the figures are those of the real
model, without its download and its licence. It writes nonsense, but each token can be shown as soon
as it is there: half a character waits for the other half, and who measures pauses would measure
that. Nor does it ever end before it is told to.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from shared.errors import BadRequest
from shared.llama.binding import check_file

CONTEXT_TOKENS = 131_072
ROPE_BASE = 500_000.0
NORM_EPSILON = 1e-5
BLOCK = 1 << 22
"""Random numbers that all weights are cut from."""
LEGIBLE = frozenset([*map(chr, range(ord("!"), ord("~") + 1)), "Ġ", "Ċ", "▁"])
"""Characters of ordinary tokens; Ġ, Ċ and ▁ stand for a space, a new line and a space."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of one Llama."""

    layers: int
    width: int
    inner: int
    heads: int
    kv_heads: int
    head_width: int
    tied: bool = True
    """Whether the embeddings also are the output layer."""


SHAPES = {
    "llama-3.2-1b": Shape(16, 2048, 8192, 32, 8, 64),
    "llama-3.2-3b": Shape(28, 3072, 8192, 24, 8, 128),
    "llama-3.1-8b": Shape(32, 4096, 14336, 32, 8, 128, tied=False),
}


def make_model(
    shape: str, target: Path, *, vocabulary: Path, template: str = "", kind: str = "q4_k_m"
) -> Path:
    """Write a GGUF of that shape (for the 1B: a minute or two, 3 GB of memory and of disk).

    Args:
        shape: One of `SHAPES`.
        target: Where to; it appears when it is whole.
        vocabulary: A GGUF whose tokenizer is taken; no weights are.
        template: Chat template (Jinja); empty takes the vocabulary's own.
        kind: How it is quantised.

    Raises:
        BadRequest: If there is no such shape.
        ModelFileError: If the vocabulary cannot be read.
    """
    if shape not in SHAPES:
        raise BadRequest(f"{shape} is not a shape.", fix=f"They are: {', '.join(SHAPES)}.")
    check_file(vocabulary)
    from shared.llama.quantise import quantise

    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=".shape-") as folder:
        whole = Path(folder) / "f16.gguf"
        _write(SHAPES[shape], whole, vocabulary, template)
        return quantise(whole, target, kind=kind, threads=2)


def _write(shape: Shape, path: Path, vocabulary: Path, template: str) -> None:
    import gguf

    reader = gguf.GGUFReader(vocabulary)
    writer = gguf.GGUFWriter(path, "llama", use_temp_file=False)
    for name, field in reader.fields.items():
        if name.startswith("tokenizer.") and not (template and name == "tokenizer.chat_template"):
            _copy(writer, name, field)
    if template:
        writer.add_chat_template(template)
    tokens = len(reader.fields["tokenizer.ggml.tokens"].data)
    _describe(writer, shape, tokens)
    noise, silent = _Noise(), _illegible(reader)
    for name, size in _sizes(shape, tokens).items():
        weights = noise.weights(size)
        if name == ("token_embd.weight" if shape.tied else "output.weight"):
            weights[silent] = 0  # far below the best of so many others
        writer.add_tensor(name, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _illegible(reader: Any) -> list[int]:  # noqa: ANN401 - gguf has no types
    """Tokens that are no text by themselves: control tokens, parts of characters."""
    import gguf

    texts = reader.fields["tokenizer.ggml.tokens"].contents()
    types = reader.fields["tokenizer.ggml.token_type"].contents()
    return [
        token
        for token, (text, kind) in enumerate(zip(texts, types, strict=True))
        if kind != gguf.TokenType.NORMAL or not LEGIBLE.issuperset(text)
    ]


def _copy(writer: Any, name: str, field: Any) -> None:  # noqa: ANN401
    import gguf

    if field.types[0] is gguf.GGUFValueType.ARRAY:
        writer.add_array(name, field.contents())
    else:
        writer.add_key_value(name, field.contents(), field.types[0])


def _describe(writer: Any, shape: Shape, tokens: int) -> None:  # noqa: ANN401
    writer.add_name("Random weights")
    writer.add_context_length(CONTEXT_TOKENS)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.inner)
    writer.add_block_count(shape.layers)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_width)
    writer.add_value_length(shape.head_width)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_layer_norm_rms_eps(NORM_EPSILON)
    writer.add_vocab_size(tokens)


def _sizes(shape: Shape, tokens: int) -> dict[str, tuple[int, ...]]:
    """Every tensor's rows and columns; a norm has one row."""
    width, kv = shape.width, shape.kv_heads * shape.head_width
    sizes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (tokens, width),
        "output_norm.weight": (width,),
    }
    if not shape.tied:
        sizes["output.weight"] = (tokens, width)
    for layer in range(shape.layers):
        for part, size in {
            "attn_norm": (width,),
            "attn_q": (shape.heads * shape.head_width, width),
            "attn_k": (kv, width),
            "attn_v": (kv, width),
            "attn_output": (width, shape.heads * shape.head_width),
            "ffn_norm": (width,),
            "ffn_gate": (shape.inner, width),
            "ffn_up": (shape.inner, width),
            "ffn_down": (width, shape.inner),
        }.items():
            sizes[f"blk.{layer}.{part}.weight"] = size
    return sizes


class _Noise:
    """Random weights, all cut from one block: making 2.5 GB afresh takes a minute."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self._block = (self._random.standard_normal(BLOCK, np.float32) * 0.02).astype(np.float16)

    def weights(self, size: tuple[int, ...]) -> "np.ndarray[Any, Any]":
        """A tensor; norms are ones."""
        if len(size) == 1:
            return np.ones(size, np.float32)
        # Each begins elsewhere in the block, or layers would be equal.
        return np.resize(np.roll(self._block, int(self._random.integers(BLOCK))), size)
