"""One run of all checks on one event loop, in a thread of its own that may be left behind."""

import gc
import sys
import threading
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import Context, copy_context
from math import ceil
from typing import Any, Final

import anyio
import attrs
from anyio import move_on_after

from docmill.engines import LocalEngine
from docmill.loops import current_loop
from docmill.model import Job, JobOptions
from docmill.ports import ProcessorSpec
from docmill.queue import DocumentProcessingQueue
from docmill.testing.conformance import footprint
from docmill.testing.conformance.calls import JOB_TYPE, Call, ProbeContext
from docmill.testing.conformance.footprint import Footprint

__all__ = ["CONCURRENT", "DidNotEnd", "Growth", "Session", "Settings", "sustained"]

CONCURRENT: Final = 4
"""Documents at once in the run through a real queue."""

SLACK: Final = 1.0
"""Seconds by which a loop may be late before it is called blocked."""


Checks = Callable[["Session"], Awaitable[None]]


@attrs.frozen(kw_only=True)
class Settings:
    """What ``check_processor`` was told; see there."""

    metadata: Mapping[str, Any]
    missing: str | None
    timeout: float
    grace: float
    runs: int
    max_growth: int


class DidNotEnd(Exception):
    """A call went on for longer than it may, so nothing more can be checked."""


@attrs.frozen
class Growth:
    """What repeated calls have left behind.

    Attributes:
        calls: how many there were.
        kept: threads, tasks and file descriptors that came with the first half of the calls, and again with the second.
        bytes: memory that the second half allocated and did not free.
        place: the line that allocated most of it, if it is worth a note.
    """

    calls: int
    kept: list[str]
    bytes: int
    place: str


