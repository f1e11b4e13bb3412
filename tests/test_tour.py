"""The tour's parts: its own folder only, nothing left behind, everybody asks in their own words."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import NoReturn

import pytest

from shared.errors import GateRefused, TrainingError
from training.demo import facts
from training.tour.asker import Asker
from training.tour.guide import STRANGERS, VISITORS
from training.tour.narrator import Narrator
from training.tour.page import write_page
from training.tour.place import Place
from training.tour.questions import Fault, find_faults, known
from training.tour.visitor import Visitor

ROOT = Path(__file__).resolve().parents[1]


def test_the_tour_never_empties_a_folder_that_it_did_not_make(tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("keep me")
    with pytest.raises(TrainingError, match="was not made by a tour"):
        Place(tmp_path).fresh()
    assert mine.read_text() == "keep me"


def test_a_second_tour_begins_with_an_empty_home(tmp_path: Path) -> None:
    place = Place(tmp_path / "tour").fresh()
    (place.home / "left over").touch()
    assert [path.name for path in place.fresh().home.iterdir()] == [".inkloop-tour"]


def test_no_setting_of_the_person_reaches_the_tour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INKLOOP_MODEL", "elsewhere.gguf")
    environment = Place(tmp_path).environment
    assert "INKLOOP_MODEL" not in environment
    assert environment["INKLOOP_HOME"] == str(tmp_path)


def test_the_server_ends_when_the_tour_is_killed() -> None:
    keeper = subprocess.Popen(
        [sys.executable, "-m", "training.tour.keeper", sys.executable, "-c", _SLEEPER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    child = int(keeper.stdout.readline())
    keeper.stdin.close()
    keeper.wait(30)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


_SLEEPER = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"


def test_no_two_visitors_put_a_question_alike() -> None:
    fault = Fault("A", tuple(facts.held_out()[:3]))
    people = max(VISITORS, STRANGERS)
    asked = [question for person in range(people) for question, _ in fault.asked_by(person)]
    assert len(set(asked)) == len(asked) == 3 * people
    assert not {question for question, _ in fault.asked_otherwise()} & set(asked)


def test_faults_are_facts_that_the_model_gets_wrong() -> None:
    knows = {facts.held_out()[0].answer}
    first, second = find_faults(lambda _, answer: answer in knows)
    found = {*first.facts, *second.facts}
    assert len(found) == 6
    assert facts.held_out()[0] not in found


def test_what_is_known_spans_different_kinds() -> None:
    pairs = known(lambda *_: True)
    assert len({" ".join(answer.split()[:2]) for _, answer in pairs}) > 10


def test_a_check_that_does_not_hold_ends_the_tour(capsys: pytest.CaptureFixture[str]) -> None:
    voice = Narrator()
    voice.check(True, "This holds.")
    with pytest.raises(GateRefused, match="That does not"):
        voice.check(False, "That does not.")
    assert voice.held == 1
    assert "✓ This holds." in capsys.readouterr().out


def told(tmp_path: Path, answered: str) -> str:
    voice = Narrator()
    voice.chapter("One & only")
    voice.say("First.")
    voice.quote("Who?", answered)
    voice.check(True, "It holds.")
    return write_page(voice.diary, tmp_path, minutes=1.5).read_text(encoding="utf-8")


def test_the_page_tells_the_tour_in_its_order_and_escapes_what_models_say(tmp_path: Path) -> None:
    page = told(tmp_path, "<script>alert(1)</script>")
    places = [page.index(text) for text in ("One &amp; only", "First.", "&lt;script", "It holds.")]
    assert places == sorted(places)
    assert "<script" not in page
    assert "Every check held. 1 check in 1.5 minutes" in page


def test_the_page_of_a_tour_that_stopped_says_where(tmp_path: Path) -> None:
    voice = Narrator()
    voice.chapter("One")
    with pytest.raises(GateRefused):
        voice.check(False, "It swapped.")
    page = write_page(voice.diary, tmp_path, minutes=1).read_text(encoding="utf-8")
    assert "It stopped: It swapped." in page


class Deaf(Visitor):
    """Somebody whom nobody answers; the first time they ask, they are heard by the test."""

    def __init__(self, heard: threading.Event) -> None:
        self._heard = heard

    def ask(self, question: str) -> NoReturn:
        self._heard.set()
        raise TrainingError(f"No answer to {question}")


def test_questions_that_failed_while_models_are_swapped_are_counted() -> None:
    heard = threading.Event()
    with Asker(Deaf(heard), pause=0.01) as asker:
        assert heard.wait(30)
    assert asker.answers == 0
    assert asker.failures >= 1
