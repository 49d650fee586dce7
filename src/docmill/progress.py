"""Progress bars for scripts: rich's and tqdm's, for the async queue and for the blocking one.

They listen to a queue's events and change nothing: a display that fails is logged and given up, and the jobs go on.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final, Protocol

from docmill.emitter import Listening
from docmill.events import JobStarted, Progress, TerminalEvent

__all__ = ["rich_progress", "tqdm_progress"]

Told = JobStarted | Progress | TerminalEvent

HEARD: Final = ("jobStarted", "progress", "jobCompleted", "jobFailed", "jobCancelled")

logger = logging.getLogger("docmill")


@contextmanager
def rich_progress(queue: Listening, *, console: Any = None) -> Iterator[None]:
    """Show a bar of rich for every job of a queue that runs inside of the block.

    Write ``with rich_progress(queue):``, outside of the queue's own block, so that it sees the ends of all jobs.
    Needs rich (extra ``demo``).

    Args:
        queue: a queue, async or blocking.
        console: the ``rich.console.Console`` to write to; rich's own one, on stdout, if left out.

    Raises:
        ImportError: rich is not installed.
    """
    try:
        from rich import progress
        from rich.markup import escape
    except ImportError as error:
        raise ImportError("rich_progress needs rich: pip install 'docmill[demo]'") from error
    bars = progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[note]}"),
        progress.TimeRemainingColumn(),
        console=console,
    )

    class RichBar:
        """One job."""

        def __init__(self, job_id: str, total: int) -> None:
            self._task = bars.add_task(escape(job_id), total=total, note="")

        def show(self, processed: int, failed: int) -> None:
            """Move it."""
            bars.update(self._task, completed=processed, note=f"[red]{failed} failed[/]" if failed else "")

        def end(self, word: str) -> None:
            """Leave it as it is, and say what became of the job if that is no success."""
            if word != "COMPLETED":
                bars.update(self._task, note=f"[red]{word}[/]")
            bars.stop_task(self._task)

    with bars, _shown(queue, RichBar):
        yield


@contextmanager
def tqdm_progress(queue: Listening, tqdm: Callable[..., Any] | None = None, **options: Any) -> Iterator[None]:
    """Show a bar of tqdm for every job of a queue that runs inside of the block.

    Write ``with tqdm_progress(queue):``, outside of the queue's own block, so that it sees the ends of all jobs.
    Needs tqdm.

    Args:
        queue: a queue, async or blocking.
        tqdm: which of tqdm's classes makes the bars; ``tqdm.auto.tqdm`` if left out.
        **options: for that, such as ``file``, ``leave`` or ``mininterval``.

    Raises:
        ImportError: tqdm is not installed.
    """
    try:
        make = import_module("tqdm.auto").tqdm if tqdm is None else tqdm
    except ImportError as error:
        raise ImportError("tqdm_progress needs tqdm: pip install tqdm") from error
    bars: list[Any] = []

    class TqdmBar:
        """One job."""

        def __init__(self, job_id: str, total: int) -> None:
            self._bar = make(**{"desc": job_id, "total": total, "unit": "document"} | options)
            bars.append(self._bar)

        def show(self, processed: int, failed: int) -> None:
            """Move it."""
            self._bar.update(processed - self._bar.n)
            if failed:
                self._bar.set_postfix(failed=failed, refresh=False)

        def end(self, word: str) -> None:
            """Leave it as it is, and say what became of the job if that is no success."""
            if word != "COMPLETED":
                self._bar.set_postfix_str(word)
            self._bar.close()

    try:
        with _shown(queue, TqdmBar):
            yield
    finally:
        for bar in bars:
            bar.close()


class Bar(Protocol):
    """One job on the screen."""

    def show(self, processed: int, failed: int) -> None:
        """Move it."""

    def end(self, word: str) -> None:
        """Leave it as it is."""


@contextmanager
def _shown(queue: Listening, make: Callable[[str, int], Bar]) -> Iterator[None]:
    bars: dict[str, Bar] = {}

    def show(event: Told) -> None:
        try:
            _show(event, bars, make)
        except Exception:
            logger.warning("the jobs cannot be shown any more; they go on", exc_info=True)
            stop()

    def stop() -> None:
        for name in HEARD:
            queue.remove_listener(name, show)

    for name in HEARD:
        queue.on(name)(show)
    try:
        yield
    finally:
        stop()


def _show(event: Told, bars: dict[str, Bar], make: Callable[[str, int], Bar]) -> None:
    if event.job_id not in bars:
        bars[event.job_id] = make(event.job_id, event.total_documents)
    bar = bars[event.job_id]
    if not isinstance(event, JobStarted):
        bar.show(event.processed_documents, event.failed_documents)
    if isinstance(event, TerminalEvent):
        del bars[event.job_id]
        bar.end(_word(event))


def _word(event: TerminalEvent) -> str:
    return {"jobCompleted": "COMPLETED", "jobCancelled": "CANCELLED"}.get(event.name) or str(
        getattr(event, "status", "FAILED")
    )
