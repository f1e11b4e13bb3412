"""The process of one variant: its JSON on standard input, its figures on the last output line."""

import json
import sys
from dataclasses import asdict

from training.speed.variant import Variant


def main() -> None:
    """Train one variant."""
    variant = Variant.from_json(sys.stdin.read())
    if variant.who == "plain":
        from training.speed.plain import train_plainly as train
    else:
        from training.speed.ours import train_ours as train
    sys.stdout.write("\n" + json.dumps(asdict(train(variant))) + "\n")


if __name__ == "__main__":
    main()
