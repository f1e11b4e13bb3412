"""Starting a retrain from the page and following it: `inkloop retrain` in a process of its own.

The process outlives this server if it must (a retrain that was begun goes on), and its own lock
keeps two from running at once. What it says goes to one file, the last one only.
"""

import os
import subprocess
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from shared.errors import BadRequest
from shared.home import Home
from shared.settings import Settings

LOCK = "retrain.lock"
"""As `inkloop retrain` names it."""
LOG = "retrain.log"
MOST_CHARACTERS = 20_000
"""Of the log, from its end."""


class Retraining:
    """The retrain of one home."""

    def __init__(self, home: Home, settings: Settings) -> None:
        self._home = home
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, look_only: bool = False) -> None:
        """Begin; with `look_only`, only say what it would be trained on.

        Raises:
            BadRequest: If one is running.
        """
        if self.is_running():
            raise BadRequest("A retrain is running already.", fix="Follow it here.")
        arguments = ["--dry-run"] if look_only else []
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "shared", "retrain", *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=self._environment(),
                start_new_session=True,
            )

    def stop(self) -> None:
        """End the one that was started here; started again, it goes on where it was."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def is_running(self) -> bool:
        """Whether a retrain works in this home, whoever started it."""
        if self._process is not None and self._process.poll() is None:
            return True
        try:
            with FileLock(self._home.root / LOCK, timeout=0):
                return False
        except Timeout:
            return True

    def started_here(self) -> bool:
        """Whether the running one can be stopped from here."""
        return self._process is not None and self._process.poll() is None

    def said(self) -> str:
        """What the last one has said so far, and how it ended."""
        try:
            text = self._log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return text[-MOST_CHARACTERS:] + self._ending()

    def _ending(self) -> str:
        code = None if self._process is None else self._process.poll()
        if code is None:
            return ""
        ends = {0: "Done.", 1: "Nothing was changed: see above.", 2: "Not done: see above."}
        return "\n" + ends.get(code, f"It ended with exit code {code}.")

    def _environment(self) -> dict[str, str]:
        # The server may have been told by options what others read from variables.
        own = {"INKLOOP_HOME": str(self._home.root), "INKLOOP_MODEL": self._settings.model}
        return {**os.environ, **{name: value for name, value in own.items() if value}}

    @property
    def _log(self) -> Path:
        return self._home.root / LOG
