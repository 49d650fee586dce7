"""Other hosts with the same store: what becomes of their jobs, and of those that change from one host to another."""

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Container, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from anyio import sleep

from docmill.core import Desk, Gate, JobMachine, Scheduler
from docmill.core.estimate import percent
from docmill.engines.threads import ThreadPool
from docmill.errors import JobNotFoundError, StoreCorruptError, StoreError
from docmill.events import DocumentCompleted, DocumentFailed, Event, JobStarted, Progress
from docmill.loops import Loop
from docmill.model import Job, Ledger, Mark
from docmill.ports import Clock, JobRecord, Store
from docmill.ports.store import SharedStore, is_shared
from docmill.runtime.committer import PATIENCE, Committer
from docmill.runtime.resume import revive

__all__ = ["DistantEvents", "Elsewhere", "Heart"]

BREAKS: Final = 3
"""How many times as long as it takes to look at a job there is to be no look at it."""

logger = logging.getLogger("docmill")


class Heart:
    """Says now and then that this host is alive, and does what it learns from that.

    Args:
        store: where the hosts meet.
        scheduler: the jobs of this host.
        committer: whose turn of the store it takes.
        loop: the loop that the queue runs on.
        resume: takes up jobs that are there already.
        lose: lets go of jobs that other hosts have taken over.
    """

    def __init__(
        self,
        store: SharedStore,
        scheduler: Scheduler,
        committer: Committer,
        loop: Loop,
        resume: Callable[[Iterable[JobRecord]], Awaitable[None]],
        lose: Callable[[Collection[str]], None],
    ) -> None:
        self._store = store
        self._scheduler = scheduler
        self._committer = committer
        self._loop = loop
        self._resume = resume
        self._lose = lose
        self._unheard = False
        self._left = False

    async def run(self, opened: float) -> None:
        """Beat until cancelled; ``opened`` is a moment on the loop's clock at which the store was not open yet."""
        self._scheduler.extend(opened + self._store.lease)
        while True:
            await sleep(self._store.beat_every)
            await self._committer.between_commits(self._beat)

    async def leave(self) -> None:
        """Leave what jobs are left to the other hosts, and beat no more."""
        await self._committer.between_commits(self._close)

    async def _close(self) -> None:
        self._left = True
        await self._committer.in_writer(self._store.close)

    async def _beat(self) -> None:
        if self._left:
            return
        began, adopt = self._loop.time(), not self._scheduler.desk.halted
        try:
            beat = await self._committer.in_writer(partial(self._store.heartbeat, adopt=adopt))
        except Exception as error:
            if not self._unheard:
                logger.warning("other hosts cannot be told that this one is alive; that is tried again", exc_info=error)
            self._unheard = True
            return
        self._unheard = False
        if beat.lost:
            self._lose(beat.lost)
        self._scheduler.extend(began + self._store.lease)
        if beat.adopted:
            await self._adopt(beat.adopted)
        self._cancel(beat.cancels)

    async def _adopt(self, records: Sequence[JobRecord]) -> None:
        """Take up jobs; nothing starts before that is recorded, so that the crashes of their hosts are counted."""
        undecided = sum(record.mark.completed is None for record in records)
        logger.info("%d jobs of other hosts go on here, %d of them undecided", len(records), undecided)
        self._scheduler.pause(True)
        await self._resume(records)
        await self._committer.record_resumed()
        self._scheduler.pause(False)

    def _cancel(self, asked: Mapping[str, bool]) -> None:
        for job_id, force in asked.items():
            job = self._scheduler.find(job_id)
            if job is not None and job.cancel(self._loop.time(), force=force):
                self._store.grant(job_id)


