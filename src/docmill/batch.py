"""One batch, in one call."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from docmill.emitter import Listening
from docmill.events import Progress
from docmill.model import Job, JobOptions
from docmill.queue import DocumentProcessingQueue

__all__ = ["JOB_TYPE", "process_documents", "progress_shown"]

JOB_TYPE: Final = "DOCUMENTS"


async def process_documents(
    document_ids: Iterable[str],
    processor: Callable[..., Any],
    options: JobOptions | None = None,
    progress: bool | Callable[[Progress], Any] = True,
) -> Job:
    """Process one batch of documents in a queue of its own, and wait for the end of it.

    If the call is cancelled, so is the batch, its running attempts included.

    Args:
        document_ids: the documents, at least one, each once.
        processor: an async or sync callable ``(document_id, context) -> result``.
        options: how to run it; the seed's defaults, but without a job timeout, if left out.
        progress: True for a line on stderr if that is a terminal, False for none, or a listener of your own
            that takes Progress events.

    Returns:
        The finished job: see its ``results``, ``errors`` and ``raise_for_status()``.

    Raises:
        InvalidJobError: the documents or the options cannot be a job.
        TypeError: the processor is not callable with (document_id, context) or (document_id).
    """
    queue = DocumentProcessingQueue({JOB_TYPE: processor})
    with progress_shown(queue, progress):
        async with queue:
            options = JobOptions(timeout=None) if options is None else options
            job_id = await queue.create_job(document_ids, JOB_TYPE, options)
            return await queue.wait(job_id, drained=True)


@contextmanager
def progress_shown(queue: Listening, progress: bool | Callable[[Progress], Any]) -> Iterator[None]:
    """Show the progress of a queue's only job in the way that was asked for."""
    line: ProgressLine | None = None
    if callable(progress):
        queue.on("progress", progress)
    elif progress and sys.stderr is not None and sys.stderr.isatty():
        line = ProgressLine()
        queue.on("progress", line.show)
    try:
        yield
    finally:
        if line is not None:
            line.end()


class ProgressLine:
    """A line on a terminal that is written over and over again."""

    def __init__(self) -> None:
        self._written = False

    def show(self, event: Progress) -> None:
        """Write the newest figures."""
        failed = f", {event.failed_documents} failed" if event.failed_documents else ""
        line = f"\r{event.progress:3d} % ({event.processed_documents} of {event.total_documents}{failed})"
        sys.stderr.write(line)
        sys.stderr.flush()
        self._written = True

    def end(self) -> None:
        """Leave the terminal on a new line."""
        if self._written:
            sys.stderr.write("\n")
