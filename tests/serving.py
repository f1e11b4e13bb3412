"""A real `inkloop serve` in a process of its own, for tests that need the whole thing."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

READY = re.compile(r"Inkloop is ready at (http://\S+) \(model (.+)\)")
PATIENCE_SECONDS = 240
ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Serving:
    """A started server and what it has said."""

    process: subprocess.Popen[str]
    home: Path
    url: str = ""
    model: str = ""
    lines: list[str] = field(default_factory=list)
    ready: threading.Event = field(default_factory=threading.Event)

    @property
    def said(self) -> str:
        return "\n".join(self.lines)

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if found := READY.fullmatch(line.strip()):
                self.url, self.model = found.groups()
                self.ready.set()
        self.ready.set()

    def wait_ready(self) -> "Serving":
        assert self.ready.wait(PATIENCE_SECONDS), self.said
        assert self.url, self.said
        return self

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(PATIENCE_SECONDS)


def inkloop(*arguments: str, env: Mapping[str, str]) -> Serving:
    """Start `inkloop …`; what it prints (errors too) is collected."""
    process = subprocess.Popen(
        [sys.executable, "-m", "shared", *arguments],
        cwd=ROOT,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    serving = Serving(process, Path(env.get("INKLOOP_HOME", "")))
    threading.Thread(target=serving.listen, daemon=True).start()
    return serving


@contextmanager
def served(home: Path, *arguments: str, **settings: str) -> Iterator[Serving]:
    """A server on a free port with the demo model; ended in any case."""
    env = {"INKLOOP_HOME": str(home), "INKLOOP_MODEL": "demo"}
    env |= {f"INKLOOP_{name.upper()}": value for name, value in settings.items()}
    serving = inkloop("serve", "--port", "0", *arguments, env=env)
    try:
        yield serving.wait_ready()
    finally:
        serving.end()
