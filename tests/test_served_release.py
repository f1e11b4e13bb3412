"""A running server follows the promoted release, and refuses one that is not what it says."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from shared.durable import replace_text
from shared.manifest import FileEntry, Manifest, Source
from shared.releases import Release, ReleaseStore
from tests.serving import Serving, served

PATIENCE_SECONDS = 60
HELLO = {"messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 4}


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
