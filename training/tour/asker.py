"""Somebody who goes on asking while models are trained and swapped, so that a gap would be seen."""

import threading

from shared.errors import TrainingError
from training.tour.visitor import Visitor

PAUSE_SECONDS = 1.0


class Asker:
    """Asks in the background while the block runs."""

    def __init__(self, person: Visitor, *, pause: float = PAUSE_SECONDS) -> None:
        self._person = person
        self._pause = pause
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._failures: list[str] = []
        self._answers = 0

    def __enter__(self) -> "Asker":
        """Begin to ask."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ask no more."""
        self._over.set()
        self._thread.join()

    @property
    def answers(self) -> int:
        """How many came."""
        return self._answers

    @property
    def failures(self) -> int:
        """How many questions were not answered."""
        return len(self._failures)

    def _ask(self) -> None:
        while not self._over.wait(self._pause):
            try:
                self._person.ask("Hello!")
                self._answers += 1
            except TrainingError as error:
                self._failures.append(str(error))
