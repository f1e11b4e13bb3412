"""Models: the catalogue, fetching over a real HTTP server, and what runs when."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import gguf
import numpy as np
import pytest

from shared.errors import ModelFileError, NotFound, SettingsError
from shared.home import Home
from shared.models.catalogue import CATALOGUE, DEFAULT, find
from shared.models.demo import DEMO_GGUF, DEMO_NAME
from shared.models.fetch import accept, accepted, fetch
from shared.models.gguf_file import read_header
from shared.models.select import choose, decisions, named, pin_model, unpin
from shared.settings import Settings


@pytest.fixture
def small_gguf(tmp_path: Path) -> Path:
    """A whole GGUF file with one tensor."""
    path = tmp_path / "small.gguf"
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("Small")
    writer.add_context_length(128)
    writer.add_token_list(["a", "b", "ä"])
    writer.add_tensor("x.weight", np.zeros((64, 32), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


class Hub:
    """The two requests of a download, over HTTP on loopback; can break off half-way."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.break_after = 0
        self.ranges: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                del args

            def do_HEAD(self) -> None:
                self._answer(body=False)

            def do_GET(self) -> None:
                self._answer(body=True)

            def _answer(self, *, body: bool) -> None:
                data = hub.files.get(self.path.split("?")[0])
                if data is None:
                    self.send_response(404)
                    self.send_header("X-Error-Code", "EntryNotFound")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                start = 0
                asked = self.headers.get("Range", "")
                if body and asked:
                    hub.ranges.append(asked)
                    start = int(asked.removeprefix("bytes=").split("-")[0])
                self.send_response(206 if start else 200)
                self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
                self.send_header("X-Repo-Commit", "0" * 40)
                self.send_header("Content-Length", str(len(data) - start))
                self.send_header("Accept-Ranges", "bytes")
                if start:
                    self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
                self.end_headers()
                if body:
                    rest = data[start:]
                    if hub.break_after:
                        rest, hub.break_after = rest[: hub.break_after], 0
                        self.close_connection = True
                    self.wfile.write(rest)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def hub(small_gguf: Path) -> Iterator[Hub]:
    hub = Hub({"/owner/repo/resolve/main/small.gguf": small_gguf.read_bytes()})
    yield hub
    hub.server.shutdown()


