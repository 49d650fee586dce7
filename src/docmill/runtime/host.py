"""The queue's own task, in which everything that it runs lives: opened by one task, closed by any other."""

import logging
import os
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import UTC, datetime
from typing import Final

from anyio import CancelScope, Event, create_task_group, move_on_after, sleep
from anyio.lowlevel import checkpoint

from docmill.core import Scheduler
from docmill.emitter import Emitter
from docmill.errors import ForkedQueueError, InternalError, QueueClosedError, StoreError
from docmill.loops import Loop
from docmill.model import Ledger
from docmill.ports import Clock, Engine, JobRecord, Store
from docmill.ports.store import is_shared
from docmill.runtime.committer import Committer
from docmill.runtime.defaults import DAY
from docmill.runtime.lanes import Crew
from docmill.runtime.shared import Heart
from docmill.runtime.signals import Signals
from docmill.runtime.stall import StallWatch
from docmill.runtime.watchdog import GRACE_TURNS, Watchdog

__all__ = ["Host"]

DRAIN: Final = 1.0
"""Seconds that slow async listeners have, at most, to hear the last events when the queue closes."""

CLEANUP_EVERY: Final = 3600.0

OPENING_TURNS: Final = 2
"""Turns of the loop after which the task that has opened the queue has run up to its first checkpoint."""

logger = logging.getLogger("docmill")


