"""A blocking queue as one owner may see it."""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from docmill.blocking.streams import EventStream, OutcomeStream
from docmill.model import Job, JobOptions
from docmill.runtime.defaults import DAY

if TYPE_CHECKING:
    from docmill.blocking.queue import DocumentProcessingQueue, OnInterrupt

__all__ = ["OwnedQueue"]


class OwnedQueue:
    """A blocking queue as one owner may see it: the same calls on jobs, and no other owner's job is there.

    It has no ``stats``, which would tell how busy the others are, and is opened and closed by the queue itself.
    """

    def __init__(self, queue: "DocumentProcessingQueue", owner: str) -> None:
        self._queue = queue
        self.owner = owner

    def create_job(
        self,
        document_ids: Iterable[str],
        type: str,
        options: JobOptions | None = None,
        *,
        idempotency_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        priority: int = 0,
    ) -> str:
        """See ``DocumentProcessingQueue.create_job``."""
        return self._queue.create_job(
            document_ids,
            type,
            options,
            owner=self.owner,
            idempotency_key=idempotency_key,
            metadata=metadata,
            priority=priority,
        )

    def get_job_status(self, job_id: str) -> Job | None:
        """See ``DocumentProcessingQueue.get_job_status``."""
        return self._queue.get_job_status(job_id, owner=self.owner)

    def load_job(self, job_id: str) -> Job | None:
        """See ``DocumentProcessingQueue.load_job``."""
        return self._queue.load_job(job_id, owner=self.owner)

    def get_all_jobs(self, *, active: bool = False) -> list[Job]:
        """See ``DocumentProcessingQueue.get_all_jobs``."""
        return self._queue.get_all_jobs(active=active, owner=self.owner)

    def cancel_job(self, job_id: str, *, force: bool = False) -> bool:
        """See ``DocumentProcessingQueue.cancel_job``."""
        return self._queue.cancel_job(job_id, force=force, owner=self.owner)

    def wait(
        self,
        job_id: str,
        *,
        drained: bool = False,
        timeout: float | None = None,
        on_interrupt: "OnInterrupt" = "leave",
    ) -> Job:
        """See ``DocumentProcessingQueue.wait``."""
        return self._queue.wait(job_id, drained=drained, owner=self.owner, timeout=timeout, on_interrupt=on_interrupt)

    def retry_job(self, job_id: str, codes: Collection[str] | None = None) -> str:
        """See ``DocumentProcessingQueue.retry_job``."""
        return self._queue.retry_job(job_id, codes, owner=self.owner)

    def cleanup_old_jobs(self, max_age: float = DAY) -> int:
        """See ``DocumentProcessingQueue.cleanup_old_jobs``."""
        return self._queue.cleanup_old_jobs(max_age, owner=self.owner)

    def join(self) -> None:
        """See ``DocumentProcessingQueue.join``."""
        self._queue.join(owner=self.owner)

    def events(self, job_id: str | None = None, *, documents: bool = False) -> EventStream:
        """See ``DocumentProcessingQueue.events``."""
        return self._queue.events(job_id, owner=self.owner, documents=documents)

    def outcomes(self, job_id: str) -> OutcomeStream:
        """See ``DocumentProcessingQueue.outcomes``."""
        return self._queue.outcomes(job_id, owner=self.owner)
