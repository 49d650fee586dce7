"""Durable before visible: what has changed is recorded, and only then shown and told."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from anyio import Event

from docmill.core import JobMachine, Scheduler
from docmill.emitter import Emitter
from docmill.engines.threads import ThreadPool
from docmill.events import CircuitClosed, CircuitOpened
from docmill.loops import Loop
from docmill.model import JobStatus, Ledger, Mark
from docmill.ports import Change, Store
from docmill.runtime.signals import Signals

__all__ = ["Committer"]

NEW: Final = Mark(JobStatus.PENDING, 0, 0, 0.0, None, None, False, None, None, None, None)
"""What every job begins as."""


class Committer:
    """Brings changes from the desk to the store, and from there to whoever looks or listens.

    A store in memory is written to at once. For a durable one there is one writer: it commits whatever has
    gathered while it made the commit before, so that the groups size themselves to the disk, and no lane
    waits for it.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        store: Store,
        emitter: Emitter,
        signals: Signals,
        wall: Callable[[float], datetime],
    ) -> None:
        self._scheduler = scheduler
        self._store = store
        self._emitter = emitter
        self._signals = signals
        self._wall = wall
        self._telling = False
        self._new: list[tuple[Change, Event]] = []
        self._work = Event()
        self._idle = Event()
        self._writing = False

    def flush(self, now: float) -> None:
        """Record what has changed and tell it; with a durable store, have that done."""
        if self._store.durable:
            self._work.set()
        elif not self._telling:  # a listener may cause a change; it is told after the one that it hears of
            self._telling = True
            try:
                while changed := self._gather():
                    self._store.commit([change for _, change in changed])
                    self._reveal(changed, now)
            finally:
                self._telling = False
        if self._scheduler.desk.circuits:
            self._tell_circuits()

    async def record_new(self, ledger: Ledger) -> None:
        """Have the store record a new job; with a durable one, wait until it has."""
        change = Change(ledger, None, NEW)
        if not self._store.durable:
            self._store.commit([change])
            return
        recorded = Event()
        self._new.append((change, recorded))
        self._work.set()
        await recorded.wait()

    async def finish(self) -> None:
        """Wait until the store has everything."""
        while self._store.durable and (self._scheduler.desk.changed or self._writing):
            self._idle = Event()
            await self._idle.wait()

    async def run(self, loop: Loop) -> None:
        """Write to a durable store until cancelled."""
        writer = ThreadPool(loop)
        try:
            while True:
                await self._work.wait()
                self._work = Event()
                self._writing = True
                new, self._new = self._new, []
                changed = self._gather()
                call = writer.start(
                    self._store.commit, [change for change, _ in new] + [change for _, change in changed]
                )
                await call.done.wait()
                if call.error is not None:
                    raise call.error
                for _, recorded in new:
                    recorded.set()
                self._reveal(changed, loop.time())
                self._writing = False
                self._idle.set()
        finally:
            writer.close()

    def _gather(self) -> list[tuple[JobMachine, Change]]:
        changed = self._scheduler.desk.changed
        changes = [(job, Change(job.ledger, job.shown, job.mark())) for job in changed]
        changed.clear()
        return changes

    def _reveal(self, changes: Sequence[tuple[JobMachine, Change]], now: float) -> None:
        for job, change in changes:
            job.shown = change.after
            for event in job.herald.news(change.after, now, self._emitter):
                self._emitter.publish(event)
            self._signals.fire(job)

    def _tell_circuits(self) -> None:
        circuits, self._scheduler.desk.circuits = self._scheduler.desk.circuits, []
        for gate, error, until in circuits:
            if error is None:
                self._emitter.publish(CircuitClosed(job_type=gate.job_type))
            else:
                when = None if until is None else self._wall(until)
                self._emitter.publish(CircuitOpened(job_type=gate.job_type, error=error, until=when))
