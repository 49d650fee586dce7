"""A job that one can watch from a notebook or a terminal."""

import logging
import sys
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Final, Literal, Protocol, overload

from anyio import get_cancelled_exc_class, move_on_after

from docmill.errors import JobNotFoundError
from docmill.model import Job
from docmill.model.card import as_text
from docmill.owned import OwnedQueue
from docmill.queue import DocumentProcessingQueue

__all__ = ["watch"]

EVERY: Final = 0.2
"""Seconds from one picture to the next."""

CANCELLING: Final = 5.0
"""Seconds that running attempts have to end when the cell that watches them is interrupted."""

logger = logging.getLogger("docmill")

OnInterrupt = Literal["cancel", "leave"]


class BlockingQueue(Protocol):
    """A queue of ``docmill.blocking``, or one owner's view of it."""

    def get_job_status(self, job_id: str) -> Job | None:
        """A snapshot."""

    def load_job(self, job_id: str) -> Job | None:
        """A snapshot, from the store if need be."""

    def wait(self, job_id: str, *, drained: bool, timeout: float | None = None) -> Job:
        """Wait for the end."""
        ...

    def cancel_job(self, job_id: str, *, force: bool) -> bool:
        """Cancel it."""
        ...


@overload
def watch(
    queue: DocumentProcessingQueue | OwnedQueue, job_id: str, *, on_interrupt: OnInterrupt = "cancel"
) -> Coroutine[Any, Any, Job]: ...
@overload
def watch(queue: BlockingQueue, job_id: str, *, on_interrupt: OnInterrupt = "cancel") -> Job: ...
def watch(queue: Any, job_id: str, *, on_interrupt: OnInterrupt = "cancel") -> Job | Awaitable[Job]:
    """Show one job until its last attempt has ended.

    Write ``job = await watch(queue, job_id)``. In a notebook it is a card that keeps itself up to date: how far the
    job is and how long it will take, what is at work, and what failed last. Its last state stays in the notebook, and
    in what is exported from it. Elsewhere it is a line of text on stderr. A display that fails is logged and given
    up; the job goes on.

    With a queue of ``docmill.blocking`` there is nothing to await: ``job = watch(queue, job_id)``.

    Args:
        queue: the queue, or one owner's view of it.
        job_id: which job.
        on_interrupt: what happens when the cell is interrupted, or the awaiting task cancelled. "cancel" cancels
            the job, its running attempts included; a blocking watch then returns it with what it has, and a second
            Ctrl-C is raised. "leave" lets it go on. An awaited watch raises the cancellation in either case;
            ``queue.get_job_status(job_id)`` still has the job.

    Returns:
        The finished job.

    Raises:
        JobNotFoundError: there is no such job.
        QueueClosedError: the queue was closed before.
        ValueError: ``on_interrupt`` is neither.
    """
    if on_interrupt not in ("cancel", "leave"):
        raise ValueError(f"on_interrupt must be cancel or leave, got {on_interrupt!r}")
    if isinstance(queue, DocumentProcessingQueue | OwnedQueue):
        return _watch(queue, job_id, on_interrupt)
    return _watch_blocking(queue, job_id, on_interrupt)


async def _watch(queue: DocumentProcessingQueue | OwnedQueue, job_id: str, on_interrupt: OnInterrupt) -> Job:
    screen = Screen()
    try:
        screen.open(_known(await queue.load_job(job_id), job_id))
        while True:
            with move_on_after(EVERY):
                return screen.end(await queue.wait(job_id, drained=True))
            screen.show(queue.get_job_status(job_id) or await queue.load_job(job_id))
    except get_cancelled_exc_class():
        if on_interrupt == "cancel":
            with move_on_after(CANCELLING, shield=True):
                await queue.cancel_job(job_id, force=True)
                await queue.wait(job_id, drained=True)
        screen.end(_known(queue.get_job_status(job_id), job_id))
        raise


def _watch_blocking(queue: BlockingQueue, job_id: str, on_interrupt: OnInterrupt) -> Job:
    screen = Screen()
    try:
        screen.open(_known(queue.load_job(job_id), job_id))
        while True:
            try:
                return screen.end(queue.wait(job_id, drained=True, timeout=EVERY))
            except TimeoutError:
                screen.show(queue.get_job_status(job_id) or queue.load_job(job_id))
    except KeyboardInterrupt:
        if on_interrupt == "leave":
            screen.end(_known(queue.get_job_status(job_id), job_id))
            raise
        queue.cancel_job(job_id, force=True)
        return screen.end(queue.wait(job_id, drained=True))


def _known(job: Job | None, job_id: str) -> Job:
    if job is None:
        raise JobNotFoundError(job_id)
    return job


class Screen:
    """Where a job is shown: in a notebook's output, or on stderr. Nothing that goes wrong here gets out."""

    def __init__(self) -> None:
        self._view: View | None = None

    def open(self, job: Job) -> None:
        """Show the first snapshot."""
        self._attempt(partial(self._open, job))

    def _open(self, job: Job) -> None:
        display = notebook_display()
        self._view = TextLine() if display is None else Card(display, job)
        self._view.show(job)

    def show(self, job: Job | None) -> None:
        """Show the newest snapshot."""
        if self._view is not None and job is not None:
            self._attempt(partial(self._view.show, job))

    def end(self, job: Job) -> Job:
        """Show the last snapshot, and hand it on."""
        if self._view is not None:
            self._attempt(partial(self._view.end, job))
        return job

    def _attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # a job must not depend on its picture
            self._view = None
            logger.warning("a job cannot be shown any more; it goes on", exc_info=error)


class View(Protocol):
    """A way to show a job."""

    def show(self, job: Job) -> None:
        """Show a snapshot."""

    def end(self, job: Job) -> None:
        """Show the last one."""


class Card:
    """The job's card in the output of a cell."""

    def __init__(self, display: Callable[..., Any], job: Job) -> None:
        self._shown = job._repr_html_()
        self._handle = display(job, display_id=True)

    def show(self, job: Job) -> None:
        """Replace the card, if it looks otherwise now."""
        card = job._repr_html_()
        if card != self._shown:
            self._handle.update(job)
            self._shown = card

    def end(self, job: Job) -> None:
        """Leave the last card where it is."""
        self.show(job)


class TextLine:
    """The job on stderr: a line that is written over on a terminal, and one at the end elsewhere."""

    def __init__(self) -> None:
        self._width = 0

    def show(self, job: Job) -> None:
        """Write the newest figures."""
        if sys.stderr is None or not sys.stderr.isatty():
            return
        line = as_text(job).partition("\n")[0]
        sys.stderr.write(f"\r{line:{self._width}}")
        sys.stderr.flush()
        self._width = len(line)

    def end(self, job: Job) -> None:
        """Write the last figures, and what failed."""
        if sys.stderr is None:
            return
        first, _, rest = as_text(job).partition("\n")
        start = "\r" if sys.stderr.isatty() else ""
        sys.stderr.write(f"{start}{first:{self._width}}\n" + (f"{rest}\n" if rest else ""))
        sys.stderr.flush()


def notebook_display() -> Any:
    """IPython's ``display`` if this runs in a notebook's kernel, which shows HTML; None elsewhere."""
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    return display if getattr(get_ipython(), "kernel", None) is not None else None
