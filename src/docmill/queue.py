"""The face of docmill: DocumentProcessingQueue."""

import random
import weakref
from collections.abc import Callable, Collection, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from anyio.lowlevel import checkpoint

from docmill.core import JobMachine, Scheduler
from docmill.emitter import Emitter, Listening
from docmill.engines import LocalEngine
from docmill.errors import (
    IdempotencyConflictError,
    InvalidJobError,
    JobNotFoundError,
    JobStateError,
    PluginError,
    QueueClosedError,
)
from docmill.loops import current_loop
from docmill.model import FailureCode, Job, JobOptions, JobStatus, Ledger, Stats
from docmill.model.options import is_whole
from docmill.owned import OwnedQueue
from docmill.ports import Clock, Engine, JobRecord, Store
from docmill.ports.store import is_shared
from docmill.runtime import (
    Context,
    DistantBook,
    DistantEvents,
    Elsewhere,
    EventStream,
    Host,
    LocalBook,
    OutcomeStream,
    Registry,
    Signals,
    Turn,
)
from docmill.runtime.defaults import DAY, DEFAULT_OPTIONS, WallClock, new_job_id
from docmill.runtime.requests import check_documents, check_parts, check_request, freeze, reject
from docmill.runtime.resume import revive
from docmill.stores import MemoryStore

__all__ = ["DocumentProcessingQueue"]


