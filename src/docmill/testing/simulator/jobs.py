"""The jobs as callers and listeners see them: R01 to R06, R13 to R15, R19, R20, R22 and R25."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from math import ceil, inf
from typing import TYPE_CHECKING, Any

from anyio import current_time

from docmill.model import FailureCode, Job, JobErrorCode, JobStatus, Outcome
from docmill.ports import JobRecord
from docmill.testing.simulator.attempts import EPSILON, Attempts
from docmill.testing.simulator.history import History
from docmill.testing.simulator.plan import JobPlan

if TYPE_CHECKING:
    from docmill.events import TerminalEvent

__all__ = ["TOLERANCE", "JobWatch", "Stage", "Watches"]

TOLERANCE = 1e-4
"""The same over a crash, where times go through a wall clock."""

MAX_CRASHES = 4
"""Crashes in a row without any progress of a job after which it fails."""

NEXT = {
    JobStatus.PENDING: set(JobStatus),
    JobStatus.PROCESSING: set(JobStatus) - {JobStatus.PENDING},
}


class Stage(Enum):
    """How far a life of the queue has come. One that ends before it is closed or crashes has lost its store."""

    OPENING = auto()
    OPEN = auto()
    CLOSING = auto()
    CLOSED = auto()
    CRASHED = auto()
    """It was open, and not being closed."""


class JobWatch:
    """What is known of one job, over all lives of the queue.

    Attributes:
        plan: what was asked for.
        documents: the documents, which for a retried job are not those of the plan.
        born: the life in which it was seen first.
        status: the last one seen.
        processed: the highest number seen.
        heard: the terminal events heard, by life.
        streamed: whether a stream has given its terminal event.
        told_for_good: whether a life that has heard the terminal event was closed in order.
        cancels: how many callers of ``cancel_job`` were told True.
        decided_at: when it was decided, on the loop's clock, if that was seen.
        decided_at_open: whether it was decided when this life began.
        told_at_open: whether its end was told by then, as the disk has it.
        age_at_open: seconds since its decision then, by the wall clock.
        gone: whether it was cleaned up.
        fewest_crashes: how many lives in a row have ended in a crash for certain and have got it no further.
        most_crashes: the same, with the lives that may count as such.
    """

    def __init__(self, job: Job | JobRecord, plan: JobPlan, life: int) -> None:
        self.id = job.id
        self.plan = plan
        self.documents = tuple(job.document_ids)
        self.born = life
        self.status = JobStatus.PENDING
        self.processed = 0
        self.shown: tuple[list[Any], list[Any]] = ([], [])
        self.heard: dict[int, TerminalEvent] = {}
        self.told_for_good = False
        self.streamed = False
        self.cancels = 0
        self.decided_at: float | None = None
        self.terminal: tuple[Any, ...] | None = None
        self.gone = False
        self.begun_at_open = False
        self.decided_at_open = False
        self.active_at_open = 0.0
        self.opened_at = 0.0
        self.told_at_open = False
        self.age_at_open = 0.0
        self.fewest_crashes = self.most_crashes = 0
        self.processed_at_open = 0

    def age(self, now: float) -> float:
        """Seconds since its decision; over a reopening the wall clock says, as it is all there is to ask."""
        if self.decided_at_open:
            return self.age_at_open + now - self.opened_at
        return -inf if self.decided_at is None else now - self.decided_at

    def count_crash(self, end: Stage, record: JobRecord, *, blamed: bool) -> None:
        """A life has ended at a stage, and has left this on the disk; if a document is blamed, that need not count."""
        if record.mark.completed is not None:
            return
        settled, begun = len(record.ok) + len(record.failed), record.mark.started is not None
        perhaps_begun = begun or record.mark.reserved > 0  # what may start is recorded before that it has
        further = settled > self.processed_at_open
        self.processed_at_open = settled
        if end is Stage.CLOSED or not perhaps_begun:
            self.fewest_crashes = self.most_crashes = 0
            return
        self.most_crashes = 1 if further else self.most_crashes + 1
        if further or end is Stage.CLOSING:  # that it closes in order may be on the disk before it has
            self.fewest_crashes = 0
        if end is Stage.CRASHED and begun and not blamed:
            self.fewest_crashes += 1


class Watches:
    """All jobs of a run, by id.

    Attributes:
        opened_at: when the queue of this life had opened.
        check_guilt: checks the documents of a job that are poison.
    """

    def __init__(
        self,
        history: History,
        plans: Sequence[JobPlan],
        attempts: Attempts,
        records: Mapping[str, JobRecord] | None,
        find: Callable[[str], Job | None],
        decided_at: Callable[[str], float | None],
    ) -> None:
        self.jobs: dict[str, JobWatch] = {}
        self.opened_at = 0.0
        self.check_guilt: Callable[[Job], None] = lambda _: None
        self._history = history
        self._plans = plans
        self._attempts = attempts
        self._records = records
        self._find = find
        self._decided_at = decided_at

    def of(self, job: Job | JobRecord, *, life: int | None = None) -> JobWatch:
        """The watch of a job, made when the job is first seen."""
        watch = self.jobs.get(job.id)
        if watch is None:
            plan = self._plans[job.metadata["number"]]
            watch = self.jobs[job.id] = JobWatch(job, plan, self._history.life if life is None else life)
        return watch

    def snapshot(self, job_id: str) -> Job | None:
        """What the queue says of a job now."""
        return self._find(job_id)

    def begin_life(self, end: Stage, wall: float) -> None:
        """The queue is opened again, at this time of the wall clock, after a life that has ended at a stage."""
        records = [] if self._records is None else list(self._records.values())
        blamed = any(record.mark.alone is not None and record.mark.completed is None for record in records)
        for record in records:
            watch = self.of(record, life=self._history.life - 1)
            watch.count_crash(end, record, blamed=blamed)
            completed = record.mark.completed
            watch.begun_at_open, watch.decided_at_open = record.mark.started is not None, completed is not None
            watch.active_at_open, watch.opened_at = record.active, current_time()
            watch.told_at_open = record.told
            watch.age_at_open = 0.0 if completed is None else max(0.0, wall - completed)

    def check_crash_loops(self) -> None:
        """The queue has opened: no job may go on that the process has died of four times, nor end if it got further."""
        for watch in self.jobs.values():
            job = self._find(watch.id)
            if job is None or watch.decided_at_open or watch.born == self._history.life:
                continue
            looping = job.error_code is JobErrorCode.CRASH_LOOP
            if job.processed_documents > watch.processed_at_open:  # a conviction is progress
                self._history.expect(not looping, "R01", "{} is a crash loop, and has got further", job.id)
            elif watch.fewest_crashes >= MAX_CRASHES:
                self._history.expect(looping, "R01", "{} is {} after {} crashes", job.id, job, watch.fewest_crashes)

    def see(self, job: Job, *, whole: bool) -> None:
        """Check a snapshot; with ``whole`` its outcomes, too."""
        watch = self.of(job)
        self._check_status(watch, job)
        self._check_figures(watch, job)
        self._check_durable(watch, job)
        if whole:
            self._check_outcomes(watch, job)
            self._check_estimate(watch, job)
        watch.processed = max(watch.processed, job.processed_documents)
        watch.status = job.status

    def _check_status(self, watch: JobWatch, job: Job) -> None:
        expect = self._history.expect
        allowed = NEXT.get(watch.status, {watch.status})
        expect(job.status in allowed, "R01", "{} went from {} to {}", job.id, watch.status, job.status)
        expect(
            not watch.cancels or job.status is JobStatus.CANCELLED,
            "R17",
            "{} was cancelled and is {}",
            job.id,
            job.status,
        )
        most = watch.plan.options.max_failures
        if not job.status.is_terminal:
            few = most is None or job.failed_documents <= most
            expect(few, "R15", "{} goes on with {} failures of {}", job.id, job.failed_documents, most)
            return
        if watch.decided_at is None and not watch.decided_at_open:
            self._check_decision(watch, job)
        terminal = (job.status, job.error, job.error_code, job.summary, job.summary_error)
        watch.terminal = watch.terminal or terminal
        expect(watch.terminal == terminal, "R01", "{}: {} became {}", job.id, watch.terminal, terminal)
        settled = job.processed_documents == job.total_documents
        if job.status is JobStatus.COMPLETED:
            expect(
                settled and job.failed_documents < job.total_documents, "R15", "{} is COMPLETED with {}", job.id, job
            )
        if job.error_code is JobErrorCode.ALL_FAILED:
            expect(
                settled and job.failed_documents == job.total_documents, "R15", "{} is all_failed with {}", job.id, job
            )
        if job.error_code is JobErrorCode.CRASH_LOOP:
            expect(
                watch.most_crashes >= MAX_CRASHES,
                "R01",
                "{}: crash_loop after {} crashes without progress",
                job.id,
                watch.most_crashes,
            )
        if job.error_code is JobErrorCode.MAX_FAILURES:
            expect(
                most is not None and job.failed_documents > most,
                "R15",
                "{}: max_failures {} with {}",
                job.id,
                most,
                job,
            )
        expect(
            not (job.drained and self._attempts.running(job.id)),
            "R07",
            "{} is drained and has attempts running",
            job.id,
        )

    def _check_decision(self, watch: JobWatch, job: Job) -> None:
        """When it was decided, the first time that this is seen."""
        expect = self._history.expect
        decided = watch.decided_at = self._decided_at(job.id)
        if decided is None:
            self._history.violate("R01", f"{job.id} is {job.status} without a decision")
            return
        deadline = self.deadline(watch)
        late = decided - deadline
        late = min(late, decided - self.opened_at)  # while the queue opens, nobody looks at the time
        expect(late <= TOLERANCE, "R14", "{} was decided {} s after its timeout", job.id, late)
        early = deadline - decided
        expect(
            job.status is not JobStatus.TIMEOUT or early <= TOLERANCE,
            "R14",
            "{}: TIMEOUT {} s too early",
            job.id,
            early,
        )
        for run in self._attempts.of_job[job.id]:
            on_time = run.life != self._history.life or run.started <= decided + EPSILON
            expect(on_time, "R07", "{} {} started after the decision", job.id, run.document_id)

    def _check_figures(self, watch: JobWatch, job: Job) -> None:
        expect, processed, total = self._history.expect, job.processed_documents, job.total_documents
        expect(
            processed >= watch.processed, "R04", "{}: processed fell from {} to {}", job.id, watch.processed, processed
        )
        expect(
            job.progress == 100 * processed // total,
            "R05",
            "{}: progress {} of {}/{}",
            job.id,
            job.progress,
            processed,
            total,
        )
        expect(tuple(job.document_ids) == watch.documents, "R20", "{}: its documents changed", job.id)
        expect(processed <= total, "R06", "{}: {} of {} processed", job.id, processed, total)
        expect(len(job.results) + len(job.errors) == processed, "R06", "{}: counters and lists differ", job.id)
        expect(len(job.errors) == job.failed_documents, "R06", "{}: failed counter and list differ", job.id)
        moments = [moment for moment in (job.created_at, job.started_at, job.completed_at) if moment is not None]
        expect(moments == sorted(moments), "R20", "{}: timestamps out of order: {}", job.id, moments)

    def _check_durable(self, watch: JobWatch, job: Job) -> None:
        if self._records is None or watch.gone:
            return
        expect, record = self._history.expect, self._records.get(job.id)
        if record is None:
            self._history.violate("R22", f"{job.id} is shown and is not on the disk")
            return
        expect(len(record.ok) >= len(job.results), "R22", "{}: more results than on the disk", job.id)
        expect(len(record.failed) >= len(job.errors), "R22", "{}: more errors than on the disk", job.id)
        expect(
            not job.status.is_terminal or record.mark.status is job.status,
            "R22",
            "{} is {}, on the disk {}",
            job.id,
            job.status,
            record.mark.status,
        )
        expect(
            job.started_at is None or record.mark.started is not None, "R22", "{}: its start is not on the disk", job.id
        )

    def _check_outcomes(self, watch: JobWatch, job: Job) -> None:
        expect = self._history.expect
        outcomes: list[Outcome] = [*job.results, *job.errors]
        ok = [(item.document_id, item.attempts, item.data) for item in job.results]
        failed = [(item.document_id, item.attempts, item.code, item.error) for item in job.errors]
        expect(ok[: len(watch.shown[0])] == watch.shown[0], "R13", "{}: results changed", job.id)
        expect(failed[: len(watch.shown[1])] == watch.shown[1], "R13", "{}: errors changed", job.id)
        watch.shown = ok, failed
        names = [item[0] for item in (*ok, *failed)]
        expect(len(set(names)) == len(names), "R12", "{}: a document has two outcomes", job.id)
        expect(set(names) <= set(watch.documents), "R06", "{}: outcomes of foreign documents", job.id)
        budget, most = job.options.document_timeout, 1 + job.options.retry_attempts
        for item in outcomes:
            took = item.processing_time
            expect(
                -EPSILON <= took <= budget + 1e-4,
                "R11",
                "{} {} took {} s of {}",
                job.id,
                item.document_id,
                took,
                budget,
            )
            few = 1 <= item.attempts <= most or (not item.success and item.code is FailureCode.POISON)
            expect(few, "R09", "{} {}: {} attempts", job.id, item.document_id, item.attempts)
        if self._records is not None:
            self.check_guilt(job)

    def _check_estimate(self, watch: JobWatch, job: Job) -> None:
        shown, left = job.estimated_time_remaining, job.total_documents - job.processed_documents
        expect = self._history.expect
        if job.status.is_terminal or not left:
            expect(shown == 0.0, "R19", "{}: {} s remain of nothing", job.id, shown)
        elif not job.processed_documents:
            expect(shown is None, "R19", "{}: {} s remain though nothing has settled", job.id, shown)
        else:
            times = [item.processing_time for item in job.outcomes]
            estimate = sum(times) / len(times) * ceil(left / job.options.max_concurrent)
            estimate = max(0.0, min(estimate, self.deadline(watch) - current_time()))
            expect(
                shown is not None and abs(shown - estimate) < 2e-3,
                "R19",
                "{}: {} s remain, not {}",
                job.id,
                shown,
                estimate,
            )

    def deadline(self, watch: JobWatch) -> float:
        """When the job's timeout ends, by what was seen and what was on the disk when this life began."""
        timeout = watch.plan.options.timeout
        if timeout is None:
            return inf
        attempts = self._attempts.of_job[watch.id]
        if watch.begun_at_open:
            return watch.opened_at - watch.active_at_open + timeout
        first = next((run.started for run in attempts if run.life == self._history.life), inf)
        return first + timeout

    def time_taken(self, watch: JobWatch) -> float:
        """Seconds from the first attempt of a job to its decision, both in this life."""
        decided, attempts = watch.decided_at, self._attempts.of_job[watch.id]
        return inf if decided is None or not attempts else decided - attempts[0].started
