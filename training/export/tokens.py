"""Does the file split text as the model's own tokenizer does? Equal ids, or no export.

Both ways of reading are compared: with control tokens recognised, as a template's own parts are
read, and without, as what people write is read.
"""

from pathlib import Path
from typing import Any

from shared.errors import TrainingError
from shared.llama.binding import Model
from training.export.elsewhere import elsewhere
from training.export.hard_strings import hard_strings


def check_tokens(gguf: Path, tokenizer: Any) -> int:  # noqa: ANN401 - transformers is imported lazily
    """Compare all texts and the tokens that end an answer; returns how many texts were read.

    Raises:
        TrainingError: Naming the first text that is split differently, or an end that is missing.
    """
    model = Model.load(gguf)
    try:
        _check_ends(model, tokenizer)
        controls = sorted(model.control_texts)[:8]
        texts = [*hard_strings(), *controls, *(f"a{text} b" for text in controls)]
        for text in texts:
            _check_text(model, tokenizer, text)
    finally:
        model.free()
    return len(texts)


def _check_ends(model: Model, tokenizer: Any) -> None:  # noqa: ANN401
    """The engine must stop where the model was trained to stop."""
    if tokenizer.eos_token_id not in model.end_tokens:
        raise TrainingError(
            f"The file does not end an answer at {tokenizer.eos_token!r}, as the model does."
        )
    begins = tokenizer("a").input_ids[:1] == [tokenizer.bos_token_id]
    if model.adds_bos != begins:
        raise TrainingError("File and model do not agree whether a text begins with BOS.")


def _check_text(model: Model, tokenizer: Any, text: str) -> None:  # noqa: ANN401
    for special in (True, False):
        read = tokenizer(text, add_special_tokens=False, split_special_tokens=not special)
        wanted = list(read.input_ids)
        found = model.tokenize(text, special=special)
        if found != wanted:
            raise TrainingError(
                f"The file reads {text!r} as {found[:8]}, the model's tokenizer as {wanted[:8]}.",
                fix=elsewhere(Path(tokenizer.name_or_path)),
            )
