"""What is due when: alarms in the order of their times."""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from itertools import count
from math import inf
from typing import Protocol

__all__ = ["Agenda", "Timed"]


class Timed(Protocol):
    """Somebody with an alarm. ``alarm`` is the next time at which ``tick`` is due; the agenda keeps it."""

    alarm: float

    def tick(self, now: float) -> None:
        """Do whatever is due, and arm the next alarm."""


class Agenda:
    """Alarms in the order of their times; who was armed first goes first among equals.

    Each item has one alarm, its earliest. A later one is not kept: when the alarm goes off, the item looks
    for itself what is due and arms the next. An entry whose item was armed for an earlier time since is
    passed over.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timed]] = []
        self._count = count()

    def arm(self, item: Timed, when: float) -> bool:
        """Make sure that the item is ticked at ``when`` or before; say whether the agenda became earlier."""
        if when >= item.alarm:
            return False
        item.alarm = when
        earlier = not self._heap or when < self._heap[0][0]
        heappush(self._heap, (when, next(self._count), item))
        return earlier

    def due(self, now: float) -> list[Timed]:
        """Take out the items whose alarm has gone off, each once."""
        items = []
        while self._heap and self._heap[0][0] <= now:
            when, _, item = heappop(self._heap)
            if when == item.alarm:
                item.alarm = inf
                items.append(item)
        return items

    def drop_stale(self, gone: Iterable[Timed]) -> None:
        """Keep nothing of items that are gone, nor entries that would be passed over."""
        for item in gone:
            item.alarm = inf
        self._heap = [entry for entry in self._heap if entry[0] == entry[2].alarm]
        heapify(self._heap)

    @property
    def next(self) -> float:
        """The time of the next alarm; infinity without one."""
        while self._heap and self._heap[0][0] != self._heap[0][2].alarm:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else inf