def inkloop(*args: str, home: Path, hub: Hub | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real command; the clean environment lets the Hub client call loopback."""
    env = {k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"}
    env |= {"INKLOOP_HOME": str(home), "HF_ENDPOINT": hub.url if hub else "http://127.0.0.1:9"}
    return subprocess.run(
        [sys.executable, "-m", "shared", *args],
        env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_every_row_of_the_catalogue_names_its_file_and_licence() -> None:
    for model in CATALOGUE.values():
        assert model.repo.count("/") == 1
        assert model.file.endswith(".gguf")
        assert model.licence_url.startswith("https://")
        assert len(model.sha256) in (0, 64)
    assert DEFAULT in CATALOGUE


def test_a_mistyped_model_names_the_nearest() -> None:
    with pytest.raises(NotFound, match=r"Did you mean llama-3\.2-1b"):
        find("lama-3.2-1b")


def test_a_whole_file_is_read(small_gguf: Path) -> None:
    header = read_header(small_gguf)
    assert (header.architecture, header.name, header.context_tokens) == ("llama", "Small", 128)
    assert header.whole_bytes <= small_gguf.stat().st_size


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>", "is not a GGUF file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS pointer"),
        (b"GGUF\x03\x00\x00\x00", "header cannot be read"),
        (b"GGUF\x03\x00\x00\x00" + b"\xff" * 64, "header cannot be read"),
    ],
)
def test_a_bad_file_is_told_in_a_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=says):
        read_header(path)


def test_a_file_that_was_cut_short_is_refused(small_gguf: Path) -> None:
    small_gguf.write_bytes(small_gguf.read_bytes()[:-4096])
    with pytest.raises(ModelFileError, match="cut short"):
        read_header(small_gguf)


def test_with_nothing_else_the_demo_model_runs(tmp_path: Path) -> None:
    choice = choose(Settings.load({}), Home(tmp_path))
    assert (choice.release, choice.path) == (DEMO_NAME, DEMO_GGUF)
    assert "demo model" in choice.notice


def test_a_pinned_model_runs_until_it_is_unpinned(tmp_path: Path, small_gguf: Path) -> None:
    home = Home(tmp_path / "home")
    before = decisions(home)
    pin_model(home, str(small_gguf))
    assert choose(Settings.load({}), home).path == small_gguf
    assert decisions(home) != before
    unpin(home)
    assert choose(Settings.load({}), home).release == DEMO_NAME


def test_the_setting_goes_before_everything_else(tmp_path: Path, small_gguf: Path) -> None:
    home = Home(tmp_path / "home")
    pin_model(home, DEMO_NAME)
    settings = Settings.load({"INKLOOP_MODEL": str(small_gguf)})
    assert choose(settings, home).release == "small"
    # Also of a file that no catalogue knows: answers record which weights wrote them.
    assert choose(settings, home).sha256 == hashlib.sha256(small_gguf.read_bytes()).hexdigest()


def test_an_address_is_a_server_elsewhere(tmp_path: Path) -> None:
    assert named("http://127.0.0.1:9/v1", Home(tmp_path)).url == "http://127.0.0.1:9/v1"


def test_a_catalogue_model_that_is_not_here_says_how_to_fetch_it(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=f"inkloop models pull {DEFAULT}"):
        named(DEFAULT, Home(tmp_path))


def test_offline_nothing_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="INKLOOP_OFFLINE"):
        fetch(
            Settings.load({"INKLOOP_OFFLINE": "1"}),
            Home(tmp_path),
            CATALOGUE[DEFAULT],
            lambda _so_far, _in_all: None,
        )


def test_a_model_is_fetched_and_used(tmp_path: Path, hub: Hub, small_gguf: Path) -> None:
    done = inkloop(
        "models", "pull", "hf://owner/repo/small.gguf", "--accept-licence", home=tmp_path, hub=hub
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "models" / "owner--repo--small.gguf").read_bytes() == small_gguf.read_bytes()
    used = inkloop("models", "use", "hf://owner/repo/small.gguf", home=tmp_path)
    assert used.returncode == 0, used.stderr


def test_a_broken_transfer_is_continued(tmp_path: Path, hub: Hub, small_gguf: Path) -> None:
    # The client writes blocks of 10 MB, so what is continued must be larger than one.
    large = small_gguf.read_bytes() + bytes(15_000_000)
    hub.files["/owner/repo/resolve/main/small.gguf"] = large
    hub.break_after = 12_000_000
    done = inkloop(
        "models", "pull", "hf://owner/repo/small.gguf", "--accept-licence", home=tmp_path, hub=hub
    )
    assert done.returncode == 0, done.stderr
    assert any(int(asked.removeprefix("bytes=").split("-")[0]) > 0 for asked in hub.ranges)
    assert (tmp_path / "models" / "owner--repo--small.gguf").read_bytes() == large


def test_the_licence_is_asked_for_once(tmp_path: Path, hub: Hub) -> None:
    refused = inkloop("models", "pull", "hf://owner/repo/small.gguf", home=tmp_path, hub=hub)
    assert refused.returncode != 0
    assert not (tmp_path / "models" / "owner--repo--small.gguf").exists()


@pytest.mark.parametrize("damage", ["", "{", "[1]", "\xff"])
def test_a_damaged_note_of_licences_asks_again(tmp_path: Path, damage: str) -> None:
    home, model = Home(tmp_path), find(DEFAULT)
    home.models.mkdir()
    (home.models / "licences.json").write_bytes(damage.encode("latin-1"))
    assert not accepted(home, model)
    accept(home, model)
    assert accepted(home, model)


def test_a_file_that_the_hub_does_not_have_is_told(tmp_path: Path, hub: Hub) -> None:
    done = inkloop(
        "models", "pull", "hf://owner/repo/none.gguf", "--accept-licence", home=tmp_path, hub=hub
    )
    assert done.returncode == 2
    assert "does not give out owner/repo/none.gguf" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_list_has_everything_as_json(tmp_path: Path) -> None:
    done = inkloop("models", "list", "--json", home=tmp_path)
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert {DEMO_NAME, *CATALOGUE} == set(rows)
    assert rows[DEFAULT]["sha256"] == CATALOGUE[DEFAULT].sha256
