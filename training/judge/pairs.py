"""Two answers to one question, and what people said about them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from shared.errors import TrainingError
from shared.messages import Message, from_dict

Side = Literal["a", "b", "tie"]


@dataclass(frozen=True, slots=True)
class Pair:
    """What is judged. Which answer is called a says nothing about it."""

    name: str
    prompt: tuple[Message, ...]
    a: str
    b: str
    people: Side | None = None
    """The better one, as people ranked them; None where nobody did."""
    group: str = ""
    """Pairs of one conversation are alike, and drawn together for intervals."""


def read_pairs(path: Path) -> list[Pair]:
    """Read a JSONL file: pairs, or Open Assistant's message trees.

    Raises:
        TrainingError: Naming the first line that is neither, or if there is none.
    """
    found: list[Pair] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise TrainingError(f"{path} is no text.", fix="JSONL in UTF-8 is read.") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            found += _of_tree(row) if "message_tree_id" in row else [_pair(row, number)]
        except (ValueError, KeyError, TypeError) as error:
            raise TrainingError(
                f"Line {number} of {path} is neither a pair nor a message tree.",
                fix='A pair looks like {"prompt": "…", "a": "…", "b": "…", "people": "a"}.',
            ) from error
    if not found:
        raise TrainingError(f"{path} holds no pair.")
    return found


def _pair(row: dict[str, Any], number: int) -> Pair:
    asked = row["prompt"]
    prompt = (Message("user", asked),) if isinstance(asked, str) else tuple(map(from_dict, asked))
    if row.get("people") not in ("a", "b", "tie", None):
        raise ValueError(row["people"])
    return Pair(
        str(row.get("name", number)), prompt, row["a"], row["b"], row.get("people"),
        str(row.get("group", "")),
    )  # fmt: skip


def _of_tree(tree: dict[str, Any]) -> Iterator[Pair]:
    """Every pair of ranked replies; the better one is a and b in turn."""
    waiting: list[tuple[dict[str, Any], tuple[Message, ...]]] = [(tree["prompt"], ())]
    made = 0
    while waiting:
        message, before = waiting.pop()
        role = "assistant" if message["role"] == "assistant" else "user"
        prompt = (*before, from_dict({"role": role, "content": message["text"]}))
        replies = message.get("replies", [])
        waiting += [(reply, prompt) for reply in replies]
        ranked = sorted(
            (reply for reply in replies if reply.get("rank") is not None),
            key=lambda reply: reply["rank"],
        )
        for at, better in enumerate(ranked):
            for worse in ranked[at + 1 :]:
                if better["rank"] == worse["rank"]:
                    continue
                first, second = (better, worse) if made % 2 == 0 else (worse, better)
                people: Side = "a" if made % 2 == 0 else "b"
                made += 1
                name = f"{better['message_id']}:{worse['message_id']}"
                tree_id = tree["message_tree_id"]
                yield Pair(name, prompt, first["text"], second["text"], people, tree_id)
