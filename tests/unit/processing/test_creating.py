"""Questions Q21 and Q22: the same job for the same key, and a new job from what an old one left to do."""

import gc
import weakref

import pytest
from anyio import create_task_group, sleep

from docmill import (
    FailureCode,
    IdempotencyConflictError,
    InvalidJobError,
    JobNotFoundError,
    JobStateError,
    JobStatus,
    PermanentError,
)

from .support import CHECK, Ears, Scripted, opened, options, takes

BROKEN = ValueError("broken")


async def test_the_same_key_gives_the_same_job() -> None:
    """Q21."""
    check = Scripted("fine")
    async with opened(check) as queue:
        first = await queue.create_job(["a", "b"], CHECK, idempotency_key="k")
        await queue.wait(first)
        second = await queue.create_job(["a", "b"], CHECK, idempotency_key="k")
        await queue.join()

    assert first == second
    assert sorted(check.order) == ["a", "b"]


async def test_creating_at_once_from_many_tasks_makes_one_job() -> None:
    ids = set()

    async def create() -> None:
        ids.add(await queue.create_job(["a"], CHECK, idempotency_key="k"))

    async with opened(Scripted("fine")) as queue, create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(create)

    assert len(ids) == 1


async def test_a_key_is_its_owners_own() -> None:
    async with opened(Scripted("fine")) as queue:
        ids = {await queue.create_job(["a"], CHECK, owner=owner, idempotency_key="k") for owner in ("ann", "bob", None)}

    assert len(ids) == 3


@pytest.mark.parametrize("documents, job_type", [(["a", "c"], "CHECK"), (["b", "a"], "CHECK"), (["a", "b"], "OTHER")])
async def test_the_same_key_for_something_else_is_a_conflict(documents: list[str], job_type: str) -> None:
    """Q21, R35: nothing changes."""
    async with opened({"CHECK": Scripted("fine"), "OTHER": Scripted("fine")}) as queue:
        first = await queue.create_job(["a", "b"], "CHECK", idempotency_key="k")
        with pytest.raises(IdempotencyConflictError) as caught:
            await queue.create_job(documents, job_type, idempotency_key="k")
        assert [job.id for job in queue.get_all_jobs()] == [first]

    assert (caught.value.key, caught.value.job_id) == ("k", first)
    assert "k" in str(caught.value)


async def test_a_key_is_free_again_once_its_job_was_cleaned_up() -> None:
    async with opened(Scripted("fine")) as queue:
        first = await queue.create_job(["a"], CHECK, idempotency_key="k")
        await queue.wait(first, drained=True)
        assert await queue.cleanup_old_jobs(max_age=0) == 1
        second = await queue.create_job(["b"], CHECK, idempotency_key="k")

    assert first != second


async def test_what_failed_and_what_was_not_processed_is_tried_again() -> None:
    """Q22."""
    check = Scripted("fine", permanent=[PermanentError("encrypted")], broken=[BROKEN, BROKEN], slow=[takes(20)])
    async with opened(check) as queue:
        asked = options(max_concurrent=1, retry_attempts=1, retry_delay=0, document_timeout=25, timeout=10)
        ids = ["ok", "permanent", "broken", "slow", "unstarted"]
        old = await queue.create_job(ids, CHECK, asked, owner="ann", metadata={"batch": 7}, priority=3)
        await queue.wait(old, drained=True)
        new = await queue.retry_job(old)
        job = queue.get_job_status(new)

    assert new != old
    assert list(job.document_ids) == ["permanent", "broken", "unstarted"]
    assert (job.retry_of, job.type, job.owner, job.priority) == (old, CHECK, "ann", 3)
    assert (job.options, dict(job.metadata)) == (asked, {"batch": 7})


async def test_codes_choose_which_failures_are_tried_again() -> None:
    check = Scripted("fine", a=[PermanentError()], b=[BROKEN], c=[takes(100)])
    async with opened(check) as queue:
        old = await queue.create_job(["a", "b", "c", "d"], CHECK, options(retry_attempts=0))
        await queue.wait(old)
        chosen = {}
        for codes in (["permanent"], ["processor_error"], [FailureCode.DOCUMENT_TIMEOUT, "permanent"]):
            new = queue.get_job_status(await queue.retry_job(old, codes))
            chosen[tuple(codes)] = list(new.document_ids)

    assert chosen == {
        ("permanent",): ["a"],
        ("processor_error",): ["b"],
        ("document_timeout", "permanent"): ["a", "c"],
    }


