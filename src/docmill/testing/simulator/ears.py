"""The listeners of a run: one that hears and checks everything, and others that are slow or raise."""

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from anyio import current_time, sleep

from docmill.events import (
    CircuitClosed,
    CircuitOpened,
    DocumentCompleted,
    DocumentFailed,
    DocumentProgress,
    JobCancelled,
    JobCompleted,
    JobEvent,
    JobFailed,
    JobStarted,
    Progress,
    StoreUnavailable,
    TerminalEvent,
)
from docmill.model import FailureCode, Job
from docmill.ports import JobRecord
from docmill.queue import DocumentProcessingQueue
from docmill.testing.simulator.circuits import Circuits
from docmill.testing.simulator.history import History
from docmill.testing.simulator.jobs import JobWatch, Watches

__all__ = ["Ears"]

JOB_EVENTS = (JobStarted, Progress, DocumentProgress, JobCompleted, JobFailed, JobCancelled)
DOCUMENT_EVENTS = (DocumentCompleted, DocumentFailed)

INTERVAL = 0.1
SLACK = 1e-6


class Thread:
    """What one life has heard of one job.

    Attributes:
        seq: the last number.
        progress: the last progress.
        progress_at: when that was.
        documents: how many single documents were told.
        hasty: whether the last event was a progress that came too soon for any but the last one.
    """

    def __init__(self) -> None:
        self.seq = 0
        self.progress: Progress | None = None
        self.progress_at = -inf
        self.documents = 0
        self.hasty = False


