"""DocumentProcessingQueue, blocking."""

import random
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from docmill.blocking.bridge import Bridge, until_forgotten
from docmill.blocking.owned import OwnedQueue
from docmill.blocking.streams import EventStream, OutcomeStream
from docmill.emitter import Listening
from docmill.model import Job, JobOptions, Stats
from docmill.ports import Clock, Engine, Store
from docmill.queue import DocumentProcessingQueue as AsyncQueue
from docmill.runtime.defaults import DAY, new_job_id

if TYPE_CHECKING:
    from docmill.emitter import Emitter

__all__ = ["DocumentProcessingQueue", "OnInterrupt"]

OnInterrupt = Literal["leave", "cancel"]


class DocumentProcessingQueue(Listening):
    """``docmill.DocumentProcessingQueue`` with blocking calls, for scripts, threads and cells that do not await.

    It runs on an event loop in a daemon thread of its own, which starts when the queue opens: with ``with``, with
    ``start()`` or on the first ``create_job``. So it works inside a running loop, such as in Jupyter, where a call
    blocks the cell. Any number of threads may use it.

    Listeners run in the queue's own thread: sync ones must be quick, and must not make a call that waits
    (RuntimeError); async ones run on its loop, not on yours. Async processors do so, too.

    Close it, with ``with`` or ``close()``. One that is still open when the interpreter exits is closed then, at once
    and without a word; one that is garbage closes itself with a ResourceWarning.

    Args:
        processors: what runs the documents of each job type: an async or sync callable
            ``(document_id, context) -> result``.
        store: where jobs are recorded; in memory by default.
        engine: where processors execute; in this process by default.
        max_workers: documents at work at once over all jobs, 1 or more.
        clock: the wall clock, for timestamps only.
        make_id: makes a job's id from the milliseconds since the epoch.
        uniform: draws a number between two others, for ``JobOptions.jitter``.
        stall_after: seconds for which an async processor may block the queue's loop before that is logged;
            None to never look.
        backend: the event loop: "asyncio" or "trio" (extra ``trio``).

    Raises:
        TypeError: a processor is not callable with (document_id, context) or (document_id); ``processors`` is no
            mapping; ``store`` or ``engine`` is something else.
        ValueError: ``max_workers`` is not a whole number, 1 or more, or there is no such backend.
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
        backend: str = "asyncio",
    ) -> None:
        self._queue = AsyncQueue(
            processors,
            store=store,
            engine=engine,
            max_workers=max_workers,
            clock=clock,
            make_id=make_id,
            uniform=uniform,
            stall_after=stall_after,
        )
        self._bridge = Bridge(backend, self._queue.aclose)
        self._emitter = cast("Emitter", _Ears(self._queue, self._bridge))
        until_forgotten(self._bridge, self)

    def start(self) -> None:
        """Open the queue; opening an open one does nothing.

        Raises:
            QueueClosedError: it was closed.
            StoreError: the store cannot be opened.
        """
        self._bridge.open()
        try:
            self._bridge.call(self._queue.start)
        except BaseException:
            self.close(0.0)  # a with block that is not entered is not left either
            raise

    def close(self, timeout: float = 10.0) -> None:
        """Close the queue: nothing new starts, and running attempts have ``timeout`` seconds to end.

        Then they are cancelled. Jobs in memory that are not decided by then become CANCELLED and have their event;
        jobs in a durable store go on when it is opened again. Reads work afterwards. Closing a closed queue does
        nothing. Ctrl-C meanwhile cancels what runs at once, and is raised.

        Args:
            timeout: seconds, 0 or more.
        """
        self._bridge.close(partial(self._queue.aclose, timeout))

    def aclose(self, timeout: float = 10.0) -> None:
        """The same as ``close``, under the name that it has on the async queue.

        Args:
            timeout: seconds, 0 or more.
        """
        self.close(timeout)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bridge.close(partial(self._queue.__aexit__, kind, error, trace))

    def create_job(
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
        self._bridge.open()
        return self._bridge.call(
            partial(
                self._queue.create_job,
                document_ids,
                type,
                options,
                owner=owner,
                idempotency_key=idempotency_key,
                metadata=metadata,
                priority=priority,
            )
        )

    def get_job_status(self, job_id: str, *, owner: str | None = None) -> Job | None:
        """An immutable snapshot of a job, at the same cost however large it is; None if there is no such job.

        Args:
            job_id: which job.
            owner: only if it is this owner's.
        """
        return self._bridge.look(partial(self._queue.get_job_status, job_id, owner=owner))

    def load_job(self, job_id: str, *, owner: str | None = None) -> Job | None:
        """The same as ``get_job_status``, but it looks in a durable store, too, where other hosts record their jobs.

        Args:
            job_id: which job.
            owner: only if it is this owner's.

        Raises:
            StoreError: the store cannot be read.
        """
        return self._bridge.call(partial(self._queue.load_job, job_id, owner=owner))

    def get_all_jobs(self, *, active: bool = False, owner: str | None = None) -> list[Job]:
        """Every retained job, newest first.

        Args:
            active: only those that are PENDING or PROCESSING.
            owner: only this owner's.
        """
        return self._bridge.look(partial(self._queue.get_all_jobs, active=active, owner=owner))

    def cancel_job(self, job_id: str, *, force: bool = False, owner: str | None = None) -> bool:
        """Cancel a job: nothing of it starts any more; running attempts complete and are recorded.

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
        return self._bridge.call(partial(self._queue.cancel_job, job_id, force=force, owner=owner))

    def wait(
        self,
        job_id: str,
        *,
        drained: bool = False,
        owner: str | None = None,
        timeout: float | None = None,
        on_interrupt: OnInterrupt = "leave",
    ) -> Job:
        """Wait until a job is decided; with ``drained`` until its last attempt has ended, too.

        Args:
            job_id: which job.
            drained: whether to wait for its last attempt, too.
            owner: only if it is this owner's.
            timeout: seconds to wait at most; the job goes on after that. None for no limit.
            on_interrupt: what Ctrl-C does: "leave" raises KeyboardInterrupt, and the job goes on; "cancel" cancels
                the job, its running attempts included, and returns it with what it has; a second Ctrl-C is raised.

        Raises:
            JobNotFoundError: there is no such job.
            QueueClosedError: the queue was closed before.
            TimeoutError: the job took longer than ``timeout``.
            ValueError: ``on_interrupt`` is neither.
        """
        if on_interrupt not in ("leave", "cancel"):
            raise ValueError(f"on_interrupt must be leave or cancel, got {on_interrupt!r}")
        try:
            return self._bridge.call(partial(self._queue.wait, job_id, drained=drained, owner=owner), timeout)
        except KeyboardInterrupt:
            if on_interrupt == "leave":
                raise
        self.cancel_job(job_id, force=True, owner=owner)
        return self._bridge.call(partial(self._queue.wait, job_id, drained=True, owner=owner))

    def join(self, *, owner: str | None = None) -> None:
        """Wait until no job of this host is left that is not decided and drained.

        Args:
            owner: wait for this owner's jobs only.

        Raises:
            QueueClosedError: the queue was closed before.
        """
        self._bridge.call(partial(self._queue.join, owner=owner))

    def retry_job(self, job_id: str, codes: Collection[str] | None = None, *, owner: str | None = None) -> str:
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
        return self._bridge.call(partial(self._queue.retry_job, job_id, codes, owner=owner))

    def cleanup_old_jobs(self, max_age: float = DAY, *, owner: str | None = None) -> int:
        """Remove the jobs that were decided ``max_age`` seconds ago or earlier, and are drained.

        It also happens by itself every hour, with 24 hours.

        Args:
            max_age: seconds, 0 or more.
            owner: only this owner's jobs.

        Returns:
            How many were removed.
        """
        return self._bridge.call(partial(self._queue.cleanup_old_jobs, max_age, owner=owner))

    def events(self, job_id: str | None = None, *, owner: str | None = None, documents: bool = False) -> EventStream:
        """The events of a job, up to its terminal event; or without ``job_id`` those of an owner or of all.

        Loop over it with ``for``, in any thread; breaking out is safe. It begins with the call. Progress that was not
        fetched in time is replaced by newer progress.

        Args:
            job_id: which job; if left out, the stream ends when the queue is closed.
            owner: only what is this owner's.
            documents: documentCompleted and documentFailed, too; ``outcomes`` is the better way to those.

        Raises:
            JobNotFoundError: there is no such job.
        """
        stream = self._bridge.look(partial(self._queue.events, job_id, owner=owner, documents=documents))
        return EventStream(self._bridge, stream, self)

    def outcomes(self, job_id: str, *, owner: str | None = None) -> OutcomeStream:
        """What becomes of each document, as they settle, from the first one on; ends when the job is drained.

        Args:
            job_id: which job.
            owner: only if it is this owner's.

        Raises:
            JobNotFoundError: there is no such job.
        """
        stream = self._bridge.look(partial(self._queue.outcomes, job_id, owner=owner))
        return OutcomeStream(self._bridge, stream, self)

    @property
    def job_types(self) -> Collection[str]:
        """The job types that have a processor."""
        return self._queue.job_types

    def stats(self) -> Stats:
        """What the queue is doing now."""
        return self._bridge.look(self._queue.stats)

    def for_owner(self, owner: str) -> OwnedQueue:
        """The same queue as one owner may see it.

        Args:
            owner: whose jobs it is about, and who owns those that are created by it.
        """
        return OwnedQueue(self, owner)

    def remove_listener(self, event: str, f: Callable[..., Any]) -> None:
        """Do not call a listener any more. One that is not there does not matter.

        Args:
            event: the name under which it was registered.
            f: the listener.
        """
        self._bridge.look(partial(self._queue.remove_listener, event, f))


class _Ears:
    """Registers listeners in the thread of the queue, which may be at work on the list of them."""

    def __init__(self, queue: AsyncQueue, bridge: Bridge) -> None:
        self._queue = queue
        self._bridge = bridge

    def on(self, event: str, f: Callable[..., Any] | None) -> Any:
        """Register a listener, or return a decorator that does."""
        return partial(self._add, self._queue.on, event) if f is None else self._add(self._queue.on, event, f)

    def once(self, event: str, f: Callable[..., Any] | None) -> Any:
        """The same for the next event only."""
        return partial(self._add, self._queue.once, event) if f is None else self._add(self._queue.once, event, f)

    def _add(self, add: Callable[..., Any], event: str, f: Callable[..., Any]) -> Any:
        return self._bridge.look(partial(add, event, f))
