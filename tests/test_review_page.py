"""The reviewers' work and their door: who gets in, what is found, what a decision does."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from filelock import FileLock
from starlette.testclient import TestClient

from apps.review import figures_view, suspicions_view, view
from apps.review.desk import ReviewDesk
from apps.review.door import COOKIE, NAMES_SECONDS, TRIES, WAIT_SECONDS, Door, Refused
from apps.review.entrance import router
from apps.review.figures import OTHER, figures
from apps.review.queue import ON_A_PAGE, Filters, Line, Queue
from apps.review.retraining import LOCK, Retraining
from apps.review.served import Keeper
from feedback import enough
from feedback.curate import build
from feedback.register import Register
from feedback.reviewers import Reviewers
from feedback.taxonomy import Taxonomy
from shared.engine.scripted import ScriptedEngine
from shared.errors import BadRequest, NotFound
from shared.releases import ReleaseStore
from shared.settings import ROLES, Settings
from tests.feedback_room import Room
from tests.test_releases import add

HOSTILE = "<img src=x onerror=alert(1)> ${alert(1)} {{alert(1)}}"
PASSWORD = "a long and lovely password"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with Room.opened(tmp_path / "room") as opened:
        yield opened


@pytest.fixture
def desk(room: Room) -> ReviewDesk:
    return ReviewDesk(room.home)


# Finding


def test_what_waits_comes_oldest_first(room: Room, desk: ReviewDesk) -> None:
    receipts = [room.complain(f"p{i}", f"what is {i}?") for i in range(3)]
    room.approve(receipts[1])
    found = desk.find(Filters())
    assert [line.id for line in found.lines] == [receipts[0].flag_id, receipts[2].flag_id]
    assert [line.id for line in desk.find(Filters(state="approved")).lines] == [receipts[1].flag_id]
    assert len(desk.find(Filters(state="")).lines) == 3


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (Filters(app="code"), 1),
        (Filters(verdict="up"), 1),
        (Filters(reason="misunderstood"), 1),
        (Filters(text="  QUOKKA "), 1),
        (Filters(text="marsupial"), 1),
        (Filters(text="nothing like it"), 0),
    ],
)
def test_filters_leave_what_fits(room: Room, desk: ReviewDesk, filters: Filters, count: int):
    room.complain("ada", "What is a quokka?")
    room.flag(room.answer("ada", "Print x.", "print(x)", app="code"), "up", owner="ada")
    assert len(desk.find(filters).lines) == count


def test_a_flag_tells_how_many_others_are_like_it(room: Room, desk: ReviewDesk) -> None:
    room.complain("ada", "What is a quokka?")
    room.complain("bob", "what is a  QUOKKA?")
    room.complain("ada", "What is a wombat?")
    seen = [desk.see(line) for line in desk.find(Filters()).lines]
    assert [(one.same_question, one.same_person) for one in seen] == [
        (1, 1),
        (1, 0),
        (0, 1),
    ]


def test_near_duplicates_are_decided_together(room: Room, desk: ReviewDesk) -> None:
    receipts = [
        room.complain(owner, "What is a quokka, please tell me now?") for owner in ("ada", "eve")
    ]
    other = room.complain("ada", "Where do otters sleep at night?", correction="In kelp.")
    queue = desk.find(Filters())
    assert queue.line is not None
    assert [line.id for line in queue.alike()] == [receipts[1].flag_id]
    desk.decide(desk.see(queue.line), "approve", by="admin", why="", correction="")
    done = desk.decide_alike(queue, "approve", by="admin", why="")
    assert done == {receipts[1].flag_id: "approved"}
    left = queue.decided("approved", done)
    assert left.line is not None
    assert left.line.id == other.flag_id


def test_a_second_opinion_is_asked_of_somebody_else(room: Room, desk: ReviewDesk) -> None:
    for name in ("grace", "alan"):
        Reviewers(room.home).add(name, PASSWORD)
    receipt = room.complain("ada", "one?", severity="critical")
    first = desk.find(Filters(), by="grace")
    assert first.line is not None
    state = desk.decide(desk.see(first.line), "approve", by="grace", why="", correction="")
    assert state == "received"
    assert desk.find(Filters(), by="grace").lines == ()
    second = desk.find(Filters(), by="alan")
    assert [(line.id, line.waits) for line in second.lines] == [(receipt.flag_id, "second")]


def test_behind_a_window_comes_the_next(
    room: Room, desk: ReviewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.review.desk.WINDOW", 2)
    sent = [room.complain(f"p{i}", f"what is thing {i}?").flag_id for i in range(5)]
    queue = desk.find(Filters())
    seen: list[str] = []
    for _ in range(3):
        seen += [line.id for line in queue.lines]
        assert queue.total == 5
        queue = desk.further(queue)
    assert seen == sent
    assert (queue.first, queue.last_id) == (4, "")


def test_taken_back_and_erased_flags_are_not_shown(room: Room, desk: ReviewDesk) -> None:
    one, two = room.complain("ada", "one?"), room.complain("ada", "two?")
    room.flags.withdraw(one.flag_id, one.receipt)
    room.flags.erase(two.flag_id, two.receipt)
    assert desk.find(Filters(state="")).lines == ()


# Going through


def lines(*states: str) -> Queue:
    return Queue(
        tuple(
            Line(
                id=str(place), state=state, app="chat", verdict="down", day="2026-01-02",
                reasons=(), about="", corrected=False, trains=True,
                waits="first" if state == "received" else "",
            )
            for place, state in enumerate(states)
        )
    )  # fmt: skip


def test_the_queue_never_leaves_its_ends() -> None:
    queue = lines("received", "received")
    assert queue.moved(-1).at == 0
    assert queue.moved(1).moved(1).at == 1
    assert Queue().moved(1).line is None


def test_after_a_decision_the_next_that_waits_comes() -> None:
    queue = lines("received", "rejected", "received").decided("approved")
    assert (queue.at, queue.lines[0].state) == (2, "approved")
    assert queue.decided("approved").at == 2
    assert lines("received", "approved", "received").opened(2).decided("rejected").at == 0


def test_a_long_queue_is_shown_in_pages() -> None:
    queue = lines(*["received"] * (2 * ON_A_PAGE + 5))
    assert queue.page == range(ON_A_PAGE)
    assert queue.opened(ON_A_PAGE).page == range(ON_A_PAGE, 2 * ON_A_PAGE)
    assert len(queue.opened(10_000).page) == 5
    assert view.queue(queue).count("<li>") == ON_A_PAGE


# Deciding


@pytest.mark.parametrize(
    ("ruling", "state"),
    [
        ("approve", "approved"),
        ("reject", "rejected"),
        ("edit", "approved"),
        ("quarantine", "quarantined"),
    ],
)
def test_a_decision_is_a_row_with_the_reviewers_name(
    room: Room, desk: ReviewDesk, ruling, state: str
) -> None:
    receipt = room.complain("ada", "What is a quokka?")
    seen = desk.see(desk.find(Filters()).lines[0])
    assert desk.decide(seen, ruling, by="admin", why="Since.", correction="Better.") == state
    decision = room.newest(receipt).decision
    assert decision is not None
    assert (decision.decision, decision.by, decision.note) == (ruling, "admin", "Since.")
    assert decision.correction == ("Better." if ruling == "edit" else "")
    assert room.state(receipt) == state


def test_a_flag_that_changed_meanwhile_is_not_decided(room: Room, desk: ReviewDesk) -> None:
    answer = room.answer()
    receipt = room.flag(answer)
    seen = desk.see(desk.find(Filters()).lines[0])
    room.flag(answer, comment="On second thought")
    with pytest.raises(BadRequest, match="changed this flag meanwhile"):
        desk.decide(seen, "approve", by="admin", why="", correction="")
    assert room.state(receipt) == "received"


def test_a_flag_that_was_taken_back_is_said(room: Room, desk: ReviewDesk) -> None:
    receipt = room.complain("ada", "one?")
    line = desk.find(Filters()).lines[0]
    room.flags.withdraw(receipt.flag_id, receipt.receipt)
    with pytest.raises(NotFound, match="withdrawn by its author"):
        desk.see(line)


def test_an_edit_needs_a_correction(room: Room, desk: ReviewDesk) -> None:
    room.complain("ada", "one?")
    seen = desk.see(desk.find(Filters()).lines[0])
    with pytest.raises(BadRequest, match="correction comes with"):
        desk.decide(seen, "edit", by="admin", why="", correction="  ")


def test_nothing_that_a_stranger_wrote_becomes_markup(room: Room, desk: ReviewDesk) -> None:
    receipt = room.complain(
        "ada", HOSTILE, correction=HOSTILE, comment=HOSTILE, text="A <b>bold</b> claim."
    )
    room.decide("reject", receipt, note=HOSTILE)
    found = desk.find(Filters(state=""))
    shown = view.queue(found) + view.detail(desk.see(found.lines[0]))
    assert "<img" not in shown
    assert "<b>bold" not in shown


def test_a_pattern_shows_its_flags_and_no_others(room: Room) -> None:
    crowd = [room.complain(f"p{n}", "One question?") for n in range(11)]
    room.complain("ada", "Another question?")
    desk = ReviewDesk(room.home)
    (one,) = [one for one in desk.standing_out() if one.pattern == "one question"]
    found = desk.find(Filters(together=one))
    assert [line.id for line in found.lines] == [receipt.flag_id for receipt in crowd]
    assert found.total == 11
    assert "One question: 11 flags from 11 people" in view.queue(found)
    assert "One question" in suspicions_view.panel([one])
    assert suspicions_view.panel([]) == ""


# Figures


def test_reasons_are_counted_by_day_and_rare_ones_together(room: Room) -> None:
    keys = [r.key for r in Taxonomy.load().reasons("chat", "down")]
    for place, key in enumerate(keys):
        for again in range(1 if place >= 7 else 2):
            room.flag(room.answer("ada", f"{key} {again}"), reasons=[key])
    found = figures(room.home)
    assert found.flags == len(keys) + 7
    assert len(found.reasons) == 8
    assert found.reasons[-1] == OTHER
    assert sum(count.flags for count in found.why) == len(keys) + 7
    assert [count.what for count in found.verdicts] == ["bad"]


def test_what_people_took_back_is_counted_without_being_read(room: Room) -> None:
    receipts = [room.complain(f"p{n}", f"What is {n}?") for n in range(4)]
    room.flags.withdraw(receipts[0].flag_id, receipts[0].receipt)
    room.flags.erase(receipts[1].flag_id, receipts[1].receipt)
    room.approve(receipts[2])
    found = figures(room.home)
    assert found.states == {"withdrawn": 1, "erased": 1, "approved": 1, "received": 1}
    assert (found.flags, found.apps) == (4, {"chat": 2})


def test_enough_is_the_same_from_the_register_and_from_the_flags(room: Room) -> None:
    taxonomy, register = Taxonomy.load(room.home), Register(room.home)

    def same() -> bool:
        return enough.count_known(register) == enough.count(room.ledger.flags(), taxonomy)

    crowd = [room.complain("mallory", f"Question {n}?") for n in range(24)]
    crowd += [room.complain(f"p{n}", "One question?") for n in range(5)]
    crowd += [room.flag(room.answer(f"q{n}", "Thumb?"), "up", owner=f"q{n}") for n in range(2)]
    crowd.append(room.flag(room.answer("q2", "Thumb?"), "down", owner="q2"))
    assert same()
    room.approve(*crowd)
    assert same()
    assert same()
    room.flags.withdraw(crowd[0].flag_id, crowd[0].receipt)
    room.flags.erase(crowd[25].flag_id, crowd[25].receipt)
    room.decide("quarantine", crowd[1])
    assert same()
    build(room.home)
    assert same()
    found = enough.count_known(register)
    assert {"owner_cap", "prompt_cap", "opposite_thumbs", "withdrawn"} <= found.left_out.keys()


def test_enough_counts_what_a_dataset_version_would_hold(room: Room) -> None:
    room.approve(*[room.complain(f"p{i}", f"what is {i}?") for i in range(8)])
    room.approve(room.flag(room.answer("bob", "thumb?"), owner="bob"))
    room.complain("eve", "waits?")
    found = enough.count(room.ledger.flags(), Taxonomy.load(room.home))
    assert (found.flags, found.corrections, found.pairs, found.bad) == (9, 8, 8, 1)
    assert (found.held_out, found.to_train) == (2, 6)
    assert found.left_out == {"not_reviewed": 1}
    shown = figures_view.enough_to_retrain(found)
    assert "Not yet" in shown
    assert "1 waiting for review" in shown


def test_what_is_needed_is_what_recipes_and_gate_ask_for() -> None:
    from training.gate import limits
    from training.recipe import Recipe, load

    gate = limits.load().heldout
    assert Recipe(name="any").data.fewest_corrections == enough.CORRECTIONS
    assert load(Path("demo-retrain")).data.fewest_corrections == enough.CORRECTIONS_DEMO
    assert (gate.minimum_items, gate.smallest_items) == (enough.HELD_OUT, enough.HELD_OUT_LEAST)


# Serving


def keeper_of(room: Room, **settings: str) -> Keeper:
    engine = ScriptedEngine(["Yes."])
    return Keeper(room.home, Settings(home=room.home.root, **settings), lambda _role: engine)


def test_roles_are_told_with_what_was_set_for_them(room: Room) -> None:
    rows = keeper_of(room, role_judge="http://me:secret@host/v1").roles()
    assert [row.role for row in rows] == list(ROLES)
    shown = figures_view.roles(rows)
    assert "http://host/v1" in shown
    assert "secret" not in shown
    assert shown.count("the main model") == len(ROLES) - 1


def test_promoting_and_rolling_back_move_the_pointer(room: Room, tmp_path: Path) -> None:
    store, keeper = ReleaseStore(room.home.releases), keeper_of(room)
    add(store, tmp_path / "a", "demo-r1")
    assert keeper.look().back_to is None
    assert "demo-r1 is promoted" in keeper.promote("demo-r1")
    assert (keeper.look().promoted, keeper.look().back_to) == ("demo-r1", "")
    assert "the base model" in keeper.roll_back()
    with pytest.raises(NotFound):
        keeper.roll_back()


def test_a_retrain_is_started_once_and_followed_to_its_end(room: Room) -> None:
    retraining = Retraining(room.home, Settings(home=room.home.root, model="demo"))
    retraining.start(look_only=True)
    with pytest.raises(BadRequest, match="running already"):
        retraining.start()
    while retraining.is_running():
        time.sleep(0.2)
    assert "Done." in retraining.said() or "see above" in retraining.said()


def test_somebody_elses_retrain_counts_as_running(room: Room) -> None:
    retraining = Retraining(room.home, Settings(home=room.home.root))
    with FileLock(room.home.root / LOCK):
        assert retraining.is_running()
    assert not retraining.is_running()


def test_runs_tell_how_far_they_came(room: Room) -> None:
    for name in ("begun", "done", "refused"):
        (room.home.runs / name).mkdir(parents=True)
        (room.home.runs / name / "recipe.yaml").write_text("name: x\n")
    (room.home.runs / "done" / "metrics.json").write_text("{}")
    report = room.home.runs / "refused" / "gate" / "k" / "gate.json"
    report.parent.mkdir(parents=True)
    report.write_text(json.dumps({"passed": False, "reasons": ["Worse <b>."]}))
    found = keeper_of(room).look()
    assert {run.name: run.stage for run in found.runs} == {
        "begun": "training",
        "done": "trained",
        "refused": "refused",
    }
    assert "Worse &lt;b&gt;." in figures_view.runs(found)


# The door


class Reviewing:
    """Two reviewers whose passwords are quick to check."""

    def __init__(self) -> None:
        self.known = {"admin": PASSWORD, "grace": "another password"}

    def check(self, name: str, password: str) -> str | None:
        return name if self.known.get(name) == password else None

    def names(self) -> list[str]:
        return list(self.known)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.review.door.WRONG_SECONDS", 0.0)


async def test_the_right_password_opens_and_leaving_closes() -> None:
    door = Door(Reviewing())
    token = await door.enter("admin", PASSWORD, address="a")
    assert door.who(token) == "admin"
    door.leave(token)
    assert door.who(token) is None
    assert door.who(None) is None
    assert door.who("guess") is None


@pytest.mark.parametrize(
    ("name", "password"), [("admin", "wrong"), ("root", PASSWORD), ("admin", ""), ("admin", "pä")]
)
async def test_anything_else_stays_outside(quick: None, name: str, password: str) -> None:
    with pytest.raises(Refused) as refused:
        await Door(Reviewing()).enter(name, password, address="a")
    assert refused.value.status == 400


async def test_an_address_that_was_wrong_too_often_waits(quick: None) -> None:
    clock = Clock()
    door = Door(Reviewing(), clock=clock)
    for _ in range(TRIES):
        with pytest.raises(Refused):
            await door.enter("admin", "wrong", address="a")
    with pytest.raises(Refused) as refused:
        await door.enter("admin", PASSWORD, address="a")
    assert refused.value.status == 429
    assert await door.enter("admin", PASSWORD, address="b")
    clock.now += WAIT_SECONDS
    assert await door.enter("admin", PASSWORD, address="a")


async def test_trying_all_at_once_gains_nothing(quick: None) -> None:
    door = Door(Reviewing())
    tries = [door.enter("admin", f"guess {i}", address="a") for i in range(15)]
    found = await asyncio.gather(*tries, door.enter("admin", PASSWORD, address="a"),
                                 return_exceptions=True)  # fmt: skip
    statuses = [refused.status for refused in found if isinstance(refused, Refused)]
    assert statuses.count(400) == TRIES
    assert statuses.count(429) == 11


async def test_a_login_ends_after_its_hours() -> None:
    clock = Clock()
    door = Door(Reviewing(), clock=clock)
    token = await door.enter("admin", PASSWORD, address="a")
    clock.now += 13 * 3600
    assert door.who(token) is None


async def test_reviewers_enter_by_name_and_are_out_once_removed() -> None:
    clock, reviewing = Clock(), Reviewing()
    door = Door(reviewing, clock=clock)
    token = await door.enter("grace", "another password", address="a")
    assert door.who(token) == "grace"
    del reviewing.known["grace"]
    clock.now += NAMES_SECONDS
    assert door.who(token) is None


@pytest.fixture
def visitor(quick: None) -> TestClient:
    app = FastAPI()
    app.include_router(router(Door(Reviewing())))
    return TestClient(app, follow_redirects=False)


def test_the_cookie_is_bound_to_this_site_and_to_the_reviewers(visitor: TestClient) -> None:
    sent = {"username": "admin", "password": PASSWORD}
    answer = visitor.post("/admin/login", data=sent, headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(COOKIE)
    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/admin"))


def test_a_wrong_password_is_said_on_the_page_and_to_programs(visitor: TestClient) -> None:
    sent = {"username": "admin", "password": "<b>"}
    page = visitor.post("/admin/login", data=sent, headers={"accept": "text/html"})
    assert page.status_code == 400
    assert "Name or password is wrong." in page.text
    program = visitor.post("/admin/login", data=sent)
    assert (program.status_code, program.json()) == (400, {"detail": "Name or password is wrong."})
    assert "set-cookie" not in program.headers


def test_without_the_slash_one_gets_there_too(visitor: TestClient) -> None:
    assert visitor.get("/admin").headers["location"] == "/admin/"
