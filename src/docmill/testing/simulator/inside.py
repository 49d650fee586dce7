"""The few things that the simulator does from inside of a queue, since no public call does them."""

# ruff: noqa: SLF001

from docmill.queue import DocumentProcessingQueue

__all__ = ["crash", "decided_at", "failed", "is_over", "wait_for_end"]


def crash(queue: DocumentProcessingQueue) -> None:
    """End a queue as kill -9 would."""
    if queue._host is not None:
        queue._host.crash()


async def wait_for_end(queue: DocumentProcessingQueue) -> None:
    """Wait until a life of a queue is over, however it ends."""
    assert queue._host is not None
    await queue._host.closed.wait()


def decided_at(queue: DocumentProcessingQueue, job_id: str) -> float | None:
    """When a job was decided, in seconds on the loop's clock."""
    return queue._scheduler.jobs[job_id].completed


def is_over(queue: DocumentProcessingQueue) -> bool:
    """Whether a life of a queue is over."""
    return queue._host is not None and queue._host.closed.is_set()


def failed(queue: DocumentProcessingQueue) -> bool:
    """Whether a life of a queue has ended since its store stayed out of reach."""
    return queue._host is not None and queue._host._failure is not None