class Session:
    """A processor on an event loop, with what the checks have seen of it.

    Attributes:
        spec: the processor, looked through.
        target: the processor.
        documents: what to try it with.
        settings: how to try it.
        first: the first call for each document; set by ``run_twice``.
        second: the second.
        unstable: documents whose two results differ; set by the check of that.
    """

    def __init__(self, spec: ProcessorSpec, target: Any, documents: Sequence[str], settings: Settings) -> None:
        self.spec = spec
        self.target = target
        self.documents = documents
        self.settings = settings
        self.first: dict[str, Call] = {}
        self.second: dict[str, Call] = {}
        self.unstable: set[str] = set()
        self._engine = LocalEngine()
        self._jobs: list[Job] | None = None
        self._growth: Growth | None = None
        self._crash: BaseException | None = None
        self._over = threading.Event()
        self._deadline = 0.0
        self._left_behind = False

    def live(self, backend: str, checks: Checks) -> bool:
        """Run an async function on an event loop in another thread, and watch that the loop is not blocked.

        Args:
            backend: "asyncio" or "trio".
            checks: what to run.

        Returns:
            Whether it has come to its end; False if the loop was blocked and the thread is left behind.
        """
        self.allow(self.settings.timeout)
        thread = threading.Thread(
            target=_context_without_loop().run,
            args=(self._live, backend, checks),
            name="docmill-conformance",
            daemon=True,
        )
        thread.start()
        while not self._over.wait(0.05):
            if time.monotonic() > self._deadline:
                self._left_behind = True
                return False
        thread.join(self.settings.grace)  # tasks that do not end would keep it
        if self._crash is not None:
            raise self._crash
        return True

    async def call(self, document_id: str, *, cancel_at: int = 0, seconds: float | None = None) -> Call:
        """Make one call as the queue does, and wait for its end.

        Args:
            document_id: the document.
            cancel_at: cancel it when it waits for so many times; 0 for never.
            seconds: what ``context.remaining()`` begins with; the timeout if left out.

        Raises:
            DidNotEnd: it did not end within the timeout.
        """
        if self._left_behind:
            raise DidNotEnd("nobody waits for this session any more")
        settings, loop = self.settings, current_loop()
        self.allow(settings.timeout)
        context = ProbeContext(document_id, settings.timeout if seconds is None else seconds, settings.metadata)
        call = Call(context, self._runner.submit, loop.cancelled, cancel_at)
        loop.spawn(call.run, footprint.TASK_NAME)
        with move_on_after(settings.timeout):
            await call.turned.wait()
        late = not call.turned.is_set()
        if late:
            call.cancel()
        with move_on_after(settings.grace):
            await call.done.wait()
        if not call.done.is_set():
            call.give_up()
        if late:
            raise DidNotEnd(
                f"document {document_id!r}: no end within {settings.timeout:g} s; "
                "give check_processor a longer timeout= if documents take that long"
            )
        return call

    async def run_twice(self) -> None:
        """Call it for every document, two times over."""
        self.first = {document: await self.call(document) for document in self.documents}
        self.second = {document: await self.call(document) for document in self.documents}

    async def leftovers(self, before: Footprint) -> list[str]:
        """What is there that was not there before, and does not go away by itself."""
        return await footprint.settle(lambda now: footprint.added(before, now), self.settings.grace)

    async def queued(self) -> list[Job]:
        """Jobs of all documents, run through a real queue at the same time.

        Raises:
            DidNotEnd: the queue did not get through.
        """
        if self._jobs is None:
            try:
                self._jobs = await self._run_queue()
            except KeyboardInterrupt:
                raise DidNotEnd("a queue was closed by the KeyboardInterrupt that the processor raised") from None
        return self._jobs

    async def growth(self) -> Growth:
        """What many calls leave behind."""
        if self._growth is None:
            self._growth = await self._measure_growth()
        return self._growth

    def allow(self, seconds: float) -> None:
        """Let the loop be silent for so long."""
        self._deadline = time.monotonic() + seconds + 2 * self.settings.grace + SLACK

    def _live(self, backend: str, checks: Checks) -> None:
        try:
            anyio.run(self._main, checks, backend=backend)
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits for this one
            self._crash = error
            self._over.set()

    async def _main(self, checks: Checks) -> None:
        self._engine.open(current_loop())
        self._runner = self._engine.bind(self.spec)
        await checks(self)
        await self._engine.aclose()
        self._over.set()

    async def _run_queue(self) -> list[Job]:
        copies = ceil(CONCURRENT / len(self.documents))
        seconds = self.settings.timeout * (1 + ceil(copies * len(self.documents) / CONCURRENT))
        options = JobOptions(
            max_concurrent=CONCURRENT, timeout=None, retry_attempts=0, document_timeout=self.settings.timeout
        )
        self.allow(seconds)
        with move_on_after(seconds):
            async with DocumentProcessingQueue({JOB_TYPE: self.target}, max_workers=CONCURRENT) as queue:
                ids = [
                    await queue.create_job(self.documents, JOB_TYPE, options, metadata=self.settings.metadata)
                    for _ in range(copies)
                ]
                return [await queue.wait(job_id, drained=True) for job_id in ids]
        raise DidNotEnd(f"a queue was not through with the documents after {seconds:g} s")

    async def _measure_growth(self) -> Growth:
        half = max(ceil(self.settings.runs / 2), len(self.documents))
        before = footprint.take()
        await self._repeat(half)
        middle = footprint.take()
        traced_already = tracemalloc.is_tracing()
        if not traced_already:
            tracemalloc.start()
        try:
            size = tracemalloc.get_traced_memory()[0]
            await self._repeat(half)
            grown = tracemalloc.get_traced_memory()[0] - size
            if grown > self.settings.max_growth:
                gc.collect()
                grown = tracemalloc.get_traced_memory()[0] - size
            place = _biggest() if grown > self.settings.max_growth else ""
        finally:
            if not traced_already:
                tracemalloc.stop()
        kept = await footprint.settle(lambda now: sustained(before, middle, now), self.settings.grace)
        return Growth(2 * half, kept, grown, place)

    async def _repeat(self, calls: int) -> None:
        for number in range(calls):
            await self.call(self.documents[number % len(self.documents)])


def _context_without_loop() -> Context:
    """The caller's context, but for the event loop that the caller may be running in."""
    context = copy_context()
    sniffio = sys.modules.get("sniffio")
    if sniffio is not None:
        context.run(sniffio.current_async_library_cvar.set, None)
    return context


def sustained(before: Footprint, middle: Footprint, now: Footprint) -> list[str]:
    """What came in the first half and again in the second, and is there still."""
    early = {key: name for key, name in now.items() if key in middle}
    first, second = footprint.added(before, early), footprint.added(middle, now)
    return first + second if first and second else []


def _biggest() -> str:
    """The line that has allocated most of what is traced."""
    statistics = tracemalloc.take_snapshot().statistics("lineno")
    frame = statistics[0].traceback[0]
    return f"{frame.filename}:{frame.lineno}"
