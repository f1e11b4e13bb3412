"""The idea board without a browser: finding, refining, judging, undoing, taking home."""

import asyncio
import csv
import html
import io
import json
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.brainstorm import bring, diversity, export, layout, measure, ranking, steps, view
from apps.brainstorm.background import Seen
from apps.brainstorm.board import MAX_CARDS, STATES, Board, Card, Comparison, checked_rubric
from apps.brainstorm.desk import Asked, Desk
from apps.brainstorm.judging import shortened
from apps.brainstorm.rubric import Mark, as_text, marks, read_rubric, weighted
from apps.brainstorm.thinking import Thinker, Thinking
from apps.context import Context
from shared.engine.scripted import ScriptedEngine
from shared.engine.types import Request
from shared.errors import AbilityMissing, BadRequest, EngineClosed, InkloopError, NotFound
from shared.formats.alike import alike
from shared.formats.brainstorm import METHODS, RUBRIC, Idea, Score
from shared.formats.ideas import ideas_in
from shared.home import Home
from shared.texts import choose
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
    if "better" in asked:
        return json.dumps({"reason": "Because.", "better": "1"})
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
    _, scores = await thinker.judge.evaluate(OWNER, "Lamp", "It glows.", ["Fun", "Cost"])
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
        await Thinker(judged).judge.evaluate(OWNER, "Lamp", "It glows.")
    assert set(asked) == {"judge"}


async def test_evaluating_all_judges_what_has_no_scores_yet(
    desk: Desk, engine: ScriptedEngine
) -> None:
    board = await full(desk)
    await seen(desk.evaluate(OWNER, Asked(), board.cards[0].id))
    before = len(engine.requests)
    await seen(desk.evaluate(OWNER, Asked()))
    assert len(engine.requests) - before == 2
    assert all(card.total == 9 for card in desk.board(OWNER).cards)


async def test_one_undo_takes_all_judgements_of_one_click_back(desk: Desk) -> None:
    board = await full(desk)
    await seen(desk.evaluate(OWNER, Asked()))
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
        await seen(desk.evaluate(OTHER, Asked(), board.cards[0].id))


async def test_a_board_survives_a_restart(ctx: Context, desk: Desk, thinker: Thinker) -> None:
    board = await full(desk)
    assert Desk(ctx.home.history, thinker, keep_days=90).board(OWNER) == board


def test_a_full_board_says_so(desk: Desk) -> None:
    cards = tuple(Card(id=f"{number}", title="x", body="") for number in range(MAX_CARDS))
    desk.bring(OWNER, Board(cards=cards))
    with pytest.raises(BadRequest, match="300 cards"):
        desk.write(OWNER, "One more", "")


def test_best_first_puts_cards_without_scores_last() -> None:
    def card(name: str, *scores: int) -> Card:
        rows = tuple(Mark(criterion=f"c{i}", reason="r", score=s) for i, s in enumerate(scores))
        return Card(id=name, title=name, body="", scores=rows)

    board = Board(cards=(card("none"), card("low", 2, 2, 2), card("high", 4)))
    assert board.ranked().titles() == ["high", "low", "none"]


@pytest.mark.parametrize(("title", "body"), [("", "x"), ("x" * 501, ""), ("x", "y" * 2001)])
def test_an_own_card_outside_its_limits_is_refused(desk: Desk, title: str, body: str) -> None:
    with pytest.raises(BadRequest, match=r"500|2,000"):
        desk.write(OWNER, title, body)


def test_a_rubric_is_read_between_commas() -> None:
    assert checked_rubric(read_rubric("Fun,  Cost ,, fun")[0]) == ("fun", "Cost")
    assert checked_rubric(read_rubric("  ")[0]) == RUBRIC
    assert read_rubric("Fun *2, Cost × 0.5") == (["Fun", "Cost"], {"Fun": 2.0, "Cost": 0.5})


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
            scores=(Mark(criterion="+1", reason="*bold*", score=2),),
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
    assert whole["cards"][0]["scores"] == [
        {
            "criterion": "+1",
            "reason": "*bold*",
            "score": 2.0,
            "low": None,
            "high": None,
            "scale": [1, 5],
        }
    ]


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


def card(name: str, body: str = "", **more: object) -> Card:
    return Card.model_validate({"id": name, "title": f"Idea {name}", "body": body, **more})


def board(*names: str) -> Board:
    return Board(cards=tuple(card(name) for name in names))


