"""The documents of a job between two attempts."""

from collections import deque
from heapq import heappop, heappush
from math import inf
from typing import NamedTuple

from docmill.model import Fault

__all__ = ["Waiting", "WaitingRoom"]


class Waiting(NamedTuple):
    """A document between two attempts.

    Attributes:
        position: where it stands in the job.
        attempts: how many attempts were made.
        first_started: when its budget began.
        fault: how the last attempt failed.
    """

    position: int
    attempts: int
    first_started: float
    fault: Fault


class WaitingRoom:
    """The documents of a job between two attempts: first their wait runs, then they wait for a seat.

    Args:
        budget: seconds for one document, waits included.
    """

    def __init__(self, budget: float) -> None:
        self._budget = budget
        self._waits: list[tuple[float, int, Waiting]] = []
        self._due: deque[Waiting] = deque()

    def __len__(self) -> int:
        return len(self._waits) + len(self._due)

    @property
    def has_due(self) -> bool:
        """Whether a document may start its next attempt now."""
        return bool(self._due)

    @property
    def next_alarm(self) -> float:
        """When the next wait ends, or the budget of a document that has no seat."""
        moments = [waiting.first_started + self._budget for waiting in self._due]
        if self._waits:
            moments.append(self._waits[0][0])
        return min(moments, default=inf)

    def enter(self, waiting: Waiting, until: float) -> None:
        """Let a document wait."""
        heappush(self._waits, (until, waiting.position, waiting))

    def end_waits(self, now: float) -> None:
        """The waits that end now have ended."""
        while self._waits and self._waits[0][0] <= now:
            self._due.append(heappop(self._waits)[2])

    @property
    def first_due(self) -> int:
        """The position of the document that has been due longest."""
        return self._due[0].position

    def pop_due(self) -> Waiting:
        """Take out the document that has been due longest."""
        return self._due.popleft()

    def pop_late(self, now: float) -> list[Waiting]:
        """Take out the documents whose budget has ended while they had no seat."""
        late = [waiting for waiting in self._due if now >= waiting.first_started + self._budget]
        for waiting in late:
            self._due.remove(waiting)
        return late

    def clear(self) -> list[Waiting]:
        """Take out all, those that are due first."""
        everyone = [*self._due, *(waiting for _, _, waiting in sorted(self._waits))]
        self._due.clear()
        self._waits.clear()
        return everyone
