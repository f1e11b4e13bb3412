"""Runs a command and ends it when whoever started this process is gone.

    python -m training.tour.keeper COMMAND…      with a pipe on standard input

The tour may be killed at any time; the pipe breaks then, and no server is left behind. Windows and
macOS have no death signal for children, so a pipe it is.
"""

import os
import signal
import subprocess
import sys
import threading

END_SECONDS = 10


def main(command: list[str]) -> int:
    """Run `command` until it ends by itself or standard input is closed."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own command
    for number in (signal.SIGTERM, signal.SIGINT):
        # A key pressed in the terminal reaches the child by itself; its orderly end is waited for.
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_input, args=[child], daemon=True).start()
    return child.wait()


def _end_with_input(child: "subprocess.Popen[bytes]") -> None:
    # Not sys.stdin: its lock would be held when the interpreter ends.
    while os.read(0, 1024):
        pass
    child.terminate()
    try:
        child.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