class Elsewhere:
    """The jobs in a durable store, whichever host runs them, as far as one can see them there.

    Args:
        store: where to look.
        loop: the loop that the queue runs on.
        clock: the wall clock.
        check: makes sure that what is waited for may still come.
    """

    def __init__(self, store: Store, loop: Loop, clock: Clock, check: Callable[[], None]) -> None:
        self._store = store
        self._loop = loop
        self._clock = clock
        self._check = check
        self._threads = ThreadPool(loop)

    def close(self) -> None:
        """End the idle threads; one may still look, in a thread that ends with that."""
        self._threads.close()

    async def load(self, job_id: str, owner: str | None) -> Job | None:
        """A job with all of its documents and outcomes; None if there is none, or it is another owner's.

        Raises:
            StoreError: it cannot be read.
        """
        try:
            record = await self._threads.run(self._read_whole, job_id)
        except JobNotFoundError:  # it was removed while it was read
            return None
        if record is None or not _is_of(record, owner):
            return None
        ledger, mark = self.revive(record)
        settled = mark.ok + mark.failed
        remaining = None if mark.completed is None else 0.0
        return Job(ledger, mark, percent(settled, len(ledger.document_ids)), remaining, ())

    async def look(self, job_id: str, owner: str | None, *, whole: bool = False) -> JobRecord:
        """A job; its documents and outcomes only with ``whole``. A store out of reach is tried again for a minute.

        Raises:
            JobNotFoundError: there is none, or it is another owner's.
            StoreError: it cannot be read.
        """
        deadline = self._loop.time() + PATIENCE
        read = self._read_whole if whole else self._store.load
        while True:
            try:
                record: JobRecord | None = await self._threads.run(read, job_id)
            except StoreCorruptError:
                raise
            except StoreError:
                if self._loop.time() >= deadline:
                    raise
                self._check()
                await sleep(self.pause)
                continue
            if record is None or not _is_of(record, owner):
                raise JobNotFoundError(job_id)
            return record

    async def wait(self, job_id: str, owner: str | None, *, drained: bool) -> Job:
        """Look now and then, until a job is decided, or drained.

        Raises:
            JobNotFoundError: there is none, or it is another owner's.
            QueueClosedError: this queue was closed before.
            StoreError: it cannot be read.
        """
        while True:
            mark = (await self.look(job_id, owner)).mark
            if mark.drained if drained else mark.completed is not None:
                job = await self.load(job_id, owner)
                if job is None:
                    raise JobNotFoundError(job_id)
                return job
            self._check()
            await sleep(self.pause)

    async def ask_to_cancel(self, job_id: str, *, force: bool) -> bool:
        """Ask the host of a job to cancel it; say whether that may be why it is cancelled.

        Raises:
            StoreError: that is not certain.
        """
        assert is_shared(self._store)
        first: bool = await self._threads.run(partial(self._store.ask_to_cancel, force=force), job_id)
        return first

    async def following(self, job_id: str, owner: str | None, known: Mark | None) -> tuple[Ledger, Mark]:
        """A job with its outcomes, as soon as there is more of it than what is known.

        Raises:
            JobNotFoundError: there is none, or it is another owner's.
            QueueClosedError: this queue was closed before.
            StoreError: it cannot be read.
        """
        while known is not None and _extent((await self.look(job_id, owner)).mark) == _extent(known):
            self._check()
            await sleep(self.pause)
        began = self._loop.time()
        record = await self.look(job_id, owner, whole=True)
        if known is not None:  # a large one is not read all the time
            await sleep(BREAKS * (self._loop.time() - began))
        return self.revive(record)

    @property
    def pause(self) -> float:
        """Seconds between two looks."""
        seconds: float = getattr(self._store, "poll_every", 0.5)
        return seconds

    def revive(self, record: JobRecord) -> tuple[Ledger, Mark]:
        """What a record says, with its times on the monotonic clock of this process."""
        return revive(record, self._loop.time(), self._clock.wall())

    def now(self) -> float:
        """Seconds on the monotonic clock."""
        return self._loop.time()

    def _read_whole(self, job_id: str) -> JobRecord | None:
        record = self._store.load(job_id)
        if record is not None:
            for sequence in (record.document_ids, record.ok, record.failed):
                sequence[:1]  # which reads all of them, in this thread
        return record


class DistantEvents:
    """The events of a job that another host runs, made from what one can see of it in the store.

    Its seq begins at 1. What happens between two looks is told at once, and progress only once.

    Args:
        elsewhere: where to look.
        job_id: which job.
        owner: only if it is this owner's.
        documents: whether to tell of every single document.
    """

    def __init__(self, elsewhere: Elsewhere, job_id: str, owner: str | None, *, documents: bool) -> None:
        self._elsewhere = elsewhere
        self._job_id = job_id
        self._owner = owner
        self._heard: Container[str] = {JobStarted.name, Progress.name} | (
            {DocumentCompleted.name, DocumentFailed.name} if documents else set()
        )
        self._machine: JobMachine | None = None
        self._mark: Mark | None = None
        self._waiting: deque[Event] = deque()

    async def next(self) -> Event | None:
        """The next event; None after the terminal one.

        Raises:
            JobNotFoundError: there is no such job, or none any more.
            QueueClosedError: this queue was closed before.
            StoreError: it cannot be read.
        """
        while not self._waiting:
            if self._machine is not None and self._machine.herald.terminal is not None:
                return None
            self._learn(*await self._elsewhere.following(self._job_id, self._owner, self._mark))
        return self._waiting.popleft()

    def _learn(self, ledger: Ledger, mark: Mark) -> None:
        now = self._elsewhere.now()
        if self._machine is None:
            # Nobody runs it: it is only there for its herald, who knows what is told when.
            desk = Desk(lambda least, _: least)
            self._machine = JobMachine(ledger, Gate(ledger.type, None, 1, desk), desk, durable=True, risky=False)
            self._machine.herald.resume(mark, now, told=False)
        self._machine.ledger, self._mark = ledger, mark
        self._waiting += self._machine.herald.news(mark, now, self._heard)


def _is_of(record: JobRecord, owner: str | None) -> bool:
    return owner is None or record.owner == owner


def _extent(mark: Mark) -> tuple[Any, ...]:
    """What of a mark one may wait for to change. Its times depend on who looks."""
    return mark.status, mark.ok, mark.failed, mark.drained
