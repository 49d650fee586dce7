"""The contract of an engine: what documents do, and what is done to them, means the same here, on Ray and on Dask."""

import logging
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from docmill import CircuitBreaker, FailureCode, InvalidJobError, JobStatus
from docmill.stores import SQLiteStore

from . import doings
from .places import TYPE, Place, isolated, opened, options, pids, run, until

ACT = isolated(doings.act)


def is_gone(pid: int) -> bool:
    """Whether a process has ended; a zombie that nobody has buried yet has."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def quick(count: int) -> list[str]:
    return [f"quick-{number}" for number in range(count)]


async def test_each_document_has_its_own_outcome_once_and_in_its_place(place: Place) -> None:
    names = [f"ok-{number}" for number in range(300)]
    async with opened(place, ACT) as queue:
        told: list[str] = []
        queue.on("documentCompleted", lambda event: told.append(event.document_id))
        job = await run(queue, names)

    assert [(outcome.document_id, outcome.data, outcome.attempts) for outcome in job.outcomes] == [
        (name, name, 1) for name in names
    ]
    assert (job.status, sorted(told)) == (JobStatus.COMPLETED, sorted(names))


RAISED = {
    "value": (FailureCode.PROCESSOR_ERROR, 2, "ValueError: broken"),
    "permanent": (FailureCode.PERMANENT, 1, "PermanentError: needs a password"),
    "sysexit": (FailureCode.PROCESSOR_EXIT, 2, "SystemExit: 3"),
    "group": (FailureCode.PROCESSOR_ERROR, 2, "ExceptionGroup: several (2 sub-exceptions)"),
    "twowords": (FailureCode.PROCESSOR_ERROR, 2, "TwoWordsError: out of reach"),
    "nan": (FailureCode.BAD_RESULT, 1, "result is nan, for which JSON has no word; return None there"),
}


async def test_what_a_document_raises_fails_it_and_no_other(place: Place) -> None:
    async with opened(place, ACT) as queue:
        job = await run(
            queue, [*quick(10), *RAISED, *(f"ok-{number}" for number in range(10))], options(retry_attempts=1)
        )

    assert len(job.results) == 20
    assert {failure.document_id: (failure.code, failure.attempts, failure.error) for failure in job.errors} == RAISED


async def test_a_document_is_tried_again_until_it_succeeds(place: Place) -> None:
    async with opened(place, ACT) as queue:
        job = await run(queue, ["flaky-1", "ok-1", "flaky-2"], options(retry_attempts=3))

    assert [(result.data, result.attempts) for result in job.outcomes] == [(3, 3), ("ok-1", 1), (3, 3)]


async def test_retry_after_opens_the_circuit_and_the_document_goes_on_after_it(place: Place) -> None:
    async with opened(place, ACT) as queue:
        heard: list[Any] = []
        queue.on("circuitOpened", lambda event: heard.append(event.error))
        job = await run(queue, ["later-1"])

    assert [(outcome.data, outcome.attempts) for outcome in job.outcomes] == [("later-1", 2)]
    assert heard == ["RetryAfter: retry after 0.05 s"]


async def test_failures_of_the_service_open_the_circuit_and_a_probe_closes_it(place: Place) -> None:
    act = isolated(doings.act, breaker=CircuitBreaker(failures=2, cooldown=0.05))
    async with opened(place, act, max_workers=1) as queue:
        heard: list[str] = []
        for name in ("circuitOpened", "circuitClosed"):
            queue.on(name, lambda event, name=name: heard.append(name))
        job = await run(queue, ["down-1", "down-2", "ok-1", "ok-2"], options(retry_attempts=0))

    assert [outcome.success for outcome in job.outcomes] == [False, False, True, True]
    assert heard == ["circuitOpened", "circuitClosed"]


async def test_a_document_is_told_what_it_is_and_how_long_it_has(place: Place) -> None:
    async with opened(place, ACT) as queue:
        job_id = await queue.create_job(["facts"], TYPE, options(), owner="ann", metadata={"batch": [1, None]})
        (outcome,) = (await queue.wait(job_id)).outcomes

    assert 40 < outcome.data.pop("seconds") <= 50
    assert outcome.data == {
        "id": "facts",
        "job": job_id,
        "type": TYPE,
        "owner": "ann",
        "metadata": {"batch": [1, None]},
    }


async def test_progress_is_told_from_inside_of_a_document(place: Place, tmp_path: Path) -> None:
    async with opened(place, ACT) as queue:
        heard: list[Any] = []
        queue.on("documentProgress", heard.append)
        job_id = await queue.create_job(["hold"], TYPE, options(), metadata={"folder": str(tmp_path)})
        await until(lambda: bool(heard))
        (tmp_path / "release").touch()
        await queue.wait(job_id)

    told = heard[0]
    assert (told.document_id, told.fraction, told.message) == ("hold", 0.5, str(pids(tmp_path / "held")[0]))


async def test_an_async_processor_runs(place: Place) -> None:
    async with opened(place, doings.act_async) as queue:
        job = await run(queue, [*(f"ok-{number}" for number in range(20)), "value"], options(retry_attempts=0))

    assert [outcome.success and outcome.data for outcome in job.outcomes] == [*(f"ok-{n}" for n in range(20)), False]


async def test_a_summary_is_made_of_all_outcomes_in_a_worker(place: Place) -> None:
    async with opened(place, isolated(doings.Summing())) as queue:
        job = await run(queue, [*quick(5), "value"], options(retry_attempts=0))

    assert job.summary.pop("pid") != os.getpid()
    assert job.summary == {"good": 5, "all": 6}


async def test_a_summary_that_kills_its_process_leaves_the_job_completed(place: Place) -> None:
    async with opened(place, isolated(doings.Summing())) as queue:
        job = await run(queue, quick(2), summary="kill")

    assert (job.status, job.summary, len(job.results)) == (JobStatus.COMPLETED, None, 2)
    assert "the worker" in job.summary_error


async def test_a_hung_document_is_the_only_one_that_its_budget_fails(place: Place, tmp_path: Path) -> None:
    async with opened(place, ACT) as queue:
        names = [*quick(60), "hold", *(f"ok-{number}" for number in range(60))]
        job_id = await queue.create_job(names, TYPE, options(document_timeout=3.0), metadata={"folder": str(tmp_path)})
        job = await queue.wait(job_id, drained=True)
        held = pids(tmp_path / "held")  # more than one if what it had told was not here yet at the end of its budget
        if place.kills:
            await until(lambda: all(is_gone(pid) for pid in held))
        else:
            assert (queue.stats().abandoned, is_gone(held[0])) == (len(held), False)
            (tmp_path / "release").touch()
        await until(lambda: queue.stats().abandoned == 0)

    assert [(failure.document_id, failure.code) for failure in job.errors] == [("hold", FailureCode.DOCUMENT_TIMEOUT)]
    assert len(job.results) == 120


async def test_cancelling_lets_what_was_started_complete_and_starts_nothing(place: Place, tmp_path: Path) -> None:
    async with opened(place, ACT) as queue:
        names = [f"hold-{number}" for number in range(20)]
        job_id = await queue.create_job(names, TYPE, options(), metadata={"folder": str(tmp_path)})
        await until(lambda: len(pids(tmp_path / "held")) == 2)
        started = queue.stats().running
        assert await queue.cancel_job(job_id)
        (tmp_path / "release").touch()
        job = await queue.wait(job_id, drained=True)

    assert (job.status, len(job.results), len(job.errors)) == (JobStatus.CANCELLED, started, 0)


async def test_cancelling_by_force_stops_what_runs_or_counts_it_as_abandoned(place: Place, tmp_path: Path) -> None:
    async with opened(place, ACT) as queue:
        names = [f"hold-{number}" for number in range(20)]
        job_id = await queue.create_job(names, TYPE, options(), metadata={"folder": str(tmp_path)})
        heard: set[str] = set()
        queue.on("documentProgress", lambda event: heard.add(event.document_id))
        await until(lambda: len(heard) == 2)
        assert await queue.cancel_job(job_id, force=True)
        job = await queue.wait(job_id, drained=True)
        held = pids(tmp_path / "held")
        if place.kills:
            await until(lambda: all(is_gone(pid) for pid in held))
        else:
            assert queue.stats().abandoned == len(held)
        (tmp_path / "release").touch()
        await until(lambda: queue.stats().abandoned == 0)

    assert (job.status, job.results) == (JobStatus.CANCELLED, [])
    # On a busy machine Ray loses a process now and then by itself; its document was waiting for its next attempt.
    assert {failure.code for failure in job.errors} <= {FailureCode.CANCELLED, FailureCode.JOB_STOPPED}
    assert len(held) >= 2


async def test_a_document_that_kills_its_process_is_the_only_one_that_fails(place: Place, tmp_path: Path) -> None:
    async with opened(place, ACT) as queue:
        names = [*quick(40), "kill", *(f"ok-{number}" for number in range(40))]
        job = await run(queue, names, options(retry_attempts=1), folder=str(tmp_path))

    assert [(failure.document_id, failure.code) for failure in job.errors] == [("kill", FailureCode.WORKER_DIED)]
    assert len(job.results) == 80
    assert len(pids(tmp_path / "killed")) == 2


async def test_a_worker_that_is_killed_from_outside_costs_no_document(place: Place, tmp_path: Path) -> None:
    async with opened(place, ACT) as queue:
        names = [*quick(20), "hold", *(f"ok-{number}" for number in range(20))]
        job_id = await queue.create_job(names, TYPE, options(), metadata={"folder": str(tmp_path)})
        await until(lambda: len(pids(tmp_path / "held")) == 1)
        os.kill(pids(tmp_path / "held")[0], signal.SIGKILL)
        await until(lambda: len(pids(tmp_path / "held")) == 2)
        (tmp_path / "release").touch()
        job = await queue.wait(job_id, drained=True)

    assert (job.errors, len(job.results), job.outcome("hold").attempts) == ([], 41, 2)


async def test_what_cannot_travel_is_refused_when_the_job_is_created(place: Place) -> None:
    lock = __import__("threading").Lock()

    def locked(document_id: str) -> None:
        with lock:
            pass

    async with opened(place, isolated(locked)) as queue:
        with pytest.raises(InvalidJobError, match=r"locked.*cannot.*pickle.*lock"):
            await queue.create_job(["a"], TYPE)
    async with opened(place, ACT) as queue:
        with pytest.raises(InvalidJobError, match=r"metadata.*cannot.*pickle.*lock"):
            await queue.create_job(["a"], TYPE, metadata={"lock": lock})


async def test_a_result_comes_back_whole_whether_it_is_small_or_large(place: Place) -> None:
    async with opened(place, ACT) as queue:
        job = await run(queue, [f"{act}-{number}" for number in range(20) for act in ("ok", "huge")])

    assert [outcome.data for outcome in job.outcomes[::2]] == [f"ok-{number}" for number in range(20)]
    assert [outcome.data for outcome in job.outcomes[1::2]] == ["x" * 5_000] * 20


async def test_a_result_that_is_too_large_fails_its_document_alone(place: Place) -> None:
    async with opened(place, ACT, max_result_bytes=1_000) as queue:
        job = await run(queue, ["ok-1", "huge", "object", "ok-2"])

    assert [getattr(outcome, "code", None) for outcome in job.outcomes] == [
        None,
        FailureCode.RESULT_TOO_LARGE,
        FailureCode.BAD_RESULT,
        None,
    ]


@pytest.mark.parametrize("kind", ["ray", "dask"], indirect=True, scope="session")
async def test_what_is_logged_in_a_worker_of_a_cluster_is_logged_here(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(place, ACT) as queue:
        await run(queue, [f"log-{number}" for number in range(10)])

    told = [(record.name, record.levelno, record.message) for record in caplog.records if record.name == "remote"]
    assert sorted(told) == [("remote", logging.WARNING, f"log-{number} says hello") for number in range(10)]


async def test_a_queue_that_is_closed_leaves_nothing_running_but_what_cannot_be_stopped(
    place: Place, tmp_path: Path
) -> None:
    async with opened(place, ACT) as queue:
        job_id = await queue.create_job(["hold-1", "hold-2"], TYPE, options(), metadata={"folder": str(tmp_path)})
        await until(lambda: len(pids(tmp_path / "held")) == 2)
        await queue.aclose(timeout=0)
        if place.kills:
            await until(lambda: all(is_gone(pid) for pid in pids(tmp_path / "held")))
        (tmp_path / "release").touch()
        assert queue.get_job_status(job_id).status is JobStatus.CANCELLED

    async with opened(place, ACT) as queue:
        assert len((await run(queue, quick(10))).results) == 10


async def test_a_durable_job_goes_on_after_a_restart_and_no_recorded_document_runs_again(
    place: Place, tmp_path: Path
) -> None:
    names = [f"once-{number}" for number in range(200)]
    async with opened(place, ACT, store=SQLiteStore(tmp_path / "jobs.db")) as queue:
        job_id = await queue.create_job(names, TYPE, options(), metadata={"folder": str(tmp_path)})
        await until(lambda: queue.get_job_status(job_id).processed_documents >= 20)
        await queue.aclose(timeout=0)
        recorded = {outcome.document_id for outcome in queue.get_job_status(job_id).outcomes}
    ran = Counter({name: len(pids(tmp_path / name)) for name in recorded})
    async with opened(place, ACT, store=SQLiteStore(tmp_path / "jobs.db")) as queue:
        job = await queue.wait(job_id, drained=True)

    assert (job.status, [outcome.data for outcome in job.outcomes]) == (JobStatus.COMPLETED, names)
    assert 20 <= len(recorded) < 200
    assert Counter({name: len(pids(tmp_path / name)) for name in recorded}) == ran


async def test_two_queues_and_several_jobs_share_the_workers(place: Place) -> None:
    async with opened(place, ACT) as one, opened(place, isolated(doings.Summing())) as other:
        asked = [(queue, await queue.create_job(quick(60), TYPE, options())) for queue in (one, other, one, other)]
        jobs = [await queue.wait(job_id, drained=True) for queue, job_id in asked]

    assert [len(job.results) for job in jobs] == [60] * 4
    assert [job.summary is None for job in jobs] == [True, False, True, False]
