"""The tour's own home: a server on a free port and commands, none of which touch anything else."""

import os
import queue
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from shared.errors import TrainingError
from shared.settings import PREFIX

MARK = ".inkloop-tour"
_INKLOOP = (sys.executable, "-c", "from shared.cli import main; main()")
_READY = re.compile(r"Inkloop is ready at (http://\S+) \(model (.+)\)")
_STEP = re.compile(r": step (\d+) of ")
STEPS_SHOWN = 10
"""Of the steps of a training, every so many are shown."""
READY_SECONDS = 180
END_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did."""

    code: int
    output: str
    errors: str


@dataclass(frozen=True, slots=True)
class Place:
    """The folder in which the tour takes place."""

    home: Path

    def fresh(self) -> "Place":
        """Begin with an empty home; only a folder that an earlier tour made is ever deleted.

        Raises:
            TrainingError: If something else lies there.
        """
        if self.home.exists() and any(self.home.iterdir()):
            if not (self.home / MARK).is_file():
                raise TrainingError(f"{self.home} was not made by a tour.", fix="Move it away.")
            shutil.rmtree(self.home)
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.home / MARK).touch()
        return self

    @property
    def environment(self) -> dict[str, str]:
        """No setting of the person's own reaches the tour."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
        return kept | {
            f"{PREFIX}HOME": str(self.home),
            f"{PREFIX}OFFLINE": "true",
            "HF_HUB_OFFLINE": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def run(self, *arguments: str, show: bool = False) -> Outcome:
        """Run `inkloop …` to its end; `show` passes its lines on, indented."""
        with subprocess.Popen(  # noqa: S603 - our own command
            [*_INKLOOP, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            errors: list[str] = []
            reader = threading.Thread(target=_collect, args=[process.stderr, errors])
            reader.start()
            lines = list(_passed_on(process.stdout, show=show))
            reader.join()
        return Outcome(process.returncode, "".join(lines), "".join(errors))

    @contextmanager
    def server(self, *apps: str) -> Iterator["Server"]:
        """Serve the apps (all when none is named) on a free port until the block is left.

        Raises:
            TrainingError: If the server does not get ready.
        """
        keeper = [sys.executable, "-m", "training.tour.keeper"]
        log = self.home / "server.log"
        with log.open("w", encoding="utf-8") as errors:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [*keeper, *_INKLOOP, "serve", *apps, "--port", "0"],
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=Path(__file__).resolve().parents[2],
            )
        server = Server(process)
        try:
            server.wait_until_ready(log)
            yield server
        finally:
            server.stop()


@dataclass
class Server:
    """The running `inkloop serve`."""

    process: "subprocess.Popen[str]"
    url: str = ""
    model: str = ""
    exit_code: int | None = None
    _lines: "queue.SimpleQueue[str]" = field(default_factory=queue.SimpleQueue)

    def wait_until_ready(self, log: Path) -> None:
        """Wait for the line that says so."""
        threading.Thread(target=self._read, daemon=True).start()
        try:
            while (found := _READY.search(line := self._lines.get(timeout=READY_SECONDS))) is None:
                if not line:
                    break
        except queue.Empty:
            found = None
        if found is None:
            last = log.read_text(encoding="utf-8").strip().splitlines()[-1:]
            raise TrainingError(f"The server did not start. {' '.join(last)}")
        self.url, self.model = found[1], found[2]

    def stop(self) -> int:
        """End the server in order; its exit code."""
        if self.exit_code is None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            try:
                self.exit_code = self.process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.exit_code = self.process.wait()
        return self.exit_code

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")


def _passed_on(lines: IO[str] | None, *, show: bool) -> Iterator[str]:
    for line in lines or ():
        step = _STEP.search(line)
        if show and (step is None or int(step[1]) % STEPS_SHOWN == 0):
            sys.stdout.write("    " + line)
            sys.stdout.flush()
        yield line


def _collect(lines: IO[str] | None, into: list[str]) -> None:
    into.extend(lines or ())
