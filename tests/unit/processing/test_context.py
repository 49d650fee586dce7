"""What a processor is told about its attempt, and what it may say about it (api.md, Q20)."""

import itertools
from typing import Any

import pytest
from anyio import sleep

from docmill import FailureCode, JobStatus, RetryAfter

from .support import CHECK, HORIZON, Ears, Scripted, at, opened, options, shielded, takes

BROKEN = ValueError("broken")


class Remembering:
    """Keeps the contexts that it is given."""

    def __init__(self) -> None:
        self.contexts: list[Any] = []

    async def __call__(self, document_id: str, context: Any) -> None:
        self.contexts.append(context)


async def test_it_says_whose_document_of_which_job_this_is() -> None:
    check = Remembering()
    async with opened({"TRANSLATE": check}) as queue:
        job_id = await queue.create_job(["a"], "TRANSLATE", owner="ann", metadata={"batch": 7, "tags": ["x"]})
        await queue.wait(job_id)

    (context,) = check.contexts
    assert (context.job_id, context.job_type, context.document_id) == (job_id, "TRANSLATE", "a")
    assert (context.attempt, context.owner, dict(context.metadata)) == (1, "ann", {"batch": 7, "tags": ["x"]})


async def test_metadata_cannot_be_changed_by_a_processor() -> None:
    async def check(document_id: str, context: Any) -> None:
        context.metadata["batch"] = 8

    async with opened(check) as queue:
        job_id = await queue.create_job(["a"], CHECK, options(retry_attempts=0), metadata={"batch": 7})
        job = await queue.wait(job_id)

    assert job.errors[0].error.startswith("TypeError")
    assert job.metadata["batch"] == 7


async def test_without_owner_and_metadata_there_is_none() -> None:
    check = Remembering()
    async with opened(check) as queue:
        await queue.wait(await queue.create_job(["a"], CHECK))

    assert (check.contexts[0].owner, dict(check.contexts[0].metadata)) == (None, {})


async def test_attempts_are_numbered_from_1_and_contexts_are_not_shared() -> None:
    seen = []

    async def check(document_id: str, context: Any) -> None:
        seen.append(context)
        if context.attempt < 3:
            raise BROKEN

    async with opened(check) as queue:
        await queue.wait(await queue.create_job(["a"], CHECK))

    assert [context.attempt for context in seen] == [1, 2, 3]
    assert len({id(context) for context in seen}) == 3


async def test_remaining_counts_down_over_attempts_and_waits() -> None:
    """R11."""
    seen = []

    async def check(document_id: str, context: Any) -> None:
        seen.append(context.remaining())
        await sleep(1)
        seen.append(context.remaining())
        if context.attempt == 1:
            raise BROKEN

    async with opened(check) as queue:
        await queue.wait(await queue.create_job(["a"], CHECK))

    assert seen == [at(30), at(29), at(27), at(26)]


async def test_remaining_begins_anew_after_retry_after() -> None:
    seen = []

    async def check(document_id: str, context: Any) -> None:
        seen.append(context.remaining())
        if context.attempt == 1:
            raise RetryAfter(60)

    async with opened(check) as queue:
        await queue.wait(await queue.create_job(["a"], CHECK))

    assert seen == [at(30), at(30)]


async def test_remaining_is_never_below_zero() -> None:
    seen = []

    async def late(document_id: str, context: Any) -> None:
        seen.append(context.remaining())

    async with opened(Scripted(shielded(100, late))) as queue:
        await queue.wait(await queue.create_job(["a"], CHECK))
        await sleep(100)

    assert seen == [0]


def reporting(*reports: tuple[float, float, str]) -> Any:
    """A processor that reports (fraction, message) at given times, and ends a second after the last."""

    async def check(document_id: str, context: Any) -> None:
        now = 0.0
        for when, fraction, message in reports:
            await sleep(when - now)
            now = when
            context.report(fraction, message)
        await sleep(1)

    return check


