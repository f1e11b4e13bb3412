"""Sends flags for ever, prints each one that was acknowledged, and pushes them meanwhile.

Run by `test_push.py`, which kills it in the middle: python -m tests.push_worker HOME REPO SCHEME.
SCHEME `sealed` is the product's own pusher, at a pace for the impatient. `naive` is what it has to
be better than: a new file name for every push, and a note of what was pushed after the push.
"""

import itertools
import os
import sys
import threading
import uuid
from pathlib import Path

from feedback import pusher, shards
from feedback.hub import Hub
from feedback.outbox import read_rows
from feedback.pusher import Pace
from feedback.records import FlagRecord
from shared.errors import HubError
from tests.feedback_room import Room

IMPATIENT = Pace(every=0.05, gap=0.02, first_retry=0.02, last_retry=0.2)
MOST_FLAGS = 400
"""Of one thread: the machine that runs the test has other things to do."""


def send(room: Room, who: str) -> None:
    for number in range(MOST_FLAGS):
        owner = f"{who}-{number}"
        answer = room.answer(owner, f"Question {owner}?")
        receipt = room.flag(answer, owner=owner)
        os.write(1, f"{receipt.flag_id} 1\n".encode())
        if number % 7 == 0:
            room.flag(answer, owner=owner, correction=f"Better {owner}")
            os.write(1, f"{receipt.flag_id} 2\n".encode())


def push_naively(home: Path, repo: str) -> None:
    hub = Hub(repo)
    hub.prepare()
    noted = home / "pushed.txt"
    for _ in itertools.count():
        pushed = set(noted.read_text().split()) if noted.exists() else set()
        rows = [r for r in read_rows(home / "feedback") if r.payload and r.flag_id not in pushed]
        if not rows:
            threading.Event().wait(0.05)
            continue
        records = [FlagRecord.model_validate_json(row.payload or "") for row in rows]
        data = shards.to_bytes([shards.record_row(record, 1) for record in records])
        try:
            hub.commit({f"data/chat/{uuid.uuid4()}.parquet": data}, "flags")
        except HubError:
            continue
        with noted.open("a") as file:
            file.write("".join(f"{row.flag_id}\n" for row in rows))


if __name__ == "__main__":
    root, name, scheme = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    pusher.PACE = IMPATIENT
    opened = Room(root, flags_repo=name if scheme == "sealed" else "")
    if scheme == "naive":
        threading.Thread(target=push_naively, args=(root, name)).start()
    for place in range(2):
        threading.Thread(target=send, args=(opened, f"{os.getpid()}-{place}")).start()
    threading.Event().wait()
