"""Runs `inkloop …` and kills it (-9) at the very moment at which it is about to do something.

    python -m tests.killed_at EVENT PART COMMAND…

Python tells its audit hooks of every file that is opened, renamed or copied and of every process
that is started, before it happens; the first event whose arguments hold PART is the last thing
that this process sees. So a kill falls into the middle of a step every time, however fast it is.
"""

import os
import signal
import sys
from typing import Any

from shared.cli import main


def kill_at(wanted: str, part: str) -> None:
    """Die at the first such event."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == wanted and part in str(arguments):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


if __name__ == "__main__":
    kill_at(sys.argv[1], sys.argv[2])
    sys.argv = ["inkloop", *sys.argv[3:]]
    main()
