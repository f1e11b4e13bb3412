"""A GGUF file in memory: its vocabulary, its template and what its header says.

Everything here may be called from several threads at once: nothing that they ask for changes while
text is written. What does change is in `shared.llama.context` (the KV cache) and in
`shared.llama.layouts` (which copy of the weights the next step takes).
"""

import ctypes
from functools import cached_property
from pathlib import Path
from typing import Self

import llama_cpp.llama_cpp as lib

from shared.errors import ModelFileError
from shared.llama.layouts import SecondLayout, multiplied
from shared.llama.library import Handle, first_complaint, forget_complaints, open_library
from shared.llama.memory import available

MAGIC = b"GGUF"
LFS_POINTER = b"version https://git-lfs"
DOWNLOAD_AGAIN = "Download it again, or choose another model with INKLOOP_MODEL."
CONTROL_ATTRIBUTES = lib.LLAMA_TOKEN_ATTR_CONTROL | lib.LLAMA_TOKEN_ATTR_UNKNOWN


def check_file(path: Path) -> None:
    """Refuse what is plainly no GGUF file before the library sees it.

    Raises:
        ModelFileError: Saying what lies there instead.
    """
    try:
        with path.open("rb") as file:
            head = file.read(len(LFS_POINTER))
    except OSError as error:
        raise ModelFileError(
            f"{path} cannot be read ({error.strerror}).", fix=DOWNLOAD_AGAIN
        ) from error
    if head.startswith(LFS_POINTER):
        raise ModelFileError(
            f"{path} is a Git LFS pointer, not the model.", fix="Run: git lfs pull"
        )
    if not head.startswith(MAGIC):
        raise ModelFileError(f"{path} is not a GGUF file.", fix=DOWNLOAD_AGAIN)


