"""R34: a wall clock that steps by a year changes no duration and no decision, and timestamps stay in order."""

from typing import Any

import pytest
from anyio import sleep

from docmill import JobOptions, JobStatus, RetryAfter

from .support import CHECK, HORIZON, Ears, Scripted, Stopwatch, at, opened, options, takes

YEAR = 365 * 24 * 3600.0

NOW = 1_700_000_000.0


class Stepping:
    """A wall clock that makes a step every time somebody looks at it."""

    def __init__(self, *steps: float) -> None:
        self._watch = Stopwatch()
        self._steps = steps
        self._offset = 0.0
        self.looks = 0

    def wall(self) -> float:
        self._offset += self._steps[self.looks % len(self._steps)]
        self.looks += 1
        return NOW + self._watch() + self._offset


CLOCKS = {
    "steady": (0.0,),
    "a year forwards": (YEAR,),
    "a year back": (-YEAR,),
    "there and back": (YEAR, -2 * YEAR, YEAR),
}

clocks = pytest.mark.parametrize("steps", CLOCKS.values(), ids=CLOCKS.keys())


def script() -> Scripted:
    return Scripted(
        takes(3),
        broken=[takes(1, ValueError())],
        slow=[takes(HORIZON)],
        paused=[RetryAfter(7), takes(1)],
        down=[ConnectionError(), takes(1)],
    )


@clocks
async def test_durations_and_decisions_are_those_of_a_steady_clock(steps: tuple[float, ...]) -> None:
    check = script()
    async with opened(check, clock=Stepping(*steps)) as queue:
        ears = Ears(queue, "jobCompleted", "jobFailed", "circuitOpened", "circuitClosed")
        asked = options(max_concurrent=1)
        first = await queue.wait(await queue.create_job(["a", "broken", "down", "paused", "b"], CHECK, asked))
        second = await queue.wait(await queue.create_job(["a", "b", "c"], CHECK, JobOptions(timeout=5)), drained=True)
        third = await queue.wait(await queue.create_job(["slow"], CHECK, JobOptions(timeout=5)))

    assert [(outcome.document_id, outcome.attempts) for outcome in first.outcomes] == [
        ("a", 1),
        ("broken", 3),
        ("down", 2),
        ("paused", 2),
        ("b", 1),
    ]
    times = {outcome.document_id: outcome.processing_time for outcome in first.outcomes}
    assert (times["a"], times["broken"], times["down"], times["b"]) == (at(3), at(15), at(9), at(3))
    assert first.duration == at(18)
    assert (second.status, second.duration) == (JobStatus.COMPLETED, at(3))
    assert (third.status, third.duration) == (JobStatus.TIMEOUT, at(5))
    assert ears.names == ["circuitOpened", "circuitClosed", "jobCompleted", "jobCompleted", "jobFailed"]


@clocks
async def test_the_timestamps_of_a_job_stay_in_order(steps: tuple[float, ...]) -> None:
    """R20."""
    async with opened(script(), clock=Stepping(*steps), max_workers=1) as queue:
        ears = Ears(queue)
        await queue.create_job(["first"], CHECK)
        await sleep(1)
        job_id = await queue.create_job(["a", "broken", "b"], CHECK)
        job = await queue.wait(job_id)

    moments = [item.event.timestamp for item in ears.heard if item.event.job_id == job_id]
    assert moments == sorted(moments)
    assert job.created_at < job.started_at < job.completed_at
    assert (job.started_at - job.created_at).total_seconds() == at(2)
    assert (job.completed_at - job.started_at).total_seconds() == at(job.duration)
    for outcome in job.outcomes:
        assert job.started_at <= outcome.timestamp <= job.completed_at


@clocks
async def test_the_estimate_is_that_of_a_steady_clock(steps: tuple[float, ...]) -> None:
    async with opened(Scripted(takes(4)), clock=Stepping(*steps)) as queue:
        job_id = await queue.create_job(["a", "b", "c"], CHECK, options(max_concurrent=1))
        await sleep(5)
        assert queue.get_job_status(job_id).estimated_time_remaining == at(8)


@clocks
async def test_the_age_of_a_job_is_not_read_off_the_wall(steps: tuple[float, ...]) -> None:
    """Q18, R30: a day is a day of this process."""
    async with opened(Scripted("fine"), clock=Stepping(*steps)) as queue:
        job_id = await queue.create_job(["a"], CHECK)
        await queue.wait(job_id, drained=True)
        await sleep(23 * 3600)
        assert await queue.cleanup_old_jobs() == 0
        assert queue.get_job_status(job_id) is not None
        await sleep(3 * 3600)
        assert queue.get_job_status(job_id) is None


async def test_timestamps_are_those_of_the_injected_clock() -> None:
    async with opened(Scripted(takes(3)), clock=Stepping(0.0)) as queue:
        await sleep(10)
        job = await queue.wait(await queue.create_job(["a"], CHECK))

    moments: list[Any] = [job.created_at, job.started_at, job.completed_at, job.results[0].timestamp]
    assert [moment.timestamp() - NOW for moment in moments] == [at(10), at(10), at(13), at(13)]