class Ears:
    """Listens in one life of the queue.

    Attributes:
        raised: how often a listener of this life has raised.
    """

    def __init__(
        self, history: History, watches: Watches, circuits: Circuits, records: Mapping[str, JobRecord] | None
    ) -> None:
        self.raised = 0
        self._life = history.life
        self._history = history
        self._watches = watches
        self._circuits = circuits
        self._records = records
        self._threads: dict[str, Thread] = {}
        self._documents = False

    def listen(self, queue: DocumentProcessingQueue, *, documents: bool) -> None:
        """Hear every event, those of single documents only if asked to."""
        self._documents = documents
        for event in JOB_EVENTS + (DOCUMENT_EVENTS if documents else ()):
            _on(queue, event.name, self._hear)
        _on(queue, CircuitOpened.name, self._circuits.opened)
        _on(queue, CircuitClosed.name, self._circuits.closed)
        _on(queue, StoreUnavailable.name, lambda _: self._history.note("", "store unavailable"))

    def disturb(self, queue: DocumentProcessingQueue, *, raising: bool, slow: bool, calm: Callable[[], bool]) -> None:
        """Add listeners that raise, and async ones that are slow, until it is calm."""

        def raise_at_it(_: Any) -> None:
            if not calm():
                self.raised += 1
                raise OSError("a listener that raises")

        async def raise_later(_: Any) -> None:
            if not calm():
                self.raised += 1
                raise SystemExit("an async listener that raises")

        async def be_slow(event: Any) -> None:
            await sleep(0.0 if calm() else 1.5)
            self._check_order(heard, event)

        heard: dict[str, int] = {}
        for event in JOB_EVENTS:
            if raising:
                _on(queue, event.name, raise_at_it)
                _on(queue, event.name, raise_later)
            if slow:
                _on(queue, event.name, be_slow)

    def _check_order(self, heard: dict[str, int], event: JobEvent) -> None:
        last = heard.get(event.job_id, 0)
        self._history.expect(
            event.seq > last, "R27", "{}: a slow listener heard {} after {}", event.job_id, event.seq, last
        )
        heard[event.job_id] = event.seq

    def _hear(self, event: JobEvent) -> None:
        if self._life != self._history.life:
            self._history.violate("R03", f"{event.job_id}: {event.name} of life {self._life}, which is over")
            return
        job = self._watches.snapshot(event.job_id)
        if job is None:
            self._history.violate("R23", f"{event.name} of {event.job_id}, which nobody can see")
            return
        watch = self._watches.of(job)
        thread = self._threads.setdefault(event.job_id, Thread())
        self._check_place(watch, thread, event)
        if isinstance(event, Progress):
            self._check_progress(watch, thread, event)
        elif isinstance(event, DocumentCompleted | DocumentFailed):
            self._check_document(watch, thread, event)
        elif isinstance(event, TerminalEvent):
            self._check_end(watch, thread, event, job)
        else:
            self._history.note(event.job_id, event.name)

    def _check_place(self, watch: JobWatch, thread: Thread, event: JobEvent) -> None:
        expect = self._history.expect
        expect(
            event.seq == thread.seq + 1,
            "R27",
            "{}: {} has seq {} after {}",
            watch.id,
            event.name,
            event.seq,
            thread.seq,
        )
        thread.seq = event.seq
        expect(not thread.hasty or isinstance(event, TerminalEvent), "Q20", "{}: progress told too often", watch.id)
        thread.hasty = False
        expect(self._life not in watch.heard, "R03", "{}: {} after the terminal event", watch.id, event.name)
        ended = [life for life in watch.heard if life < self._life]
        expect(
            not ended or isinstance(event, TerminalEvent),
            "R03",
            "{}: {} after the end in life {}",
            watch.id,
            event.name,
            ended,
        )
        expect(event.owner == watch.plan.owner, "R33", "{}: event of {}", watch.id, event.owner)

    def _check_progress(self, watch: JobWatch, thread: Thread, event: Progress) -> None:
        expect, now = self._history.expect, current_time()
        settled, total = event.processed_documents, event.total_documents
        self._history.note(watch.id, "progress", settled, event.failed_documents)
        expect(
            event.progress == 100 * settled // total,
            "R05",
            "{}: progress {} of {}/{}",
            watch.id,
            event.progress,
            settled,
            total,
        )
        last = thread.progress
        if last is not None:
            expect(
                settled > last.processed_documents,
                "R04",
                "{}: progress of {} after {}",
                watch.id,
                settled,
                last.processed_documents,
            )
            soon = now - thread.progress_at < INTERVAL - SLACK
            thread.hasty = soon and event.progress == last.progress
        self._expect_on_disk(watch, settled)
        thread.progress, thread.progress_at = event, now

    def _check_document(self, watch: JobWatch, thread: Thread, event: DocumentCompleted | DocumentFailed) -> None:
        self._history.note(watch.id, event.name, event.document_id, event.outcome.attempts)
        thread.documents += 1
        self._expect_on_disk(watch, thread.documents)

    def _check_end(self, watch: JobWatch, thread: Thread, event: TerminalEvent, job: Job) -> None:
        expect = self._history.expect
        self._history.note(watch.id, event.name, event.processed_documents, event.failed_documents)
        expect(not watch.told_for_good, "R02", "{}: its end was told in an earlier life", watch.id)
        watch.heard[self._life] = event
        ids = {heard.event_id for heard in watch.heard.values()}
        expect(len(ids) == 1, "R02", "{}: terminal events differ: {}", watch.id, ids)
        self._expect_on_disk(watch, event.processed_documents)
        if self._records is not None and watch.id in self._records:
            status = self._records[watch.id].mark.status
            expect(event.event_id == f"{watch.id}:{status}", "R22", "{} told, on the disk {}", event.event_id, status)
        expect(
            event.event_id == f"{job.id}:{job.status}", "R02", "{} told of a job that is {}", event.event_id, job.status
        )
        self._watches.see(job, whole=True)
        if watch.born == self._life:
            self._check_last_progress(thread, event, job)
        if isinstance(event, JobCompleted) and watch.born == self._life:
            took, expected = event.duration, self._watches.time_taken(watch)
            expect(abs(took - expected) <= SLACK, "R34", "{}: it took {} s, and says {}", watch.id, expected, took)

    def _check_last_progress(self, thread: Thread, event: TerminalEvent, job: Job) -> None:
        told = 0 if thread.progress is None else thread.progress.processed_documents
        stopped = sum(
            item.code is FailureCode.JOB_STOPPED and item.timestamp == job.completed_at for item in job.errors
        )
        expected = event.processed_documents - stopped
        self._history.expect(told == expected, "R25", "{}: {} told, {} settled before the end", job.id, told, expected)

    def _expect_on_disk(self, watch: JobWatch, settled: int) -> None:
        if self._records is None:
            return
        record = self._records.get(watch.id)
        there = -1 if record is None else len(record.ok) + len(record.failed)
        self._history.expect(there >= settled, "R22", "{}: {} documents told, {} on the disk", watch.id, settled, there)


def _on(queue: DocumentProcessingQueue, name: str, listener: Callable[[Any], Any]) -> None:
    """Register a listener for an event that is only known at run time."""
    queue.on(name)(listener)
