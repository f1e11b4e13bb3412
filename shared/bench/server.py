"""An Inkloop of the benchmark's own: started on a free port, stopped afterwards."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from shared.bench.figures import Figures
from shared.errors import EngineClosed

READY = "Inkloop is ready at "
ENDING_SECONDS = 60
"""It ends within five; on a machine that others use it may wait for its turn."""


@dataclass(frozen=True, slots=True)
class OwnServer:
    """A running `inkloop serve`."""

    url: str
    process: int

    def memory(self, model_bytes: int) -> Figures:
        """What it keeps in memory (MB), and how much of that is neither model file nor KV cells."""
        resident = psutil.Process(self.process).memory_info().rss
        shown = httpx.get(f"{self.url}/metrics").text
        cells = sum(
            float(line.rsplit(" ", 1)[1])
            for line in shown.splitlines()
            if re.match(r"inkloop_kv_bytes\{", line)
        )
        return {
            "resident_mb": resident / 1e6,
            "beside_file_and_cells_mb": (resident - model_bytes - cells) / 1e6,
        }


@contextmanager
def own_server(model: str, more: Mapping[str, str] | None = None) -> Iterator[OwnServer]:
    """Run `inkloop serve` in a home of its own.

    Args:
        model: As INKLOOP_MODEL; empty is whatever a new home takes.
        more: Further variables, such as a fixed number of threads.

    Raises:
        EngineClosed: If it did not start; the message holds what it said.
    """
    with tempfile.TemporaryDirectory(prefix="inkloop-bench-") as folder:
        env = os.environ | {"INKLOOP_HOME": folder} | dict(more or {})
        if model:
            env["INKLOOP_MODEL"] = model
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
            yield OwnServer(_address(process, log), process.pid)
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
