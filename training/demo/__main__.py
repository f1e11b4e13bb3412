"""`python -m training.demo OUT STEPS [TEXTS]`: the build without the command line around it."""

import sys
from pathlib import Path

from training.demo.build import build

if __name__ == "__main__":
    build(
        Path(sys.argv[1]),
        steps=int(sys.argv[2]),
        texts=Path(sys.argv[3]) if len(sys.argv) > 3 else None,
        seed=1,
        say=lambda line: print(line, flush=True),  # noqa: T201
    )
