"""The one task that watches the time: budgets, job timeouts, retries that are due, circuits, progress."""

import logging
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

NAPS: Final = 4
"""Looks at the clock in the time after which a blocked event loop is reported."""

logger = logging.getLogger("docmill")


class Watchdog:
    """Sleeps until the next alarm of the rules, and gives up on attempts that do not stop.

    Args:
        crew: the lanes.
        stall_after: seconds for which a processor may block the event loop before that is logged; None to
            never look, so that nothing wakes the loop in between.
    """

    def __init__(self, crew: Crew, stall_after: float | None) -> None:
        self._crew = crew
        self._stall_after = stall_after
        self._until = -inf
        self._stopping: list[Attempt] = []
        self._blamed: set[str] = set()
        self._signal = Event()

    async def run(self) -> None:
        """Watch until cancelled."""
        crew = self._crew
        while True:
            now = crew.clock()
            crew.scheduler.tick(now)
            crew.attend(now)
            if self._stopping:
                await self._see_that_they_stop()
            else:
                await self._sleep(now)

    def alert(self, stops: list[Attempt]) -> None:
        """Take note of attempts that were told to stop, and wake if there is something to do now."""
        self._stopping += stops
        if stops or self._crew.scheduler.desk.agenda.next < self._until:
            self._signal.set()

    async def _sleep(self, now: float) -> None:
        until = self._crew.scheduler.desk.agenda.next
        if self._stall_after is not None and self._crew.busy:
            until = min(until, now + self._stall_after / NAPS)
        self._until = until
        self._signal = Event()
        with CancelScope(deadline=until):
            await self._signal.wait()
        self._until = -inf
        if self._stall_after is not None and self._crew.clock() - until > self._stall_after:
            self._blame(self._crew.clock() - until)

    async def _see_that_they_stop(self) -> None:
        stopping, self._stopping = self._stopping, []
        for _ in range(GRACE_TURNS):
            await checkpoint()
            stopping = [attempt for attempt in stopping if attempt.job.running.get(attempt.position) is attempt]
            if not stopping:
                return
        for attempt in stopping:
            self._crew.give_up(attempt, self._crew.clock())

    def _blame(self, seconds: float) -> None:
        lane = self._crew.current
        if lane is None or lane.attempt is None:
            return
        name = lane.attempt.job.processor.spec.name
        if name not in self._blamed:
            self._blamed.add(name)
            logger.warning(
                "the event loop was blocked for %.1f s while the processor %s ran; "
                "make it a sync function, which runs in a thread",
                seconds,
                name,
            )
