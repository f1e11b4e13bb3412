"""No acknowledged flag is lost on its way to the Hub, and none arrives twice.

A process that takes flags and pushes them is killed with SIGKILL again and again: at random
moments, right when the Hub has applied a commit whose answer has not arrived, and in the middle of
an upload, while the Hub answers 429, 500 and 504, breaks connections off and stalls, before and
after doing what it was asked. A dozen kills by default; PUSH_KILLS sets another number:

    PUSH_KILLS=100 pytest tests/test_push.py -k kill -s --timeout 3600
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client

from feedback.outbox import count_waiting, outbox_files
from tests.hub_store import Fault
from tests.loopback_hub import LoopbackHub
from tests.serving import inkloop

ROOT = Path(__file__).parent.parent
REPO = "me/flags"
KILLS = int(os.environ.get("PUSH_KILLS", "12"))
NAIVE_KILLS = 4
ROUND_SECONDS = 60
TROUBLE = [
    Fault("POST .*/commit/", status=429),
    Fault("POST .*/commit/", status=500),
    Fault("POST .*/commit/", status=500, after=True),
    Fault("POST .*/commit/", status=504, after=True),
    Fault("POST .*/commit/", after=True),
    Fault("POST .*/commit/"),
    Fault("POST .*/commit/", stall_seconds=1),
    Fault("POST .*/commit/", stall_seconds=1, after=True),
    Fault("PUT /large/", status=500),
    Fault("PUT /large/", after=True),
    Fault("POST .*/preupload/"),
    Fault("POST .*/objects/batch", status=503),
]


@pytest.fixture
def hub() -> Iterator[LoopbackHub]:
    with LoopbackHub.started() as started:
        yield started


class Worker:
    """The process that is going to be killed."""

    def __init__(self, hub: LoopbackHub, home: Path, scheme: str) -> None:
        self.told: list[tuple[str, int]] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.push_worker", str(home), REPO, scheme],
            cwd=ROOT,
            env=hub.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._busy = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith("\n"):
                flag_id, revision = line.split()
                self.told.append((flag_id, int(revision)))
                self._busy.set()

    def wait_busy(self) -> None:
        assert self._busy.wait(ROUND_SECONDS), "the worker has not acknowledged anything"

    def kill(self) -> list[tuple[str, int]]:
        self._process.send_signal(signal.SIGKILL)
        assert self._process.wait() == -signal.SIGKILL
        self._reader.join()
        return self.told


def kill_once(
    hub: LoopbackHub, home: Path, scheme: str, moment: str, chance: random.Random
) -> list[tuple[str, int]]:
    """Let the worker run up to the moment, kill it, and tell what it had acknowledged."""
    reached = threading.Event()
    if moment == "applied":
        hub.store.on_commit = reached.set
    worker = Worker(hub, home, scheme)
    try:
        worker.wait_busy()
        if moment == "uploading":
            hub.store.log.clear()
            wait_for_request(hub, "PUT /large/")
        elif moment == "applied":
            reached.wait(ROUND_SECONDS)
        pause = chance.uniform(0, 0.02 if moment == "applied" else 0.3)
        if scheme != "naive":
            threading.Event().wait(pause)
        return worker.kill()
    finally:
        hub.store.on_commit = lambda: None
        if worker._process.poll() is None:
            worker.kill()


def wait_for_request(hub: LoopbackHub, pattern: str) -> None:
    end = time.monotonic() + ROUND_SECONDS
    while not hub.store.asked(pattern) and time.monotonic() < end:
        threading.Event().wait(0.002)


def push_the_rest(hub: LoopbackHub, home: Path) -> None:
    hub.store.inject()
    done = subprocess.run(
        [sys.executable, "-m", "shared", "flags", "push"],
        cwd=ROOT,
        env=hub.environment | {"INKLOOP_HOME": str(home), "INKLOOP_FLAGS_REPO": REPO},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def counted(hub: LoopbackHub, told: list[tuple[str, int]]) -> tuple[int, int, int]:
    """Rows on the Hub; acknowledged flags that are not there; rows that are there again."""
    rows = Counter((row["id"], row["revision"]) for row in hub.rows(REPO))
    arrived: dict[str, int] = {}
    for flag_id, revision in rows:
        arrived[flag_id] = max(revision, arrived.get(flag_id, 0))
    wanted: dict[str, int] = {}
    for flag_id, revision in told:
        wanted[flag_id] = max(revision, wanted.get(flag_id, 0))
    lost = sum(arrived.get(flag_id, 0) < revision for flag_id, revision in wanted.items())
    return rows.total(), lost, rows.total() - len(rows)


def report(counts: str) -> None:
    """For whoever runs it with -s."""
    sys.stdout.write(f"\n{counts}\n")


@pytest.mark.slow
@pytest.mark.timeout(max(300, 40 * KILLS))
def test_kill_9_of_writer_and_pusher_loses_and_repeats_nothing(
    hub: LoopbackHub, tmp_path: Path
) -> None:
    chance = random.Random(20261120)
    told: list[tuple[str, int]] = []
    for number in range(KILLS):
        hub.store.inject(*chance.sample(TROUBLE, 3) if number % 2 else ())
        moment = ("applied", "random", "uploading")[number % 3]
        told += kill_once(hub, tmp_path, "sealed", moment, chance)
    push_the_rest(hub, tmp_path)
    rows, lost, repeated = counted(hub, told)
    repo = hub.store.repos[REPO]
    report(
        f"{KILLS} kills: {len(told)} revisions acknowledged, {rows} rows on the Hub,"
        f" {lost} lost, {repeated} repeated, {len(repo.commits)} commits"
    )
    assert len(told) >= KILLS
    assert (lost, repeated) == (0, 0)
    assert [count_waiting(path) for path in outbox_files(tmp_path / "feedback")] == [0]


@pytest.mark.slow
def test_the_naive_way_repeats_flags_under_such_kills(hub: LoopbackHub, tmp_path: Path) -> None:
    chance = random.Random(20261120)
    told: list[tuple[str, int]] = []
    for _ in range(NAIVE_KILLS):
        told += kill_once(hub, tmp_path, "naive", "applied", chance)
    rows, _, repeated = counted(hub, told)
    report(f"naively, {NAIVE_KILLS} kills: {len(told)} told, {rows} rows, {repeated} repeated")
    assert repeated > 0


def test_a_server_pushes_by_itself_and_once_more_when_it_ends(
    hub: LoopbackHub, tmp_path: Path
) -> None:
    settings = {"HOME": str(tmp_path), "MODEL": "demo", "FLAGS_REPO": REPO}
    env = {f"INKLOOP_{name}": value for name, value in settings.items()} | hub.variables
    serving = inkloop("serve", "chat", "--port", "0", env=env)
    try:
        client = Client(serving.wait_ready().url, analytics_enabled=False, verbose=False)
        first = flagged(client, "Who are you?")
        wait_for_request(hub, "POST .*/commit/main 200")
        second = flagged(client, "What do you like?")
    finally:
        code = serving.end()
    assert code == 0, serving.said
    assert [row["id"] for row in hub.rows(REPO)] == [first, second]


def flagged(client: Client, question: str) -> str:
    answer = client.predict(message=question, max_tokens=32, api_name="/chat")
    receipt = client.predict(
        answer_id=answer["answer_id"],
        verdict="down",
        correction="I am a small model.",
        consent_train=True,
        api_name="/flag",
    )
    return str(receipt["flag_id"])
