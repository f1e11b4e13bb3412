"""A story's graph under any sequence of steps: what always holds, and what survives a file."""

import contextlib
import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.story import gentle, ways
from apps.story.book import Book
from apps.story.export.whole import from_json, to_json
from apps.story.notes import Lore, Notes, read
from apps.story.store import StoryStore
from apps.story.tale import Choice, Link, Passage, Story, sentences
from shared.errors import BadRequest, InkloopError
from shared.ids import new_id
from tests.writing_room import HOSTILE, OWNER

Step = Callable[[StoryStore, Book, int, int], object]


def told(story_id: str, parent: str | None, said: str = "go", *, ended: bool = False) -> Passage:
    return Passage(
        id=new_id(),
        story_id=story_id,
        parent_id=parent,
        step="choice" if parent else "begin",
        said=said if parent else "",
        scene=f"{said}. Then nothing.",
        choices=(Choice("Go in"), Choice("Wait", stock=True)),
        ended=ended,
    )


def add(store: StoryStore, passage: Passage) -> None:
    store.add(passage)
    store.add_choices(passage.id, passage.choices, "")


def choose(store: StoryStore, book: Book, at: int, other: int) -> None:
    parent = book.passages[at % len(book.passages)]
    if not parent.ended:
        add(store, told(book.story.id, parent.id, f"way {other % 3}", ended=other % 5 == 0))


def undo(store: StoryStore, book: Book, at: int, other: int) -> None:
    parent = book.passage(book.place).parent_id
    if parent:
        store.go(OWNER, book.story.id, parent, back=True)


def redo(store: StoryStore, book: Book, at: int, other: int) -> None:
    following = book.next_on_the_way(book.place)
    if following:
        store.go(OWNER, book.story.id, following, back=True)


def jump(store: StoryStore, book: Book, at: int, other: int) -> None:
    store.go(OWNER, book.story.id, book.passages[at % len(book.passages)].id)


def edit(store: StoryStore, book: Book, at: int, other: int) -> None:
    store.rewrite(OWNER, book.story.id, book.passages[at % len(book.passages)].id, f"New {other}.")


def link(store: StoryStore, book: Book, at: int, other: int) -> None:
    count = len(book.passages)
    one, two = book.passages[at % count].id, book.passages[other % count].id
    store.link(OWNER, book.story.id, Link(one, f"to {other % 4}", two))


def remove(store: StoryStore, book: Book, at: int, other: int) -> None:
    store.remove(OWNER, book.story.id, book.passages[at % len(book.passages)].id)


def summarise(store: StoryStore, book: Book, at: int, other: int) -> None:
    upto = book.passages[at % len(book.passages)].id
    store.summarise(OWNER, book.story.id, upto, "So far." if other % 2 else "")


STEPS: tuple[Step, ...] = (choose, choose, choose, undo, redo, jump, edit, link, remove, summarise)


def check(book: Book) -> None:
    """What holds of every story."""
    ids = [passage.id for passage in book.passages]
    assert len(set(ids)) == len(ids) > 0
    assert book.place in ids
    assert book.tip in ids
    for at, passage in enumerate(book.passages):
        assert passage.parent_id is None or passage.parent_id in ids[:at]
        assert book.path(passage.id)[0].parent_id is None
        targets = [choice.told for choice in ways.told(passage.choices, book, passage)]
        assert set(targets) - {""} <= set(ids)
    assert {each for link in book.links for each in (link.passage_id, link.target_id)} <= set(ids)
    assert set(book.summaries) <= set(ids)


@pytest.fixture
def store(tmp_path: Path) -> StoryStore:
    return StoryStore(tmp_path / "history.sqlite")


def begun(store: StoryStore) -> Story:
    story = Story(id=new_id(), title="The door")
    store.begin(OWNER, story)
    add(store, told(story.id, None))
    return story


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 40), st.integers(0, 40)), max_size=20)
)
def test_any_sequence_of_steps_keeps_the_story_whole(
    store: StoryStore, steps: list[tuple[Step, int, int]]
) -> None:
    story = begun(store)
    for step, at, other in steps:
        # What is refused with a sentence may not have changed anything for the worse.
        with contextlib.suppress(BadRequest):
            step(store, store.open(OWNER, story.id), at, other)
        check(store.open(OWNER, story.id))
    book = store.open(OWNER, story.id)
    back = from_json(to_json(book).encode())
    store.add_book(OWNER, back)
    check(store.open(OWNER, back.story.id))
    assert shape(store.open(OWNER, back.story.id)) == shape(book)


def shape(book: Book) -> object:
    """A story without its ids."""
    at = {passage.id: place for place, passage in enumerate(book.passages)}
    return (
        dataclasses.replace(book.story, id=""),
        [
            (at.get(each.parent_id or "", -1), each.step, each.said, each.scene, each.ended,
             each.choices, each.reminder)
            for each in book.passages
        ],
        sorted((at[link.passage_id], link.said, at[link.target_id]) for link in book.links),
        {at[upto]: text for upto, text in book.summaries.items()},
        at[book.place],
    )  # fmt: skip