def ids(of: Board) -> list[str]:
    return [card.id for card in of.cards]


def test_a_card_moves_before_another_one_or_to_the_end() -> None:
    three = board("a", "b", "c")
    assert ids(three.moved("c", "a")) == ["c", "a", "b"]
    assert ids(three.moved("a")) == ["b", "c", "a"]
    assert ids(three.moved("a", "a")) == ["b", "c", "a"]


def test_an_edited_card_keeps_what_stood_there_and_loses_its_scores() -> None:
    row = Mark(criterion="Fun", reason="r", score=3)
    before = Board(cards=(card("a", answer_id="x", scores=(row,)),))
    after = before.edited("a", "New", "Body").cards[0]
    assert (after.title, after.answer_id, after.scores) == ("New", "", ())
    assert [version.title for version in after.versions] == ["Idea a"]


def test_merged_cards_become_one_that_says_where_it_came_from() -> None:
    one = Board(cards=(card("a", "x", tags=("t",)), card("b"), card("c", "y"))).merged(["a", "c"])
    assert len(one.cards) == 2
    assert [origin.id for origin in one.cards[0].merged] == ["a", "c"]
    assert (one.cards[0].body, one.cards[0].tags) == ("x\ny", ("t",))


def test_a_tag_goes_on_all_and_off_again() -> None:
    both = board("a", "b").tagged(["a"], "x").tagged(["a", "b"], "x")
    assert all(card.tags == ("x",) for card in both.cards)
    assert not any(card.tags for card in both.tagged(["a", "b"], "x").cards)


STEPS = st.one_of(
    st.fixed_dictionaries({"op": st.just("move"), "ids": st.lists(st.integers(0, 9), min_size=1),
                           "before": st.integers(0, 9)}),
    st.fixed_dictionaries({"op": st.sampled_from(["remove", "merge"]),
                           "ids": st.lists(st.integers(0, 9), min_size=1, max_size=3)}),
    st.fixed_dictionaries({"op": st.just("tag"), "ids": st.lists(st.integers(0, 9), min_size=1),
                           "tag": st.text(max_size=35)}),
    st.fixed_dictionaries({"op": st.just("state"), "ids": st.lists(st.integers(0, 9), min_size=1),
                           "state": st.sampled_from([*STATES, "lost"])}),
    st.fixed_dictionaries({"op": st.just("edit"), "ids": st.lists(st.integers(0, 9), min_size=1),
                           "title": st.text(max_size=510), "body": st.text(max_size=40)}),
)  # fmt: skip


@given(st.lists(STEPS, max_size=12))
def test_whatever_steps_are_sent_the_board_stays_whole(sent: list[dict[str, object]]) -> None:
    now = board(*"0123456")
    for step in sent:
        names = [str(number) for number in step["ids"]]  # type: ignore[attr-defined]
        named = {**step, "ids": names}
        if "before" in named:
            named["before"] = str(named["before"])
        before = now
        try:
            now = steps.take(now, named)
        except InkloopError:
            assert now is before
            continue
        assert len(set(ids(now))) == len(now.cards)
        assert Board.read(now.write()) == now
        if named["op"] in ("move", "tag", "state"):
            assert set(ids(now)) == set(ids(before))
        if named["op"] == "edit":
            # Words for a card that is gone are a card of their own.
            gone = names[0] not in ids(before)
            assert len(now.cards) == len(before.cards) + gone