class Model:
    """One loaded model file. `free` it when no context and no thread uses it any more."""

    def __init__(self, path: Path, pointer: Handle, *, gpu_layers: int = 0) -> None:
        self.path = path
        self.pointer = pointer
        self.gpu_layers = gpu_layers
        self.vocab = lib.llama_model_get_vocab(pointer)
        self.vocab_size: int = lib.llama_vocab_n_tokens(self.vocab)
        self.trained_context: int = lib.llama_model_n_ctx_train(pointer)
        self.second: SecondLayout | None = None
        self._pieces: dict[int, bytes] = {}

    @classmethod
    def load(cls, path: Path, *, gpu_layers: int = 0) -> Self:
        """Open a GGUF file.

        Raises:
            ModelFileError: If it is missing, damaged, not a GGUF or of an unknown architecture.
        """
        check_file(path)
        open_library()
        params = lib.llama_model_default_params()
        params.n_gpu_layers = gpu_layers if gpu_layers >= 0 else 999
        # Weights stay as they lie in the file; `repack` makes copies, without the AMX kernels.
        params.use_extra_bufts = False
        forget_complaints()
        pointer = lib.llama_model_load_from_file(str(path).encode(), params)
        if not pointer:
            why = first_complaint() or "the library refused it"
            raise ModelFileError(f"{path} cannot be loaded: {why}.", fix=DOWNLOAD_AGAIN)
        model = cls(path, pointer, gpu_layers=gpu_layers)
        if model.vocab_size <= 0 or not model.continues_text:
            model.free()
            raise ModelFileError(f"{path} does not hold a model that writes.", fix=DOWNLOAD_AGAIN)
        return model

    def repack(self) -> SecondLayout:
        """Keep the weights in a second layout too, where that is possible and there is room."""
        self.second = SecondLayout(multiplied(self.pointer), available=available())
        return self.second

    def free(self) -> None:
        """Give the memory back; adapters and contexts of this model must be gone."""
        if self.second is not None:
            self.second.free()
        if self.pointer:
            lib.llama_model_free(self.pointer)
            self.pointer = None

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Tokens of a text; control tokens are recognised only with `special`. No BOS is added."""
        raw = text.encode("utf-8", "replace")
        # One token covers at least a byte, and SentencePiece may add a space in front.
        room = len(raw) + 2
        buffer = (ctypes.c_int32 * room)()
        count = lib.llama_tokenize(self.vocab, raw, len(raw), buffer, room, False, special)
        if count < 0:
            room = -count
            buffer = (ctypes.c_int32 * room)()
            count = lib.llama_tokenize(self.vocab, raw, len(raw), buffer, room, False, special)
        return buffer[:count]

    def piece(self, token: int) -> bytes:
        """Bytes that a token stands for; control tokens stand for nothing."""
        known = self._pieces.get(token)
        if known is None:
            known = self._pieces[token] = self._read_piece(token)
        return known

    def _read_piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(64)
        size = lib.llama_token_to_piece(self.vocab, token, buffer, len(buffer), 0, False)
        if size < 0:
            buffer = ctypes.create_string_buffer(-size)
            size = lib.llama_token_to_piece(self.vocab, token, buffer, len(buffer), 0, False)
        return buffer.raw[:size]

    @cached_property
    def end_tokens(self) -> frozenset[int]:
        """Tokens that end an answer (end of text, end of turn, …)."""
        is_end = lib.llama_vocab_is_eog
        return frozenset(t for t in range(self.vocab_size) if is_end(self.vocab, t))

    @cached_property
    def control_texts(self) -> frozenset[str]:
        """How the control tokens are written, such as `<|eot_id|>`."""
        return frozenset(
            text
            for token in range(self.vocab_size)
            if (text := self.text(token)) and self._is_control(token, text)
        )

    def _is_control(self, token: int, text: str) -> bool:
        """Some converters write role markers as user-defined tokens, which are always matched."""
        attributes = lib.llama_vocab_get_attr(self.vocab, token)
        if attributes & lib.LLAMA_TOKEN_ATTR_USER_DEFINED:
            return text[0] + text[-1] in ("<>", "[]")
        return bool(attributes & CONTROL_ATTRIBUTES)

    def text(self, token: int) -> str:
        """How the vocabulary writes a token; empty for a negative id (there is no such token)."""
        if token < 0:
            return ""
        raw: bytes = lib.llama_vocab_get_text(self.vocab, token)
        return raw.decode("utf-8", "replace")

    @property
    def bos(self) -> int:
        """Token that begins a text; negative if the model has none."""
        return int(lib.llama_vocab_bos(self.vocab))

    @property
    def eos(self) -> int:
        """Token that ends a text; negative if the model has none."""
        return int(lib.llama_vocab_eos(self.vocab))

    @property
    def adds_bos(self) -> bool:
        """Whether raw prompts begin with BOS."""
        return bool(lib.llama_vocab_get_add_bos(self.vocab)) and self.bos >= 0

    @cached_property
    def template(self) -> str:
        """The file's own chat template (Jinja); empty if it has none."""
        raw = lib.llama_model_chat_template(self.pointer, None)
        return raw.decode("utf-8", "replace") if raw else ""

    @property
    def cell_bytes(self) -> int:
        """Memory that one token takes in the KV cache, at 16 bits a number."""
        heads = max(lib.llama_model_n_head(self.pointer), 1)
        per_head = lib.llama_model_n_embd(self.pointer) // heads
        kept = lib.llama_model_n_head_kv(self.pointer) * per_head
        return int(2 * 2 * kept * lib.llama_model_n_layer(self.pointer))

    @property
    def continues_text(self) -> bool:
        """Whether it writes on from what it read (encoders and translators do not)."""
        encodes = lib.llama_model_has_encoder(self.pointer)
        return bool(lib.llama_model_has_decoder(self.pointer)) and not encodes

    @property
    def rewinds(self) -> bool:
        """Whether the end of a sequence can be taken back (recurrent models cannot)."""
        return not (
            lib.llama_model_is_recurrent(self.pointer) or lib.llama_model_is_hybrid(self.pointer)
        )

    def metadata(self, key: str) -> str:
        """One value of the header as text; empty if it is absent."""
        buffer = ctypes.create_string_buffer(256)
        name = key.encode()
        size = lib.llama_model_meta_val_str(self.pointer, name, buffer, len(buffer))
        if size >= len(buffer):
            buffer = ctypes.create_string_buffer(size + 1)
            size = lib.llama_model_meta_val_str(self.pointer, name, buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if size >= 0 else ""
