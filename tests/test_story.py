"""The storymaker without a browser: telling, choosing, branching, remembering."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from apps.story import chart, memory, view, ways
from apps.story.book import Book
from apps.story.store import StoryStore
from apps.story.tale import Choice, Passage, Story, whole_sentences
from apps.story.telling import Storyteller, Telling
from shared.engine.scripted import ScriptedEngine
from shared.engine.types import Request
from shared.errors import AbilityMissing, BadRequest, EngineClosed, NotFound
from shared.formats import story as form
from shared.home import Home
from shared.texts import choose
from tests.writing_room import HOSTILE, OTHER, OWNER, choices, room, scripted

SCENE = "A door stands open. Nobody is there."
WAYS = choices("Go in", "Walk away", "Call out")


def tale(request: Request) -> str:
    return WAYS if request.schema else SCENE


@pytest.fixture
def engine() -> ScriptedEngine:
    return scripted(tale)


@pytest.fixture
def teller(tmp_path: Path, engine: ScriptedEngine) -> Iterator[Storyteller]:
    with room(tmp_path, engine) as ctx:
        yield Storyteller(ctx, StoryStore(ctx.home.history))


async def told(telling: AsyncGenerator[Telling, None]) -> Telling:
    *_, last = [step async for step in telling]
    assert last.doing == "done"
    return last


async def begun(teller: Storyteller, title: str = "The door", genre: str = "") -> Telling:
    return await told(teller.begin(OWNER, title, genre))


def opened(teller: Storyteller, telling: Telling) -> tuple[Book, Passage]:
    book = teller.store.open(OWNER, telling.story_id)
    return book, book.passage(telling.passage_id)


async def test_a_story_begins_with_a_scene_and_choices(teller: Storyteller) -> None:
    _, passage = opened(teller, await begun(teller))
    assert passage.scene == SCENE
    assert [choice.text for choice in passage.choices] == ["Go in", "Walk away", "Call out"]
    assert not passage.ended


async def test_the_first_step_comes_before_the_model_is_asked(
    teller: Storyteller, engine: ScriptedEngine
) -> None:
    telling = teller.begin(OWNER, "The door")
    first = await anext(telling)
    assert (first.doing, engine.requests) == ("scene", [])
    await telling.aclose()


async def test_every_request_extends_the_one_before(
    teller: Storyteller, engine: ScriptedEngine
) -> None:
    first = await begun(teller)
    await told(teller.choose(OWNER, first.story_id, first.passage_id, 1))
    for earlier, later in zip(engine.requests, engine.requests[1:], strict=False):
        assert later.messages[: len(earlier.messages)] == earlier.messages
    assert engine.requests[2].messages[-1] == form.choose("Walk away")


async def test_only_the_system_prompt_is_shared_between_readers(
    teller: Storyteller, engine: ScriptedEngine
) -> None:
    await begun(teller)
    assert {(r.owner, r.shared_messages, r.app) for r in engine.requests} == {(OWNER, 1, "story")}
    assert [bool(r.schema) for r in engine.requests] == [False, True]


async def test_a_free_action_leads_on_as_well(teller: Storyteller, engine: ScriptedEngine) -> None:
    first = await begun(teller)
    _, passage = opened(
        teller, await told(teller.act(OWNER, first.story_id, first.passage_id, " I  sing\n"))
    )
    assert (passage.step, passage.said) == ("action", "I sing")
    assert form.act("I sing") in engine.requests[2].messages


async def test_choosing_anew_at_an_earlier_passage_makes_a_branch(teller: Storyteller) -> None:
    first = await begun(teller)
    left = await told(teller.choose(OWNER, first.story_id, first.passage_id, 0))
    right = await told(teller.choose(OWNER, first.story_id, first.passage_id, 1))
    book, passage = opened(teller, right)
    assert passage.parent_id == book.passage(left.passage_id).parent_id == first.passage_id
    assert len(book.passages) == 3


async def test_a_scene_that_ends_the_story_offers_nothing(tmp_path: Path) -> None:
    with room(tmp_path, scripted(["They slept. The end."])) as ctx:
        teller = Storyteller(ctx, StoryStore(ctx.home.history))
        telling = await begun(teller)
        book, passage = opened(teller, telling)
        assert passage.ended
        assert teller.choices_of(book, passage) == ()
        with pytest.raises(BadRequest, match="ends here"):
            teller.choose(OWNER, telling.story_id, telling.passage_id, 0)


async def test_an_ending_that_was_asked_for_always_ends(teller: Storyteller) -> None:
    first = await begun(teller)
    _, passage = opened(teller, await told(teller.end(OWNER, first.story_id, first.passage_id)))
    assert passage.ended
    assert passage.scene.endswith(form.THE_END)


async def test_choices_that_are_alike_are_asked_for_again(tmp_path: Path) -> None:
    engine = scripted([SCENE, choices("Go in now", "go in NOW."), choices("Go in", "Run")])
    with room(tmp_path, engine) as ctx:
        teller = Storyteller(ctx, StoryStore(ctx.home.history))
        _, passage = opened(teller, await begun(teller))
    assert [choice.text for choice in passage.choices] == ["Go in", "Run"]
    assert len(engine.requests) == 3


async def test_a_model_without_ideas_is_helped_out_and_it_shows(tmp_path: Path) -> None:
    engine = scripted([SCENE, choices("Go in", "Go in")])
    with room(tmp_path, engine) as ctx:
        teller = Storyteller(ctx, StoryStore(ctx.home.history))
        _, passage = opened(teller, await begun(teller, genre="mystery"))
    assert [choice.stock for choice in passage.choices] == [False, True]
    assert passage.choices[1].text in ways.STOCK["mystery"]
    assert len(engine.requests) == 4


@pytest.mark.parametrize(
    ("scene", "kept"), [("Stop! Nobody is there.", ["Stop!"]), ("Nobody is there.", [])]
)
async def test_a_stopped_scene_keeps_its_whole_sentences(
    tmp_path: Path, scene: str, kept: list[str]
) -> None:
    engine = ScriptedEngine([scene], hold=asyncio.Event(), hold_after=1)
    with room(tmp_path, engine) as ctx:
        teller = Storyteller(ctx, StoryStore(ctx.home.history))
        telling = teller.begin(OWNER, "The door")
        async for step in telling:
            if step.scene:
                break
        await telling.aclose()
        books = [teller.store.open(OWNER, story.id) for story in teller.store.shelf_of(OWNER)]
    assert [passage.scene for book in books for passage in book.passages] == kept
    assert engine.cancelled == 1


async def test_a_stopped_scene_offers_stock_choices(tmp_path: Path) -> None:
    engine = ScriptedEngine(["Stop! Nobody is there."], hold=asyncio.Event(), hold_after=1)
    with room(tmp_path, engine) as ctx:
        teller = Storyteller(ctx, StoryStore(ctx.home.history))
        telling = teller.begin(OWNER, "The door")
        async for step in telling:
            if step.scene:
                break
        await telling.aclose()
        book, passage = opened(teller, step)
    assert all(choice.stock for choice in teller.choices_of(book, passage))


async def test_an_empty_scene_is_asked_for_again(tmp_path: Path) -> None:
    with room(tmp_path, scripted([" ", SCENE, WAYS])) as ctx:
        teller = Storyteller(ctx, StoryStore(ctx.home.history))
        _, passage = opened(teller, await begun(teller))
    assert passage.scene == SCENE


async def test_a_model_that_writes_nothing_says_so(tmp_path: Path) -> None:
    with room(tmp_path, scripted([""])) as ctx:
        teller = Storyteller(ctx, StoryStore(ctx.home.history))
        with pytest.raises(EngineClosed, match="wrote nothing"):
            await begun(teller)


async def test_nothing_is_kept_of_a_scene_that_failed(tmp_path: Path) -> None:
    with room(tmp_path, scripted([EngineClosed("Shutting down.")])) as ctx:
        teller = Storyteller(ctx, StoryStore(ctx.home.history))
        with pytest.raises(EngineClosed):
            await begun(teller)
        assert teller.store.shelf_of(OWNER) == []


async def test_somebody_elses_story_cannot_be_read_or_continued(teller: Storyteller) -> None:
    first = await begun(teller)
    with pytest.raises(NotFound):
        teller.store.open(OTHER, first.story_id)
    with pytest.raises(NotFound):
        teller.choose(OTHER, first.story_id, first.passage_id, 0)
    with pytest.raises(NotFound):
        teller.store.delete(OTHER, first.story_id)
    assert not teller.store.has(OTHER, first.story_id, first.passage_id)
    assert teller.store.shelf_of(OTHER) == []


async def test_a_story_without_an_owner_belongs_to_whoever_knows_its_id(
    teller: Storyteller,
) -> None:
    first = await told(teller.begin("session:one", "The door"))
    assert teller.store.open("session:two", first.story_id).story.title == "The door"


async def test_a_passage_of_another_story_is_not_found(teller: Storyteller) -> None:
    one, other = await begun(teller), await begun(teller)
    with pytest.raises(NotFound, match="no such passage"):
        teller.choose(OWNER, one.story_id, other.passage_id, 0)


@pytest.mark.parametrize("choice", [-1, 3, True, "0", 1.5])
async def test_a_choice_that_is_not_offered_is_refused(teller: Storyteller, choice: object) -> None:
    first = await begun(teller)
    with pytest.raises(BadRequest, match="Send 0 to 2"):
        teller.choose(OWNER, first.story_id, first.passage_id, choice)  # type: ignore[arg-type]


@pytest.mark.parametrize("title", ["", "  \n ", "x" * 501, None, 7])
def test_a_title_outside_its_limits_is_refused(teller: Storyteller, title: object) -> None:
    with pytest.raises(BadRequest, match="500"):
        teller.begin(OWNER, title)  # type: ignore[arg-type]


async def test_the_longest_title_is_taken(teller: Storyteller) -> None:
    book, _ = opened(teller, await begun(teller, "x" * 500))
    assert len(book.story.title) == 500


async def test_a_model_that_cannot_be_bound_says_so(tmp_path: Path) -> None:
    with room(tmp_path, scripted(tale, abilities=frozenset({"chat"}))) as ctx:
        with pytest.raises(AbilityMissing, match="choices"):
            await begun(Storyteller(ctx, StoryStore(ctx.home.history)))


async def test_the_place_in_the_story_is_remembered(teller: Storyteller) -> None:
    first = await begun(teller)
    second = await told(teller.choose(OWNER, first.story_id, first.passage_id, 0))
    assert teller.store.open(OWNER, first.story_id).place == second.passage_id
    teller.store.go(OWNER, first.story_id, first.passage_id)
    assert teller.store.open(OWNER, first.story_id).place == first.passage_id


async def test_a_deleted_story_is_gone(teller: Storyteller) -> None:
    first = await begun(teller)
    teller.store.delete(OWNER, first.story_id)
    with pytest.raises(NotFound):
        teller.store.open(OWNER, first.story_id)


async def test_stories_that_nobody_reads_are_forgotten(tmp_path: Path, teller: Storyteller) -> None:
    first = await begun(teller)
    StoryStore(tmp_path / "history.sqlite", keep_days=1)
    assert teller.store.open(OWNER, first.story_id)
    StoryStore(tmp_path / "history.sqlite", keep_days=-1)
    with pytest.raises(NotFound):
        teller.store.open(OWNER, first.story_id)


def passage(number: int, parent: int | None, said: str = "on", **more: bool) -> Passage:
    return Passage(
        id=f"p{number}",
        story_id="s",
        parent_id=None if parent is None else f"p{parent}",
        step="choice" if parent is not None else "begin",
        said=said,
        scene=f"scene {number}",
        answer_id="a",
        choices=(Choice("on"), Choice("back")),
        **more,
    )


def test_branches_lie_side_by_side_on_the_map() -> None:
    spots = chart.layout([passage(0, None), passage(1, 0), passage(2, 0), passage(3, 1)])
    assert {name: (spot.column, spot.row) for name, spot in spots.items()} == {
        "p0": (0, 0),
        "p1": (0, 1),
        "p2": (1, 1),
        "p3": (0, 2),
    }


def test_a_very_long_story_still_has_a_map() -> None:
    path = [passage(0, None), *(passage(n, n - 1) for n in range(1, 1500))]
    assert chart.draw(path, "p3", path).count('data-node="') == 1500


def test_hostile_text_stays_text_on_the_map_and_in_the_scene() -> None:
    drawn = chart.draw([passage(0, None), passage(1, 0, HOSTILE)], "p1")
    shown = view.scene(passage(1, 0, HOSTILE), Story(id="s", title=HOSTILE))
    for html in (drawn, shown):
        assert "<img" not in html
        assert "&lt;img" in html


async def test_a_story_longer_than_the_window_keeps_its_opening() -> None:
    path = [passage(0, None), *(passage(n, n - 1) for n in range(1, 60))]
    story = Story(id="s", title="The door")
    shown = await memory.remembered(scripted(["x"], window=800), story, path)
    texts = [message.content for message in shown.messages]
    assert texts[1] == form.begin("The door").content
    assert texts[2] == "scene 0"
    assert "scene 59" in texts
    assert "scene 1" not in texts


async def test_what_is_shown_of_a_long_story_begins_alike_for_several_scenes() -> None:
    path = [passage(0, None), *(passage(n, n - 1) for n in range(1, 60))]
    story, engine = Story(id="s", title="The door"), scripted(["x"], window=800)
    starts = {
        (await memory.remembered(engine, story, path[:n])).messages[6].content
        for n in range(40, 52)
    }
    assert len(starts) <= 4


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("One. Two three", "One."),
        ("“Stop!” she said. Then", "“Stop!” she said."),
        ("no end", ""),
        ("", ""),
    ],
)
def test_a_text_is_cut_after_its_last_whole_sentence(text: str, kept: str) -> None:
    assert whole_sentences(text) == kept


def test_stock_choices_do_not_repeat_what_was_done() -> None:
    taken = ways.STOCK["spooky"][:2]
    offered = ways.filled((), "Spooky", taken)
    assert not {choice.text for choice in offered} & set(taken)


def test_there_are_stock_choices_for_every_genre() -> None:
    assert set(form.GENRES) <= set(ways.STOCK)


@pytest.fixture
def swedish(tmp_path: Path) -> Iterator[None]:
    home = Home(tmp_path / "site")
    home.locale.mkdir(parents=True)
    texts = {"mystery": "deckare", "calm": "lugn", "Look for a clue": "Leta efter spår"}
    rows = "".join(f'msgid "{text}"\nmsgstr "{told}"\n\n' for text, told in texts.items())
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    (home.locale / "sv.po").write_text(head + rows, encoding="utf-8")
    choose("sv", home)
    yield
    choose("en")


@pytest.mark.usefixtures("swedish")
def test_a_genre_is_kept_in_the_lists_own_word_whatever_the_page_calls_it() -> None:
    kept = [view.kept(genre, form.GENRES) for genre in ("deckare", "mystery", "western", "")]
    assert kept == ["mystery", "mystery", "western", ""]
    card = view.title_card(Story(id="s", title="Fyren", genre="mystery", tone="lugn mystery"))
    assert ">deckare · lugn mystery<" in card


@pytest.mark.usefixtures("swedish")
async def test_inkloops_own_choices_are_read_in_one_language_and_kept_in_another(
    tmp_path: Path,
) -> None:
    def stubborn(request: Request) -> str:
        return choices("") if request.schema else SCENE

    with room(tmp_path / "room", scripted(stubborn)) as ctx:
        teller = Storyteller(ctx, StoryStore(ctx.home.history))
        telling = await begun(teller, genre="mystery")
        book, first = opened(teller, telling)
        assert view.choices(teller.choices_of(book, first))[0]["text"] == "Leta efter spår"
        chosen = await told(teller.choose(OWNER, telling.story_id, first.id, 0))
        book, second = opened(teller, chosen)
    assert second.said == "Look for a clue"
    assert "› Leta efter spår<" in view.scene(second, book.story)
    assert "Scene 2: Leta efter spår" in chart.draw(book.passages, second.id)
    assert view.scene_names(book)[1][0] == "2. Leta efter spår"