class DocumentProcessingQueue(Listening):
    """Processes batches of documents: concurrently, with retries, budgets and progress events.

    Making one touches no event loop and starts nothing. It opens with ``async with``, with ``start()`` or on
    the first ``create_job``, on asyncio or trio; it may be closed by another task than opened it. There may be
    several in a process.

    Args:
        processors: what runs the documents of each job type: an async or sync callable
            ``(document_id, context) -> result``.
        store: where jobs are recorded; in memory by default.
        engine: where processors execute; in this process by default.
        max_workers: documents at work at once over all jobs, 1 or more.
        clock: the wall clock, for timestamps only.
        make_id: makes a job's id from the milliseconds since the epoch.
        uniform: draws a number between two others, for ``JobOptions.jitter``.
        stall_after: seconds for which an async processor may block the event loop before that is logged;
            None to never look.

    Raises:
        TypeError: a processor is not callable with (document_id, context) or (document_id); ``processors`` is no
            mapping; ``store`` or ``engine`` is something else.
        ValueError: ``max_workers`` is not a whole number, 1 or more.
    """

    def __init__(
        self,
        processors: Mapping[str, Callable[..., Any]],
        *,
        store: Store | None = None,
        engine: Engine | None = None,
        max_workers: int = 50,
        clock: Clock | None = None,
        make_id: Callable[[int], str] = new_job_id,
        uniform: Callable[[float, float], float] = random.uniform,
        stall_after: float | None = 1.0,
    ) -> None:
        if not is_whole(max_workers, 1):
            raise ValueError(f"max_workers must be a whole number, 1 or more, got {max_workers!r}")
        self._store = MemoryStore() if store is None else store
        self._engine = LocalEngine() if engine is None else engine
        check_parts(processors, self._store, self._engine)
        self._clock = WallClock() if clock is None else clock
        self._max_workers = max_workers
        self._make_id = make_id
        self._stall_after = stall_after
        self._scheduler = Scheduler(
            max_workers=max_workers, uniform=uniform, make_attempt=Context, durable=self._store.durable
        )
        self._registry = Registry(processors, self._scheduler, self._store)
        self._emitter = Emitter(self._scheduler.follow, self._interrupted)
        self._signals = Signals()
        self._arriving: dict[tuple[str | None, str], Ledger] = {}
        self._host: Host | None = None
        self._elsewhere: Elsewhere | None = None
        self._streams: weakref.WeakSet[EventStream] = weakref.WeakSet()
        self._closed_unopened = False

    async def start(self) -> None:
        """Open the queue; opening an open one does nothing.

        Raises:
            QueueClosedError: it was closed.
            StoreError: the store cannot be opened.
        """
        if self._closed_unopened:
            raise QueueClosedError("the queue is closed; make a new one")
        if self._host is None:
            loop = current_loop()
            self._engine.open(loop)
            self._host = Host(
                loop=loop,
                scheduler=self._scheduler,
                store=self._store,
                engine=self._engine,
                emitter=self._emitter,
                signals=self._signals,
                clock=self._clock,
                max_workers=self._max_workers,
                stall_after=self._stall_after,
                admit=self._admit,
                resume=self._resume,
            )
            self._host.on_lost = self._lost
            self._host.committer.on_elsewhere = self._not_admitted
            if self._store.durable:
                self._elsewhere = Elsewhere(self._store, loop, self._clock, self._host.check_waiting)
                self._host.crew.leaving.append(self._elsewhere.close)
            self._registry.open(self._engine, self._host.crew)
        await self._host.start()

    async def aclose(self, timeout: float = 10.0) -> None:
        """Close the queue: nothing new starts, and running attempts have ``timeout`` seconds to end.

        Then they are cancelled. Jobs in memory that are not decided by then become CANCELLED and have their
        event; jobs in a durable store go on when it is opened again. Async listeners have up to one more
        second for the last events. Reads work afterwards. Closing a closed queue does nothing.

        Args:
            timeout: seconds, 0 or more.
        """
        if self._host is None:
            self._closed_unopened = True
            self._emitter.close()
        else:
            await self._host.aclose(timeout)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose(10.0 if error is None else 0.0)
        if error is None and self._host is not None and self._host.interrupt is not None:
            raise self._host.interrupt

    async def create_job(
        self,
        document_ids: Iterable[str],
        type: str,
        options: JobOptions | None = None,
        *,
        owner: str | None = None,
        idempotency_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        priority: int = 0,
    ) -> str:
        """Create a job; it starts as soon as it is its turn. With a durable store it is on disk on return.

        Args:
            document_ids: the documents, at least one, each once.
            type: the job type, which names the processor.
            options: how to run it; the seed's defaults if left out.
            owner: whose job it is; owners take turns, and cannot see each other's jobs.
            idempotency_key: the same key of the same owner gives the same job again instead of a second one.
            metadata: anything to keep with the job; processors see it, too.
            priority: jobs of a higher priority start their documents before all of a lower one.

        Returns:
            The job's id.

        Raises:
            InvalidJobError: something of this cannot be; the error names everything that cannot.
            PluginError: the processor is a plugin that cannot be loaded.
            IdempotencyConflictError: the key stands for other documents or another type.
            QueueClosedError: the queue is closing or closed.
        """
        return await self._create(document_ids, type, options, owner, idempotency_key, metadata, priority, None)

    def get_job_status(self, job_id: str, *, owner: str | None = None) -> Job | None:
        """An immutable snapshot of a job, at the same cost however large it is; None if there is no such job.

        It knows the jobs of this host; ``load_job`` sees those of other hosts with the same store, too.

        Args:
            job_id: which job.
            owner: only if it is this owner's.
        """
        job = self._scheduler.find(job_id, owner)
        return None if job is None else job.snapshot(self._now())

    async def load_job(self, job_id: str, *, owner: str | None = None) -> Job | None:
        """The same as ``get_job_status``, but it looks in a durable store, too, where other hosts record their jobs.

        Args:
            job_id: which job.
            owner: only if it is this owner's.

        Raises:
            StoreError: the store cannot be read.
        """
        await checkpoint()
        if self._elsewhere is None or self._scheduler.find(job_id) is not None:
            return self.get_job_status(job_id, owner=owner)
        return await self._elsewhere.load(job_id, owner)

    def get_all_jobs(self, *, active: bool = False, owner: str | None = None) -> list[Job]:
        """Every retained job, newest first.

        Args:
            active: only those that are PENDING or PROCESSING.
            owner: only this owner's.
        """
        now = self._now()
        return [
            job.snapshot(now)
            for job in reversed(self._scheduler.jobs.values())
            if (owner is None or job.ledger.owner == owner) and not (active and job.visible.completed is not None)
        ]

    async def cancel_job(self, job_id: str, *, force: bool = False, owner: str | None = None) -> bool:
        """Cancel a job: nothing of it starts any more; running attempts complete and are recorded.

        Another host is asked to cancel a job that it runs, and does so at its next heartbeat; the call returns
        after that.

        Args:
            job_id: which job.
            force: cancel the running attempts, too; their documents fail with the code ``cancelled``. On a job
                that is decided and not drained it does that as well, and still returns False.
            owner: only if it is this owner's.

        Returns:
            True if this call cancelled it, False if it was decided before.

        Raises:
            JobNotFoundError: there is no such job.
        """
        await checkpoint()
        job = self._find_here(job_id, owner)
        if job is not None:
            assert self._host is not None  # it made the job
            self._host.check_process()
            first = job.cancel(self._now(), force=force)
            self._host.crew.attend()
            if await self._reaches(job, Turn.DECIDED):  # nobody is told of a decision that is not recorded
                return first
        return await self._cancel_elsewhere(job_id, force, owner)

    async def _cancel_elsewhere(self, job_id: str, force: bool, owner: str | None) -> bool:
        assert self._elsewhere is not None
        await self._elsewhere.look(job_id, owner)
        first = await self._elsewhere.ask_to_cancel(job_id, force=force)
        job = await self._elsewhere.wait(job_id, owner, drained=False)
        # It may have ended otherwise before its host knew, or somebody there was faster.
        return first and job.status is JobStatus.CANCELLED and (await self._elsewhere.look(job_id, owner)).granted

    async def wait(self, job_id: str, *, drained: bool = False, owner: str | None = None) -> Job:
        """Wait until a job is decided; with ``drained`` until its last attempt has ended, too.

        Args:
            job_id: which job.
            drained: whether to wait for its last attempt, too.
            owner: only if it is this owner's.

        Raises:
            JobNotFoundError: there is no such job.
            QueueClosedError: the queue was closed before.
        """
        job = self._find_here(job_id, owner)
        await checkpoint()
        if job is not None and await self._reaches(job, Turn.DRAINED if drained else Turn.DECIDED):
            return job.snapshot(self._now())
        assert self._elsewhere is not None
        return await self._elsewhere.wait(job_id, owner, drained=drained)

    async def _reaches(self, job: JobMachine, turn: Turn) -> bool:
        """Wait until a job of this host is decided or drained; False if another host takes it over before."""
        while not (job.shown.drained if turn is Turn.DRAINED else job.shown.completed is not None):
            if self._is_lost(job):
                return False
            assert self._host is not None
            self._host.check_waiting()
            await self._signals.wait(job, turn)
            if self._host.interrupt is not None:
                raise self._host.interrupt
        return True

    async def join(self, *, owner: str | None = None) -> None:
        """Wait until no job of this host is left that is not decided and drained.

        Args:
            owner: wait for this owner's jobs only.

        Raises:
            QueueClosedError: the queue was closed before.
        """
        await checkpoint()
        while busy := [
            job
            for job in self._scheduler.jobs.values()
            if not job.shown.drained and (owner is None or job.ledger.owner == owner)
        ]:
            await self._reaches(busy[0], Turn.DRAINED)

    async def retry_job(self, job_id: str, codes: Collection[str] | None = None, *, owner: str | None = None) -> str:
        """Create a new job from what a finished one has left to do, with the same type and options.

        Args:
            job_id: the finished job.
            codes: only documents that failed with one of these codes; if left out, all that failed and all that
                were not processed.
            owner: only if it is this owner's.

        Returns:
            The id of the new job; its ``retry_of`` is ``job_id``.

        Raises:
            JobNotFoundError: there is no such job.
            JobStateError: it is not decided, or not drained yet.
            InvalidJobError: it has nothing left to do.
        """
        job = await self.load_job(job_id, owner=owner)
        if job is None:
            raise JobNotFoundError(job_id)
        if not job.drained:
            raise JobStateError(
                f"job {job_id!r} is {job.status} and not drained; "
                f"await queue.wait({job_id!r}, drained=True) before you retry it"
            )
        wanted = set(FailureCode) if codes is None else set(codes)
        left = [
            record["document_id"]
            for record in job.to_records()
            if record["code"] in wanted or (codes is None and record["success"] is None)
        ]
        if not left:
            of = "" if codes is None else f" with the codes {', '.join(sorted(codes))}"
            raise InvalidJobError(f"job {job_id!r} has no failed document{of} to try again")
        return await self._create(left, job.type, job.options, job.owner, None, job.metadata, job.priority, job.id)

    async def cleanup_old_jobs(self, max_age: float = DAY, *, owner: str | None = None) -> int:
        """Remove the jobs that were decided ``max_age`` seconds ago or earlier, and are drained.

        It also happens by itself every hour, with 24 hours. Of a store that several hosts share, each one removes
        the jobs that are its own, those of hosts that are gone included.

        Args:
            max_age: seconds, 0 or more.
            owner: only this owner's jobs.

        Returns:
            How many were removed.
        """
        await checkpoint()
        return 0 if self._host is None else await self._host.clean_up(max_age, owner)

    def events(self, job_id: str | None = None, *, owner: str | None = None, documents: bool = False) -> EventStream:
        """The events of a job, up to its terminal event; or without ``job_id`` those of an owner or of all.

        Loop over it with ``async for``; breaking out is safe. It begins with the call. Progress that was not
        fetched in time is replaced by newer progress.

        With a store that several hosts share, those of a job that another host runs are made from what is recorded
        of it, a little later; whether there is such a job shows with the first one.

        Args:
            job_id: which job; if left out, the stream ends when the queue is closed.
            owner: only what is this owner's.
            documents: documentCompleted and documentFailed, too; ``outcomes`` is the better way to those.

        Raises:
            JobNotFoundError: there is no such job.
        """
        job = None if job_id is None else self._find_here(job_id, owner)
        distant = None
        if job_id is not None and job is None:
            assert self._elsewhere is not None
            distant = DistantEvents(self._elsewhere, job_id, owner, documents=documents)
        stream = EventStream(self._emitter, job, owner, documents=documents, distant=distant)
        if job is not None and is_shared(self._store):
            self._streams.add(stream)
        return stream

    def outcomes(self, job_id: str, *, owner: str | None = None) -> OutcomeStream:
        """What becomes of each document, as they settle, from the first one on; ends when the job is drained.

        With a store that several hosts share, whether there is such a job may only show with the first one.

        Args:
            job_id: which job.
            owner: only if it is this owner's.

        Raises:
            JobNotFoundError: there is no such job.
        """
        job = self._find_here(job_id, owner)
        if job is not None:
            return OutcomeStream(LocalBook(job, self._signals, self._moved), self._is_closed)
        assert self._elsewhere is not None
        return OutcomeStream(DistantBook(self._elsewhere, job_id, owner), self._is_closed)

    @property
    def job_types(self) -> Collection[str]:
        """The job types that have a processor."""
        return self._registry.types

    def stats(self) -> Stats:
        """What the queue is doing now."""
        jobs = self._scheduler.jobs.values()
        statuses = [job.visible.status for job in jobs]
        return Stats(
            jobs=len(statuses),
            pending=statuses.count(JobStatus.PENDING),
            processing=statuses.count(JobStatus.PROCESSING),
            running=sum(len(job.running) for job in jobs),
            lanes=0 if self._host is None else len(self._host.crew.lanes),
            abandoned=sum(gate.abandoned for gate in self._scheduler.gates.values()),
            listener_failures=self._emitter.failures,
            dropped_events=self._emitter.dropped,
        )

    def for_owner(self, owner: str) -> OwnedQueue:
        """The same queue as one owner may see it.

        Args:
            owner: whose jobs it is about, and who owns those that are created by it.
        """
        return OwnedQueue(self, owner)

    async def _create(
        self,
        document_ids: Iterable[str],
        job_type: str,
        options: JobOptions | None,
        owner: str | None,
        idempotency_key: str | None,
        metadata: Mapping[str, Any] | None,
        priority: int,
        retry_of: str | None,
    ) -> str:
        options = DEFAULT_OPTIONS if options is None else options
        metadata = {} if metadata is None else metadata
        ids, problems = check_documents(document_ids)
        problems += check_request(
            job_type=job_type,
            types=self._registry.types,
            options=options,
            owner=owner,
            idempotency_key=idempotency_key,
            metadata=metadata,
            priority=priority,
            durable=self._store.durable,
        )
        reject(problems)
        await self._open_host()
        binding = await self._registry.load(job_type)
        assert self._host is not None
        self._host.check()  # it may have been closed while a plugin was imported
        reject([*binding.obstacles(metadata)])
        known = await self._known(owner, idempotency_key, ids, job_type)
        if known is not None:
            return known
        now, wall = self._now(), self._clock.wall()
        ledger = Ledger(
            id=self._make_id(int(wall * 1000)),
            document_ids=ids,
            type=str(job_type),
            options=options,
            owner=owner,
            idempotency_key=idempotency_key,
            metadata=freeze(metadata),
            priority=priority,
            retry_of=retry_of,
            created=now,
            wall_offset=wall - now,
        )
        if idempotency_key is not None:
            self._arriving[owner, idempotency_key] = ledger
        there = await self._host.committer.record_new(ledger)
        if there != ledger.id:
            return await self._same(there, ledger)
        if ledger.id not in self._scheduler.jobs:
            self._host.check()
        return ledger.id

    async def _same(self, job_id: str, wanted: Ledger) -> str:
        """The id of the job of another host that has the idempotency key of a new one, if it is the same request."""
        assert self._elsewhere is not None
        assert wanted.idempotency_key is not None
        record = await self._elsewhere.look(job_id, None, whole=True)
        if (tuple(record.document_ids), record.type) != (wanted.document_ids, wanted.type):
            raise IdempotencyConflictError(wanted.idempotency_key, job_id)
        return job_id

    async def _known(self, owner: str | None, key: str | None, ids: tuple[str, ...], job_type: str) -> str | None:
        """The id of the job that an idempotency key stands for already, if it stands for the same request."""
        if key is None:
            return None
        assert self._host is not None
        while True:
            job = self._scheduler.find_key(owner, key)
            ledger = self._arriving.get((owner, key)) if job is None else job.ledger
            if ledger is None:
                return None
            if (ledger.document_ids, ledger.type) != (ids, job_type):
                raise IdempotencyConflictError(key, ledger.id)
            if job is not None:
                return ledger.id
            self._host.check()
            await self._host.committer.written()

    def _not_admitted(self, ledger: Ledger) -> None:
        """Another host has a new job, or one with its idempotency key."""
        if ledger.idempotency_key is not None:
            self._arriving.pop((ledger.owner, ledger.idempotency_key), None)

    def _admit(self, ledger: Ledger) -> None:
        assert self._host is not None
        self._not_admitted(ledger)
        self._scheduler.add(ledger, **self._run(ledger.type))
        self._host.crew.attend()

    async def _resume(self, records: Iterable[JobRecord]) -> None:
        records = list(records)
        obstacles = [await self._obstacle(record) for record in records]
        now, wall = self._now(), self._clock.wall()
        blamed = any(record.mark.alone is not None and record.mark.completed is None for record in records)
        for record, obstacle in zip(records, obstacles, strict=True):
            ledger, mark = revive(record, now, wall)
            self._scheduler.resume(
                ledger,
                mark,
                now,
                active=record.active,
                # A crash for which a document is blamed is no mark against the jobs, but it is one.
                lives=max(1, record.lives) if blamed and record.lives >= 0 else record.lives + 1,
                told=record.told,
                obstacle=obstacle,
                **self._run(ledger.type),
            )

    async def _obstacle(self, record: JobRecord) -> str | None:
        """Why a recorded job cannot go on, if its processor is registered and yet cannot run it."""
        if record.mark.status.is_terminal or record.type not in self._registry.types:
            return None
        try:
            binding = await self._registry.load(record.type)
        except PluginError as error:
            return str(error)
        return "; ".join(binding.obstacles(record.metadata)) or None

    def _run(self, job_type: str) -> dict[str, Any]:
        """How the scheduler is to run jobs of a type; nothing for one without a processor."""
        binding = self._registry.get(job_type)
        if binding is None:
            return {}
        return {
            "processor": binding,
            "finalizes": binding.spec.finalize is not None,
            "risky": binding.risky,
        }

    async def _open_host(self) -> None:
        if self._host is None or self._closed_unopened:
            await self.start()
        await checkpoint()
        assert self._host is not None
        self._host.check()

    def _find_here(self, job_id: str, owner: str | None) -> JobMachine | None:
        """A job of this host; None if there is none, but another host may have it.

        Raises:
            JobNotFoundError: there is none, and no other host can have it.
        """
        job = self._scheduler.find(job_id, owner)
        may_be_elsewhere = is_shared(self._store) and self._host is not None and job_id not in self._scheduler.jobs
        if job is None and not may_be_elsewhere:
            raise JobNotFoundError(job_id)
        return job

    def _is_lost(self, job: JobMachine) -> bool:
        """Whether another host has taken over a job."""
        return is_shared(self._store) and self._scheduler.jobs.get(job.ledger.id) is not job

    def _moved(self, job: JobMachine) -> DistantBook | None:
        """Where a job can be read that another host has taken over; None if none has."""
        if not self._is_lost(job):
            return None
        assert self._elsewhere is not None
        return DistantBook(self._elsewhere, job.ledger.id, job.ledger.owner)

    def _lost(self, job_ids: Collection[str]) -> None:
        assert self._elsewhere is not None
        for stream in list(self._streams):
            if stream.job_id is not None and stream.job_id in job_ids:
                wants = stream.wants_documents
                stream.move(DistantEvents(self._elsewhere, stream.job_id, None, documents=wants))

    def _now(self) -> float:
        return 0.0 if self._host is None else self._host.loop.time()

    def _is_closed(self) -> bool:
        return self._host is not None and self._host.closed.is_set()

    def _interrupted(self, error: BaseException) -> None:
        if self._host is not None:
            self._host.interrupted(error)
