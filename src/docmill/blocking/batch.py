"""One batch, in one blocking call."""

from collections.abc import Callable, Iterable
from typing import Any

from docmill.batch import JOB_TYPE, progress_shown
from docmill.blocking.queue import DocumentProcessingQueue
from docmill.events import Progress
from docmill.model import Job, JobOptions

__all__ = ["process_documents"]


def process_documents(
    document_ids: Iterable[str],
    processor: Callable[..., Any],
    options: JobOptions | None = None,
    progress: bool | Callable[[Progress], Any] = True,
    *,
    backend: str = "asyncio",
) -> Job:
    """Process one batch of documents in a queue of its own, and wait for the end of it.

    Ctrl-C cancels the batch, its running attempts included, and what was done by then is returned: a job with the
    status CANCELLED. A second Ctrl-C is raised.

    Args:
        document_ids: the documents, at least one, each once.
        processor: an async or sync callable ``(document_id, context) -> result``.
        options: how to run it; the seed's defaults, but without a job timeout, if left out.
        progress: True for a line on stderr if that is a terminal, False for none, or a listener of your own
            that takes Progress events.
        backend: the event loop: "asyncio" or "trio" (extra ``trio``).

    Returns:
        The finished job: see its ``results``, ``errors`` and ``raise_for_status()``.

    Raises:
        InvalidJobError: the documents or the options cannot be a job.
        TypeError: the processor is not callable with (document_id, context) or (document_id).
        ValueError: there is no such backend.
    """
    queue = DocumentProcessingQueue({JOB_TYPE: processor}, backend=backend)
    options = JobOptions(timeout=None) if options is None else options
    with progress_shown(queue, progress), queue:
        try:
            return queue.wait(queue.create_job(document_ids, JOB_TYPE, options), drained=True)
        except KeyboardInterrupt:
            # It may have come when the job was there, but its id was not.
            for job in queue.get_all_jobs():
                queue.cancel_job(job.id, force=True)
                return queue.wait(job.id, drained=True)
            raise
