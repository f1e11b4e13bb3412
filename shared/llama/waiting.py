"""Who is next: a bounded queue, round-robin between owners and in order of arrival within one.

Somebody who sends ten requests at once waits behind everybody else's first one. Requests without
an owner share one turn.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator

from shared.errors import QueueFull
from shared.llama.jobs import Job


class WaitingRoom:
    """The queue. Not thread-safe; the scheduler holds its lock around each call."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._by_owner: OrderedDict[str, deque[Job]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, job: Job) -> None:
        """Take the last place of this owner.

        Raises:
            QueueFull: If all places are taken.
        """
        if self._count >= self._places:
            raise QueueFull(
                f"{self._count} people are waiting already.", fix="Try again in a minute."
            )
        self._by_owner.setdefault(job.owner, deque()).append(job)
        self._count += 1

    def first(self) -> Job | None:
        """Who is next."""
        for jobs in self._by_owner.values():
            return jobs[0]
        return None

    def take(self) -> Job:
        """Let the first one in; the next turn is another owner's."""
        owner, jobs = next(iter(self._by_owner.items()))
        job = jobs.popleft()
        self._count -= 1
        if jobs:
            self._by_owner.move_to_end(owner)
        else:
            del self._by_owner[owner]
        return job

    def remove(self, job: Job) -> None:
        """Somebody went away."""
        jobs = self._by_owner[job.owner]
        jobs.remove(job)
        self._count -= 1
        if not jobs:
            del self._by_owner[job.owner]

    def in_order(self) -> Iterator[Job]:
        """Everybody, in the order in which they will be let in."""
        queues = [list(jobs) for jobs in self._by_owner.values()]
        for turn in range(max(map(len, queues), default=0)):
            for jobs in queues:
                if turn < len(jobs):
                    yield jobs[turn]
