"""Answers of temporary chats: in memory, for as long as their page may be open, never on disk.

They can be flagged like any other, and only that writes one down (`AnswerStore.keep`). The oldest
go when there are too many: a page that nobody has closed must not fill the memory.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta

from feedback.records import AnswerRecord

LONGEST = timedelta(hours=12)
MOST_CHARACTERS = 50_000_000
"""Of all temporary answers together, prompts included."""


class TemporaryAnswers:
    """Answers by id; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, AnswerRecord] = OrderedDict()
        self._characters = 0

    def put(self, answer: AnswerRecord) -> None:
        """Remember one; what is too old or too much goes."""
        with self._lock:
            self._drop(answer.id)
            self._kept[answer.id] = answer
            self._characters += _size(answer)
            while self._kept and self._is_too_much(answer.created_at):
                self._drop(next(iter(self._kept)))

    def get(self, answer_id: str) -> AnswerRecord | None:
        """The answer, or None if it is unknown or gone."""
        with self._lock:
            return self._kept.get(answer_id)

    def forget(self, answer_ids: Iterable[str]) -> None:
        """Drop answers: their page was closed, or they are written down now."""
        with self._lock:
            for answer_id in answer_ids:
                self._drop(answer_id)

    def _is_too_much(self, moment: datetime) -> bool:
        oldest = next(iter(self._kept.values()))
        too_old = moment - oldest.created_at > LONGEST
        return too_old or self._characters > MOST_CHARACTERS

    def _drop(self, answer_id: str) -> None:
        if (gone := self._kept.pop(answer_id, None)) is not None:
            self._characters -= _size(gone)


def _size(answer: AnswerRecord) -> int:
    return len(answer.text) + sum(len(turn.content) for turn in answer.messages)
