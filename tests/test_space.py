"""A Space's folder: what is in it, and that it runs alone."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from apps.space import requirements, write_space
from apps.suite import rows
from shared.errors import BadRequest
from tests.serving import Serving


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("space") / "poetry"
    write_space(rows(["poetry"])[0], out)
    return out


def test_the_folder_says_how_it_is_run_and_what_it_costs(folder: Path) -> None:
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("---\ntitle: Inkloop Poetry\n")
    assert "sdk_version: 6.31.0\n" in readme
    assert "PRO" in readme
    assert not (folder / "training").exists()
    assert not list(folder.rglob("__pycache__"))


def test_only_what_serves_is_installed() -> None:
    needed = " ".join(requirements())
    assert "gradio==6.31.0" in needed
    assert "llama-cpp-python" in needed
    assert "torch" not in needed


def test_nothing_that_is_there_is_overwritten(folder: Path) -> None:
    with pytest.raises(BadRequest, match="not an empty folder"):
        write_space(rows(["chat"])[0], folder)


def test_the_folder_runs_alone(folder: Path, tmp_path: Path) -> None:
    env = {key: value for key, value in os.environ.items() if not key.startswith("INKLOOP_")}
    env |= {"INKLOOP_HOME": str(tmp_path / "home"), "INKLOOP_PORT": "0", "PYTHONPATH": ""}
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    serving = Serving(process, tmp_path / "home")
    threading.Thread(target=serving.listen, daemon=True).start()
    try:
        port = serving.wait_ready().url.rpartition(":")[2]
        page = httpx.get(f"http://127.0.0.1:{port}/")
        assert "poem-subject" in page.text
    finally:
        assert serving.end() == 0
