"""The requests with an idempotency key, so that a conflict that must be is told from one that must not: Q21."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from docmill.errors import IdempotencyConflictError
from docmill.model import Job
from docmill.queue import DocumentProcessingQueue
from docmill.testing.simulator.history import History
from docmill.testing.simulator.jobs import Watches
from docmill.testing.simulator.plan import JobPlan

__all__ = ["Keys"]


class Request(NamedTuple):
    """What a queue is asked to create; the plan has the key, the owner and the type."""

    queue: DocumentProcessingQueue
    plan: JobPlan
    documents: tuple[str, ...]


class Keys:
    """What each key stands for: jobs that are there, and requests whose job is not recorded yet."""

    def __init__(self, history: History, watches: Watches) -> None:
        self._history = history
        self._watches = watches
        self._asking: list[Request] = []

    @contextmanager
    def asking(self, queue: DocumentProcessingQueue, plan: JobPlan, documents: tuple[str, ...]) -> Iterator[None]:
        """While a queue is asked for a job, a conflict needs another request that has the key."""
        request = Request(queue, plan, documents)
        self._asking.append(request)
        try:
            yield
        except IdempotencyConflictError as error:
            self._check_conflict(request, error)
            raise
        finally:
            self._asking.remove(request)

    def _check_conflict(self, request: Request, error: IdempotencyConflictError) -> None:
        there = {job.id for job in request.queue.get_all_jobs() if self._has_the_key(job, request)}
        asked = any(
            other.queue is request.queue and other.plan is request.plan and other.documents != request.documents
            for other in self._asking
        )
        right = error.job_id in there or asked
        self._history.expect(right, "Q21", "{} has not got the key of another request: {}", error.job_id, error)

    def _has_the_key(self, job: Job, request: Request) -> bool:
        watch = self._watches.of(job)
        return watch.plan is request.plan and watch.documents != request.documents and job.retry_of is None
