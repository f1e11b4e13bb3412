"""Long stories: what is pinned stays before the model, and only new tokens are read."""

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from apps.context import Context
from apps.story import memory
from apps.story.notes import Lore, Notes
from apps.story.store import StoryStore
from apps.story.tale import Manner, Passage, Story
from apps.story.telling import Storyteller
from shared.engine.scripted import ScriptedEngine
from shared.engine.types import Request
from shared.llama.engine import LlamaEngine
from shared.messages import Message
from shared.settings import Settings
from tests.writing_room import OWNER, choices, room, scripted

FACTS = ("The moon is green.", "Ada cannot swim.")
LORE = Lore(("ferry",), "It sails only at night.")
WINDOW = 700


def tale(request: Request) -> str:
    told = sum(message.role == "assistant" for message in request.messages)
    if request.schema:
        return choices(f"Go left {told}", f"Wait {told} hours")
    return f"Scene {told} opens with rain. " + "It goes on for a while and then it stops. " * 3


def shown(messages: Sequence[Message]) -> str:
    return "\n".join(message.content for message in messages)


async def tell(teller: Storyteller, story_id: str, passage_id: str) -> str:
    telling = teller.choose(OWNER, story_id, passage_id, 0)
    return [step async for step in telling][-1].passage_id


async def test_pinned_facts_stay_before_the_model_for_sixty_scenes(tmp_path: Path) -> None:
    engine = scripted(tale, window=WINDOW)
    with room(tmp_path, engine) as ctx:
        teller = Storyteller(ctx, StoryStore(ctx.home.history))
        first = [step async for step in teller.begin(OWNER, "The green moon")][-1]
        teller.store.note(OWNER, first.story_id, Notes(facts=FACTS, lore=(LORE,)))
        here = first.passage_id
        for _ in range(60):
            asked = len(engine.requests)
            here = await tell(teller, first.story_id, here)
            for request in engine.requests[asked:]:
                text = shown(request.messages)
                assert all(f"- {fact}" in text for fact in FACTS)
                assert "ferry" not in text
                assert await size(engine, request) <= WINDOW
        assert len(teller.store.open(OWNER, first.story_id).path(here)) == 61


async def size(engine: ScriptedEngine, request: Request) -> int:
    """Tokens of the prompt and of the longest answer to it."""
    text = await engine.count_tokens(shown(request.messages))
    return text + len(request.messages) * memory.TEMPLATE_TOKENS + request.sampling.max_tokens


def path_of(count: int) -> list[Passage]:
    return [
        Passage(
            id=f"p{at}",
            story_id="s",
            parent_id=f"p{at - 1}" if at else None,
            step="choice" if at else "begin",
            said=f"Go {at}",
            scene=f"The wind turned {at}. " + "More words follow here. " * 6,
        )
        for at in range(count)
    ]


async def test_what_left_the_window_is_told_in_short() -> None:
    seen = await memory.remembered(scripted(["x"], window=WINDOW), Story(id="s", title="T"),
                                   path_of(30))  # fmt: skip
    assert seen.dropped > 0
    assert f"Go {seen.dropped}. The wind turned {seen.dropped}." in shown(seen.messages)


async def test_a_summary_takes_the_place_of_the_scenes_that_it_tells() -> None:
    engine, story = scripted(["x"], window=WINDOW), Story(id="s", title="T")
    dropped = (await memory.remembered(engine, story, path_of(30))).dropped
    upto = f"p{dropped - 2}"
    seen = await memory.remembered(engine, story, path_of(30), summaries={upto: "Ada won."})
    text = shown(seen.messages)
    assert f"Earlier: Ada won. Go {dropped - 1}." in text
    assert f"The wind turned {dropped - 2}." not in text


async def test_lore_enters_with_its_mention() -> None:
    story = Story(id="s", title="T", notes=Notes(lore=(LORE,)))
    engine = scripted(["x"])
    silent = await memory.remembered(engine, story, path_of(3), "Wait")
    spoken = await memory.remembered(engine, story, path_of(3), "Take the ferry")
    assert silent.reminder == ""
    assert LORE.line() in spoken.reminder


async def test_notes_never_take_more_than_their_share() -> None:
    facts = tuple(f"Fact number {at} is quite long and detailed." for at in range(40))
    story = Story(id="s", title="T", notes=Notes(facts=facts))
    seen = await memory.remembered(scripted(["x"], window=WINDOW), story, path_of(3))
    assert 0 < seen.note_tokens <= WINDOW * memory.NOTES_SHARE
    assert seen.left_out > 0


async def test_a_story_for_children_says_so_and_drops_harsh_sentences(tmp_path: Path) -> None:
    harsh = "The fox ran. It killed the hen. It slept."
    engine = scripted([harsh, harsh, harsh, choices("Kill it", "Sing")])
    with room(tmp_path, engine) as ctx:
        teller = Storyteller(ctx, StoryStore(ctx.home.history))
        telling = teller.begin(OWNER, "The fox", manner=Manner(children=True))
        steps = [step async for step in telling]
        book = teller.store.open(OWNER, steps[-1].story_id)
    assert not any("killed" in step.scene for step in steps)
    assert book.passages[0].scene == "The fox ran. It slept."
    assert "Kill it" not in {choice.text for choice in book.passages[0].choices}
    assert "For children" in shown(engine.requests[0].messages)


async def test_a_scene_that_says_the_last_one_again_is_asked_for_again(tmp_path: Path) -> None:
    way = choices("Go", "Stay")
    engine = scripted(["The fox ran far.", way, "The fox ran far.", "The hen woke.", way])
    with room(tmp_path, engine) as ctx:
        teller = Storyteller(ctx, StoryStore(ctx.home.history))
        first = [step async for step in teller.begin(OWNER, "The fox")][-1]
        second = await tell(teller, first.story_id, first.passage_id)
        book = teller.store.open(OWNER, first.story_id)
    assert book.passage(second).scene == "The hen woke."


@pytest.fixture
async def told_by_the_demo_model(tmp_path: Path, demo_gguf: Path) -> AsyncIterator[Context]:
    engine = LlamaEngine.load(demo_gguf, release="demo", settings=Settings(threads=1))
    try:
        with room(tmp_path, engine) as ctx:
            yield ctx
    finally:
        await engine.close()


async def test_a_turn_reads_only_its_own_new_tokens(told_by_the_demo_model: Context) -> None:
    ctx = told_by_the_demo_model
    teller = Storyteller(ctx, StoryStore(ctx.home.history))
    first = [step async for step in teller.begin(OWNER, "The lighthouse")][-1]
    here = first.passage_id
    for _ in range(3):
        before = teller.store.open(OWNER, first.story_id).passage(here)
        if before.ended:
            break
        here = await tell(teller, first.story_id, here)
        after = teller.store.open(OWNER, first.story_id).passage(here)
        record = ctx.answers.get(after.answer_id)
        assert record is not None
        numbers = record.numbers
        offered = json.dumps([choice.text for choice in before.choices])
        new = await teller.engine().count_tokens(f"{after.said} {offered}")
        read = numbers["prompt_tokens"] - numbers["cached_tokens"]
        assert read <= new + 40  # the question about choices and what the template puts round it