async def test_a_first_report_is_told_at_once() -> None:
    async with opened(reporting((0.5, 0.25, "page 1 of 4"))) as queue:
        ears = Ears(queue, "documentProgress")
        job_id = await queue.create_job(["a"], CHECK, owner="ann")
        await queue.wait(job_id)

    told = ears.the("documentProgress")
    assert (told.at, told.event.job_id, told.event.owner) == (at(0.5), job_id, "ann")
    assert (told.event.document_id, told.event.fraction, told.event.message, told.event.attempt) == (
        "a",
        0.25,
        "page 1 of 4",
        1,
    )


async def test_a_message_is_cut_off_since_everybody_who_listens_is_told_it_again_and_again() -> None:
    async with opened(reporting((0.5, 0.25, "x" * 1_000_000))) as queue:
        ears = Ears(queue, "documentProgress")
        await queue.wait(await queue.create_job(["a"], CHECK))

    assert ears.the("documentProgress").event.message == "x" * 500


async def test_further_reports_are_gathered_for_100_ms() -> None:
    times = [0, 0.03, 0.06, 0.09, 0.12, 0.15]
    async with opened(reporting(*((when, when, f"at {when}") for when in times))) as queue:
        ears = Ears(queue, "documentProgress")
        await queue.wait(await queue.create_job(["a"], CHECK))

    assert [(item.at, item.event.message) for item in ears.heard] == [
        (at(0), "at 0"),
        (at(0.1), "at 0.09"),
        (at(0.2), "at 0.15"),
    ]


async def test_each_document_that_reported_is_told_once_in_100_ms() -> None:
    async def check(document_id: str, context: Any) -> None:
        for step in range(100):
            context.report(step / 100)
            await sleep(0.01)

    async with opened(check) as queue:
        ears = Ears(queue, "documentProgress")
        await queue.wait(await queue.create_job(["a", "b", "c"], CHECK))

    for document_id in "abc":
        told = [item for item in ears.heard if item.event.document_id == document_id]
        fractions = [item.event.fraction for item in told]
        gaps = [later.at - earlier.at for earlier, later in itertools.pairwise(told)]
        assert 9 <= len(told) <= 12
        assert fractions == sorted(fractions)
        assert min(gaps) >= 0.1 - 1e-6


async def test_reports_do_not_change_the_jobs_own_progress() -> None:
    async with opened(reporting((0.5, 0.9, ""))) as queue:
        job_id = await queue.create_job(["a"], CHECK)
        await sleep(1)
        job = queue.get_job_status(job_id)

    assert (job.progress, job.processed_documents) == (0, 0)


async def test_a_job_shows_the_documents_at_work_with_their_inner_progress() -> None:
    async with opened(Scripted(a=[reporting((1, 0.5, "half"))], b=[BROKEN, takes(5)], c=[takes(1)])) as queue:
        job_id = await queue.create_job(["a", "b", "c"], CHECK, options(retry_delay=1.25))
        await sleep(0.5)
        before = queue.get_job_status(job_id)
        await sleep(1)
        later = queue.get_job_status(job_id)
        job = await queue.wait(job_id)

    assert {item.document_id: (item.attempt, item.fraction) for item in before.running} == {
        "a": (1, None),
        "c": (1, None),
    }
    shown = {item.document_id: item for item in later.running}
    assert (shown["a"].fraction, shown["a"].message, shown["a"].attempt) == (0.5, "half", 1)
    assert (shown["b"].fraction, shown["b"].attempt) == (None, 2)
    assert (shown["a"].started_at - job.started_at).total_seconds() == at(0)
    assert (shown["b"].started_at - job.started_at).total_seconds() == at(1.25)
    assert list(job.running) == []


async def test_a_snapshot_keeps_the_inner_progress_that_it_was_taken_with() -> None:
    async with opened(reporting((0, 0.25, "first"), (1, 0.75, "second"))) as queue:
        job_id = await queue.create_job(["a"], CHECK)
        await sleep(0.5)
        job = queue.get_job_status(job_id)
        await sleep(1)
        later = queue.get_job_status(job_id)

    assert (job.running[0].fraction, job.running[0].message) == (0.25, "first")
    assert (later.running[0].fraction, later.running[0].message) == (0.75, "second")


