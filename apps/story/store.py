"""Where stories are kept: on this machine, each readable by its owner alone.

A passage is written once and never changed; its choices follow as soon as the model has found
them, also once. A browser holds only the two ids.
"""

import dataclasses
from datetime import timedelta
from pathlib import Path

from apps.checks import storable
from apps.shelf import Shelf
from apps.story import rows
from apps.story.book import Book
from apps.story.notes import Notes
from apps.story.tale import MAX_SCENE, Choice, Link, Passage, Story
from feedback.records import now, owner_hash
from shared.errors import BadRequest, NotFound
from shared.formats.story import is_ending
from shared.ids import new_id
from shared.texts import say


class StoryStore:
    """All stories of one Inkloop."""

    def __init__(self, path: Path, *, keep_days: int = 90) -> None:
        """Open the file and forget stories that nobody has read for `keep_days` days."""
        self._keep = timedelta(days=keep_days)
        self._shelf = Shelf(path, rows.SCHEMA)
        self.sweep()

    def sweep(self) -> None:
        """Forget the stories that nobody has read for long."""
        oldest = (now() - self._keep).isoformat()
        with self._shelf.change() as db:
            for row in db.execute("SELECT id FROM stories WHERE read_at < ?", (oldest,)).fetchall():
                rows.forget(db, row["id"])

    def begin(self, owner: str, story: Story) -> None:
        """Write down what was asked for; the story shows up once it has a passage."""
        with self._shelf.change() as db:
            rows.begin(db, owner, story)

    def add(self, passage: Passage) -> None:
        """Write a passage and make it the reader's place."""
        with self._shelf.change() as db:
            rows.add(db, passage)
            rows.go(db, passage.story_id, passage.id, tip=passage.id)

    def add_choices(self, passage_id: str, choices: tuple[Choice, ...], answer_id: str) -> None:
        """Write a passage's choices; later ones for the same passage are ignored."""
        with self._shelf.change() as db:
            rows.add_choices(db, passage_id, choices, answer_id)

    def add_book(self, owner: str, book: Book) -> None:
        """Write a whole story at once, as a file brought it."""
        with self._shelf.change() as db:
            rows.begin(db, owner, book.story)
            for passage in book.passages:
                rows.add(db, passage)
                if passage.choices:
                    rows.add_choices(db, passage.id, passage.choices, passage.choices_answer_id)
            for link in book.links:
                rows.link(db, link)
            for upto, text in book.summaries.items():
                rows.summarise(db, book.story.id, upto, text)
            rows.go(db, book.story.id, book.place, tip=book.tip or book.place)

    def open(self, owner: str, story_id: str) -> Book:
        """The whole story.

        Raises:
            NotFound: If there is none with this id, or it is somebody else's.
        """
        with self._shelf.work() as db:
            row = db.execute(rows.FIND, (story_id, owner_hash(owner))).fetchone()
            if row is None:
                raise NotFound(say("There is no such story of yours."), fix=say("Begin a new one."))
            found = db.execute(rows.PASSAGES, (story_id,)).fetchall()
            links = db.execute(rows.LINKS, (story_id,)).fetchall()
            told = db.execute("SELECT * FROM story_summaries WHERE story = ?", (story_id,))
            summaries = {each["upto"]: each["text"] for each in told}
            marked = db.execute("SELECT upto FROM story_summed WHERE story = ?", (story_id,))
            by_model = frozenset(each["upto"] for each in marked)
        return Book(
            story=rows.story(row),
            passages=tuple(map(rows.passage, found)),
            place=row["place"],
            tip=row["tip"] or "",
            links=tuple(Link(link["passage"], link["said"], link["target"]) for link in links),
            summaries=summaries,
            summed_by_model=by_model,
        )

    def has(self, owner: str, story_id: str, passage_id: str) -> bool:
        """Whether the owner may read this passage, and it exists."""
        with self._shelf.work() as db:
            found = db.execute(
                "SELECT 1 FROM passages JOIN stories ON stories.id = passages.story"
                " WHERE passages.id = ? AND stories.id = ? AND stories.owner IN ('', ?)",
                (passage_id, story_id, owner_hash(owner)),
            ).fetchone()
        return found is not None

    def go(self, owner: str, story_id: str, passage_id: str, *, back: bool = False) -> Book:
        """Make a passage the reader's place.

        Args:
            owner: Whose story it is.
            story_id: The story.
            passage_id: Where to.
            back: Keep the way, so that redo can follow it again.

        Raises:
            NotFound: If the story or the passage does not exist, or is somebody else's.
        """
        book = self.open(owner, story_id)
        book.passage(passage_id)
        tip = book.tip if back else passage_id
        with self._shelf.change() as db:
            rows.go(db, story_id, passage_id, tip=tip)
        return dataclasses.replace(book, place=passage_id, tip=tip)

    def note(self, owner: str, story_id: str, notes: Notes) -> None:
        """Replace the story's notes.

        Raises:
            NotFound: If there is none with this id, or it is somebody else's.
        """
        self.open(owner, story_id)
        with self._shelf.change() as db:
            rows.note(db, story_id, notes)

    def summarise(
        self, owner: str, story_id: str, upto: str, text: str, *, by_model: bool = False
    ) -> None:
        """Keep what is told of the passages up to one; an empty text goes back to the digest.

        Args:
            owner: Whose story it is.
            story_id: The story.
            upto: The last passage that it tells of.
            text: What is told.
            by_model: Whether a model wrote it; what a reader changed is the reader's.

        Raises:
            NotFound: If the story or the passage does not exist, or is somebody else's.
        """
        self.open(owner, story_id).passage(upto)
        with self._shelf.change() as db:
            rows.summarise(db, story_id, upto, text, by_model=by_model)

    def link(self, owner: str, story_id: str, link: Link) -> None:
        """Let a way of a passage lead to one that exists already.

        Raises:
            NotFound: If the story or a passage does not exist, or is somebody else's.
            BadRequest: If the passage ends the story, or would lead to itself.
        """
        book = self.open(owner, story_id)
        book.passage(link.target_id)
        if book.passage(link.passage_id).ended or link.passage_id == link.target_id:
            raise BadRequest(say("No way can lead there."), fix=say("Choose another passage."))
        with self._shelf.change() as db:
            rows.link(db, link)

    def rewrite(self, owner: str, story_id: str, passage_id: str, scene: str) -> Passage:
        """Put the reader's version of a scene beside the model's; ways on stay as they were.

        Args:
            owner: Whose story it is.
            story_id: The story.
            passage_id: The passage whose text is changed; it stays as it is.
            scene: The new text.

        Raises:
            NotFound: If the story or the passage does not exist, or is somebody else's.
            BadRequest: If the text is empty or too long.
        """
        old = self.open(owner, story_id).passage(passage_id)
        text = storable(scene).strip()
        if not 0 < len(text) <= MAX_SCENE:
            raise BadRequest(
                say("The scene has {count} characters.", count=len(text)),
                fix=say("{fewest} to {most}.", fewest=1, most=MAX_SCENE),
            )
        new = dataclasses.replace(
            old, id=new_id(), scene=text, edited_from=old.id, ended=old.ended or is_ending(text)
        )
        with self._shelf.change() as db:
            rows.add(db, new)
            if new.choices:
                rows.add_choices(db, new.id, new.choices, new.choices_answer_id)
            rows.go(db, story_id, new.id, tip=new.id)
        return new

    def remove(self, owner: str, story_id: str, passage_id: str) -> str:
        """Forget a passage with everything told from it; the place that the reader is then at.

        Raises:
            NotFound: If the story or the passage does not exist, or is somebody else's.
            BadRequest: If nothing would be left of the story.
        """
        book = self.open(owner, story_id)
        parent = book.passage(passage_id).parent_id
        gone = book.below(passage_id)
        left = [passage.id for passage in book.passages if passage.id not in gone]
        if not left:
            raise BadRequest(
                say("Nothing would be left."), fix=say("Delete the whole story instead.")
            )
        place = book.place if book.place not in gone else parent or left[-1]
        tip = book.tip if book.tip not in gone else place
        with self._shelf.change() as db:
            for each in gone:
                rows.forget_passage(db, each)
            rows.go(db, story_id, place, tip=tip)
        return place

    def shelf_of(self, owner: str, limit: int = 50) -> list[Story]:
        """The owner's stories, the last read first; none for a session without a cookie."""
        key = owner_hash(owner)
        if not key:
            return []
        with self._shelf.work() as db:
            found = db.execute(rows.SHELF, (key, limit)).fetchall()
        return [rows.story(row) for row in found]

    def delete(self, owner: str, story_id: str) -> None:
        """Forget a story with everything in it.

        Raises:
            NotFound: If there is none with this id, or it is somebody else's.
        """
        self.open(owner, story_id)
        with self._shelf.change() as db:
            rows.forget(db, story_id)
