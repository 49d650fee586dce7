"""Durable before visible: what has changed is recorded, and only then shown and told."""

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from anyio import CancelScope, Event, sleep_forever

from docmill.core import JobMachine, Scheduler
from docmill.core.retries import doubling
from docmill.emitter import Emitter
from docmill.engines.threads import Call, ThreadPool
from docmill.errors import StoreUnavailableError
from docmill.events import CircuitClosed, CircuitOpened, StoreUnavailable, TerminalEvent
from docmill.loops import Loop
from docmill.model import Ledger, Mark
from docmill.ports import Change, JobRecord, Store
from docmill.ports.store import KeysTaken
from docmill.runtime.signals import Signals

__all__ = ["Committer"]

PATIENCE: Final = 60.0
"""Seconds for which a commit that fails is tried again before the queue stops."""

FIRST_WAIT: Final = 0.05
LONGEST_WAIT: Final = 5.0

logger = logging.getLogger("docmill")


class Newcomer:
    """A job that is to be recorded before anybody may see it.

    Attributes:
        job_id: its id, or that of the job of another host that had its idempotency key before.
        recorded: set when that is known.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.job_id = ledger.id
        self.recorded = Event()


class Committer:
    """Brings changes from the desk to the store, and from there to whoever looks or listens.

    There is one writer. It commits whatever has gathered while it made the commit before, or in a turn of the
    loop, so that the groups size themselves to the disk, and no lane waits for it. While a commit to a durable
    store fails no attempt starts.

    Args:
        scheduler: whose changes they are.
        store: where they go.
        emitter: who hears of them.
        signals: who waits for them.
        loop: the loop that the queue runs on.
        wall: the UTC time of a moment on the loop's clock.
        admit: takes a new job in, once it is recorded.
        attend: has done what recording and telling has left on the desk.

    Attributes:
        on_lost: takes the ids of jobs that another host has taken over.
        on_elsewhere: takes a new job that is not admitted, since another host has it, or one with its key.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        store: Store,
        emitter: Emitter,
        signals: Signals,
        loop: Loop,
        wall: Callable[[float], datetime],
        admit: Callable[[Ledger], None],
        attend: Callable[[], None],
    ) -> None:
        self._scheduler = scheduler
        self._store = store
        self._emitter = emitter
        self._signals = signals
        self._loop = loop
        self._wall = wall
        self._admit = admit
        self._attend = attend
        self.on_lost: Callable[[Collection[str]], None] = lambda _: None
        self.on_elsewhere: Callable[[Ledger], None] = lambda _: None
        self._errands: list[tuple[Callable[[], Awaitable[None]], Event]] = []
        self._called = False
        self._newcomers: list[Newcomer] = []
        self._work = Event()
        self._written = Event()
        self._wait = CancelScope()
        self._hurried = False
        self._prunes: list[str] = []
        self._pruned = Event()
        self._more_to_prune = False
        self._writing = False
        self._writer = ThreadPool(loop)
        self._call: Call | None = None

    async def open_store(self) -> Iterable[JobRecord]:
        """Open the store, and give back what it has kept."""
        if not self._store.durable:
            return self._store.open()
        records: Iterable[JobRecord] = await self.in_writer(self._store.open)
        return records

    def soon(self) -> None:
        """Have everything recorded and told that has gathered by the time the writer has its turn."""
        desk = self._scheduler.desk
        if (desk.changed or desk.circuits) and not self._called:
            self._called = True
            self._work.set()

    async def record_new(self, ledger: Ledger) -> str:
        """Record a new job and take it in. If the caller is cancelled, the job may be there all the same.

        Returns:
            Its id, or that of the job of another host that has its idempotency key.
        """
        if not self._store.durable:
            self._store.commit([Change(ledger, None, Mark.new())])
            self._admit(ledger)
            return ledger.id
        newcomer = Newcomer(ledger)
        self._newcomers.append(newcomer)
        self._work.set()
        await newcomer.recorded.wait()
        return newcomer.job_id

    async def record_resumed(self) -> None:
        """Record that jobs were taken up, before anything of them starts; they are told of later."""
        changed = self._gather(self._loop.time())
        lost = await self._commit_patiently(_news(changed))
        for job, change in changed:
            job.recorded(change.after)
            job.changed()
        if lost:
            self.on_lost(lost)

    async def run(self) -> None:
        """Record and tell whatever gathers, until cancelled.

        Raises:
            StoreUnavailableError: the store could not be written to for a minute.
        """
        while True:
            await self._work.wait()
            self._work = Event()
            self._called = False
            self._writing = True
            await self._write()
            self._writing = False
            self._written.set()
            self._written = Event()
            if self._scheduler.desk.stir:
                self._attend()

    async def written(self) -> None:
        """Wait until the writer has made a commit, or has ended."""
        await self._written.wait()

    def hurry(self) -> None:
        """Do not try a commit again that fails: the queue closes."""
        self._hurried = True
        self._wait.cancel()

    async def finish(self) -> None:
        """Wait until everything is recorded and told."""
        desk = self._scheduler.desk
        while self._writing or self._newcomers or self._prunes or self._errands or desk.changed or desk.circuits:
            self._work.set()
            await self.written()

    async def between_commits(self, errand: Callable[[], Awaitable[None]]) -> None:
        """Have something else done with the store in a turn of its own, and wait for that."""
        done = Event()
        self._errands.append((errand, done))
        self._work.set()
        await done.wait()

    async def _write(self) -> None:
        while self._errands:
            errand, done = self._errands[0]
            await errand()
            del self._errands[0]
            done.set()
        # Before what is new: that may have the idempotency key of what goes.
        if self._prunes or self._more_to_prune:
            await self._prune()
        newcomers = list(self._newcomers)
        changed = self._gather(self._loop.time())
        lost = await self._commit_with(newcomers, _news(changed))
        del self._newcomers[: len(newcomers)]
        for newcomer in newcomers:
            if newcomer.job_id != newcomer.ledger.id or newcomer.job_id in lost:
                self.on_elsewhere(newcomer.ledger)
            else:
                self._admit(newcomer.ledger)
            newcomer.recorded.set()
        if lost:
            self.on_lost(lost)
            changed = [(job, change) for job, change in changed if job.ledger.id not in lost]
        self._reveal(changed, self._loop.time())
        if self._scheduler.desk.circuits:
            self._tell_circuits()

    async def prune(self, job_ids: Sequence[str]) -> None:
        """Remove jobs from the store, after whatever is being recorded of them."""
        if not self._store.durable:
            self._store.prune(job_ids)
            return
        self._prunes += job_ids
        self._work.set()
        await self._pruned.wait()

    async def _prune(self) -> None:
        """Remove what is to be removed; what cannot be removed now is removed before the next commit."""
        prunes = list(self._prunes)
        tried, self._pruned = self._pruned, Event()
        try:
            self._more_to_prune = bool(await self.in_writer(self._store.prune, prunes))
        except Exception:
            logger.exception("old jobs could not be removed from the store; that is tried again")
            if self._hurried:
                self._prunes.clear()
        else:
            del self._prunes[: len(prunes)]
        finally:
            tried.set()
        if self._more_to_prune:
            self._work.set()

    def close(self) -> None:
        """Let go of the store and of its writer; whoever still waits for a new job may look why it is not there."""
        for newcomer in self._newcomers:
            newcomer.recorded.set()
        self._written.set()
        self._pruned.set()
        self._close_store()
        self._writer.close()

    def _close_store(self) -> None:
        """Close the store, after the call that is still in it: it is used by one thread at a time."""
        call = self._call
        if call is not None and not call.finished and not self._loop.virtual:  # there, calls are made at once
            call.then = self._store.close
            if not call.finished:
                return
        self._store.close()

    async def _commit_with(self, newcomers: Sequence[Newcomer], changes: list[Change]) -> Collection[str]:
        """Record new jobs with the rest, without those that other hosts were faster with."""
        while True:
            new = [Change(one.ledger, None, Mark.new()) for one in newcomers if one.job_id == one.ledger.id]
            try:
                return await self._commit_patiently(new + changes)
            except KeysTaken as error:
                if self._scheduler.desk.paused:
                    self._scheduler.pause(False)
                for newcomer in newcomers:
                    newcomer.job_id = error.taken.get(newcomer.ledger.id, newcomer.job_id)

    async def _commit_patiently(self, changes: Sequence[Change]) -> Collection[str]:
        """Record changes, and give back the ids of jobs that another host has taken over."""
        if not changes:
            return ()
        if not self._store.durable:
            self._store.commit(changes)
            return ()
        deadline = self._loop.time() + PATIENCE
        waits = doubling(FIRST_WAIT, LONGEST_WAIT)
        while True:
            try:
                lost = await self.in_writer(self._store.commit, changes)
            except KeysTaken:
                raise
            except Exception as error:
                if not self._scheduler.desk.paused:
                    self._scheduler.pause(True)
                    logger.warning("the store cannot record; nothing new starts until it can", exc_info=error)
                if self._hurried or self._loop.time() >= deadline:
                    self._give_up(error)
            else:
                break
            with CancelScope(deadline=min(deadline, self._loop.time() + next(waits))) as self._wait:
                await sleep_forever()
        if self._scheduler.desk.paused:
            self._scheduler.pause(False)
        return lost or ()

    def _give_up(self, error: Exception) -> None:
        after = "when the queue closed" if self._hurried else f"for {PATIENCE:g} s, and the queue has stopped"
        text = f"the store could not record {after}: {error}"
        self._emitter.publish(StoreUnavailable(error=text))
        raise StoreUnavailableError(text) from error

    async def in_writer(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function of the store; only for what the writer does, or does for others between commits."""
        call = self._call = self._writer.start(function, *arguments)
        await call.done.wait()
        if call.error is not None:
            raise call.error
        return call.result

    def _gather(self, now: float) -> list[tuple[JobMachine, Change]]:
        changed, known = self._scheduler.desk.changed, self._scheduler.jobs
        changes = [
            (job, Change(job.ledger, job.shown, job.gather(), job.active(now), job.lives, job.told))
            for job in changed
            if known.get(job.ledger.id) is job
        ]
        gone = [job for job in changed if known.get(job.ledger.id) is not job] if len(changes) < len(changed) else []
        changed.clear()
        for job in gone:  # another host has it; here nobody must wait for it to be recorded
            job.recorded(job.shown._replace(alone=None))
        return changes

    def _reveal(self, changes: Sequence[tuple[JobMachine, Change]], now: float) -> None:
        for job, change in changes:
            job.recorded(change.after)
            for event in job.herald.news(change.after, now, self._emitter):
                heard = self._emitter.publish(event)
                if heard and self._store.durable and isinstance(event, TerminalEvent):
                    job.told = True
                    job.changed()
            self._signals.fire(job)

    def _tell_circuits(self) -> None:
        circuits, self._scheduler.desk.circuits = self._scheduler.desk.circuits, []
        for gate, error, until in circuits:
            if error is None:
                self._emitter.publish(CircuitClosed(job_type=gate.job_type))
            else:
                when = None if until is None else self._wall(until)
                self._emitter.publish(CircuitOpened(job_type=gate.job_type, error=error, until=when))


def _news(changed: Sequence[tuple[JobMachine, Change]]) -> list[Change]:
    """What has to be recorded. A job that was taken up decided, and that nobody has heard of yet, is as it was."""
    return [change for job, change in changed if not job.decided or change.after != change.before or change.told]
