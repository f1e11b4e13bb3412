"""Rows that a teacher writes: asked once, continued after an end, their licence beside them."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from shared.errors import TrainingError
from shared.messages import Message
from training.commands.data import data
from training.data_distill import Teacher, answers, pairs

TEACHER = Teacher(url="http://127.0.0.1:9/v1", model="large", licence="mit", system="Be brief.")


class Server:
    """Answers, and may stop doing so after a number of questions."""

    def __init__(self, *, lasts: int = 1000) -> None:
        self.asked: list[str] = []
        self._lasts = lasts

    def __call__(self, messages: Sequence[Message], number: int) -> str:
        if len(self.asked) >= self._lasts:
            raise TrainingError("The teacher went home.")
        self.asked.append(messages[-1].content)
        return f"About {messages[-1].content} ({number})"


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.txt"
    path.write_text("What is slate?\n\nWho made the clock?\nWhere is the sea?\n")
    return path


def test_every_question_is_answered_once(prompts: Path, tmp_path: Path) -> None:
    server, out = Server(), tmp_path / "out.jsonl"
    assert answers(prompts, out, TEACHER, ask=server).rows == 3
    assert answers(prompts, out, TEACHER, ask=server).asked == 0
    assert len(server.asked) == 3
    first = json.loads(out.read_text().splitlines()[0])["messages"]
    assert [turn["role"] for turn in first] == ["system", "user", "assistant"]


def test_a_call_that_ended_is_continued(prompts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with pytest.raises(TrainingError, match="went home"):
        answers(prompts, out, TEACHER, workers=1, ask=Server(lasts=2))
    assert not out.exists()
    with (tmp_path / "out.cache.jsonl").open("a") as file:
        file.write('{"key": "half a li')
    assert answers(prompts, out, TEACHER, ask=(server := Server())).asked == 1
    assert len(server.asked) == 1


def test_another_teacher_is_asked_anew(prompts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    answers(prompts, out, TEACHER, ask=Server())
    other = Teacher(url=TEACHER.url, model="larger", licence="mit")
    assert answers(prompts, out, other, ask=Server()).asked == 3


def test_licence_and_teacher_stand_beside_the_rows_but_no_key(
    prompts: Path, tmp_path: Path
) -> None:
    teacher = Teacher(url=TEACHER.url, model="large", licence="cc-by-4.0", key="secret-key")
    answers(prompts, tmp_path / "out.jsonl", teacher, ask=Server())
    about = (tmp_path / "out.about.json").read_text()
    assert json.loads(about)["licence"] == "cc-by-4.0"
    assert "secret-key" not in about
    assert "secret-key" not in (tmp_path / "out.cache.jsonl").read_text()


def test_questions_that_are_nearly_the_same_are_left_out(tmp_path: Path) -> None:
    topics = tmp_path / "topics.txt"
    topics.write_text("rivers\nclocks\n")

    def same(messages: Sequence[Message], number: int) -> str:
        del number
        topic = "rivers" if "rivers" in messages[-1].content else "clocks"
        return f"Tell me in three sentences how old {topic} are, and how anybody can know that."

    written = pairs(topics, tmp_path / "out.jsonl", TEACHER, each=3, ask=same)
    assert written.repeated >= 4
    assert written.rows == 6 - written.repeated


def test_a_teacher_that_cannot_be_reached_is_one_sentence(prompts: Path, tmp_path: Path) -> None:
    from training.data_distill import asker

    ask = asker(TEACHER, retries=0)
    with pytest.raises(TrainingError, match="gave no answer"):
        ask([Message("user", "Hello?")], 0)


def test_the_command_distills_from_our_own_server(
    server: str, prompts: Path, tmp_path: Path
) -> None:
    out = tmp_path / "rows.jsonl"
    options = ["--teacher", f"{server}/v1", "--model", "demo", "--licence", "apache-2.0"]
    call = ["distill", "--prompts", str(prompts), *options, "--out", str(out), "--json"]
    found = CliRunner().invoke(data, call, catch_exceptions=False)
    assert json.loads(found.stdout)["rows"] >= 1
    looked = CliRunner().invoke(data, ["look", str(out), "--json"], catch_exceptions=False)
    assert json.loads(looked.stdout)["kinds"] == ["conversation"]
