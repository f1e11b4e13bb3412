"""Sends flags for ever from four threads and prints each one that was acknowledged.

Run by `test_flags.py`, which kills it in the middle: python tests/flag_writer.py HOME
"""

import itertools
import os
import sys
import threading
from pathlib import Path

from tests.feedback_room import Room


def send_for_ever(room: Room, who: str) -> None:
    for number in itertools.count():
        owner = f"{who}-{number}"
        answer = room.answer(owner, f"Question {owner}?")
        receipt = room.flag(answer, owner=owner, correction=f"Better {owner}")
        os.write(1, f"{owner} {receipt.flag_id} {receipt.receipt}\n".encode())


if __name__ == "__main__":
    opened = Room(Path(sys.argv[1]))
    for place in range(4):
        name = f"{os.getpid()}-{place}"
        threading.Thread(target=send_for_ever, args=(opened, name)).start()
