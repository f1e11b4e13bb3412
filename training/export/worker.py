"""The process in which an export is made: an order on standard input, lines of JSON back.

    {"tell": "…"}                    progress, for people
    {"error": "…", "fix": "…"}       the last line of an export that was refused

llama.cpp may end the process that hands it a bad file, and the models of a merge need memory that
should be gone afterwards; neither happens to whoever asked.
"""

import json
import sys

from shared.errors import InkloopError
from training.export.make import make
from training.export.order import Order


def _say(line: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Make one export."""
    try:
        make(Order.from_json(sys.stdin.read()), lambda text: _say({"tell": text}))
    except InkloopError as error:
        _say({"error": error.what, "fix": error.fix})
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
