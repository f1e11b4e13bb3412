"""Vocabularies for tests of prompts: one made by hand, the demo model's, and Llama-3's own."""

import ctypes
from dataclasses import dataclass, field
from pathlib import Path

import llama_cpp.llama_cpp as lib

from shared.llama.binding import Model
from shared.llama.library import open_library

FIRST_CONTROL = 0x200000
"""Above every code point, so ordinary tokens are code points."""
LLAMA_3 = Path(__file__).resolve().parents[2] / "shared" / "data" / "llama-3-vocab"


@dataclass(frozen=True)
class LetterVocab:
    """One token per character, and one per control text."""

    controls: tuple[str, ...]
    always: frozenset[str] = field(default_factory=frozenset)
    """User-defined tokens: recognised even when control tokens are not to be parsed."""

    @property
    def control_texts(self) -> frozenset[str]:
        return frozenset(self.controls)

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        tokens: list[int] = []
        at = 0
        known = sorted(self.controls if special else self.always, key=len, reverse=True)
        while at < len(text):
            found = next((c for c in known if text.startswith(c, at)), None)
            if found is None:
                tokens.append(ord(text[at]))
                at += 1
            else:
                tokens.append(FIRST_CONTROL + self.controls.index(found))
                at += len(found)
        return tokens

    def text(self, tokens: list[int]) -> str:
        return "".join(
            chr(t) if t < FIRST_CONTROL else self.controls[t - FIRST_CONTROL] for t in tokens
        )

    def control_tokens(self, tokens: list[int]) -> list[int]:
        return [token for token in tokens if token >= FIRST_CONTROL]


def open_vocabulary(path: Path) -> Model:
    """A GGUF file's vocabulary without its weights."""
    open_library()
    params = lib.llama_model_default_params()
    params.vocab_only = True
    pointer = lib.llama_model_load_from_file(str(path).encode(), params)
    assert pointer, path
    return Model(path, pointer)


def written(model: Model, tokens: list[int]) -> str:
    """The text of tokens, control tokens as they are written."""
    raw = b""
    for token in tokens:
        buffer = ctypes.create_string_buffer(1024)
        size = lib.llama_token_to_piece(model.vocab, token, buffer, 1024, 0, True)
        raw += buffer.raw[:size]
    return raw.decode()
