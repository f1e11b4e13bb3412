"""The board as a file: Markdown to read, CSV for a spreadsheet, JSON for a program."""

import csv
import io
import json
import re
from typing import Any

from apps.brainstorm.board import Board, Card
from apps.ui.keep import TextFile

# A spreadsheet runs a cell that begins like this as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&$])")


def as_markdown(board: Board) -> TextFile:
    """A heading per card; every mark that Markdown would read is escaped."""
    parts = [f"# {_plain(board.topic) or 'Ideas'}\n"]
    for card in board.cards:
        parts.append(f"## {_plain(card.title)}\n\n{_lines(card.body)}\n")
        if card.tags:
            parts.append(f"Tags: {_plain(', '.join(card.tags))}\n")
        if card.merged:
            parts.append(f"Merged from: {_plain(', '.join(o.title for o in card.merged))}\n")
        if card.origin_title:
            parts.append(f"From: {_plain(card.origin_title)}\n")
        if card.scores:
            rows = [
                f"- {_plain(s.criterion)}: {s.score:g}. {_plain(s.reason)}" for s in card.scores
            ]
            parts.append("\n".join(rows) + f"\n\nTotal: {card.total:g}\n")
    return TextFile("ideas.md", "\n".join(parts))


def as_csv(board: Board) -> TextFile:
    """One row per card, one column per criterion; cells cannot run as formulas."""
    criteria = list(dict.fromkeys(s.criterion for c in board.cards for s in c.scores))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [_cell(name) for name in ("title", "text", "state", "tags", "from", "total", *criteria)]
    )
    for card in board.cards:
        scores = {score.criterion: f"{score.score:g}" for score in card.scores}
        total = f"{card.total:g}" if card.scores else ""
        tags = ";".join(card.tags)
        row = [card.title, card.body, card.state, tags, card.origin_title, total]
        writer.writerow([_cell(value) for value in (*row, *(scores.get(c, "") for c in criteria))])
    # The mark at the front lets spreadsheets read the file as UTF-8.
    return TextFile("ideas.csv", "\ufeff" + out.getvalue())


def as_json(board: Board) -> TextFile:
    """Everything but the ids of answers."""
    whole = {
        "topic": board.topic,
        "rubric": list(board.rubric),
        "weights": board.weights,
        "cards": [_row(card) for card in board.cards],
    }
    return TextFile("ideas.json", json.dumps(whole, ensure_ascii=False, indent=2) + "\n")


def _row(card: Card) -> dict[str, Any]:
    return {
        "id": card.id,
        "title": card.title,
        "body": card.body,
        "from": card.origin_id or None,
        "merged": [origin.title for origin in card.merged],
        "state": card.state,
        "tags": list(card.tags),
        "scores": [score.model_dump() for score in card.scores],
        "total": card.total if card.scores else None,
    }


def _plain(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _lines(text: str) -> str:
    # Two spaces keep a line break.
    return "  \n".join(_plain(line) for line in text.splitlines())


def _cell(value: str | float) -> str | float:
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return "'" + value
    return value
