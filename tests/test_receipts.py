"""What people see of their own flags, what they may do about them, and what releases tell."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.context import Context, Finished
from apps.receipts import view
from apps.receipts.again import ask_again
from apps.receipts.desk import Desk
from apps.receipts.words import SENTENCES, erasing, life, pasted
from apps.releases import view as releases_view
from apps.releases.timeline import judged, read_timeline
from apps.ui.flag_form import Flagging
from feedback.curate import build
from feedback.drafts import make_draft
from feedback.progress import Progress
from feedback.receipts import Reach
from feedback.records import AnswerRecord, ModelRef, Receipt, Turn
from shared.engine.scripted import ScriptedEngine
from shared.errors import BadRequest, NotFound
from shared.home import Home
from shared.releases import ReleaseStore
from shared.settings import Settings
from tests.brackets import bare, spoken
from tests.feedback_room import Room
from tests.test_releases import add

ADA = "ada" + "a" * 40
HOSTILE = "<img src=x onerror=alert(1)> ${alert(1)} {{alert(1)}}"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with Room.opened(tmp_path / "room") as opened:
        yield opened


@pytest.fixture
def desk(room: Room) -> Desk:
    engine = ScriptedEngine(["A small marsupial."], release="demo-r9")
    settings = Settings(home=room.home.root)
    return Desk(Context(settings, room.home, lambda _role: engine, room.answers, room.flags))


@pytest.mark.parametrize(
    "text",
    ["Flag f-1\nReceipt s_2", "Flag f-1Receipt s_2", "f-1 Receipt s_2", " f-1\nReceipt s_2\n"],
)
def test_a_pasted_receipt_is_read_however_it_was_copied(text: str) -> None:
    assert pasted(text) == ("f-1", "s_2")


def test_an_id_alone_is_an_id() -> None:
    assert pasted(" f-1 ") == ("f-1", "")
    assert pasted("Flag f-1") == ("f-1", "")
    assert pasted("") == ("", "")


def test_the_life_of_a_flag_reads_in_order(room: Room, desk: Desk) -> None:
    receipt = room.complain(ADA, "What is a quokka?")
    assert (desk.look_up(receipt.flag_id).state, desk.look_up(receipt.flag_id).done) == (
        "received",
        1,
    )
    room.decide("approve", receipt, note="Right.")
    version = build(room.home)
    Progress(room.home).mark([receipt.flag_id], "run", "run-1")
    Progress(room.home).mark([receipt.flag_id], "release", "demo-r1")
    found = desk.look_up(receipt.flag_id)
    assert (found.state, found.done) == ("shipped", 5)
    assert [line.text for line in found.history] == [
        "Received",
        "Approved by a reviewer",
        "Taken into dataset version",
        "Learned from in run",
        "Shipped in release",
    ]
    assert [line.name for line in found.history[2:]] == [version.name, "run-1", "demo-r1"]
    assert found.history[1].why == "Right."


def test_a_second_submission_reads_as_a_change() -> None:
    event = {"state": "received", "at": "2026-01-02T03:04:05+00:00"}
    found = life({"flag_id": "f", "state": "received", "history": [event, event]})
    assert [line.text for line in found.history] == ["Received", "Changed by its author"]


def test_an_id_tells_the_state_and_none_of_the_words(room: Room, desk: Desk) -> None:
    receipt = room.complain(ADA, "a secret question", comment="a secret comment")
    assert "secret" not in view.life(desk.look_up(receipt.flag_id))


def test_an_unknown_or_missing_id_is_refused_in_words(desk: Desk) -> None:
    with pytest.raises(NotFound, match="no flag 'nothing'"):
        desk.look_up("nothing")
    with pytest.raises(BadRequest, match="id is missing"):
        desk.look_up("")


def test_the_words_open_with_the_receipt_only(room: Room, desk: Desk) -> None:
    receipt, other = room.complain(ADA, "one?"), room.complain(ADA, "two?")
    assert desk.open(receipt.flag_id, receipt.receipt).record is not None
    for wrong in ("", "guess", other.receipt):
        for act in (desk.open, desk.withdraw, desk.erase):
            with pytest.raises(NotFound):
                act(receipt.flag_id, wrong)
    assert desk.look_up(receipt.flag_id).state == "received"


def test_a_flag_is_changed_later_with_its_receipt_alone(room: Room, desk: Desk) -> None:
    receipt = room.complain(ADA, "one?")
    draft = make_draft("", "up", comment="Better than I thought. a@b.example", consent_train=False)
    life = desk.change(receipt.flag_id, receipt.receipt, draft)
    assert life.history[-1].text == "Changed by its author"
    now = desk.written(receipt.flag_id, receipt.receipt)
    assert (now.verdict, now.correction, now.consent.train) == ("up", "", False)
    assert now.redaction.counts
    assert "a@b.example" not in now.comment
    assert [flag.id for flag in desk.own(ADA)] == [receipt.flag_id]
    with pytest.raises(NotFound):
        desk.change(receipt.flag_id, "guess", draft)


def test_a_comparison_that_is_changed_keeps_what_lost(room: Room, desk: Desk) -> None:
    better, worse = (room.answer(ADA, "one?", text=text) for text in ("Good.", "Bad."))
    receipt = room.flag(better, "prefer", owner=ADA, over=worse.id)
    draft = make_draft("", "prefer", over="the same", comment="Shorter.")
    desk.change(receipt.flag_id, receipt.receipt, draft)
    now = desk.written(receipt.flag_id, receipt.receipt)
    assert (now.verdict, now.alternative, now.comment) == ("prefer", "Bad.", "Shorter.")


def test_what_is_taken_back_leaves_its_words(room: Room, desk: Desk) -> None:
    receipt = room.complain(ADA, "one?")
    assert desk.withdraw(receipt.flag_id, receipt.receipt).state == "withdrawn"
    opened = desk.open(receipt.flag_id, receipt.receipt)
    assert opened.record is None
    assert "Nothing of what you wrote" in view.stored(opened)


def test_erasing_names_what_it_reaches_before_and_is_done_after(room: Room, desk: Desk) -> None:
    receipt = room.complain(ADA, "one?")
    room.approve(receipt)
    version = build(room.home)
    Progress(room.home).mark([receipt.flag_id], "release", "demo-r1")
    warning = view.warning(desk.open(receipt.flag_id, receipt.receipt))
    assert version.name in warning
    assert "release demo-r1" in warning
    assert "next retrain" in warning
    assert desk.erase(receipt.flag_id, receipt.receipt).state == "erased"
    assert desk.look_up(receipt.flag_id).done == 0


def test_weights_are_not_spoken_of_where_nothing_was_trained() -> None:
    said = " ".join(erasing(Reach(revisions=2, datasets=(), runs=(), releases=())))
    assert "all 2 versions" in said
    assert "weights" not in said


def test_a_copy_on_the_hub_is_named_where_there_may_be_one() -> None:
    reach = Reach(revisions=1, datasets=(), runs=(), releases=())
    assert "me/raw-flags" in " ".join(erasing(reach, pushed_to="me/raw-flags"))
    assert "Hub" not in " ".join(erasing(reach))


def test_a_browser_lists_its_own_flags_newest_first(room: Room, desk: Desk) -> None:
    first, second = room.complain(ADA, "one?"), room.complain(ADA, "two?")
    room.complain("bob", "three?")
    room.flags.withdraw(first.flag_id, first.receipt)
    own = desk.own(ADA)
    assert [(flag.id, flag.state, flag.about) for flag in own] == [
        (second.flag_id, "received", "two?"),
        (first.flag_id, "withdrawn", ""),
    ]
    assert desk.own("session:stranger") == []
    assert desk.own("") == []


def test_nothing_of_a_flag_becomes_markup(room: Room, desk: Desk) -> None:
    receipt = room.complain(ADA, HOSTILE, comment=HOSTILE, correction=HOSTILE)
    room.decide("reject", receipt, note=HOSTILE)
    shown = [
        view.own_list(desk.own(ADA)),
        view.life(desk.look_up(receipt.flag_id)),
        view.stored(desk.open(receipt.flag_id, receipt.receipt)),
        view.side("Then", HOSTILE, HOSTILE, note=HOSTILE),
    ]
    assert not [html for html in shown if "<img" in html]


async def test_then_and_now_asks_the_same_with_the_model_of_now(room: Room, desk: Desk) -> None:
    answer = room.answer(ADA, "What is a quokka?", sampling={"seed": 5, "temperature": 0.25})
    receipt = room.flag(answer, owner=ADA)
    steps = [step async for step in desk.again(ADA, receipt.flag_id, receipt.receipt)]
    last = steps[-1].finished
    assert isinstance(last, Finished)
    assert (last.text, last.numbers.release) == ("A small marsupial.", "demo-r9")
    again = room.answers.get(last.answer_id)
    assert again is not None
    assert again.messages == answer.messages
    assert (again.sampling["seed"], again.sampling["temperature"]) == (5, 0.25)


async def test_then_and_now_needs_the_receipt(room: Room, desk: Desk) -> None:
    receipt = room.complain(ADA, "one?")
    with pytest.raises(NotFound):
        await anext(desk.again(ADA, receipt.flag_id, "guess"))


BOUND = [
    ("story", "story-choices", '{"choices":["a","b"]}', "choices"),
    ("brainstorm", "ideas", '{"ideas":[{"title":"abc","body":"d"}]}', "ideas"),
    ("brainstorm", "idea", '{"title":"abc","body":"d"}', "title"),
    ("brainstorm", "scores", '{"scores":[{"criterion":"new","reason":"r","score":3}]}', "scores"),
    ("api", "json_object", "{}", "object"),
]


def flagged(room: Room, app: str, schema: str, text: str) -> tuple:
    answer = AnswerRecord(
        app=app,
        owner="",
        messages=(Turn(role="user", content="Do it."),),
        text=text,
        model=ModelRef(name="demo"),
        schema_name=schema,
    )
    room.answers.record(answer)
    receipt = room.flag(answer, owner="")
    return room.newest(receipt).record, answer


@pytest.mark.parametrize(("app", "schema", "text", "names"), BOUND)
def test_a_bound_answer_is_bound_again(
    room: Room, app: str, schema: str, text: str, names: str
) -> None:
    record, answer = flagged(room, app, schema, text)
    ask = ask_again(record, answer, owner=ADA)
    assert names in json.dumps(ask.request.schema)
    assert ask.role == {"scores": "judge", "json_object": "chat"}.get(schema, app)


def test_a_poem_keeps_its_form(room: Room) -> None:
    record, answer = flagged(room, "poetry", "poem-haiku", "a\nb\nc")
    assert ask_again(record, answer, owner=ADA).request.pattern


def test_a_form_that_is_gone_is_said(room: Room) -> None:
    record, answer = flagged(room, "poetry", "poem-rondo", "a")
    with pytest.raises(BadRequest, match="cannot be found again"):
        ask_again(record, answer, owner=ADA)


def test_without_the_recorded_answer_the_stored_words_are_asked(room: Room) -> None:
    record, _ = flagged(room, "chat", "", "no")
    assert ask_again(record, None, owner=ADA).request.messages[0].content == "Do it."


def test_a_receipt_is_read_as_the_site_says_it(tmp_path: Path) -> None:
    with spoken(Home(tmp_path)):
        shown = Flagging(
            receipt=Receipt(flag_id="f-1", receipt="s_2", state="received")
        ).shown_receipt()
        assert shown.startswith("⟦")
        assert {pasted(shown), pasted(f" {shown}\n"), pasted(shown.replace("\n", ""))} == {
            ("f-1", "s_2")
        }
        assert pasted("Flag f-1\nReceipt s_2") == ("f-1", "s_2")
        assert pasted("f-1") == ("f-1", "")


def test_a_life_and_an_erasure_are_told_in_the_language_of_the_site(tmp_path: Path) -> None:
    at = "2026-01-02T03:04"
    reach = Reach(revisions=2, datasets=("7",), runs=("8",), releases=("9",))
    with spoken(Home(tmp_path)):
        lives = [
            life({"flag_id": "1", "state": state, "history": [{"state": state, "at": at}]})
            for state in SENTENCES
        ]
        shown = [view.life(one) for one in lives] + erasing(reach, pushed_to="6")
    assert {_english("".join(shown))} == {"UTC"}


def _english(shown: str) -> str:
    words = re.findall(r"[^\W\d_]{2,}", bare(html.unescape(re.sub(r"<[^>]*>", " ", shown))))
    return " ".join(sorted(set(words)))


# Releases


def test_a_release_is_told_in_the_language_of_the_site(tmp_path: Path) -> None:
    home = Home(tmp_path)
    store = ReleaseStore(home.releases)
    add(store, tmp_path / "a", "demo-r1", report={"passed": True, "findings": [
        {"name": "1", "passed": passed, "words": "."} for passed in (True, False, None)
    ]})  # fmt: skip
    store.promote("demo-r1")
    with spoken(home):
        shown = [
            releases_view.timeline(read_timeline(home, answering=name))
            for name in ("demo", "demo-r1")
        ]
    told = _english("".join(shown)).split()
    # Names, and the beginnings of checksums.
    assert {word for word in told if not set(word) <= set("abcdef")} <= {
        "Inkloop", "MB", "UTC", "apache", "demo", "gguf", "sha", "smoke",
    }  # fmt: skip


def test_without_releases_the_page_says_how_one_is_made(tmp_path: Path) -> None:
    shown = releases_view.timeline(read_timeline(Home(tmp_path), answering="demo"))
    assert "No release yet" in shown
    assert "Answering now: <strong>demo</strong>" in shown


def test_the_timeline_is_newest_first_and_marks_what_serves(tmp_path: Path) -> None:
    home = Home(tmp_path)
    store = ReleaseStore(home.releases)
    add(store, tmp_path / "a", "demo-r1")
    add(store, tmp_path / "b", "demo-r2")
    store.promote("demo-r1")
    found = read_timeline(home, answering="demo-r1")
    assert [(e.manifest.name, e.promoted, e.answering) for e in found.entries] == [
        ("demo-r2", False, False),
        ("demo-r1", True, True),
    ]
    assert len(found.entries[1].served) == 1


def test_a_release_tells_its_reasons_and_the_gates_words(room: Room, tmp_path: Path) -> None:
    room.approve(*[room.complain(f"p{i}", f"what is {i}?") for i in range(4)])
    version = build(room.home)
    release = add(ReleaseStore(room.home.releases), tmp_path / "a", "demo-r1")
    manifest = json.loads((release.path / "manifest.json").read_text())
    manifest["dataset"]["name"] = version.name
    (release.path / "manifest.json").write_text(json.dumps(manifest))
    finding = {"name": "guarded <b>", "passed": True, "words": "Nothing was lost: -0.01."}
    gate = {"passed": True, "serving": {"name": "demo"}, "findings": [finding]}
    (release.path / "gate.json").write_text(json.dumps(gate))
    found = read_timeline(room.home, answering="demo")
    assert found.entries[0].reasons == (("Misunderstood me", 4),)
    shown = releases_view.timeline(found)
    assert "Nothing was lost: -0.01." in shown
    assert "<b>guarded &lt;b&gt;: passed</b>" in shown


def test_a_broken_manifest_is_told_and_not_raised(tmp_path: Path) -> None:
    folder = tmp_path / "releases" / "demo-r1"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    assert "cannot be read" in releases_view.timeline(
        read_timeline(Home(tmp_path), answering="demo")
    )


def test_flags_are_counted_per_thousand_answers(room: Room) -> None:
    for number in range(8):
        room.answer(ADA, f"question {number}")
    room.complain(ADA, "one?")
    room.flag(room.answer(ADA, "two?"), "up", owner=ADA)
    room.answers.flush()
    (row,) = judged(room.home)
    assert (row.name, row.rate.answers, row.rate.bad, row.rate.good) == ("demo", 10, 1, 1)
    assert row.rate.per_thousand(row.rate.bad) == 100
    assert row.reasons == (("Misunderstood me", 1),)
    assert "100.0" in releases_view.rates([row], keep_days=90)
