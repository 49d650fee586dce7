"""The one task that watches the time: budgets, job timeouts, retries that are due, circuits, progress."""

from math import inf
from typing import Final

from anyio import CancelScope, Event
from anyio.lowlevel import checkpoint

from docmill.core import Attempt
from docmill.runtime.lanes import Crew

__all__ = ["GRACE_TURNS", "Watchdog"]

GRACE_TURNS: Final = 16
"""Turns of the loop in which a stopped attempt has to end.

A cancellation travels one nested task group a turn, so this is enough for any that is obeyed. It is
counted in turns, not in seconds, so that the document settles within its budget.
"""


class Watchdog:
    """Sleeps until the next alarm of the rules, and gives up on attempts that do not stop.

    Args:
        crew: the lanes.
    """

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._until = -inf
        self._stopping: list[Attempt] = []
        self._woken = False
        self._signal = Event()

    async def run(self) -> None:
        """Watch until cancelled."""
        crew = self._crew
        while True:
            now = crew.clock()
            crew.scheduler.tick(now)
            crew.attend()
            if self._stopping:
                await self._see_that_they_stop()
            else:
                await self._sleep()

    def alert(self, stops: list[Attempt]) -> None:
        """Take note of attempts that were told to stop, and wake if there is something to do now."""
        self._stopping += stops
        if stops or self._crew.scheduler.desk.agenda.next < self._until:
            self._signal.set()

    def wake(self) -> None:
        """Look at everything now."""
        self._woken = True
        self._signal.set()

    async def _sleep(self) -> None:
        self._until = self._crew.scheduler.desk.agenda.next
        self._signal = Event()
        if self._woken:
            self._signal.set()
        with CancelScope(deadline=self._until):
            await self._signal.wait()
        self._until = -inf
        self._woken = False

    async def _see_that_they_stop(self) -> None:
        stopping, self._stopping = self._stopping, []
        for _ in range(GRACE_TURNS):
            await checkpoint()
            stopping = [attempt for attempt in stopping if attempt.job.running.get(attempt.position) is attempt]
            if not stopping:
                return
        for attempt in stopping:
            self._crew.give_up(attempt, self._crew.clock())
