"""`inkloop serve` as whoever starts and stops it sees it."""

import json
import os
import signal
import socket
import threading
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from apps.site.listening import listening
from shared.errors import SettingsError
from tests.serving import PATIENCE_SECONDS, READY, Serving, inkloop, served

HELLO = {"messages": [{"role": "user", "content": "Tell me a story."}]}


def refused(*arguments: str, **settings: str) -> tuple[int, str]:
    """Exit code and words of a server that cannot start."""
    env = {f"INKLOOP_{name.upper()}": value for name, value in settings.items()}
    serving = inkloop("serve", *arguments, env=env)
    serving.ready.wait(PATIENCE_SECONDS)
    return serving.process.wait(PATIENCE_SECONDS), serving.said


def endless() -> dict[str, object]:
    """A question that the demo model answers until it is stopped."""
    from shared.models.demo import DEMO_DIR

    added = json.loads((DEMO_DIR / "tokenizer.json").read_text())["added_tokens"]
    bias = {str(token["id"]): -100 for token in added}
    return {**HELLO, "stream": True, "max_tokens": 900, "logit_bias": bias}


def test_the_ready_line_is_the_only_line_on_a_quiet_start(serving: Serving):
    # Later lines come from what the other tests do with the same server.
    assert READY.fullmatch(serving.lines[0])
    assert serving.model == "demo"


def test_requests_are_answered_once_it_says_that_it_is_ready(serving: Serving):
    health = httpx.get(f"{serving.url}/healthz").json()
    assert health["status"] == "ok"
    assert health["release"] == "demo"


def test_metrics_have_the_promised_names(serving: Serving):
    text = httpx.get(f"{serving.url}/metrics").text
    for name in (
        "inkloop_requests_total",
        "inkloop_prompt_tokens_total",
        "inkloop_generated_tokens_total",
        "inkloop_first_token_seconds",
        "inkloop_token_gap_seconds",
        "inkloop_queue_waiting",
        "inkloop_running",
        "inkloop_threads",
        "inkloop_flags_unpushed",
        "inkloop_release_info",
    ):
        assert name in text, name


def test_sigterm_ends_it_in_time_tells_running_answers_and_keeps_them(tmp_path: Path):
    home = tmp_path / "home"
    last: list[str] = []
    with served(home, "chat") as serving:
        writing = threading.Event()

        def read() -> None:
            with httpx.stream(
                "POST",
                f"{serving.url}/v1/chat/completions",
                json=endless(),
                timeout=PATIENCE_SECONDS,
            ) as reply:
                for number, line in enumerate(reply.iter_lines()):
                    last.append(line)
                    if number > 8:
                        writing.set()

        reader = threading.Thread(target=read)
        reader.start()
        assert writing.wait(PATIENCE_SECONDS)
        told_at = time.monotonic()
        serving.process.send_signal(signal.SIGTERM)
        assert serving.process.wait(PATIENCE_SECONDS) == 0
        took = time.monotonic() - told_at
        reader.join(PATIENCE_SECONDS)
    # The promise of 5 s is for a machine that has time; on a crowded one only the order counts.
    assert took < 5 or os.getloadavg()[0] > (os.cpu_count() or 1)
    assert any('"error"' in line for line in last)
    answer_id = json.loads(last[0].removeprefix("data: "))["id"]
    assert kept(home, answer_id).text


def kept(home: Path, answer_id: str):
    from contextlib import closing

    from feedback.answers import AnswerStore

    with closing(AnswerStore(home / "history.sqlite")) as answers:
        answer = answers.get(answer_id)
    assert answer is not None
    return answer


def test_sigint_ends_it_as_interrupted(tmp_path: Path):
    with served(tmp_path / "home", "chat") as serving:
        serving.process.send_signal(signal.SIGINT)
        assert serving.process.wait(PATIENCE_SECONDS) == 130


