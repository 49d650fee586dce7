"""Those who wait for something to become of a job."""

from enum import Enum, auto

from anyio import Event

from docmill.core import JobMachine

__all__ = ["Signals", "Turn"]


class Turn(Enum):
    """What one may wait for."""

    DECIDED = auto()
    DRAINED = auto()
    CHANGED = auto()


class Signals:
    """Wakes the tasks that wait for a job to be decided, drained, or changed at all."""

    def __init__(self) -> None:
        self._events: dict[tuple[JobMachine, Turn], Event] = {}

    async def wait(self, job: JobMachine, turn: Turn) -> None:
        """Wait until the job takes that turn, or the queue ends; the caller looks which."""
        await self._events.setdefault((job, turn), Event()).wait()

    def fire(self, job: JobMachine) -> None:
        """Wake those whose turn has come."""
        if not self._events:
            return
        self._wake(job, Turn.CHANGED)
        if job.shown.completed is not None:
            self._wake(job, Turn.DECIDED)
        if job.shown.drained:
            self._wake(job, Turn.DRAINED)

    def fire_all(self) -> None:
        """Wake everybody."""
        for event in self._events.values():
            event.set()
        self._events.clear()

    def _wake(self, job: JobMachine, turn: Turn) -> None:
        event = self._events.pop((job, turn), None)
        if event is not None:
            event.set()
