"""Summaries that nobody asked for: written while the reader reads, kept only if they are true."""

import asyncio
from pathlib import Path

from apps.context import Context
from apps.story import memory
from apps.story.book import Book
from apps.story.desk import StoryDesk
from apps.story.store import StoryStore
from apps.story.summing import Summing
from apps.story.tale import Passage, Story
from apps.story.telling import Storyteller
from shared.engine.scripted import ScriptedEngine
from shared.engine.types import Request
from shared.formats import story as form
from shared.llama.engine import LlamaEngine
from shared.settings import Settings
from tests.writing_room import OWNER, choices, room

WINDOW = 700
TRUE = "The lantern opens with rain, and then the rain goes on and stops."
FALSE = "Dragons conquered Jupiter yesterday evening."


class Model:
    """Tells scenes, and sums up in the words that it was given."""

    def __init__(self, summary: str) -> None:
        self.summary = summary

    def __call__(self, request: Request) -> str:
        told = sum(message.role == "assistant" for message in request.messages)
        if request.schema:
            return choices(f"Go left {told}", f"Wait {told} hours")
        if request.messages[-1].content.endswith(form.CHAPTER):
            return self.summary
        return f"Scene {told}: the lantern opens with rain. " + "It goes on and then it stops. " * 4


async def long_story(teller: Storyteller, choices_made: int = 40) -> tuple[str, str]:
    """A story that has outgrown the window; its id and the place of the reader."""
    first = [step async for step in teller.begin(OWNER, "The lantern")][-1]
    here = first.passage_id
    for _ in range(choices_made):
        here = [step async for step in teller.choose(OWNER, first.story_id, here, 0)][-1].passage_id
        if (await StoryDesk(teller).seen(OWNER, first.story_id, here)).dropped:
            break
    return first.story_id, here


def teller_on(ctx: Context) -> Storyteller:
    return Storyteller(ctx, StoryStore(ctx.home.history))


async def summed_up(ctx: Context) -> tuple[memory.Remembered, bool]:
    """What is told of a long story after a summary was tried, and whether it is the model's."""
    teller = teller_on(ctx)
    place = await long_story(teller)
    desk = StoryDesk(teller)
    summing = Summing(desk)
    summing.begin(OWNER, *place)
    await summing.rest(OWNER)
    seen = await desk.seen(OWNER, *place)
    return seen, desk.told_by_model(OWNER, *place, seen)


async def test_scenes_that_left_are_summed_up_and_the_summary_is_the_models(tmp_path: Path) -> None:
    with room(tmp_path, ScriptedEngine(Model(TRUE), context_tokens=WINDOW)) as ctx:
        seen, by_model = await summed_up(ctx)
    assert (seen.in_short, by_model) == (TRUE, True)


async def test_a_summary_of_something_else_leaves_the_digest(tmp_path: Path) -> None:
    with room(tmp_path, ScriptedEngine(Model(FALSE), context_tokens=WINDOW)) as ctx:
        seen, by_model = await summed_up(ctx)
    assert "lantern opens with rain" in seen.in_short
    assert (FALSE in seen.in_short, by_model) == (False, False)


async def test_a_summary_that_the_reader_changes_is_the_readers_and_stays(tmp_path: Path) -> None:
    with room(tmp_path, ScriptedEngine(Model(TRUE), context_tokens=WINDOW)) as ctx:
        teller = teller_on(ctx)
        place, desk = await long_story(teller), StoryDesk(teller)
        await desk.sum_up_unasked(OWNER, *place)
        await desk.summarise(OWNER, *place, "Mine.")
        assert await desk.sum_up_unasked(OWNER, *place) == ""
        seen = await desk.seen(OWNER, *place)
        assert (seen.in_short, desk.told_by_model(OWNER, *place, seen)) == ("Mine.", False)


async def test_the_next_scene_ends_a_summary_at_once(tmp_path: Path) -> None:
    gate = asyncio.Event()
    gate.set()
    engine = ScriptedEngine(Model(TRUE), context_tokens=WINDOW, hold=gate)
    with room(tmp_path, engine) as ctx:
        teller = teller_on(ctx)
        place, desk = await long_story(teller), StoryDesk(teller)
        summing = Summing(desk)
        gate.clear()
        summing.begin(OWNER, *place)
        while not engine.running:
            await asyncio.sleep(0)
        summing.stop(OWNER)
        await summing.rest(OWNER)
        seen = await desk.seen(OWNER, *place)
        assert (engine.running, desk.told_by_model(OWNER, *place, seen)) == (0, False)


async def test_nothing_is_summed_up_while_all_is_in_view(tmp_path: Path) -> None:
    engine = ScriptedEngine(Model(TRUE))
    with room(tmp_path, engine) as ctx:
        teller = teller_on(ctx)
        place = await long_story(teller, 2)
        asked = len(engine.requests)
        assert await StoryDesk(teller).sum_up_unasked(OWNER, *place) == ""
        assert len(engine.requests) == asked


async def test_the_demo_model_tells_of_the_story_or_the_digest_stays(
    tmp_path: Path, demo_gguf: Path
) -> None:
    settings = Settings(threads=1, context_tokens=WINDOW)
    engine = LlamaEngine.load(demo_gguf, release="demo", settings=settings)
    scene = "Ada walks to the harbour with her lantern. It is dark and the sea is calm."
    told = [
        Passage(id=f"p{at}", story_id="s", parent_id=f"p{at - 1}" if at else None,
                step="choice" if at else "begin", said=f"Go to house {at}" if at else "",
                scene=f"{scene} House {at} is empty.") for at in range(16)
    ]  # fmt: skip
    try:
        with room(tmp_path, engine) as ctx:
            teller = teller_on(ctx)
            book = Book(Story(id="s", title="The lantern"), tuple(told), "p15")
            teller.store.add_book(OWNER, book)
            desk = StoryDesk(teller)
            kept = await desk.sum_up_unasked(OWNER, "s", "p15")
            seen = await desk.seen(OWNER, "s", "p15")
            by_model = desk.told_by_model(OWNER, "s", "p15", seen)
    finally:
        await engine.close()
    gone = told[1 : 1 + seen.dropped]
    assert gone
    assert by_model is bool(kept)
    assert memory.speaks_of(kept, told) if kept else seen.in_short == memory.digest(gone)


def test_a_summary_speaks_of_what_happened() -> None:
    told = [Passage(id="p", story_id="s", parent_id=None, step="begin", said="",
                    scene="Ada lit the lantern and rowed across the harbour.")]  # fmt: skip
    assert memory.speaks_of("Ada rowed across the harbour with a lantern.", told)
    assert not memory.speaks_of(FALSE, told)
    assert not memory.speaks_of("", told)