def test_redo_goes_the_way_that_undo_came_back(store: StoryStore) -> None:
    story = begun(store)
    first = store.open(OWNER, story.id).place
    add(store, told(story.id, first, "left"))
    left = store.open(OWNER, story.id).place
    store.go(OWNER, story.id, first, back=True)
    assert store.open(OWNER, story.id).next_on_the_way(first) == left


def test_a_jump_begins_a_way_of_its_own(store: StoryStore) -> None:
    story = begun(store)
    first = store.open(OWNER, story.id).place
    add(store, told(story.id, first, "left"))
    store.go(OWNER, story.id, first)
    assert store.open(OWNER, story.id).next_on_the_way(first) == ""


def test_a_choice_knows_the_passage_that_it_led_to_last(store: StoryStore) -> None:
    story = begun(store)
    first = store.open(OWNER, story.id).passages[0]
    for _ in range(2):
        add(store, told(story.id, first.id, "Go in"))
    book = store.open(OWNER, story.id)
    offered = ways.told(first.choices, book, first)
    assert [choice.told for choice in offered] == [book.place, ""]


def test_a_way_may_lead_back_to_a_passage(store: StoryStore) -> None:
    story = begun(store)
    first = store.open(OWNER, story.id).place
    add(store, told(story.id, first))
    second = store.open(OWNER, story.id).place
    store.link(OWNER, story.id, Link(second, "Go home", first))
    book = store.open(OWNER, story.id)
    last = ways.told(book.passage(second).choices, book, book.passage(second))[-1]
    assert last == Choice("Go home", told=first, link=True)


def test_an_edited_scene_stands_beside_the_first_one(store: StoryStore) -> None:
    story = begun(store)
    first = store.open(OWNER, story.id).passages[0]
    new = store.rewrite(OWNER, story.id, first.id, " A window stands open. ")
    book = store.open(OWNER, story.id)
    assert book.passage(first.id).scene == first.scene
    assert (new.scene, new.edited_from, new.choices) == (
        "A window stands open.",
        first.id,
        first.choices,
    )


def test_the_last_passage_of_a_story_stays(store: StoryStore) -> None:
    story = begun(store)
    with pytest.raises(BadRequest, match="Nothing would be left"):
        store.remove(OWNER, story.id, store.open(OWNER, story.id).place)


def test_lore_enters_when_its_key_is_mentioned_as_a_word() -> None:
    notes = read(lore="Ada, the ferrywoman: She is afraid of geese.", facts="It is winter.")
    assert notes.lines("ADA waved.") == [
        "It is winter.",
        "Ada, the ferrywoman: She is afraid of geese.",
    ]
    assert notes.lines("Adam waved.") == ["It is winter."]


def test_people_enter_by_the_name_before_the_comma() -> None:
    notes = Notes(people=("Ben, a baker", "Cleo"))
    assert notes.lines("Then Ben came.") == ["Ben, a baker"]


@pytest.mark.parametrize("lore", ["no colon", ": no key", "key:", " , : text"])
def test_a_lore_note_without_key_or_text_is_refused(lore: str) -> None:
    with pytest.raises(BadRequest, match="has no key"):
        read(lore=lore)


def test_notes_beyond_their_limits_are_refused() -> None:
    with pytest.raises(BadRequest, match="1001 characters"):
        read(author="x" * 1001)
    with pytest.raises(BadRequest, match="41 facts"):
        read(facts="x\n" * 41)


def test_notes_survive_the_store(store: StoryStore) -> None:
    story = begun(store)
    notes = Notes(author=HOSTILE, facts=("a",), lore=(Lore(("b", "c"), "d"),))
    store.note(OWNER, story.id, notes)
    assert store.open(OWNER, story.id).story.notes == notes


@pytest.mark.parametrize("text", ["He killed the dragon.", "BLOOD everywhere.", "a shotgun!"])
def test_harsh_words_are_found(text: str) -> None:
    assert gentle.harsh(text)


@pytest.mark.parametrize("text", ["A skilled baker.", "The Essex road.", "She studied the class."])
def test_words_that_only_look_harsh_stay(text: str) -> None:
    assert not gentle.harsh(text)


def test_a_harsh_sentence_is_left_out() -> None:
    assert gentle.softened("The fox ran. It bled. It slept.") == "The fox ran. It bled. It slept."
    assert gentle.softened("The fox ran. Blood fell. It slept.") == "The fox ran. It slept."


def test_sentences_joined_give_the_text() -> None:
    text = "One. “Two!” Three\n\nfour? five"
    assert "".join(sentences(text)) == text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b'{"format": "inkloop-story"}',
        b"[" * 100_000,
        to_json(Book(Story(id="s", title="t"), (), "")).encode(),
    ],
)
def test_a_file_that_is_no_story_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(InkloopError, match="no story that can be opened"):
        from_json(data)


def test_a_file_whose_passages_hang_in_the_air_is_refused() -> None:
    orphan = told("s", "nobody")
    book = Book(Story(id="s", title="t"), (orphan,), orphan.id)
    with pytest.raises(BadRequest, match="does not come before it"):
        from_json(to_json(book).encode())


def test_half_characters_of_a_file_are_mended() -> None:
    first = told("s", None)
    text = to_json(Book(Story(id="s", title="TITLE"), (first,), first.id))
    assert from_json(text.replace("TITLE", "a\\ud800\\u0000b").encode()).story.title == "a?b"
