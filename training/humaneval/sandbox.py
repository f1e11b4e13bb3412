"""Runs a program that nobody has read, and says whether it ended well.

The program runs in a process of its own behind the fences of `fences.py`, for a bounded time, and
cannot reach the network, other processes or this machine's files. Where the system does not let the
fences be put up, nothing is run.

What it is not: proof against a program that searches its own interpreter for the secret word in
order to look as if it had passed. That would falsify a score; it would not get it out.
"""

import json
import os
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shared.errors import AbilityMissing
from training.humaneval.system_calls import MACHINES

CELL = Path(__file__).with_name("cell.py")
NO_FENCE = 9
ENDING_SECONDS = 10
"""A killed process tree is gone in milliseconds; a busy machine may need longer."""
SAID_BYTES = 256
"""More than a cell ever says; whoever says more is stopped."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one program may use."""

    wall_seconds: float = 15.0
    cpu_seconds: int = 10
    memory_bytes: int = 512 << 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended."""

    passed: bool
    why: str
    """`passed`, the name of the error, `timed out`, or `ended by itself`."""


def run_program(program: str, bounds: Bounds | None = None) -> Outcome:
    """Run it behind the fences (blocking).

    Raises:
        AbilityMissing: If this system does not allow the fences; the program was not run.
    """
    reason = why_not()
    if reason:
        raise AbilityMissing(
            f"Programs that a model wrote are not run here: {reason}.",
            fix="Use Linux with user namespaces (or root), for instance a container of your own.",
        )
    return _run(program, bounds or Bounds())


@cache
def why_not() -> str:
    """Why nothing can be fenced on this machine; empty where it can."""
    if not sys.platform.startswith("linux") or os.uname().machine not in MACHINES:
        return f"the fences are those of Linux on {' or '.join(MACHINES)}"
    try:
        found = _run("pass", Bounds())
    except AbilityMissing as error:
        return error.what
    return "" if found.passed else f"a first try ended with “{found.why}”"


def _run(program: str, bounds: Bounds) -> Outcome:
    secret = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="inkloop-cell-") as root:
        Path(root).chmod(0o755)
        order = {
            "program": program,
            "secret": secret,
            "root": os.path.realpath(root),
            "memory_bytes": bounds.memory_bytes,
            "cpu_seconds": bounds.cpu_seconds,
        }
        with subprocess.Popen(  # noqa: S603 - our own file, no shell
            [sys.executable, "-I", "-S", "-X", "utf8", str(CELL)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={},
            cwd="/",
            start_new_session=True,
        ) as process:
            try:
                said = _listen(process, json.dumps(order).encode(), bounds.wall_seconds)
            finally:
                _end(process)
            complaint = (
                process.stderr.read(500).decode("utf-8", "replace") if process.stderr else ""
            )
    if process.returncode == NO_FENCE:
        raise AbilityMissing(f"the system refused a fence ({complaint.strip()})")
    if said is None:
        return Outcome(passed=False, why="timed out")
    if secrets.compare_digest(said, f"passed {secret}".encode()):
        return Outcome(passed=True, why="passed")
    word = said.decode("utf-8", "replace").removeprefix("failed ")
    return Outcome(passed=False, why=word if word.isidentifier() else "ended by itself")


def _listen(process: "subprocess.Popen[bytes]", order: bytes, seconds: float) -> bytes | None:
    """What the cell says until it ends; None if it takes too long."""
    assert process.stdin is not None
    assert process.stdout is not None
    until = time.monotonic() + seconds
    process.stdin.write(order)
    process.stdin.close()
    said = b""
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        while len(said) <= SAID_BYTES:
            if not waiting.select(max(0.0, until - time.monotonic())):
                return None
            piece = os.read(process.stdout.fileno(), SAID_BYTES + 1)
            if not piece:
                process.wait(max(0.1, until - time.monotonic()))
                return said
            said += piece
    return said


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the cell's whole group; what hides in its process tree dies with the tree's first.

    Each of its processes holds the pipe, so the pipe's end says that none is left.
    """
    assert process.stdout is not None
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    except PermissionError:  # the last of them is another user already, and dies with its parent
        process.kill()
    until = time.monotonic() + ENDING_SECONDS
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        while waiting.select(max(0.0, until - time.monotonic())):
            if not os.read(process.stdout.fileno(), 1 << 16):
                return
