"""A job as it was against the model of it: R24."""

from typing import Any

from docmill.model import Job
from docmill.testing.simulator.attempts import EPSILON
from docmill.testing.simulator.jobs import JobWatch
from docmill.testing.simulator.model import predict
from docmill.testing.simulator.plan import ASYNC
from docmill.testing.simulator.world import World

__all__ = ["check_against_model"]


def check_against_model(world: World, watch: JobWatch, job: Job) -> None:
    """Compare status, outcomes, attempts and times of a job with what the model says."""
    asked, expect = watch.plan, world.history.expect
    summary = world.plan.summary if asked.type == ASYNC else ()
    predicted = predict([world.plan.moods[name] for name in asked.documents], asked.options, summary, asked.at)
    expect(job.status == predicted.status, "R24", "{} is {}, predicted {}", job.id, job.status, predicted.status)
    decided = watch.decided_at
    same = decided is not None and abs(decided - predicted.decided) < EPSILON
    expect(same, "R24", "{} was decided at {}, predicted {}", job.id, decided, predicted.decided)
    starts = sorted(
        (run.started, asked.documents.index(run.document_id) if run.document_id else -1, run.attempt)
        for run in world.attempts.of_job[job.id]
    )
    _compare(world, job.id, "attempts", starts, sorted(predicted.starts))
    outcomes = [
        (
            asked.documents.index(item.document_id),
            "ok" if item.success else str(item.code),
            item.attempts,
            item.processing_time,
        )
        for item in job.outcomes
    ]
    _compare(world, job.id, "outcomes", outcomes, sorted((key, *value) for key, value in predicted.outcomes.items()))


def _compare(world: World, job_id: str, what: str, seen: list[Any], predicted: list[Any]) -> None:
    same = len(seen) == len(predicted) and all(map(_alike, seen, predicted))
    differing = next(
        (pair for pair in zip(seen, predicted, strict=False) if not _alike(*pair)), (len(seen), len(predicted))
    )
    world.history.expect(same, "R24", "{}: {} are not as predicted: {}", job_id, what, differing)


def _alike(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return all(
        abs(left - right) < EPSILON if isinstance(left, float) else left == right
        for left, right in zip(one, other, strict=True)
    )
