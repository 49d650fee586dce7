"""The job state table of the contract, section 3, cell by cell, for jobs in memory.

A row: the state, what happens, what the job is then, what the call returned, and what is told of it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from core_bench import Bench, reopened

from docmill.errors import PermanentError
from docmill.model import TERMINAL_STATUSES, JobErrorCode, JobStatus

if TYPE_CHECKING:
    from docmill.core import Attempt, JobMachine

TIMEOUT = 20.0


class Scene:
    """A job in one of the states of the table, with what is still at work in it."""

    def __init__(self) -> None:
        self.bench = Bench(heard=frozenset({"jobStarted", "progress", "jobCompleted", "jobFailed", "jobCancelled"}))
        self.job: JobMachine = self.bench.job(
            3, max_concurrent=3, retry_attempts=0, timeout=TIMEOUT, document_timeout=60.0
        )
        self.running: list[Attempt] = []

    def begun(self) -> "Scene":
        self.running = [self.bench.take(), self.bench.take()]
        self.bench.at(1.0)
        return self

    def ends(self, status: JobStatus) -> "Scene":
        """Decide the job, with two attempts at work."""
        if status is JobStatus.CANCELLED:
            self.bench.cancel(self.job)
        elif status is JobStatus.TIMEOUT:
            self.bench.at(TIMEOUT)
        else:
            self.job.fail("the host said so", JobErrorCode.NO_PROCESSOR, self.bench.now)
            self.bench.tell()
        assert not self.job.drained
        return self

    def drains(self) -> "Scene":
        for attempt in self.running:
            self.bench.ok(attempt)
        self.running = []
        assert self.job.drained
        return self


def pending() -> Scene:
    return Scene()


def processing() -> Scene:
    return Scene().begun()


def all_but_one(*, ok: bool) -> Callable[[], Scene]:
    def made() -> Scene:
        scene = Scene()
        first, second, third = scene.bench.fill()
        scene.bench.fails(first, PermanentError())
        if ok:
            scene.bench.ok(second)
        else:
            scene.bench.fails(second, PermanentError())
        scene.running = [third]
        return scene

    return made


def undrained(status: JobStatus) -> Callable[[], Scene]:
    return lambda: Scene().begun().ends(status)


def drained(status: JobStatus) -> Callable[[], Scene]:
    def made() -> Scene:
        if status is JobStatus.COMPLETED:
            scene = all_but_one(ok=True)()
            scene.bench.ok(scene.running.pop())
            return scene
        return Scene().begun().ends(status).drains()

    return made


def start(scene: Scene) -> Any:
    return scene.bench.take_or_none() is not None


def settle(scene: Scene) -> Any:
    scene.bench.ok(scene.running.pop(0))


def fail(scene: Scene) -> Any:
    return scene.bench.fails(scene.running.pop(0), PermanentError())


def settle_all(scene: Scene) -> Any:
    for attempt in scene.running:
        scene.bench.ok(attempt)


def cancel(scene: Scene) -> Any:
    return scene.bench.cancel(scene.job)


def job_timeout(scene: Scene) -> Any:
    return scene.bench.at(TIMEOUT + 1.0)


def job_error(scene: Scene) -> Any:
    scene.job.fail("the host said so", JobErrorCode.NO_PROCESSOR, scene.bench.now)
    scene.bench.tell()


def close(scene: Scene) -> Any:
    """What the queue does, after it has waited for what runs."""
    scene.bench.scheduler.halt()
    scene.bench.scheduler.leave_undecided(scene.bench.now)
    scene.bench.tell()


PENDING, PROCESSING = JobStatus.PENDING, JobStatus.PROCESSING
COMPLETED, FAILED = JobStatus.COMPLETED, JobStatus.FAILED
CANCELLED, JOB_TIMEOUT = JobStatus.CANCELLED, JobStatus.TIMEOUT

TABLE = [
    (pending, start, PROCESSING, True, "jobStarted"),
    (pending, cancel, CANCELLED, True, "jobCancelled"),
    (pending, job_timeout, PENDING, None, ""),
    (pending, job_error, FAILED, None, "jobFailed"),
    (pending, close, CANCELLED, None, "jobCancelled"),
    (processing, start, PROCESSING, True, ""),
    (processing, settle, PROCESSING, None, "progress"),
    (processing, fail, PROCESSING, None, "progress"),
    (processing, cancel, CANCELLED, True, "jobCancelled"),
    (processing, job_timeout, JOB_TIMEOUT, None, "jobFailed"),
    (processing, job_error, FAILED, None, "jobFailed"),
    (processing, close, CANCELLED, None, "jobCancelled"),
    (all_but_one(ok=True), settle, COMPLETED, None, "progress jobCompleted"),
    (all_but_one(ok=True), fail, COMPLETED, None, "progress jobCompleted"),
    (all_but_one(ok=False), settle, COMPLETED, None, "progress jobCompleted"),
    (all_but_one(ok=False), fail, FAILED, None, "progress jobFailed"),
]

for status in sorted(TERMINAL_STATUSES):
    if status is not COMPLETED:  # a job that is completed has nothing at work any more
        TABLE += [
            (undrained(status), start, status, False, ""),
            (undrained(status), settle, status, None, ""),
            (undrained(status), fail, status, None, ""),
            (undrained(status), settle_all, status, None, ""),
            (undrained(status), cancel, status, False, ""),
            (undrained(status), job_timeout, status, None, ""),
            (undrained(status), close, status, None, ""),
        ]
    TABLE += [
        (drained(status), start, status, False, ""),
        (drained(status), cancel, status, False, ""),
        (drained(status), job_timeout, status, None, ""),
        (drained(status), close, status, None, ""),
    ]


@pytest.mark.parametrize("state, stimulus, status, returned, told", TABLE)
def test_each_cell_of_the_state_table(
    state: Callable[[], Scene],
    stimulus: Callable[[Scene], Any],
    status: JobStatus,
    returned: bool | None,
    told: str,
) -> None:
    """R01, R02, R03, R07, R17."""
    scene = state()
    scene.bench.events.clear()

    assert stimulus(scene) is returned

    assert scene.job.status is status
    assert " ".join(scene.bench.names()) == told
    assert scene.job.decided == (status in TERMINAL_STATUSES)


@pytest.mark.parametrize("status", [CANCELLED, JOB_TIMEOUT, FAILED])
def test_after_the_decision_attempts_only_raise_the_counters(status: JobStatus) -> None:
    """Q10."""
    scene = undrained(status)()
    decided_at = scene.job.completed
    settle(scene)
    assert (len(scene.job.ledger.ok), scene.job.drained) == (1, False)
    fail(scene)
    assert (len(scene.job.ledger.failed), scene.job.drained) == (1, True)
    assert scene.job.completed == decided_at


@pytest.mark.parametrize(
    "state, status, lives",
    [
        pytest.param(pending, PENDING, 1, id="PENDING"),
        pytest.param(pending, PENDING, 9, id="PENDING, however often"),
        pytest.param(processing, PROCESSING, 1, id="PROCESSING"),
        pytest.param(processing, PROCESSING, 3, id="PROCESSING, third time"),
        pytest.param(undrained(CANCELLED), CANCELLED, 1, id="CANCELLED, not drained"),
        pytest.param(undrained(JOB_TIMEOUT), JOB_TIMEOUT, 1, id="TIMEOUT, not drained"),
        pytest.param(undrained(FAILED), FAILED, 9, id="FAILED, not drained"),
        pytest.param(drained(COMPLETED), COMPLETED, 1, id="COMPLETED"),
        pytest.param(drained(CANCELLED), CANCELLED, 1, id="CANCELLED"),
        pytest.param(drained(JOB_TIMEOUT), JOB_TIMEOUT, 1, id="TIMEOUT"),
        pytest.param(drained(FAILED), FAILED, 1, id="FAILED"),
    ],
)
def test_the_rules_take_a_job_up_after_a_crash_as_it_was(
    state: Callable[[], Scene], status: JobStatus, lives: int
) -> None:
    """R01, R18: terminal is final over crashes, too; no event tells of it."""
    scene = state()
    bench = reopened(scene.job, lives=lives, told=scene.job.decided)
    bench.commit()
    (job,) = bench.scheduler.jobs.values()

    assert job.status is status
    assert bench.names() == []
    assert job.drained == job.decided
    assert (len(bench.fill()) > 0) == (not job.decided)


def test_the_fourth_crash_without_any_progress_fails_the_job() -> None:
    bench = reopened(processing().job, lives=4)
    bench.commit()
    (job,) = bench.scheduler.jobs.values()

    assert (job.status, job.error_code) == (FAILED, JobErrorCode.CRASH_LOOP)
    assert job.error == "the process died 4 times without any progress"
    assert bench.names() == ["jobFailed"]
