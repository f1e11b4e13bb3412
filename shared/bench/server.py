"""An Inkloop of the benchmark's own: started on a free port, stopped afterwards."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from shared.bench.figures import Figures
from shared.durable import replace_text
from shared.errors import EngineClosed
from shared.home import Home
from shared.models.select import PIN

READY = "Inkloop is ready at "
ENDING_SECONDS = 60
"""It ends within five; on a machine that others use it may wait for its turn."""
ENDED = 143
"""Exit code after SIGTERM, as shells count."""
CHANGE_SECONDS = 600
"""Longest change of model; running answers end on the old one first."""
LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class OwnServer:
    """A running `inkloop serve`."""

    url: str
    process: int
    home: Path

    def resident(self) -> int:
        """Bytes that it keeps in memory, pages of the model file counted in."""
        return int(psutil.Process(self.process).memory_info().rss)

    def metric(self, pattern: str) -> float:
        """The sum of the metrics whose name and labels begin with a pattern."""
        shown = httpx.get(f"{self.url}/metrics", timeout=60).text
        lines = (line for line in shown.splitlines() if re.match(pattern, line))
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def memory(self, model_bytes: int) -> Figures:
        """What it keeps in memory (MB), and how much of that is neither model file nor KV cells."""
        resident = self.resident()
        cells = self.metric(r"inkloop_(kv_bytes\{|parked_bytes )")
        return {
            "resident_mb": resident / 1e6,
            "beside_file_and_cells_mb": (resident - model_bytes - cells) / 1e6,
        }

    def pin(self, model: Path) -> None:
        """Have it go over to another model file; it must have been started with a pinned one."""
        pin_model(self.home, model)

    async def until_serving(self, release: str) -> None:
        """Wait until new requests are answered by that model.

        Raises:
            EngineClosed: If it refuses to, or takes too long.
        """
        async with _patience(f"{release} was not served"), httpx.AsyncClient(timeout=60) as client:
            while True:
                now = (await client.get(f"{self.url}/healthz")).json()
                if now["release"] == release:
                    return
                if now["trouble"]:
                    raise EngineClosed(now["trouble"], fix="Run `inkloop doctor`.")
                await asyncio.sleep(LOOK_SECONDS)

    async def until_freed(self, swaps: float) -> None:
        """Wait until so many old models have been freed.

        Raises:
            EngineClosed: If that takes too long.
        """
        async with _patience("An old model was not freed"):
            while self.metric("inkloop_swaps_total ") < swaps:
                await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def _patience(what: str) -> AsyncIterator[None]:
    """A limit, told in words."""
    try:
        async with asyncio.timeout(CHANGE_SECONDS):
            yield
    except TimeoutError as error:
        raise EngineClosed(
            f"{what} within {CHANGE_SECONDS} s.", fix="Is the machine busy with something else?"
        ) from error


def pin_model(home: Path, model: Path) -> None:
    """What `inkloop models use` does, for a file."""
    models = Home(home).models
    models.mkdir(parents=True, exist_ok=True)
    replace_text(models / PIN, str(model))


@contextmanager
def own_server(
    model: str, more: Mapping[str, str] | None = None, *, pinned: Path | None = None
) -> Iterator[OwnServer]:
    """Run `inkloop serve` in a home of its own.

    Args:
        model: As INKLOOP_MODEL; empty is whatever a new home takes.
        more: Further variables, such as a fixed number of threads.
        pinned: A model file that its home names instead, so that it can be changed later.

    Raises:
        EngineClosed: If it did not start; the message holds what it said.
    """
    with tempfile.TemporaryDirectory(prefix="inkloop-bench-") as folder:
        env = os.environ | {"INKLOOP_HOME": folder} | dict(more or {})
        if model:
            env["INKLOOP_MODEL"] = model
        if pinned is not None:
            env.pop("INKLOOP_MODEL", None)
            pin_model(Path(folder), pinned)
        # Who ends the benchmark ends its server too.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED))
        log = Path(folder) / "serve.log"
        with log.open("w", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "shared", "serve", "--port", "0"],
                stdout=subprocess.PIPE,
                stderr=errors,
                env=env,
                text=True,
            )
        try:
            yield OwnServer(_address(process, log), process.pid, Path(folder))
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=ENDING_SECONDS)
            except subprocess.TimeoutExpired:  # nothing may be left behind that was started here
                process.kill()
                process.wait()


def _address(process: "subprocess.Popen[str]", log: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(READY):
            return line.removeprefix(READY).split()[0]
    raise EngineClosed(
        "The server for the benchmark did not start: " + log.read_text(encoding="utf-8")[-500:],
        fix="Run `inkloop doctor`.",
    )