def test_a_taken_port_is_one_sentence(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = refused("--port", str(port), home=str(tmp_path / "home"), model="demo")
    assert code == 2
    assert said.startswith(f"inkloop: Inkloop cannot listen at 127.0.0.1:{port}")
    assert len(said.splitlines()) == 1


def test_of_two_that_want_one_port_in_the_same_moment_one_gets_it():
    first = listening("127.0.0.1", 0)
    port = first.getsockname()[1]
    with closing(first), pytest.raises(SettingsError, match="Address already in use"):
        listening("127.0.0.1", port)


@pytest.mark.parametrize("env", [{"home": "~no-such-user"}, {"model": "~no-such-user/x.gguf"}])
def test_the_folder_of_nobody_is_one_sentence(tmp_path: Path, env: dict[str, str]):
    code, said = refused("--port", "0", **{"home": str(tmp_path / "home"), **env})
    assert code == 2
    assert "~no-such-user, which is nobody's folder" in said
    assert len(said.splitlines()) == 1


def test_a_name_and_password_in_an_address_are_never_shown(tmp_path: Path):
    model = "http://ada:open-sesame@127.0.0.1:9/v1"
    code, said = refused("--port", "0", home=str(tmp_path / "home"), model=model)
    assert code == 2
    assert said.startswith("inkloop: http://127.0.0.1:9/v1 cannot be reached")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path: Path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    code, said = refused("--port", "0", "--home", str(closed), model="demo")
    assert code == 2
    assert "cannot be written" in said


def test_a_home_that_is_a_file_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("no folder")
    code, said = refused("--port", "0", "--home", str(tmp_path / "file"), model="demo")
    assert code == 2
    assert "cannot be written" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("lama-3.2-1b", "Did you mean llama-3.2-1b?"),
        ("llama-3.2-1b", "inkloop models pull llama-3.2-1b"),
        ("/nowhere/model.gguf", "There is no model file"),
    ],
)
def test_a_model_that_is_not_there_is_one_sentence(tmp_path: Path, model: str, says: str):
    code, said = refused("--port", "0", "--model", model, home=str(tmp_path / "home"))
    assert code == 2
    assert says in said
    assert len(said.splitlines()) == 1


def test_a_file_that_is_no_model_is_one_sentence(tmp_path: Path):
    page = tmp_path / "page.gguf"
    page.write_text("<!doctype html><p>Not found")
    code, said = refused("--port", "0", "--model", str(page), home=str(tmp_path / "home"))
    assert code == 2
    assert "not a GGUF file" in said


def test_an_app_that_is_not_there_is_one_sentence(tmp_path: Path):
    code, said = refused("chess", home=str(tmp_path / "home"))
    assert code == 2
    assert "The apps are chat, code, story, brainstorm, poetry." in said


def test_a_mistyped_setting_is_one_sentence(tmp_path: Path):
    code, said = refused("--port", "0", home=str(tmp_path / "home"), hots="x")
    assert code == 2
    assert "Did you mean INKLOOP_HOST?" in said


def test_a_single_app_has_its_page_at_the_root(tmp_path: Path):
    with served(tmp_path / "home", "chat") as serving:
        root = httpx.get(serving.url)
        elsewhere = httpx.get(f"{serving.url}/chat")
    assert root.status_code == 200
    assert "chat-input" in root.text
    assert elsewhere.status_code == 404


def test_a_role_may_have_a_model_of_its_own(tmp_path: Path, demo_gguf: Path):
    other = tmp_path / "judge.gguf"
    other.symlink_to(demo_gguf)
    with served(tmp_path / "home", "chat", role_chat=str(other)) as serving:
        reply = httpx.post(
            f"{serving.url}/v1/chat/completions", json={**HELLO, "max_tokens": 4}, timeout=60
        ).json()
        health = httpx.get(f"{serving.url}/healthz").json()
        page = httpx.get(serving.url).text
    assert reply["model"] == "judge"
    assert "Model: \\u003cstrong\\u003ejudge" in page or "Model: <strong>judge" in page
    assert health["release"] == "demo"