async def test_with_codes_unprocessed_documents_are_left_out() -> None:
    async with opened(Scripted(takes(5), a=[BROKEN])) as queue:
        old = await queue.create_job(["a", "b", "c"], CHECK, options(max_concurrent=1, retry_attempts=0))
        await sleep(1)
        await queue.cancel_job(old)
        await queue.wait(old, drained=True)
        chosen = queue.get_job_status(await queue.retry_job(old, ["processor_error"]))
        everything = queue.get_job_status(await queue.retry_job(old))

    assert (list(chosen.document_ids), list(everything.document_ids)) == (["a"], ["a", "c"])


async def test_a_job_with_nothing_left_cannot_be_tried_again() -> None:
    """Q22, R35."""
    async with opened(Scripted("fine", a=[BROKEN])) as queue:
        done = await queue.create_job(["b"], CHECK)
        half = await queue.create_job(["a", "b"], CHECK, options(retry_attempts=0))
        await queue.join()
        with pytest.raises(InvalidJobError, match="no failed document"):
            await queue.retry_job(done)
        with pytest.raises(InvalidJobError, match="permanent"):
            await queue.retry_job(half, ["permanent"])
        assert len(queue.get_all_jobs()) == 2


async def test_a_job_that_is_not_drained_cannot_be_tried_again() -> None:
    """Q22."""
    async with opened(Scripted(takes(5))) as queue:
        job_id = await queue.create_job(["a", "b"], CHECK, options(max_concurrent=1))
        with pytest.raises(JobStateError, match="drained"):
            await queue.retry_job(job_id)
        await sleep(1)
        await queue.cancel_job(job_id)
        with pytest.raises(JobStateError, match="CANCELLED"):
            await queue.retry_job(job_id)
        await queue.wait(job_id, drained=True)
        assert list(queue.get_job_status(await queue.retry_job(job_id)).document_ids) == ["b"]


async def test_only_the_owner_can_have_a_job_tried_again() -> None:
    """R33."""
    async with opened(Scripted(BROKEN)) as queue:
        job_id = await queue.create_job(["a"], CHECK, options(retry_attempts=0), owner="ann")
        await queue.wait(job_id, drained=True)
        with pytest.raises(JobNotFoundError) as foreign:
            await queue.retry_job(job_id, owner="bob")
        with pytest.raises(JobNotFoundError) as unknown:
            await queue.retry_job("x", owner="bob")
        assert await queue.for_owner("ann").retry_job(job_id)

    assert str(foreign.value).replace(job_id, "x") == str(unknown.value)


async def test_a_retried_job_can_be_retried_again_until_all_is_well() -> None:
    check = Scripted("fine", a=[BROKEN])
    async with opened(check) as queue:
        ears = Ears(queue, "jobFailed", "jobCompleted")
        job_id = await queue.create_job(["a"], CHECK, options(retry_attempts=0))
        await queue.wait(job_id, drained=True)
        job_id = await queue.retry_job(job_id)
        await queue.wait(job_id, drained=True)
        check._steps_of["a"] = ["fine"]
        job = await queue.wait(await queue.retry_job(job_id), drained=True)

    assert (job.status, job.results[0].attempts) == (JobStatus.COMPLETED, 1)
    assert ears.names == ["jobFailed", "jobFailed", "jobCompleted"]


async def test_ids_and_metadata_are_copied() -> None:
    ids, metadata = ["a", "b"], {"batch": 7}
    async with opened(Scripted("fine")) as queue:
        job_id = await queue.create_job(ids, CHECK, metadata=metadata)
        ids.append("c")
        metadata["batch"] = 8
        job = await queue.wait(job_id)

    assert (list(job.document_ids), dict(job.metadata)) == (["a", "b"], {"batch": 7})
    with pytest.raises(TypeError):
        job.metadata["batch"] = 9


async def test_ids_come_from_the_injected_source_with_the_wall_clock_in_milliseconds() -> None:
    class Clock:
        def wall(self) -> float:
            return 1_699_564_800.0

    async with opened(Scripted("fine"), clock=Clock(), make_id=lambda ms: f"job-{ms}") as queue:
        job_id = await queue.create_job(["a"], CHECK)
        job = await queue.wait(job_id)

    assert job_id == "job-1699564800000"
    assert job.created_at.isoformat() == "2023-11-09T21:20:00+00:00"


async def test_an_idle_queue_keeps_nothing_of_a_job_that_was_cleaned_up() -> None:
    class Big:
        """A result to follow."""

    made = []

    async def check(document_id: str) -> Big:
        big = Big()
        made.append(weakref.ref(big))
        return big

    async with opened(check) as queue:
        await queue.wait(await queue.create_job(["a", "b", "c"], CHECK), drained=True)
        await queue.cleanup_old_jobs(max_age=0)
        await sleep(1000)
        gc.collect()
        assert [reference() for reference in made] == [None, None, None]