class Host:
    """One life of a queue, from its opening to its end.

    All tasks of the queue are in one task group, and that is in a task of the loop's own. So it does not
    matter which task opens the queue, which one closes it, and in what order several queues are closed.

    Attributes:
        crew: the lanes.
        committer: records and tells.
        closing: whether the queue takes nothing new any more.
        closed: set at the very end.
        on_lost: takes the ids of jobs that another host has taken over.
        interrupt: a KeyboardInterrupt that a processor or a listener raised.
    """

    def __init__(
        self,
        *,
        loop: Loop,
        scheduler: Scheduler,
        store: Store,
        engine: Engine,
        emitter: Emitter,
        signals: Signals,
        clock: Clock,
        max_workers: int,
        stall_after: float | None,
        admit: Callable[[Ledger], None],
        resume: Callable[[Iterable[JobRecord]], Awaitable[None]],
    ) -> None:
        self.loop = loop
        self.crew = Crew(scheduler, loop, max_workers)
        self.committer = Committer(scheduler, store, emitter, signals, loop, self.wall, admit, self.crew.attend)
        self.closing = False
        self.closed = Event()
        self.interrupt: BaseException | None = None
        self._pid = os.getpid()
        self._scheduler = scheduler
        self._store = store
        self._engine = engine
        self._emitter = emitter
        self._signals = signals
        self._watchdog = Watchdog(self.crew)
        self._stall_watch = None if loop.virtual or stall_after is None else StallWatch(self.crew, stall_after)
        self._clock = clock
        self._resume = resume
        self._heart: Heart | None = None
        if is_shared(store):
            self._heart = Heart(store, scheduler, self.committer, loop, resume, self._lose)
            self.committer.on_lost = self._lose
        self.on_lost: Callable[[Collection[str]], None] = lambda _: None
        self._spawned = False
        self._opened = Event()
        self._gone = Event()
        self._failure: BaseException | None = None
        self._close_asked = Event()
        self._patience = CancelScope()
        self._scope = CancelScope()

    def check(self) -> None:
        """Make sure that the queue still works.

        Raises:
            ForkedQueueError: this is another process than the one that opened it.
            QueueClosedError: it is closing or closed.
            KeyboardInterrupt: a processor or a listener raised it.
            StoreError: the store cannot be opened, or could not record for a minute.
            InternalError: the queue broke.
        """
        self.check_process()
        if self.interrupt is not None:
            raise self.interrupt
        if isinstance(self._failure, StoreError):
            raise self._failure
        if self._failure is not None:
            raise InternalError("the queue broke; the log has the traceback") from self._failure
        if self.closing:
            raise QueueClosedError("the queue is closed; make a new one")

    def check_process(self) -> None:
        """Make sure that this is the process that opened the queue.

        Raises:
            ForkedQueueError: it is a fork of it.
        """
        if os.getpid() != self._pid:
            raise ForkedQueueError(
                f"this queue was opened in process {self._pid} and does not work in its fork {os.getpid()}; "
                "make a queue of its own here"
            )

    def check_waiting(self) -> None:
        """Make sure that what is waited for may still come, closing or not."""
        self.check_process()
        if self.closed.is_set() or self.interrupt is not None:
            self.check()

    def wall(self, moment: float) -> datetime:
        """The UTC time of a moment on the loop's clock."""
        return datetime.fromtimestamp(self._clock.wall() - self.loop.time() + moment, UTC)

    async def start(self) -> None:
        """Open: everything runs when this returns."""
        if not self._spawned:
            self._spawned = True
            self.loop.spawn(self._main, "docmill host")
        await self._opened.wait()
        self.check()

    async def aclose(self, timeout: float) -> None:
        """Close, and wait for the end; a second call waits, too, and may only make it come sooner."""
        self.check_process()
        self._begin_to_close(timeout)
        with CancelScope(shield=True):
            await self.closed.wait()
            # A listener that closes the queue itself would wait for its own end, and an attempt that cannot be
            # cancelled may have none.
            for _ in range(GRACE_TURNS):
                if self._gone.is_set() and not self.crew.lanes:
                    break
                await checkpoint()

    async def clean_up(self, max_age: float, owner: str | None = None) -> int:
        """Forget the jobs that have been done for ``max_age`` seconds, and say how many they were."""
        gone = [job.ledger.id for job in self._scheduler.forget(self.loop.time(), max_age, owner)]
        if gone:
            await self.committer.prune(gone)
        return len(gone)

    def _lose(self, job_ids: Collection[str]) -> None:
        """Let go of jobs that another host has taken over; whoever waits for them goes on waiting in the store."""
        logger.warning("%d jobs go on at another host, which had not heard of this one for too long", len(job_ids))
        self._scheduler.lose(job_ids, self.loop.time())
        self.crew.attend()
        self.on_lost(job_ids)
        self._signals.fire_all()

    def crash(self) -> None:
        """End as a process does that is killed: nothing more is recorded, told or waited for."""
        self.closing = True
        self._emitter.close()
        self._scope.cancel()

    def interrupted(self, error: BaseException) -> None:
        """Close at once, since somebody raised KeyboardInterrupt inside of the queue."""
        if self.interrupt is None:
            self.interrupt = error
        self._begin_to_close(0.0)
        self._signals.fire_all()

    def _begin_to_close(self, timeout: float) -> None:
        if not self.closing:
            self.closing = True
            self._close_asked.set()
        self._patience.deadline = min(self._patience.deadline, self.loop.time() + timeout)

    async def _main(self) -> None:
        # No exception may leave this task: on trio it would end the whole program, on asyncio nobody would see it.
        try:
            async with create_task_group() as tasks:
                self._scope = tasks.cancel_scope
                self._emitter.open(self.loop)
                self.crew.open(
                    soon=self.committer.soon,
                    alert=self._watchdog.alert,
                    wake=self._watchdog.wake,
                    on_interrupt=self.interrupted,
                )
                began = self.loop.time()
                await self._resume(await self.committer.open_store())
                await self.committer.record_resumed()
                self._opened.set()
                # Listeners that are registered right after the opening are to hear of resumed jobs.
                for _ in range(OPENING_TURNS):
                    await checkpoint()
                tasks.start_soon(self.committer.run)
                if self._heart is not None:
                    tasks.start_soon(self._heart.run, began)
                tasks.start_soon(self._watchdog.run)
                if self._stall_watch is not None:
                    self._stall_watch.start()
                tasks.start_soon(self._clean_up_now_and_then)
                await self._close_asked.wait()
                await self._close()
                self._end()
                tasks.cancel_scope.cancel()
        except BaseException as error:  # noqa: BLE001 - see above
            self._broke(error)
        finally:
            self.crew.tear_down()
            self._engine.kill()
            self._end()
            self._gone.set()

    async def _close(self) -> None:
        self._scheduler.halt()
        with self._patience:
            await self.crew.quiet()
        self._scheduler.leave_undecided(self.loop.time())
        self._scheduler.stop_running()
        self.crew.attend()
        await self.crew.quiet()
        self.crew.go_home()
        self.crew.attend()
        with CancelScope(deadline=self._patience.deadline):
            await self.committer.finish()
        self.committer.hurry()
        await self.committer.finish()
        if self._heart is not None:
            with move_on_after(DRAIN):
                await self._heart.leave()
        with move_on_after(DRAIN):
            await self._emitter.drain()
        await self._engine.aclose()

    def _broke(self, error: BaseException) -> None:
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        if isinstance(error, self.loop.cancelled):
            return
        self._failure = error
        if not isinstance(error, StoreError):
            logger.critical("the queue broke and is closed", exc_info=error)

    def _end(self) -> None:
        if self.closed.is_set():
            return
        self.closing = True
        self._opened.set()
        self._emitter.close()
        self.committer.close()
        if self._stall_watch is not None:
            self._stall_watch.close()
        self._signals.fire_all()
        self.closed.set()

    async def _clean_up_now_and_then(self) -> None:
        while True:
            await sleep(CLEANUP_EVERY)
            await self.clean_up(DAY)
