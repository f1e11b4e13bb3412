"""The whole story as JSON, and back: what one Inkloop wrote, another goes on with.

A file is somebody's input: it is checked field by field, every id in it is made anew, and answers
of another Inkloop are not claimed.
"""

import dataclasses
import json
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from apps.checks import MAX_LINE, storable
from apps.story.book import Book
from apps.story.notes import MAX_LINES, MAX_NOTE, Lore, Notes
from apps.story.tale import MAX_FLAVOUR, MAX_SCENE, Choice, Link, Manner, Passage, Story
from shared.errors import BadRequest
from shared.ids import new_id
from shared.texts import say

FORMAT = "inkloop-story"
MAX_BYTES = 8 * 1024 * 1024
MAX_PASSAGES = 5_000

Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Line = Annotated[str, StringConstraints(max_length=MAX_LINE)]
Note = Annotated[str, StringConstraints(max_length=MAX_NOTE)]
Flavour = Annotated[str, StringConstraints(max_length=MAX_FLAVOUR)]
Lines = Annotated[list[Note], Field(max_length=MAX_LINES)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Manner(_Part):
    age: Flavour = ""
    length: Flavour = ""
    person: Flavour = ""
    tense: Flavour = ""
    children: bool = False


class _Lore(_Part):
    keys: Annotated[list[Line], Field(min_length=1, max_length=MAX_LINES)]
    text: Note


class _Notes(_Part):
    author: Note = ""
    place: Note = ""
    facts: Lines = []
    people: Lines = []
    things: Lines = []
    lore: Annotated[list[_Lore], Field(max_length=MAX_LINES)] = []


class _Choice(_Part):
    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_LINE)]
    stock: bool = False


class _Passage(_Part):
    id: Id
    parent: Id | None
    step: Literal["begin", "choice", "action", "end"]
    said: Line = ""
    scene: Annotated[str, StringConstraints(min_length=1, max_length=MAX_SCENE)]
    ended: bool = False
    choices: Annotated[list[_Choice], Field(max_length=8)] = []
    reminder: Annotated[str, StringConstraints(max_length=MAX_SCENE)] = ""
    edited_from: Annotated[str, StringConstraints(max_length=64)] = ""


class _Link(_Part):
    passage: Id
    said: Annotated[str, StringConstraints(min_length=1, max_length=MAX_LINE)]
    target: Id


class _File(_Part):
    format: Literal["inkloop-story"]
    version: Literal[1]
    title: Annotated[str, StringConstraints(min_length=1, max_length=MAX_LINE)]
    genre: Flavour = ""
    tone: Flavour = ""
    manner: _Manner = _Manner()
    notes: _Notes = _Notes()
    place: Id
    passages: Annotated[list[_Passage], Field(min_length=1, max_length=MAX_PASSAGES)]
    links: Annotated[list[_Link], Field(max_length=MAX_PASSAGES)] = []
    summaries: dict[Id, Annotated[str, StringConstraints(min_length=1, max_length=MAX_SCENE)]] = {}

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        known: dict[str, _Passage] = {}
        for passage in self.passages:
            if passage.id in known:
                raise ValueError(say("the passage {id} stands in it twice", id=passage.id))
            if passage.parent is not None and passage.parent not in known:
                raise ValueError(
                    say("the parent of passage {id} does not come before it", id=passage.id)
                )
            if passage.parent is not None and known[passage.parent].ended:
                raise ValueError(say("passage {id} goes on after an ending", id=passage.id))
            known[passage.id] = passage
        for link in self.links:
            if link.passage not in known or link.target not in known or link.passage == link.target:
                raise ValueError(say("a link leads to no passage"))
            if known[link.passage].ended:
                raise ValueError(say("a link goes on after an ending"))
        if self.place not in known or not set(self.summaries) <= set(known):
            raise ValueError(say("it names a passage that it does not hold"))
        return self


def to_json(book: Book) -> str:
    """The story with everything needed to go on with it elsewhere."""
    whole = {
        "format": FORMAT,
        "version": 1,
        "title": book.story.title,
        "genre": book.story.genre,
        "tone": book.story.tone,
        "manner": dataclasses.asdict(book.story.manner),
        "notes": dataclasses.asdict(book.story.notes),
        "place": book.place,
        "passages": [_passage(passage) for passage in book.passages],
        "links": [
            {"passage": link.passage_id, "said": link.said, "target": link.target_id}
            for link in book.links
        ],
        "summaries": dict(book.summaries),
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _passage(passage: Passage) -> dict[str, object]:
    return {
        "id": passage.id,
        "parent": passage.parent_id,
        "step": passage.step,
        "said": passage.said,
        "scene": passage.scene,
        "ended": passage.ended,
        "choices": [{"text": choice.text, "stock": choice.stock} for choice in passage.choices],
        "reminder": passage.reminder,
        "edited_from": passage.edited_from,
    }


def from_json(data: bytes) -> Book:
    """A story from a file, under new ids.

    Raises:
        BadRequest: If it is too large or not such a file; says where it is wrong.
    """
    if len(data) > MAX_BYTES:
        raise BadRequest(
            say("The file has {count} bytes.", count=f"{len(data):,}"),
            fix=say("A story takes up to {most}.", most=f"{MAX_BYTES:,}"),
        )
    try:
        text = storable(data.decode("utf-8", "replace").replace("\\u0000", ""))
        read = _File.model_validate(_mended(json.loads(text)))
    except ValidationError as error:
        raise _refused(_first(error)) from error
    except (ValueError, RecursionError) as error:
        raise _refused(say("it is not JSON")) from error
    return _book(read)


def _mended(value: object) -> object:
    """Every text of the file without half characters, which JSON can spell but no store holds."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_mended(each) for each in value]
    if isinstance(value, dict):
        return {storable(str(key)): _mended(each) for key, each in value.items()}
    return value


def _refused(why: str) -> BadRequest:
    return BadRequest(
        say("This is no story that can be opened: {why}.", why=why),
        fix=say("Choose a JSON file that “Save as JSON” of the story page wrote."),
    )


def _first(error: ValidationError) -> str:
    found = error.errors(include_url=False)[0]
    where = " → ".join(str(part) for part in found["loc"])
    what = str(found["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{where}: {what}" if where else what


def _book(read: _File) -> Book:
    story = Story(
        id=new_id(),
        title=read.title,
        genre=read.genre,
        tone=read.tone,
        manner=Manner(**read.manner.model_dump()),
        notes=_notes(read.notes),
    )
    ids = {passage.id: new_id() for passage in read.passages}
    return Book(
        story=story,
        passages=tuple(_renamed(passage, story.id, ids) for passage in read.passages),
        place=ids[read.place],
        tip=ids[read.place],
        links=tuple(Link(ids[each.passage], each.said, ids[each.target]) for each in read.links),
        summaries={ids[upto]: text for upto, text in read.summaries.items()},
    )


def _notes(read: _Notes) -> Notes:
    return Notes(
        author=read.author,
        place=read.place,
        facts=tuple(read.facts),
        people=tuple(read.people),
        things=tuple(read.things),
        lore=tuple(Lore(tuple(note.keys), note.text) for note in read.lore),
    )


def _renamed(read: _Passage, story_id: str, ids: dict[str, str]) -> Passage:
    return Passage(
        id=ids[read.id],
        story_id=story_id,
        parent_id=ids[read.parent] if read.parent else None,
        step=read.step,
        said=read.said,
        scene=read.scene,
        ended=read.ended,
        choices=tuple(Choice(choice.text, choice.stock) for choice in read.choices),
        reminder=read.reminder,
        edited_from=ids.get(read.edited_from, ""),
    )
