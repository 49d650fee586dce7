"""A store that lasts and a cluster beside it: results are kept as they came, and what was out runs again."""

from pathlib import Path
from typing import Any

from thread_cluster import Stage, ThreadCluster

from docmill import FailureCode, JobErrorCode, JobStatus
from docmill.stores import SQLiteStore

from .support import CHECK, ids, once, opened, options, run, taken, until


async def test_results_are_kept_as_they_came(cluster: ThreadCluster, stage: Stage, tmp_path: Path) -> None:
    stage.acts["dict"] = lambda *_: {"a": [1, 2.5, None, "ü"]}
    file = tmp_path / "jobs.db"
    async with opened(cluster, store=SQLiteStore(file)) as queue:
        job_id = (await run(queue, [*ids(300), "dict-1"])).id

    async with opened(ThreadCluster(), store=SQLiteStore(file)) as queue:
        job = await queue.wait(job_id)

    assert [outcome.data for outcome in job.outcomes] == [*ids(300), {"a": [1, 2.5, None, "ü"]}]


async def test_a_result_that_the_store_does_not_take_fails_its_document(
    cluster: ThreadCluster, stage: Stage, tmp_path: Path
) -> None:
    stage.acts["large"] = lambda *_: "x" * 500
    async with opened(cluster, store=SQLiteStore(tmp_path / "jobs.db", max_result_bytes=100)) as queue:
        await run(queue, ids(100, "warm"))
        job = await run(queue, ids(9, "large"), options(max_concurrent=1))

    assert {(failure.code, failure.attempts) for failure in job.errors} == {(FailureCode.RESULT_TOO_LARGE, 1)}
    assert len(job.errors) == 9


async def test_a_job_goes_on_where_the_queue_before_has_left_it(
    cluster: ThreadCluster, stage: Stage, tmp_path: Path
) -> None:
    """R12: no recorded document runs again."""
    file = tmp_path / "jobs.db"
    documents = [*ids(60), "hang-1", *ids(60, "late")]
    async with opened(cluster, store=SQLiteStore(file)) as queue:
        job_id = await queue.create_job(documents, CHECK, once(max_concurrent=2))
        await taken(stage.hanging)
        await queue.aclose(0.0)
        left = queue.get_job_status(job_id)
        assert left.status is JobStatus.PROCESSING
        recorded = {outcome.document_id for outcome in left.outcomes}
    stage.release.set()
    cluster.join()
    stage.calls.clear()

    async with opened(ThreadCluster(), store=SQLiteStore(file)) as queue:
        job = await queue.wait(job_id)

    assert (job.status, len(job.results)) == (JobStatus.COMPLETED, 121)
    assert {outcome.attempts for outcome in job.outcomes} == {1}
    assert recorded.isdisjoint(document for document, _ in stage.calls)


async def test_a_job_whose_processor_cannot_travel_any_more_fails_when_it_is_taken_up(
    cluster: ThreadCluster, stage: Stage, tmp_path: Path
) -> None:
    file = tmp_path / "jobs.db"
    async with opened(cluster, store=SQLiteStore(file)) as queue:
        job_id = await queue.create_job(["hang-1"], CHECK)
        await taken(stage.hanging)
        await queue.aclose(0.0)
    stage.release.set()

    async with opened(ThreadCluster(), Large(), store=SQLiteStore(file)) as queue:
        job = await queue.wait(job_id)

    assert job.status is JobStatus.FAILED
    assert "cannot run on Threads" in str(job.error)


class Large:
    """Holds a model."""

    def __init__(self) -> None:
        self.model = "x" * 2**21

    def __call__(self, document_id: str, context: Any) -> str:
        return document_id


async def test_a_job_that_is_taken_up_fails_when_the_cluster_is_given_up(
    cluster: ThreadCluster, stage: Stage, tmp_path: Path
) -> None:
    file = tmp_path / "jobs.db"
    async with opened(cluster, store=SQLiteStore(file)) as queue:
        job_id = await queue.create_job([*ids(5), "hang-1"], CHECK, once(max_concurrent=1))
        await taken(stage.hanging)
        await queue.aclose(0.0)
    stage.release.set()
    away = ThreadCluster()
    away.down = OSError("no such host")

    async with opened(away, store=SQLiteStore(file), patience=0.02) as queue:
        job = await queue.wait(job_id)

    assert (job.status, job.error_code) == (JobStatus.FAILED, JobErrorCode.ENGINE_LOST)
    assert "no such host" in str(job.error)
    assert len(job.results) == 5


async def test_a_document_that_was_at_a_worker_is_no_suspect_after_a_crash(
    cluster: ThreadCluster, stage: Stage, tmp_path: Path
) -> None:
    """It runs elsewhere, so that it cannot have killed the process."""
    async with opened(cluster, store=SQLiteStore(tmp_path / "jobs.db")) as queue:
        job_id = await queue.create_job(["hang-1"], CHECK)
        await until(lambda: cluster.sent)
        machine = queue._scheduler.find(job_id)
        assert machine is not None
        assert machine.trail is None
        stage.release.set()
        await queue.wait(job_id)
