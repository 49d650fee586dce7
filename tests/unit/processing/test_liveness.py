"""R16: whatever processors and callers have done, once the faults stop every job ends and drains in bounded time."""

import random
from itertools import count
from typing import Any

import pytest
from anyio import CancelScope, create_task_group, sleep

from docmill import (
    CircuitBreaker,
    JobOptions,
    JobStatus,
    PermanentError,
    RetryAfter,
    ServiceUnavailableError,
    processor,
)

from .support import (
    CHECK,
    HORIZON,
    TERMINAL,
    Ears,
    Stopwatch,
    opened,
    play,
    raise_a_cancellation,
    raising_when_cancelled,
    shielded,
    swallowing,
    takes,
)

CALM_FROM = 60.0


async def rogue(document_id: str, context: Any) -> None:
    await raise_a_cancellation()


def moods(dice: random.Random) -> list[Any]:
    """What a processor may be in the mood for; harmless ones more often."""
    return [
        *["fine"] * 8,
        *[takes(dice.uniform(0, 5))] * 8,
        takes(HORIZON),
        shielded(dice.uniform(1, 60)),
        swallowing(),
        raising_when_cancelled(KeyError("on the way out")),
        takes(dice.uniform(0, 3), ValueError("broken")),
        ValueError("broken at once"),
        ExceptionGroup("several", [OSError(), KeyError()]),
        PermanentError("encrypted"),
        ConnectionError("no route"),
        ServiceUnavailableError("503"),
        RetryAfter(dice.uniform(0, 20)),
        MemoryError(),
        SystemExit(1),
        GeneratorExit(),
        BaseExceptionGroup("mixed", [ValueError(), SystemExit(1)]),
        rogue,
    ]


class Moody:
    """Full of faults until ``calm_from``, and then a model of reliability."""

    def __init__(self, seed: int, calm_from: float) -> None:
        self.attempts: dict[tuple[str, str], int] = {}
        self.problems: list[str] = []
        self._seed = seed
        self._calm_from = calm_from
        self._watch = Stopwatch()

    async def __call__(self, document_id: str, context: Any) -> Any:
        key = context.job_id, document_id
        self.attempts[key] = self.attempts.get(key, 0) + 1
        if context.attempt != self.attempts[key]:
            self.problems.append(f"{key}: attempt {context.attempt} is the {self.attempts[key]}th call")
        if not 0 <= context.remaining() <= 10.000001:
            self.problems.append(f"{key}: {context.remaining()} s remain")
        if self._watch() >= self._calm_from:
            return "calm"
        return await play(self._mood(context), document_id, context)

    async def finalize(self, outcomes: Any, context: Any) -> Any:
        if self._watch() >= self._calm_from:
            return len(outcomes)
        return await play(self._mood(context), "", context)

    def _mood(self, context: Any) -> Any:
        """The same for the same attempt, in whatever order the attempts are made."""
        dice = random.Random(f"{self._seed} {context.job_id} {context.document_id} {context.attempt}")
        return dice.choice(moods(dice))


def any_options(dice: random.Random) -> JobOptions:
    return JobOptions(
        max_concurrent=dice.randint(1, 8),
        timeout=dice.choice([None, 20.0, 100.0]),
        retry_attempts=dice.randint(0, 4),
        retry_delay=dice.choice([0.0, 0.5, 2.0]),
        document_timeout=10.0,
        max_failures=dice.choice([None, None, 3]),
        jitter=dice.random() < 0.3,
    )


async def meddle(queue: Any, dice: random.Random) -> None:
    """Cancels jobs now and then."""
    for _ in range(10):
        await sleep(dice.uniform(1, 10))
        job = dice.choice(queue.get_all_jobs())
        before = job.status.is_terminal
        if await queue.cancel_job(job.id, force=dice.random() < 0.5):
            assert not before


@pytest.mark.parametrize("seed", range(30))
async def test_every_job_ends_and_drains_once_the_faults_stop(seed: int) -> None:
    """R16, and on the way R01, R02, R03, R05, R06, R09, R11, R15 and R20."""
    dice = random.Random(seed)
    check = Moody(seed, calm_from=CALM_FROM)
    declared = processor(
        max_abandoned=dice.randint(1, 8), breaker=dice.choice([None, CircuitBreaker(), CircuitBreaker(2)])
    )
    watch = Stopwatch()
    numbers = count()
    settings: dict[str, Any] = {"max_workers": dice.randint(1, 12), "uniform": lambda low, high: (low + high) / 2}
    async with opened(declared(check), make_id=lambda _: f"job-{next(numbers)}", **settings) as queue:
        ears = Ears(queue)
        for number in range(dice.randint(1, 8)):
            ids = [f"d{index}" for index in range(dice.randint(1, 40))]
            owner = dice.choice([None, "ann", "bob"])
            await queue.create_job(ids, CHECK, any_options(dice), owner=owner, priority=number % 2)
        async with create_task_group() as tasks:
            tasks.start_soon(meddle, queue, dice)
            await queue.join()
            tasks.cancel_scope.cancel()
        took = watch()
        await sleep(max(0, CALM_FROM - took))
        after = await queue.wait(await queue.create_job(["last"], CHECK, JobOptions(document_timeout=10.0)))
        jobs = queue.get_all_jobs()
        with CancelScope(shield=True):
            await sleep(100)
        assert queue.stats().abandoned == 0
        assert queue.stats().running == 0

    assert check.problems == []
    assert took < CALM_FROM + 150
    assert after.status is JobStatus.COMPLETED
    for job in jobs:
        check_job(job, check)
        told = [item for item in ears.heard if getattr(item.event, "job_id", None) == job.id]
        assert [item.name in TERMINAL for item in told] == [False] * (len(told) - 1) + [True]
        assert [item.event.seq for item in told] == list(range(1, len(told) + 1))


def check_job(job: Any, check: Moody) -> None:
    assert job.drained
    assert job.status.is_terminal
    assert job.processed_documents == len(job.results) + len(job.errors) <= job.total_documents
    assert job.progress == 100 * job.processed_documents // job.total_documents
    assert job.created_at <= (job.started_at or job.created_at) <= job.completed_at
    for outcome in job.outcomes:
        assert outcome.attempts <= 1 + job.options.retry_attempts
        assert outcome.attempts == check.attempts[job.id, outcome.document_id]
        assert outcome.processing_time <= 10 + 1e-6
    if job.status is JobStatus.COMPLETED:
        assert job.processed_documents == job.total_documents
        assert job.results
    if job.error_code == "all_failed":
        assert job.processed_documents == job.total_documents
        assert not job.results
