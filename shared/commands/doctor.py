"""`inkloop doctor`: what is missing or odd on this machine, and the command that mends it."""

import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Literal

import click

from shared.errors import InkloopError
from shared.home import Home
from shared.settings import Settings

State = Literal["ok", "note", "problem"]
MARKS: dict[State, str] = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}
CPU_TORCH = "https://pytorch.org/get-started/locally/ (choose CPU), then pip install -e '.[dev]'"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    what: str
    state: State
    says: str
    mend: str = ""


def _llama() -> Finding:
    try:
        version = metadata.version("llama-cpp-python")
    except metadata.PackageNotFoundError:
        return Finding(
            "llama.cpp", "problem", "llama-cpp-python is not installed",
            "pip install -e . (compiles for some minutes; needs a C++ compiler and cmake)",
        )  # fmt: skip
    return Finding("llama.cpp", "ok", f"llama-cpp-python {version}")


def _compiler() -> Finding:
    found = next((c for c in ("c++", "g++", "clang++") if shutil.which(c)), "")
    if found:
        return Finding("compiler", "ok", found)
    return Finding(
        "compiler", "note", "no C++ compiler; only needed to install llama-cpp-python anew",
        "apt-get install build-essential   (or your system's compiler)",
    )  # fmt: skip


def _browser() -> Finding:
    found = next(
        (b for b in ("chromium", "chromium-browser", "google-chrome") if shutil.which(b)), ""
    )
    if found:
        return Finding("Chromium", "ok", found)
    return Finding(
        "Chromium", "note", "not found; only the browser tests need it",
        "apt-get install chromium",
    )  # fmt: skip


def _memory(choice_bytes: int) -> Finding:
    from shared.llama.memory import available

    free = available()
    needed = choice_bytes + 600_000_000
    says = f"{free / 1e9:.1f} GB free, about {needed / 1e9:.1f} GB needed for the chosen model"
    if free < needed:
        return Finding("memory", "problem", says, "inkloop models use demo, or a smaller model")
    return Finding("memory", "ok", says)


def _disk(home: Home) -> Finding:
    place = home.root
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    says = f"{free / 1e9:.1f} GB free for {home.root}"
    if free < 1_000_000_000:
        return Finding("disk", "problem", says, "make room, or set INKLOOP_HOME elsewhere")
    return Finding("disk", "ok", says)


def _home(home: Home) -> Finding:
    place = home.root
    while not place.exists():
        place = place.parent
    if os.access(place, os.W_OK):
        return Finding("home", "ok", str(home.root))
    return Finding(
        "home", "problem", f"{home.root} cannot be written", "set INKLOOP_HOME to a folder of yours"
    )


def _storage(home: Home) -> Finding:
    if not home.passes:
        return Finding("storage", "ok", "the disk of this machine")
    return Finding(
        "storage", "problem",
        f"{home.root} is emptied whenever this Space restarts: flags that wait, flags without"
        " consent, reviews, releases and conversations go with it",
        "add storage to the Space and set INKLOOP_HOME to a folder in it; until then"
        " INKLOOP_FLAGS_REPO saves flags with consent",
    )  # fmt: skip


def _model(settings: Settings, home: Home) -> tuple[Finding, int]:
    from shared.models.catalogue import DEFAULT
    from shared.models.demo import DEMO_NAME
    from shared.models.select import choose

    try:
        choice = choose(settings, home)
    except InkloopError as error:
        return Finding("model", "problem", error.what, error.fix), 0
    size = choice.path.stat().st_size if choice.path else 0
    if choice.release == DEMO_NAME:
        return Finding(
            "model", "note", "the demo model (tiny; made to show how Inkloop works)",
            f"inkloop models pull {DEFAULT}",
        ), size  # fmt: skip
    return Finding("model", "ok", choice.release), size


def _port(settings: Settings) -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            return Finding(
                "port", "note", f"{settings.host}:{settings.port}: {error.strerror}",
                "stop what runs there, or: inkloop serve --port 0",
            )  # fmt: skip
    return Finding("port", "ok", f"{settings.host}:{settings.port} is free")


def _token() -> Finding:
    there = (
        bool(os.environ.get("HF_TOKEN")) or Path("~/.cache/huggingface/token").expanduser().exists()
    )
    if there:
        return Finding("Hub token", "ok", "there (only used when you push, pull or fetch)")
    return Finding(
        "Hub token", "note", "none; only gated models and pushing flags to the Hub need one",
        "hf auth login",
    )  # fmt: skip


def _training() -> Finding:
    missing = [
        name for name in ("torch", "transformers", "trl", "peft") if not util.find_spec(name)
    ]
    if missing:
        return Finding("training", "note", f"{', '.join(missing)} not installed", CPU_TORCH)
    return Finding(
        "training", "ok", f"torch {metadata.version('torch')}, trl {metadata.version('trl')}"
    )


def findings() -> Iterator[Finding]:
    """Look at this machine; one finding per thing."""
    settings = Settings.load()
    home = Home(settings.home)
    yield _llama()
    yield _compiler()
    model, size = _model(settings, home)
    yield model
    checks: list[Callable[[], Finding]] = [
        lambda: _memory(size), lambda: _home(home), lambda: _disk(home), lambda: _storage(home),
        lambda: _port(settings),        _browser, _token, _training,
    ]  # fmt: skip
    for check in checks:
        yield check()


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def doctor(as_json: bool) -> int:
    """Say what is missing or odd on this machine, and the command that mends it.

    Exit code 1 when something is a problem; notes are not problems.
    """
    rows = list(findings())
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        for row in rows:
            click.echo(f"{MARKS[row.state]} {row.what:<10} {row.says}")
            if row.mend:
                click.echo(f"{'':<19}-> {row.mend}")
    return 1 if any(row.state == "problem" for row in rows) else 0