@pytest.mark.parametrize("fraction, shown", [(-1, 0.0), (0, 0.0), (1, 1.0), (7, 1.0), (float("inf"), 1.0)])
async def test_a_fraction_is_cut_to_0_and_1(fraction: float, shown: float) -> None:
    async with opened(reporting((0, fraction, ""))) as queue:
        ears = Ears(queue, "documentProgress")
        await queue.wait(await queue.create_job(["a"], CHECK))

    assert ears.the("documentProgress").event.fraction == shown


async def test_a_fraction_never_goes_back_within_an_attempt() -> None:
    async with opened(reporting((0, 0.5, "up"), (1, 0.25, "down"))) as queue:
        ears = Ears(queue, "documentProgress")
        await queue.wait(await queue.create_job(["a"], CHECK))

    assert [(item.event.fraction, item.event.message) for item in ears.heard] == [(0.5, "up"), (0.5, "down")]


async def test_a_new_attempt_begins_at_nothing() -> None:
    async def check(document_id: str, context: Any) -> None:
        context.report(0.9 if context.attempt == 1 else 0.1)
        await sleep(1)
        if context.attempt == 1:
            raise BROKEN

    async with opened(check) as queue:
        ears = Ears(queue, "documentProgress")
        await queue.wait(await queue.create_job(["a"], CHECK))

    assert [(item.event.attempt, item.event.fraction) for item in ears.heard] == [(1, 0.9), (2, 0.1)]


@pytest.mark.parametrize("fraction", [float("nan"), "0.5", None, 1j])
async def test_what_is_no_fraction_is_refused(fraction: Any) -> None:
    async with opened(reporting((0, fraction, ""))) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK, options(retry_attempts=0)))

    assert job.errors[0].code is FailureCode.PROCESSOR_ERROR
    assert job.errors[0].error.startswith("ValueError: a fraction")


async def test_a_report_of_an_ended_attempt_is_ignored() -> None:
    """R03: not even one that is made while the next attempt of the same document runs."""
    contexts: list[Any] = []

    async def check(document_id: str, context: Any) -> None:
        contexts.append(context)
        if context.attempt == 1:
            raise BROKEN
        context.report(0.1, "second")
        contexts[0].report(0.9, "first")
        await sleep(1)
        contexts[0].report(0.95, "first")
        await sleep(1)

    async with opened(check) as queue:
        ears = Ears(queue)
        job_id = await queue.create_job(["a"], CHECK)
        await sleep(3.5)
        assert [(item.fraction, item.message) for item in queue.get_job_status(job_id).running] == [(0.1, "second")]
        await queue.wait(job_id)
        told = len(ears.heard)
        for context in contexts:
            context.report(1.0, "too late")
        await sleep(1)

    assert [item.event.message for item in ears.of("documentProgress")] == ["second"]
    assert len(ears.heard) == told


async def test_a_pending_report_of_a_new_attempt_is_not_lost_to_one_of_an_old_attempt() -> None:
    contexts: list[Any] = []

    async def check(document_id: str, context: Any) -> None:
        contexts.append(context)
        if context.attempt == 1:
            raise BROKEN
        context.report(0.1, "told at once")
        await sleep(0.01)
        context.report(0.2, "told after 100 ms")
        contexts[0].report(0.9, "old")
        await sleep(1)

    async with opened(check) as queue:
        ears = Ears(queue, "documentProgress")
        await queue.wait(await queue.create_job(["a"], CHECK))

    assert [item.event.message for item in ears.heard] == ["told at once", "told after 100 ms"]


async def test_reports_of_an_abandoned_attempt_are_ignored() -> None:
    async def late(document_id: str, context: Any) -> None:
        context.report(0.9, "late")

    async with opened(Scripted(takes(200), a=[shielded(100, late)])) as queue:
        ears = Ears(queue, "documentProgress")
        await queue.create_job(["a", "b"], CHECK, options(document_timeout=50))
        await queue.join()
        await sleep(100)

    assert ears.heard == []


async def test_reports_in_finalize_are_harmless() -> None:
    class Batch:
        async def __call__(self, document_id: str, context: Any) -> None:
            await sleep(1)

        async def finalize(self, outcomes: Any, context: Any) -> float:
            context.report(0.5, "summing up")
            remaining: float = context.remaining()
            return remaining

    async with opened(Batch()) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK, options(timeout=HORIZON)))

    assert (job.status, job.summary) == (JobStatus.COMPLETED, at(30))