@pytest.mark.parametrize("sent", [{}, {"op": "fly"}, {"op": "move"}, {"op": "tag", "ids": "a"}])
def test_a_step_that_makes_no_sense_is_refused(sent: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        steps.take(board("a"), sent)


def test_what_was_undone_comes_back_until_something_new_is_done(desk: Desk) -> None:
    desk.write(OWNER, "One", "")
    both = desk.write(OWNER, "Two", "")
    assert len(desk.undo(OWNER).cards) == 1
    assert desk.undo(OWNER) == Board()
    assert len(desk.redo(OWNER).cards) == 1
    assert desk.redo(OWNER) == both == desk.redo(OWNER)
    desk.undo(OWNER)
    other = desk.write(OWNER, "Three", "")
    assert desk.redo(OWNER) == other


async def test_judging_goes_on_when_nobody_follows(desk: Desk) -> None:
    await full(desk)
    judging = desk.evaluate(OWNER, Asked())
    assert "1 of 3" in (await anext(judging)).status
    await judging.aclose()
    await seen(desk.follow(OWNER))
    assert all(card.scores for card in desk.board(OWNER).cards)
    assert await seen(desk.follow(OWNER)) == []


async def test_stop_ends_judging_that_nobody_follows(tmp_path: Path) -> None:
    engine = ScriptedEngine(thought, hold=asyncio.Event())
    with room(tmp_path, engine) as ctx:
        desk = Desk(ctx.home.history, Thinker(ctx), keep_days=90)
        desk.write(OWNER, "One", "")
        judging = desk.evaluate(OWNER, Asked())
        await anext(judging)
        await judging.aclose()
        desk.stop(OWNER)
        await seen(desk.follow(OWNER))
        assert await seen(desk.follow(OWNER)) == []
        assert (desk.board(OWNER).cards[0].scores, engine.running) == ((), 0)


async def test_one_board_is_judged_once_at_a_time_and_another_owners_beside_it(
    tmp_path: Path,
) -> None:
    engine = ScriptedEngine(thought, hold=asyncio.Event())
    with room(tmp_path, engine) as ctx:
        desk = Desk(ctx.home.history, Thinker(ctx), keep_days=90)
        for owner in (OWNER, OTHER):
            desk.write(owner, "One", "")
        running = [desk.evaluate(owner, Asked()) for owner in (OWNER, OTHER)]
        for steps in running:
            await anext(steps)
        with pytest.raises(BadRequest, match="at this board"):
            await seen(desk.evaluate(OWNER, Asked()))
        for owner, steps in zip((OWNER, OTHER), running, strict=True):
            desk.stop(owner)
            await seen(steps)


async def test_what_failed_when_nobody_looked_is_told_once(tmp_path: Path) -> None:
    gate = asyncio.Event()
    engine = ScriptedEngine(["no scores"], hold=gate, hold_after=1)
    with room(tmp_path, engine) as ctx:
        desk = Desk(ctx.home.history, Thinker(ctx), keep_days=90)
        desk.write(OWNER, "One", "")
        judging = desk.evaluate(OWNER, Asked())
        await anext(judging)
        await judging.aclose()
        gate.set()
        while engine.running or not engine.requests:
            await asyncio.sleep(0)
        with pytest.raises(EngineClosed, match="did not finish"):
            await seen(desk.follow(OWNER))
        assert await seen(desk.follow(OWNER)) == []


async def test_undo_keeps_apart_what_was_done_while_the_judge_was_at_it(desk: Desk) -> None:
    await full(desk)
    judging = desk.evaluate(OWNER, Asked())
    await anext(judging)
    before = desk.write(OWNER, "Meanwhile", "")
    await seen(judging)
    assert desk.board(OWNER).cards[0].scores
    while desk.board(OWNER) != before:
        assert "Meanwhile" in desk.board(OWNER).titles()
        desk.undo(OWNER)


@pytest.mark.parametrize("scale", ["1-3", "1-5", "1-10", "0-100"])
async def test_every_scale_reaches_the_judge_and_the_card(tmp_path: Path, scale: str) -> None:
    low, high = map(int, scale.split("-"))
    rows = [{"criterion": name, "reason": "Because.", "score": high} for name in ("Fun", "Cost")]
    engine = scripted([json.dumps({"scores": rows})])
    with room(tmp_path, engine) as ctx:
        desk = Desk(ctx.home.history, Thinker(ctx), keep_days=90)
        desk.write(OWNER, "One", "")
        await seen(desk.evaluate(OWNER, Asked("Fun, Cost", scale=scale)))
        card = desk.board(OWNER).cards[0]
    assert f"from {low} to {high}." in engine.requests[0].messages[-1].content
    assert [(mark.scale, mark.score) for mark in card.scores] == [((low, high), high)] * 2


async def test_a_scale_that_is_not_offered_is_refused(desk: Desk) -> None:
    desk.write(OWNER, "One", "")
    with pytest.raises(BadRequest, match="1-10"):
        await seen(desk.evaluate(OWNER, Asked(scale="5-1")))


def test_marks_on_different_scales_are_ranked_by_where_they_stand() -> None:
    def marked(name: str, score: float, scale: tuple[int, int]) -> Card:
        return card(name, scores=(Mark(criterion="Fun", reason="r", score=score, scale=scale),))

    mixed = Board(cards=(marked("a", 40, (0, 100)), marked("b", 3, (1, 3)), marked("c", 4, (1, 5))))
    assert ids(mixed.ranked()) == ["b", "c", "a"]


def test_words_for_a_card_that_another_tab_took_down_become_a_card(desk: Desk) -> None:
    one = desk.write(OWNER, "One", "").cards[0]
    desk.remove(OWNER, one.id)
    desk.take(OWNER, {"op": "edit", "ids": [one.id], "title": "Mine", "body": "Kept."})
    assert [(c.title, c.body) for c in desk.board(OWNER).cards] == [("Mine", "Kept.")]


def test_of_two_edits_of_one_card_the_later_stands_and_the_earlier_is_kept(desk: Desk) -> None:
    one = desk.write(OWNER, "One", "").cards[0]
    for title in ("From the first tab", "From the second tab"):
        desk.take(OWNER, {"op": "edit", "ids": [one.id], "title": title, "body": ""})
    now = desk.board(OWNER).cards[0]
    assert now.title == "From the second tab"
    assert [old.title for old in now.versions] == ["From the first tab", "One"]


async def test_what_is_done_in_one_tab_is_not_lost_by_judging_in_another(desk: Desk) -> None:
    first = await full(desk)
    judging = desk.evaluate(OWNER, Asked())
    await anext(judging)
    desk.write(OWNER, "Meanwhile", "")
    desk.take(OWNER, {"op": "edit", "ids": [first.cards[1].id], "title": "Mine", "body": ""})
    await seen(judging)
    now = desk.board(OWNER)
    assert now.titles()[1:] == ["Mine", first.cards[2].title, "Meanwhile"]
    assert [bool(card.scores) for card in now.cards] == [True, False, True, False]


def test_two_tabs_that_change_one_board_both_count(ctx: Context, thinker: Thinker) -> None:
    tabs = [Desk(ctx.home.history, thinker, keep_days=90) for _ in range(2)]
    threads = [
        Thread(target=lambda tab=tab, n=n: [tab.write(OWNER, f"{n} {i}", "") for i in range(10)])
        for n, tab in enumerate(tabs)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tabs[0].board(OWNER).cards) == 20


def test_another_board_has_cards_and_undo_of_its_own(desk: Desk) -> None:
    desk.write(OWNER, "One", "")
    room = desk.new_room(OWNER, "Second")
    assert desk.board(OWNER) == Board()
    desk.write(OWNER, "Two", "")
    assert desk.open(OWNER, "first").titles() == ["One"]
    assert desk.open(OWNER, room.id).titles() == ["Two"]
    with pytest.raises(NotFound):
        desk.open(OTHER, room.id)


async def test_a_page_acts_on_the_board_that_it_names_whichever_was_opened_last(
    desk: Desk,
) -> None:
    lamp = desk.write(OWNER, "Lamp", "Glows.").cards[0].id
    second = desk.new_room(OWNER, "Second").id
    first = "first"
    desk.write(OWNER, "Desk", "Stands.", first)
    desk.take(OWNER, {"op": "tag", "ids": [lamp], "tag": "light"}, first)
    await seen(desk.brainstorm(OWNER, "A library", 1, "free", first))
    await seen(desk.refine(OWNER, lamp, "warmer", first))
    await seen(desk.evaluate(OWNER, Asked(), lamp, first))
    board = desk.board(OWNER, first)
    assert len(board.cards) == 4
    assert (board.card(lamp).tags, len(board.card(lamp).scores)) == (("light",), 3)
    desk.clear(OWNER, first)
    assert desk.undo(OWNER, first) == board
    assert desk.redo(OWNER, first).cards == ()
    assert desk.board(OWNER) == desk.board(OWNER, second) == Board()
    with pytest.raises(NotFound):
        desk.write(OTHER, "Not mine", "", second)


@pytest.fixture
def swedish(tmp_path: Path) -> Iterator[None]:
    home = Home(tmp_path / "swedish")
    home.locale.mkdir(parents=True)
    said = {"Originality": "Nyhet", "free": "fritt", "Fair?": "</script>`${1}`", "new": "ny"}
    said["Filter"] = "{{x}} `${1}` \\\\"
    rows = "".join(f'msgid "{text}"\nmsgstr "{told}"\n\n' for text, told in said.items())
    (home.locale / "sv.po").write_text(rows, encoding="utf-8")
    choose("sv", home)
    yield
    choose("en")


async def test_criteria_and_methods_have_labels_and_the_model_and_the_board_know_the_names(
    desk: Desk, engine: ScriptedEngine, swedish: None
) -> None:
    written = as_text(RUBRIC, {"Originality": 2.0})
    assert written == "Nyhet *2, Usefulness, Effort"
    assert read_rubric(written) == (list(RUBRIC), {"Originality": 2.0})
    assert ("fritt: anything goes", "free") in layout.method_choices({})
    await full(desk, 1)
    await seen(desk.evaluate(OWNER, Asked(written)))
    assert "Criteria: Originality, Usefulness, Effort" in engine.requests[-1].messages[-1].content
    board = desk.board(OWNER)
    assert [mark.criterion for mark in board.cards[0].scores] == list(board.rubric) == list(RUBRIC)
    shown = json.loads(view.board(Seen(board))["cards"])[0]
    assert shown["scores"][0]["criterion"] == "Nyhet"
    assert shown["state"] == "new"


def test_a_translation_ends_no_script_and_is_no_script(swedish: None) -> None:
    assert '"FAIR": "<\\/script>`${1}`"' in view.script()
    assert '"STATE_new": "ny"' in view.script()
    assert '<option value="new">ny</option>' in view.template()
    drawn = view.template()
    assert not set("`$\\{}") & set(drawn)
    assert html.unescape(drawn).count("{{x}} `${1}` \\") == 1


async def test_a_method_of_ones_own_is_told_to_the_model(
    desk: Desk, engine: ScriptedEngine
) -> None:
    name = desk.rooms.add_method(OWNER, "Pirates", "as pirates would do it")
    await seen(desk.brainstorm(OWNER, "Light", 1, name))
    asked = engine.requests[0].messages[-1].content
    assert "Method: pirates (as pirates would do it)" in asked
    with pytest.raises(BadRequest, match="no method"):
        await seen(desk.brainstorm(OTHER, "Light", 1, name))


def test_several_judgements_have_a_mean_and_a_spread() -> None:
    rows = [[Score(criterion="Fun", reason=f"r{n}", score=n)] for n in (2, 5, 3)]
    (mark,) = marks(rows)
    assert (mark.score, mark.low, mark.high, mark.reason) == (3.33, 2, 5, "r3")


def test_weights_move_the_order() -> None:
    low, high = (Mark(criterion=name, reason="r", score=s) for name, s in (("Fun", 1), ("Cost", 5)))
    assert weighted((low, high), {}) == 3
    assert weighted((low, high), {"Fun": 3}) == 2


class Judge:
    """Prefers an idea by a rule of its own, or whatever comes first."""

    def __init__(self, merit: Callable[[str], float] | None) -> None:
        self.merit = merit

    def __call__(self, request: Request) -> str:
        told = dict(line.split(": ", 1) for line in request.messages[-1].content.split("\n")[:4])
        better = "1"
        if self.merit is not None:
            one, other = self.merit(told["Text 1"]), self.merit(told["Text 2"])
            better = "neither" if one == other else "1" if one > other else "2"
        return json.dumps({"reason": "Because it is.", "better": better})


async def judged(root: Path, judge: Judge, one: str, other: str) -> int:
    with room(root, scripted(judge)) as ctx:
        ideas = [Idea(title="Same", body=body) for body in (one, other)]
        return (await Thinker(ctx).judge.compare(OWNER, ideas[0], ideas[1], RUBRIC))[0]


def lamps(text: str) -> float:
    return text.count("lamp")


async def test_a_judge_that_looks_at_the_ideas_says_the_same_in_both_orders(tmp_path: Path) -> None:
    by_lamps = Judge(lamps)
    assert await judged(tmp_path, by_lamps, "A lamp and a lamp.", "One lamp is there.") == 1
    assert await judged(tmp_path, by_lamps, "One lamp is there.", "A lamp and a lamp.") == 2


async def test_a_longer_idea_that_is_better_wins(tmp_path: Path) -> None:
    long = "A lamp, a lamp and a lamp at every one of the doors of the house."
    assert await judged(tmp_path, Judge(lamps), "One lamp there.", long) == 2


async def test_a_longer_idea_does_not_win_by_its_length(tmp_path: Path) -> None:
    assert await judged(tmp_path, Judge(len), "A lamp.", "It is good, so good, and good.") == 0
    assert await judged(tmp_path, Judge(len), "It is good, so good, and good.", "A lamp.") == 0


async def test_a_judge_by_length_alone_is_corrected_on_the_whole_test_set(tmp_path: Path) -> None:
    with room(tmp_path, scripted(measure.longest)) as ctx:
        judge = Thinker(ctx).judge
        found = [await measure.judged(judge, pair) for pair in measure.pairs()]
    assert len(found) >= 20
    assert {one.bare_first for one in found} == {one.bare_second for one in found} == {"empty"}
    assert {one.bare_marks for one in found} == {"empty"}
    assert {one.board for one in found} == {one.turned for one in found} == {"tie"}
    assert "empty" not in {one.marks for one in found}


def test_an_idea_is_cut_between_words() -> None:
    idea = Idea(title="Lamp", body="It glows when somebody reads.")
    assert shortened(idea, 16).body == "It glows"
    assert shortened(idea, 100) == idea
    assert shortened(Idea(title="Lamp", body="Glow"), 1).body == "Glow"


async def test_a_judge_that_takes_what_comes_first_gives_a_tie(tmp_path: Path) -> None:
    assert await judged(tmp_path, Judge(None), "One thing.", "Another thing.") == 0


async def test_comparing_all_ranks_by_what_won(tmp_path: Path) -> None:
    good = {"bad bad": 0.0, "mid mid": 1.0, "top top": 2.0}
    with room(tmp_path, scripted(Judge(lambda text: good[text]))) as ctx:
        desk = Desk(ctx.home.history, Thinker(ctx), keep_days=90)
        for text in good:
            desk.write(OWNER, text, text)
        before = desk.board(OWNER)
        await seen(desk.compare(OWNER, ""))
        ranked = desk.rank(OWNER, by_comparison=True)
    assert ranked.titles() == ["top top", "mid mid", "bad bad"]
    assert ranking.standing(ranked, ranked.cards[0].id) == "won 2"
    assert before.comparisons == ()


def test_a_tie_leaves_two_cards_as_strong_as_each_other() -> None:
    tied = board("a", "b").compared(Comparison(one="a", other="b"))
    found = ranking.strengths(tied)
    assert found["a"] == found["b"]


def test_a_new_comparison_takes_the_place_of_the_old_one() -> None:
    now = board("a", "b")
    for winner in ("a", "b"):
        now = now.compared(Comparison(one="a", other="b", winner=winner))
    assert [done.winner for done in now.comparisons] == ["b"]
    assert now.without("a").comparisons == ()


def test_cards_that_say_nearly_the_same_are_told() -> None:
    now = Board(
        topic="A library at night",
        cards=(
            card("1", "Lend books by bicycle at the market square"),
            card("2", "Lend books by bicycle at the market squares"),
            card("3", "A silent disco between shelves"),
        ),
    )
    look = diversity.look_at(now)
    assert look.twins == {"2": "Idea 1"}
    assert look.variety is not None
    assert 0 < look.variety < 1


def test_a_file_brings_cards_back_as_they_were_kept() -> None:
    kept = Board(
        topic="Light",
        cards=(
            card("a", "=1+1", tags=("x", "y"), state="doing"),
            card("b", "b", origin_id="a", origin_title="Idea a"),
        ),
    )
    back = bring.read(export.as_json(kept).text)
    assert [(c.title, c.body, c.tags, c.state) for c in back.cards] == [
        (c.title, c.body, c.tags, c.state) for c in kept.cards
    ]
    assert back.cards[1].origin_id == back.cards[0].id != "a"
    table = bring.read(export.as_csv(kept).text)
    assert [(c.title, c.body, c.tags, c.state) for c in table.cards] == [
        (c.title, c.body, c.tags, c.state) for c in kept.cards
    ]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "a,b\n1,2", '{"cards": [1]}', '{"cards": []}', None]
)
def test_a_file_that_cannot_be_read_is_refused(text: object) -> None:
    with pytest.raises(BadRequest):
        bring.read(text)


def test_lineage_shows_titles_as_text_and_ends_in_a_circle() -> None:
    circle = Board(
        cards=(
            card("root", title=HOSTILE),
            card("a", origin_id="root", origin_title=HOSTILE),
            card("x", origin_id="y"),
            card("y", origin_id="x"),
        )
    )
    shown = view.lineage(circle)
    assert "<img" not in shown
    assert "Idea a" in shown
