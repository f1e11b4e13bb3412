"""An Inkloop of the benchmark's own: started on a free port, stopped afterwards."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import EngineClosed

READY = "Inkloop is ready at "


@contextmanager
def own_server(model: str) -> Iterator[str]:
    """Run `inkloop serve` in a home of its own; yields its address.

    Raises:
        EngineClosed: If it did not start; the message holds what it said.
    """
    with tempfile.TemporaryDirectory(prefix="inkloop-bench-") as folder:
        env = os.environ | {"INKLOOP_HOME": folder}
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
            yield _address(process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def _address(process: "subprocess.Popen[str]", log: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(READY):
            return line.removeprefix(READY).split()[0]
    raise EngineClosed(
        "The server for the benchmark did not start: " + log.read_text(encoding="utf-8")[-500:],
        fix="Run `inkloop doctor`.",
    )
