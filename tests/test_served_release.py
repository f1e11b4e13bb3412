"""A running server follows the promoted release, and refuses one that is not what it says."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from feedback.answers import AnswerStore
from shared.durable import replace_text, sha256_of
from shared.home import Home
from shared.manifest import FileEntry, Manifest, Source
from shared.releases import Release, ReleaseStore
from tests.serving import Serving, served

PATIENCE_SECONDS = 240
HELLO = {"messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 4}
CONVERSATIONS = 8


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("following") / "home"


@pytest.fixture(scope="module")
def following(home: Path) -> Iterator[Serving]:
    """A server without a named model, so that it follows what is promoted."""
    with served(home, "chat", model="") as started:
        yield started


def add_release(home: Path, name: str, model: Path) -> Release:
    work = home / "work"
    work.mkdir(exist_ok=True)
    gguf = work / f"{name}.gguf"
    shutil.copyfile(model, gguf)
    gate = work / "gate.json"
    gate.write_text(json.dumps({"passed": True}))
    manifest = Manifest(
        name=name,
        gguf=FileEntry.of(gguf),
        gate=FileEntry.of(gate),
        base=Source(name="demo", sha256="0" * 64),
        recipe=Source(name="smoke", sha256="1" * 64),
        dataset=Source(name="v1", sha256="2" * 64),
        flags=3,
        template_sha256="3" * 64,
        verdict="passed",
        build=f"build of {name}",
        code_version="0.1.0",
        licence="apache-2.0",
    )
    return ReleaseStore(home / "releases").add(manifest, [gguf, gate], card=f"# {name}\n")


def health(serving: Serving) -> dict[str, str]:
    return httpx.get(f"{serving.url}/healthz").json()


def eventually(serving: Serving, is_so: Callable[[dict[str, str]], bool]) -> dict[str, str]:
    """Ask the server until it is so: a change of model has no other sign outside."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if is_so(now := health(serving)):
            return now
        time.sleep(0.1)
    raise AssertionError(f"{health(serving)}\n{serving.said}")


def test_a_promoted_release_is_served_without_a_restart_and_rolled_back(
    following: Serving, home: Path, demo_gguf: Path
):
    store = ReleaseStore(home / "releases")
    assert health(following)["release"] == "demo"
    add_release(home, "demo-r1", demo_gguf)
    store.promote("demo-r1")
    eventually(following, lambda now: now["release"] == "demo-r1")
    answer = httpx.post(f"{following.url}/v1/chat/completions", json=HELLO, timeout=60).json()
    assert answer["model"] == "demo-r1"
    store.rollback()
    eventually(following, lambda now: now["release"] == "demo")


def test_a_release_that_is_not_its_manifest_is_refused_and_told(
    following: Serving, home: Path, demo_gguf: Path
):
    store = ReleaseStore(home / "releases")
    before = health(following)["release"]
    changed = add_release(home, "demo-r2", demo_gguf)
    with changed.gguf.open("r+b") as file:
        last = file.seek(-1, 2)
        byte = file.read(1)[0]
        file.seek(last)
        file.write(bytes([byte ^ 1]))
    pointer = store.pointer().forward("demo-r2")
    replace_text(store.pointer_path, pointer.model_dump_json())
    told = eventually(following, lambda now: bool(now["trouble"]))
    assert told["release"] == before
    assert "manifest expects sha256" in told["trouble"]
    assert any("demo-r2" in line for line in following.lines)
    shutil.copyfile(demo_gguf, changed.gguf)
    mended = eventually(following, lambda now: now["release"] == "demo-r2")
    assert not mended["trouble"]


@dataclass(slots=True)
class Said:
    """One streamed answer, as who asked for it saw it."""

    id: str = ""
    text: str = ""
    names: list[str] = field(default_factory=list)
    """The release that each chunk named, without repetitions."""
    finish: str = ""
    whole: bool = False

    def read(self, line: str) -> None:
        if line == "data: [DONE]":
            self.whole = True
        elif line.startswith("data: "):
            chunk = json.loads(line.removeprefix("data: "))
            assert "error" not in chunk, chunk
            self.id = chunk["id"]
            if chunk["model"] not in self.names:
                self.names.append(chunk["model"])
            for choice in chunk["choices"]:
                self.text += choice["delta"].get("content", "")
                self.finish = choice["finish_reason"] or self.finish


@dataclass(slots=True)
class Talk:
    """A person who keeps talking until everybody has heard enough."""

    url: str
    changed: threading.Condition
    answers: list[Said] = field(default_factory=list)
    enough: bool = False
    over: bool = False

    def go_on(self) -> None:
        try:
            turns: list[dict[str, str]] = []
            while not self.enough:
                turns = [*turns[-4:], {"role": "user", "content": "Tell me more about slate."}]
                said = self.ask(turns)
                turns.append({"role": "assistant", "content": said.text})
                with self.changed:
                    self.answers.append(said)
                    self.changed.notify_all()
        finally:
            with self.changed:
                self.over = True
                self.changed.notify_all()

    def ask(self, turns: list[dict[str, str]]) -> Said:
        body = {"messages": turns, "max_tokens": 24, "stream": True}
        said = Said()
        address = f"{self.url}/v1/chat/completions"
        with httpx.stream("POST", address, json=body, timeout=PATIENCE_SECONDS) as reply:
            assert reply.status_code == 200, reply.read()
            for line in reply.iter_lines():
                said.read(line)
        return said

    def heard(self, release: str, *, after: int) -> bool:
        """Whether an answer of a release came, not counting the first so many."""
        return any(said.names == [release] for said in self.answers[after:])


@pytest.mark.timeout(900)
def test_eight_conversations_run_through_promotion_and_rollback(
    tmp_path: Path, demo_gguf: Path
) -> None:
    home = Home(tmp_path / "home").prepare()
    store = ReleaseStore(home.releases)
    other = tmp_path / "other.gguf"
    # Bytes after the tensors are read by nobody, but another file has another hash.
    other.write_bytes(demo_gguf.read_bytes() + bytes(32))
    hashes = {"demo": sha256_of(demo_gguf), "demo-r8": sha256_of(other)}
    add_release(home.root, "demo-r8", other)
    changed = threading.Condition()
    with (
        served(home.root, "chat", model="") as serving,
        ThreadPoolExecutor(CONVERSATIONS) as people,
    ):
        talks = [Talk(serving.url, changed) for _ in range(CONVERSATIONS)]
        running = [people.submit(talk.go_on) for talk in talks]

        def everybody_heard(release: str) -> None:
            with changed:
                counts = [len(talk.answers) for talk in talks]
                changed.wait_for(
                    lambda: all(
                        talk.over or talk.heard(release, after=count)
                        for talk, count in zip(talks, counts, strict=True)
                    ),
                    PATIENCE_SECONDS,
                )

        try:
            everybody_heard("demo")
            store.promote("demo-r8")
            everybody_heard("demo-r8")
            store.rollback()
            everybody_heard("demo")
        finally:
            for talk in talks:
                talk.enough = True
        for one in running:
            one.result()  # raises what broke a conversation
    records = AnswerStore(home.history)
    for talk in talks:
        names = [said.names for said in talk.answers]
        assert all(said.whole and said.finish for said in talk.answers)
        assert ["demo"] in names
        assert ["demo-r8"] in names
        assert names.index(["demo-r8"]) < len(names) - 1 - names[::-1].index(["demo"])
        for said in talk.answers:
            record = records.get(said.id)
            assert record is not None
            assert said.names == [record.model.name]
            assert record.model.sha256 == hashes[record.model.name]
            assert record.text == said.text
    records.close()
