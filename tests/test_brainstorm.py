"""The idea board without a browser: finding, refining, judging, undoing, taking home."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from apps.alike import alike
from apps.brainstorm import export
from apps.brainstorm.board import MAX_CARDS, Board, Card, checked_rubric
from apps.brainstorm.desk import Desk, Seen, read_rubric
from apps.brainstorm.thinking import Harvest, Thinker, Thinking, ideas_in
from apps.context import Context
from shared.engine.scripted import ScriptedEngine
from shared.engine.types import Request
from shared.errors import AbilityMissing, BadRequest, EngineClosed, NotFound
from shared.formats.brainstorm import METHODS, RUBRIC, Idea, Score
from tests.writing_room import HOSTILE, OTHER, OWNER, ideas, room, scripted

BETTER = json.dumps({"title": "A warmer lamp", "body": "It glows when somebody reads."})
ROWS = [
    ("Night owl desk", "Open until midnight on Fridays."),
    ("Book bicycle", "Bring novels to the market square."),
    ("Silent disco", "Dance between the shelves with headphones."),
]


def thought(request: Request) -> str:
    """Ideas that are never the same, a better idea, or threes for everything."""
    asked = request.schema["properties"] if request.schema else {}
    if "ideas" in asked:
        return ideas(*ROWS[: asked["ideas"]["minItems"]])
    if "scores" in asked:
        names = [row["properties"]["criterion"]["const"] for row in asked["scores"]["prefixItems"]]
        rows = [{"criterion": name, "reason": "Because.", "score": 3} for name in names]
        return json.dumps({"scores": rows})
    return BETTER


@pytest.fixture
def engine() -> ScriptedEngine:
    return scripted(thought)


@pytest.fixture
def ctx(tmp_path: Path, engine: ScriptedEngine) -> Iterator[Context]:
    with room(tmp_path, engine) as ctx:
        yield ctx


@pytest.fixture
def thinker(ctx: Context) -> Thinker:
    return Thinker(ctx)


@pytest.fixture
def desk(ctx: Context, thinker: Thinker) -> Desk:
    return Desk(ctx.home.history, thinker, keep_days=90)


async def found(
    thinker: Thinker, n: int, *existing: str, topic: str = "A library", method: str = "free"
) -> list[Idea]:
    steps = thinker.brainstorm(OWNER, topic, n, method, existing)
    *_, last = [step async for step in steps]
    assert isinstance(last, Thinking)
    return [one.idea for one in last.found]


async def seen(steps: AsyncGenerator[Seen, None]) -> list[Seen]:
    return [step async for step in steps]


async def full(desk: Desk, n: int = 3) -> Board:
    await seen(desk.brainstorm(OWNER, "A library", n, "free"))
    return desk.board(OWNER)


async def test_as_many_ideas_come_as_were_asked_for(thinker: Thinker) -> None:
    assert [idea.title for idea in await found(thinker, 3)] == [title for title, _ in ROWS]


async def test_an_idea_that_is_there_already_is_asked_for_again(tmp_path: Path) -> None:
    engine = scripted([ideas(ROWS[0], ROWS[1]), ideas(ROWS[2])])
    with room(tmp_path, engine) as ctx:
        titles = [idea.title for idea in await found(Thinker(ctx), 2, "night OWL desk")]
    assert titles == ["Book bicycle", "Silent disco"]
    assert "Not again: night OWL desk; Book bicycle" in engine.requests[1].messages[-1].content


async def test_a_repeated_title_over_a_new_text_is_named_after_the_text(tmp_path: Path) -> None:
    twice = ideas(("Same", "First of all texts."), ("Same", "Something else, entirely new here."))
    with room(tmp_path, scripted([twice])) as ctx:
        titles = [idea.title for idea in await found(Thinker(ctx), 2)]
    assert titles == ["Same", "Something else, entirely new here"]


async def test_a_model_that_only_repeats_says_so(tmp_path: Path) -> None:
    with room(tmp_path, scripted([ideas(("Same", "Same"))])) as ctx:
        with pytest.raises(EngineClosed, match="no new idea"):
            await found(Thinker(ctx), 1, "Same")


async def test_a_small_window_is_asked_in_parts(tmp_path: Path) -> None:
    rows = [(f"{name} lamp", f"The text about {name}.") for name in "red blue pink grey".split()]
    engine = scripted([ideas(*rows[:2]), ideas(*rows[2:])], window=450)
    with room(tmp_path, engine) as ctx:
        assert len(await found(Thinker(ctx), 4)) == 4
    assert all(r.sampling.max_tokens < 200 for r in engine.requests)


async def test_ideas_show_as_soon_as_they_are_complete() -> None:
    text = ideas(*ROWS[:2])
    assert [idea.title for idea in ideas_in(text[: text.index("Bring")])] == ["Night owl desk"]
    assert len(ideas_in(text)) == 2
    assert ideas_in("") == ideas_in("[") == ideas_in('{"ideas": [{"title"') == []


@pytest.mark.parametrize("n", [0, 11, True, 2.5, None])
async def test_a_number_of_ideas_outside_its_limits_is_refused(thinker: Thinker, n: object) -> None:
    with pytest.raises(BadRequest, match="1 to 10"):
        await found(thinker, n)  # type: ignore[arg-type]


async def test_an_unknown_method_is_refused_and_the_methods_are_named(thinker: Thinker) -> None:
    with pytest.raises(BadRequest, match="scamper"):
        await found(thinker, 1, method="magic")


@pytest.mark.parametrize("topic", ["", " ", "x" * 501])
async def test_a_topic_outside_its_limits_is_refused(thinker: Thinker, topic: str) -> None:
    with pytest.raises(BadRequest, match="1 to 500"):
        await found(thinker, 1, topic=topic)


@pytest.mark.parametrize("method", METHODS)
async def test_every_method_is_told_to_the_model(
    thinker: Thinker, engine: ScriptedEngine, method: str
) -> None:
    await found(thinker, 1, method=method)
    told = engine.requests[0].messages[-1].content
    assert (METHODS[method] in told) == (method != "free")


async def test_refining_keeps_the_card_and_says_where_the_new_one_came_from(desk: Desk) -> None:
    board = await full(desk)
    first = board.cards[0]
    await seen(desk.refine(OWNER, first.id, "warmer"))
    cards = desk.board(OWNER).cards
    assert [card.title for card in cards[:2]] == [first.title, "A warmer lamp"]
    assert (cards[1].origin_id, cards[1].origin_title) == (first.id, first.title)


async def test_a_wish_reaches_the_model(thinker: Thinker, engine: ScriptedEngine) -> None:
    await thinker.refine(OWNER, "Lamp", "It glows.", "for children")
    assert "Wish: for children" in engine.requests[0].messages[-1].content


async def test_judging_gives_each_criterion_a_reason_and_a_score(thinker: Thinker) -> None:
    _, scores = await thinker.evaluate(OWNER, "Lamp", "It glows.", ["Fun", "Cost"])
    assert [(s.criterion, s.reason, s.score) for s in scores] == [
        ("Fun", "Because.", 3),
        ("Cost", "Because.", 3),
    ]


async def test_judging_asks_the_judge(tmp_path: Path) -> None:
    asked: list[str] = []
    engine = scripted(thought)
    with room(tmp_path, engine) as ctx:

        def engine_for(role: str) -> ScriptedEngine:
            asked.append(role)
            return engine

        judged = Context(ctx.settings, ctx.home, engine_for, ctx.answers, ctx.flags)
        await Thinker(judged).evaluate(OWNER, "Lamp", "It glows.")
    assert set(asked) == {"judge"}


async def test_evaluating_all_judges_what_has_no_scores_yet(
    desk: Desk, engine: ScriptedEngine
) -> None:
    board = await full(desk)
    await seen(desk.evaluate(OWNER, "", board.cards[0].id))
    before = len(engine.requests)
    await seen(desk.evaluate(OWNER, ""))
    assert len(engine.requests) - before == 2
    assert all(card.total == 9 for card in desk.board(OWNER).cards)


async def test_one_undo_takes_all_judgements_of_one_click_back(desk: Desk) -> None:
    board = await full(desk)
    await seen(desk.evaluate(OWNER, ""))
    assert desk.undo(OWNER) == board


async def test_undo_goes_back_step_by_step(desk: Desk) -> None:
    board = await full(desk)
    desk.write(OWNER, "My own", "")
    desk.remove(OWNER, board.cards[0].id)
    assert [card.title for card in desk.undo(OWNER).cards][-1] == "My own"
    assert desk.undo(OWNER) == board
    assert desk.undo(OWNER) == desk.undo(OWNER) == Board()


async def test_undoing_further_than_is_kept_never_empties_the_board(desk: Desk) -> None:
    for number in range(40):
        desk.write(OWNER, f"Card {number}", "")
    for _ in range(60):
        desk.undo(OWNER)
    assert desk.board(OWNER).cards


async def test_what_was_found_before_a_stop_stays(tmp_path: Path) -> None:
    # The first word of the script is the first piece, which is shown at once: a whole idea.
    first = json.dumps({"ideas": [{"title": "Lamp", "body": "Glowing.Yes"}]}, separators=(",", ":"))
    engine = ScriptedEngine([f"{first[:-2]}, more"], hold=asyncio.Event(), hold_after=1)
    with room(tmp_path, engine) as ctx:
        desk = Desk(ctx.home.history, Thinker(ctx), keep_days=90)
        steps = desk.brainstorm(OWNER, "Light", 2, "free")
        async for step in steps:
            if step.coming:
                break
        await steps.aclose()
        assert desk.board(OWNER).titles() == ["Lamp"]
        assert desk.board(OWNER).topic == "Light"


async def test_a_board_is_its_owners_alone(desk: Desk) -> None:
    board = await full(desk)
    assert desk.board(OTHER) == Board()
    with pytest.raises(NotFound):
        desk.remove(OTHER, board.cards[0].id)
    with pytest.raises(NotFound):
        await seen(desk.refine(OTHER, board.cards[0].id, ""))
    with pytest.raises(NotFound):
        await seen(desk.evaluate(OTHER, "", board.cards[0].id))


async def test_a_board_survives_a_restart(ctx: Context, desk: Desk, thinker: Thinker) -> None:
    board = await full(desk)
    assert Desk(ctx.home.history, thinker, keep_days=90).board(OWNER) == board


def test_a_full_board_says_so(desk: Desk) -> None:
    for number in range(MAX_CARDS):
        desk.write(OWNER, f"Card {number}", "")
    with pytest.raises(BadRequest, match="100 cards"):
        desk.write(OWNER, "One more", "")


def test_best_first_puts_cards_without_scores_last() -> None:
    def card(name: str, *scores: int) -> Card:
        rows = tuple(Score(criterion=f"c{i}", reason="r", score=s) for i, s in enumerate(scores))
        return Card(id=name, title=name, body="", scores=rows)

    board = Board(cards=(card("none"), card("low", 2, 2, 2), card("high", 4)))
    assert board.ranked().titles() == ["high", "low", "none"]


@pytest.mark.parametrize(("title", "body"), [("", "x"), ("x" * 501, ""), ("x", "y" * 2001)])
def test_an_own_card_outside_its_limits_is_refused(desk: Desk, title: str, body: str) -> None:
    with pytest.raises(BadRequest, match=r"500|2,000"):
        desk.write(OWNER, title, body)


def test_a_rubric_is_read_between_commas() -> None:
    assert read_rubric("Fun,  Cost ,, fun") == ("fun", "Cost")
    assert read_rubric("  ") == RUBRIC


@pytest.mark.parametrize("rubric", [["x" * 61], ["a"] * 9, "Fun", [3]])
def test_a_rubric_outside_its_limits_is_refused(rubric: list[object]) -> None:
    with pytest.raises(BadRequest):
        checked_rubric(rubric)


async def test_a_model_that_cannot_be_bound_says_so(tmp_path: Path) -> None:
    with room(tmp_path, scripted(thought, abilities=frozenset({"chat"}))) as ctx:
        with pytest.raises(AbilityMissing, match="idea board"):
            await found(Thinker(ctx), 1)


HOSTILE_BOARD = Board(
    topic=HOSTILE,
    cards=(
        Card(
            id="1",
            title='=HYPERLINK("http://x")',
            body="# not a heading\n<script>",
            origin_title="@x",
            scores=(Score(criterion="+1", reason="*bold*", score=2),),
        ),
    ),
)


def test_the_csv_file_holds_no_formula_and_reads_back() -> None:
    rows = list(csv.DictReader(io.StringIO(export.as_csv(HOSTILE_BOARD).text.lstrip("\ufeff"))))
    assert rows[0]["title"] == '\'=HYPERLINK("http://x")'
    assert rows[0]["text"] == "# not a heading\n<script>"
    assert rows[0]["from"] == "'@x"
    assert rows[0]["'+1"] == "2"


def test_the_markdown_file_shows_marks_as_they_were_written() -> None:
    text = export.as_markdown(HOSTILE_BOARD).text
    assert "\\# not a heading  \n\\<script\\>" in text
    assert "\\*bold\\*" in text
    assert "<img" not in text.replace("\\<img", "")


def test_the_json_file_holds_every_word() -> None:
    whole = json.loads(export.as_json(HOSTILE_BOARD).text)
    assert whole["topic"] == HOSTILE
    assert whole["cards"][0]["scores"] == [{"criterion": "+1", "reason": "*bold*", "score": 2}]


def test_a_harvest_never_keeps_more_than_was_asked_for() -> None:
    harvest = Harvest([])
    harvest.take([Idea(title=t, body=b) for t, b in ROWS], "a", 2)
    harvest.fill(2)
    assert len(harvest.kept) == 2


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Go in", "go IN!", True),
        ("a b c d e f", "a b c d e f g", True),
        ("Go left", "Go right", False),
        ("?", "!", False),
    ],
)
def test_texts_are_alike_that_share_nearly_all_words(one: str, other: str, same: bool) -> None:
    assert alike(one, other) is same
