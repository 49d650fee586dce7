"""The attempts that a run sees from inside of its processors: R07 to R12, and what the circuits are told."""

from collections import defaultdict
from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING

from anyio import current_time

from docmill.errors import PermanentError, RetryAfter, ServiceUnavailableError
from docmill.ports import JobRecord, ProcessingContext
from docmill.testing.simulator.history import History
from docmill.testing.simulator.plan import JobPlan, Plan

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EPSILON", "Attempts", "Run"]

EPSILON = 1e-6
"""Seconds by which two moments may differ that are meant to be one."""


class Run:
    """One attempt as its processor sees it.

    Attributes:
        position: where its document stands in the job, as soon as that is known; -1 for the summary.
        ended: when it ended, or is going to end if that is certain.
        how: the name of what it raised, or "ok"; empty while it runs.
        given_up: since when the queue need not count it any more; infinity if it must.
    """

    def __init__(self, life: int, job_id: str, plan: JobPlan, context: ProcessingContext, now: float) -> None:
        self.life = life
        self.job_id = job_id
        self.plan = plan
        self.type = context.job_type
        self.document_id = context.document_id
        self.position = -1
        self.attempt = context.attempt
        self.started = self.first_started = now
        self.ended = inf
        self.how = ""
        self.counted = False
        self.final = False
        self.pause: float | None = None
        self.given_up = inf

    @property
    def budget_end(self) -> float:
        """When the queue has to settle its document."""
        return self.first_started + self.plan.options.document_timeout

    def is_running(self, now: float) -> bool:
        """Whether it holds a seat."""
        return now < min(self.ended, self.given_up, self.budget_end - EPSILON)

    def is_abandoned(self, now: float) -> bool:
        """Whether it goes on although its document has settled without it."""
        return min(self.given_up, self.budget_end) + EPSILON < now < self.ended - EPSILON


