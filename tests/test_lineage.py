"""From a release to every flag, and back; what was erased is known to the releases that used it."""

import json
from pathlib import Path

import pytest

from feedback.curate import build
from feedback.erasure import erase
from feedback.records import AnswerRecord, ModelRef, Receipt, Turn, owner_hash
from feedback.repos import Repos
from shared.cli import run
from shared.home import Home
from shared.releases import Release, ReleaseStore
from tests.feedback_room import Room
from tests.released import add
from training.retrain.inputs import Marks


@pytest.fixture
def made(home_of_its_own: Path, tmp_path: Path) -> tuple[Release, list[Receipt]]:
    """A release from twelve flags."""
    home = Home(home_of_its_own).prepare()
    with Room.opened(home.root) as room:
        receipts = [room.complain(f"person {n}", f"Question {n}?") for n in range(12)]
        room.approve(*receipts)
    version = build(home)
    store = ReleaseStore(home.releases)
    release = add(store, tmp_path / "run", "demo-r1", dataset=version.name)
    Marks(home).released(version.flag_ids, release.name)
    return release, receipts


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    capsys.readouterr()
    assert run([*arguments, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_a_release_names_every_flag_and_a_flag_every_release(
    made: tuple[Release, list[Receipt]], capsys: pytest.CaptureFixture[str]
) -> None:
    release, receipts = made
    found = asked(capsys, "lineage", release.name)
    ids = {receipt.flag_id for receipt in receipts}
    assert set(found["trained"]) | set(found["heldout"]) == ids  # type: ignore[call-overload]
    assert found["heldout"]
    for receipt in receipts:
        back = asked(capsys, "lineage", receipt.flag_id)
        assert back["releases"] == [release.name]
        assert back["state"] == "shipped"


def test_erasing_a_flag_marks_the_releases_that_used_it(
    made: tuple[Release, list[Receipt]],
    home_of_its_own: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    release, receipts = made
    gone = receipts[0].flag_id
    home = Home(home_of_its_own)
    done = erase(home, [gone], by="owner", keep_days=90, repos=Repos())
    assert done.releases == (release.name,)
    assert asked(capsys, "lineage", release.name)["erased"] == [gone]
    assert asked(capsys, "lineage", gone)["releases"] == [release.name]
    assert asked(capsys, "releases", "show", release.name)["erased_since"] == 1
    assert run(["releases", "list"]) == 0
    assert "1 of its flags erased since" in capsys.readouterr().out
    assert gone not in build(home).flag_ids


def test_what_is_neither_a_release_nor_a_flag_is_not_found(
    made: tuple[Release, list[Receipt]], capsys: pytest.CaptureFixture[str]
) -> None:
    del made
    assert run(["lineage", "nothing"]) == 2
    assert "no release and no flag nothing" in capsys.readouterr().err


def test_flags_for_a_thousand_answers_are_told_by_prompt(
    made: tuple[Release, list[Receipt]],
    home_of_its_own: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    release, _ = made
    with Room.opened(home_of_its_own) as room:
        for number in range(8):
            answer = AnswerRecord(
                app="chat",
                owner=owner_hash(f"person {number}"),
                messages=(Turn(role="user", content="Who?"),),
                text="Bob.",
                model=ModelRef(name=release.name, sha256="a" * 64),
                prompt_version=f"chat-{1 + number % 2}",
                prompt_sha256=str(number % 2) * 64,
            )
            room.answers.record(answer)
            if number in (0, 2):
                room.flag(answer, owner=f"person {number}", reasons=["incorrect"])
    rates = asked(capsys, "releases", "show", release.name)["flag_rates"]
    found = {row["prompt"]: row["bad_per_thousand"] for row in rates}  # type: ignore[attr-defined]
    assert found == {"chat-1": 500.0, "chat-2": 0.0}
