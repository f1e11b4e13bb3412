"""The tokenizer's part of a GGUF: tokens, merges, special ids and the chat template.

Only byte-level BPE that splits text as Llama 3 does ("llama-bpe"): llama.cpp repeats the split in
its own code, so any other pre-tokenizer would give other ids without a word of warning.
"""

import json
from pathlib import Path
from typing import Any

import gguf

from shared.errors import TrainingError
from training.export.elsewhere import elsewhere

SPECIAL_IDS = {
    "bos_token": "add_bos_token_id",
    "eos_token": "add_eos_token_id",
    "pad_token": "add_pad_token_id",
}
"""The key in tokenizer_config.json to the writer's method."""


def add_vocabulary(writer: gguf.GGUFWriter, folder: Path, size: int) -> None:
    """Add tokenizer and chat template of `folder` to `writer`.

    Raises:
        TrainingError: If it is not a llama-bpe tokenizer.
    """
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    _check(tokenizer, folder)
    added = {token["id"]: token for token in tokenizer["added_tokens"]}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    _add_tokens(writer, tokenizer, added, size)
    writer.add_token_merges([_merge(pair) for pair in tokenizer["model"]["merges"]])
    _add_special(writer, settings, {token["content"]: id_ for id_, token in added.items()})
    begin = _text(settings.get("bos_token"))
    adds_begin = bool(begin) and begin in _strings(tokenizer.get("post_processor"))
    writer.add_add_bos_token(adds_begin)
    template = _template(folder, settings)
    if template:
        writer.add_chat_template(template)


def _check(tokenizer: dict[str, Any], folder: Path) -> None:
    """llama.cpp knows the split by its name, so the pattern itself must be Llama 3's."""
    model, before = tokenizer["model"], tokenizer.get("pre_tokenizer") or {}
    steps = before.get("pretokenizers", [before])
    patterns = [s["pattern"].get("Regex", "") for s in steps if s.get("type") == "Split"]
    byte_level = any(step.get("type") == "ByteLevel" for step in steps)
    splits = bool(patterns) and r"\p{N}{1,3}" in patterns[0]
    if not (model["type"] == "BPE" and byte_level and splits and model.get("ignore_merges")):
        raise TrainingError(
            f"The tokenizer of {folder} is not Llama 3's kind of byte-level BPE.",
            fix=elsewhere(folder),
        )


def _add_tokens(
    writer: gguf.GGUFWriter, tokenizer: dict[str, Any], added: dict[int, Any], size: int
) -> None:
    names = {id_: token for token, id_ in tokenizer["model"]["vocab"].items()}
    names.update({id_: token["content"] for id_, token in added.items()})
    writer.add_token_list([names.get(id_, f"[PAD{id_}]") for id_ in range(size)])
    writer.add_token_types([_type(names.get(id_), added.get(id_)) for id_ in range(size)])


def _type(name: str | None, added: dict[str, Any] | None) -> gguf.TokenType:
    if name is None:
        return gguf.TokenType.UNUSED
    if added is None:
        return gguf.TokenType.NORMAL
    control = added["special"] or (name.startswith("<|") and name.endswith("|>"))
    return gguf.TokenType.CONTROL if control else gguf.TokenType.USER_DEFINED


def _merge(pair: str | list[str]) -> str:
    if isinstance(pair, str):
        return pair
    return " ".join(part.replace(" ", "\u0120") for part in pair)


def _text(token: object) -> str:
    """A special token's text, which some versions wrap in an object."""
    return str(token["content"] if isinstance(token, dict) else token or "")


def _strings(value: object) -> set[str]:
    if isinstance(value, dict):
        return set().union(value, *map(_strings, value.values()))
    if isinstance(value, list):
        return set().union(*map(_strings, value), set())
    return {value} if isinstance(value, str) else set()


def _add_special(writer: gguf.GGUFWriter, settings: dict[str, Any], ids: dict[str, int]) -> None:
    for key, method in SPECIAL_IDS.items():
        if _text(settings.get(key)) in ids:
            getattr(writer, method)(ids[_text(settings[key])])
    if "<|eot_id|>" in ids:
        writer.add_eot_token_id(ids["<|eot_id|>"])
    if "<|eom_id|>" in ids:
        writer.add_eom_token_id(ids["<|eom_id|>"])


def _template(folder: Path, settings: dict[str, Any]) -> str:
    beside = folder / "chat_template.jinja"
    if beside.exists():
        return beside.read_text(encoding="utf-8")
    return str(settings.get("chat_template") or "")