class Attempts:
    """All attempts of a run.

    Attributes:
        of_job: those of each job, in the order in which they started.
        on_begin: called with an attempt that begins, before it does anything.
        on_end: called with an attempt that has ended.
        dead: whether the process is, so that what it may still do in this turn of the loop has never been.
    """

    def __init__(self, plan: Plan, history: History, records: Mapping[str, JobRecord]) -> None:
        self.of_job: defaultdict[str, list[Run]] = defaultdict(list)
        self.on_begin: Callable[[Run], None] = lambda _: None
        self.on_end: Callable[[Run], None] = lambda _: None
        self.dead = False
        self._plan = plan
        self._history = history
        self._records = records
        self._alive: list[Run] = []
        self._last: dict[tuple[int, str, str], Run] = {}

    def began(self, life: int, context: ProcessingContext) -> Run:
        """A processor was called."""
        now = current_time()
        run = Run(life, context.job_id, self._plan.jobs[context.metadata["number"]], context, now)
        if life != self._history.life:
            self._history.violate("R07", f"an attempt of {run.job_id} started in life {life}, which is over")
            return run
        if self.dead:
            return run
        self._history.note(run.job_id, "began", run.document_id, run.attempt)
        previous = self._last.get((life, run.job_id, run.document_id))
        if previous is not None and run.document_id:
            self._check_retry(previous, run)
            if previous.pause is None:
                run.first_started = previous.first_started
        self._check_limits(run, now)
        self._check_not_recorded(run)
        self._last[life, run.job_id, run.document_id] = run
        self._alive.append(run)
        self.of_job[run.job_id].append(run)
        self.on_begin(run)
        return run

    def ended(self, run: Run, error: BaseException | None, *, after: float = 0.0) -> None:
        """A processor returned or raised, or is going to do so after some seconds."""
        run.ended = current_time() + after
        run.how = "ok" if error is None else type(error).__name__
        run.counted = isinstance(error, ServiceUnavailableError | RetryAfter)
        run.final = error is None or isinstance(error, PermanentError)
        run.pause = error.seconds if isinstance(error, RetryAfter) else None
        if run.life == self._history.life and not self.dead:
            self._history.note(run.job_id, "ended", run.document_id, run.attempt, run.how, after)
            self.on_end(run)

    def give_up(self, job_id: str | None = None, *, after: float = 0.0) -> None:
        """The attempts of a job, or all, are told to stop at a time; whether they do is their own affair."""
        moment = current_time() + after
        for run in self._alive:
            if job_id in (None, run.job_id) and run.ended > moment:
                run.given_up = min(run.given_up, moment)

    def running(self, job_id: str) -> list[Run]:
        """The attempts of a job that hold a seat."""
        now = current_time()
        return [run for run in self.of_job[job_id] if run.life == self._history.life and run.is_running(now)]

    def at_work(self, *, but: Run) -> list[Run]:
        """All attempts that hold a seat, but for one."""
        now, life = current_time(), self._history.life
        return [run for run in self._alive if run is not but and run.life == life and run.is_running(now)]

    def abandoned(self, job_type: str) -> int:
        """How many attempts of a job type go on although their documents have settled."""
        now = current_time()
        life = self._history.life
        return sum(run.type == job_type and run.life == life and run.is_abandoned(now) for run in self._alive)

    def stuck(self, job_type: str) -> int:
        """How many may be abandoned by now, those that are being stopped at this moment included."""
        now, life = current_time(), self._history.life
        return sum(
            run.type == job_type and run.life == life and run.ended > now >= min(run.given_up, run.budget_end) - EPSILON
            for run in self._alive
        )

    def _check_retry(self, previous: Run, run: Run) -> None:
        expect, name = self._history.expect, f"{run.job_id} {run.document_id}"
        expect(
            run.attempt == previous.attempt + 1,
            "R09",
            "{}: attempt {} came after {}",
            name,
            run.attempt,
            previous.attempt,
        )
        expect(previous.ended <= run.started, "R12", "{}: two attempts at once", name)
        expect(
            not (previous.final and previous.ended <= previous.budget_end),
            "R12",
            "{} runs again after it settled",
            name,
        )
        if previous.pause is None:
            delay = 0.0 if run.plan.options.jitter else run.plan.options.retry_delay * 2 ** (run.attempt - 2)
            early = previous.ended + delay - run.started
            expect(early <= EPSILON, "R10", "{}: attempt {} came {} s too early", name, run.attempt, early)

    def _check_limits(self, run: Run, now: float) -> None:
        options, expect = run.plan.options, self._history.expect
        previous = self._last.get((run.life, run.job_id, run.document_id))
        expect(previous is not None or run.attempt == 1, "R09", "{}: first attempt is {}", run.job_id, run.attempt)
        expect(
            run.attempt <= 1 + options.retry_attempts,
            "R09",
            "{} {}: attempt {}",
            run.job_id,
            run.document_id,
            run.attempt,
        )
        self._alive = [other for other in self._alive if other.ended > now and other.life == run.life]
        seats = [other for other in self._alive if other.is_running(now)]
        of_job = 1 + sum(other.job_id == run.job_id for other in seats)
        expect(of_job <= options.max_concurrent, "R08", "{}: {} attempts at once", run.job_id, of_job)
        expect(len(seats) < self._plan.max_workers, "R08", "{} attempts at once over all jobs", len(seats) + 1)

    def _check_not_recorded(self, run: Run) -> None:
        record = self._records.get(run.job_id)
        if record is None:
            return
        self._history.expect(
            record.mark.completed is None,
            "R07",
            "{}: an attempt started though the disk says {}",
            run.job_id,
            record.mark.status,
        )
        if run.document_id:
            position = run.position = record.document_ids.index(run.document_id)
            recorded = any(row[0] == position for rows in (record.ok, record.failed) for row in rows)
            self._history.expect(
                not recorded, "R12", "{} {} runs again though it is recorded", run.job_id, run.document_id
            )
