"""A board from a file that was kept before, or made elsewhere: JSON or CSV.

Ids are made anew, so that a file may be brought in twice; what came from what is kept where both
cards are in the file.
"""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from apps.brainstorm.board import (
    MAX_CARDS,
    MAX_TAGS,
    STATES,
    Board,
    Card,
    checked_body,
    checked_tag,
    checked_title,
)
from apps.checks import MAX_LINE, one_line
from shared.errors import BadRequest
from shared.ids import new_id
from shared.texts import say

MAX_FILE = 1_000_000
"""Longest file, in characters."""


def read(text: object) -> Board:
    """The board in a file's text: JSON as it is kept, or CSV with a column `title`.

    Raises:
        BadRequest: If it is neither, too long, or holds nothing or too much; the message says what.
    """
    if not isinstance(text, str) or not text.strip():
        raise BadRequest(say("The file is empty."), fix=say("Bring a JSON or CSV file with cards."))
    if len(text) > MAX_FILE:
        raise BadRequest(
            say("The file is too long."),
            fix=say("It takes {most} characters.", most=f"{MAX_FILE:,}"),
        )
    plain = text.lstrip("\ufeff")
    board = _from_json(plain) if plain.lstrip().startswith("{") else _from_csv(plain)
    if not 1 <= len(board.cards) <= MAX_CARDS:
        raise BadRequest(
            say("The file holds {count} cards.", count=len(board.cards)),
            fix=say("It takes {fewest} to {most}.", fewest=1, most=MAX_CARDS),
        )
    return board


def _from_json(text: str) -> Board:
    try:
        whole = json.loads(text)
    except ValueError as error:
        raise _unreadable(say("it is no JSON ({error})", error=error)) from error
    rows = whole.get("cards")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _unreadable(say("it has no list “{name}”", name="cards"))
    ids = {str(row.get("id")): new_id() for row in rows if row.get("id")}
    titles = {str(row.get("id")): str(row.get("title")) for row in rows}
    topic = one_line(whole.get("topic") or "", name=say("topic"), fewest=0, most=MAX_LINE)
    cards = []
    for row in rows:
        origin = str(row.get("from") or "")
        card = _card(row, row.get("body"), row.get("tags") or [])
        known = {"origin_id": ids.get(origin, ""), "origin_title": titles.get(origin, "")}
        own = {"id": ids.get(str(row.get("id")), card.id)}
        cards.append(card.model_copy(update={**own, **(known if origin in ids else {})}))
    return Board(topic=topic, cards=tuple(cards))


def _from_csv(text: str) -> Board:
    try:
        rows = list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise _unreadable(say("it is no CSV ({error})", error=error)) from error
    if not rows or "title" not in rows[0]:
        raise _unreadable(say("it has no column “{name}”", name="title"))
    return Board(
        cards=tuple(
            _card(row, row.get("text") or row.get("body"), (row.get("tags") or "").split(";"))
            for row in rows
        )
    )


def _card(row: Mapping[str, Any], body: object, tags: object) -> Card:
    listed = tags if isinstance(tags, list) else []
    state = row.get("state")
    return Card(
        id=new_id(),
        title=checked_title(_unquoted(row.get("title"))),
        body=checked_body(_unquoted(body or "")),
        tags=tuple(checked_tag(tag) for tag in listed if tag)[:MAX_TAGS],
        state=state if state in STATES else "new",
    )


def _unquoted(cell: object) -> object:
    """Without the mark that keeps a spreadsheet from running a cell as a formula."""
    quoted = isinstance(cell, str) and cell[:1] == "'" and cell[1:].lstrip()[:1] in tuple("=+-@")
    return cell[1:] if isinstance(cell, str) and quoted else cell


def _unreadable(why: str) -> BadRequest:
    return BadRequest(
        say("The file cannot be read: {why}.", why=why),
        fix=say("Bring a file that was kept here."),
    )
