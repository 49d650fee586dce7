"""What is so on Dask alone, and what happens when its scheduler is gone."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from anyio import to_thread

from docmill import DocumentProcessingQueue, FailureCode, InvalidJobError, JobErrorCode, JobStatus

from . import doings
from .places import TYPE, Place, isolated, mostly, opened, options, run, until

if TYPE_CHECKING:
    from .dask_processes import DaskProcesses

pytestmark = pytest.mark.parametrize("kind", ["dask"], indirect=True, scope="session")

ACT = isolated(doings.act)

ports = count(8801)


class Given:
    """A place with a client of another cluster."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def engine(self, **settings: Any) -> Any:
        from docmill.engines.dask import DaskEngine

        return DaskEngine(self.client, **settings)


@pytest.fixture
def processes(place: Place) -> Iterator["DaskProcesses"]:
    """A scheduler in a process of its own, without workers."""
    from .dask_processes import DaskProcesses

    processes = DaskProcesses(place.scratch, next(ports))
    processes.start_scheduler()
    yield processes
    processes.close()


async def slots(queue: DocumentProcessingQueue, number: int) -> None:
    await until(lambda: queue._engine.slots == number)


@mostly("asyncio")
async def test_while_the_scheduler_is_gone_nothing_starts_and_then_the_job_goes_on(
    processes: "DaskProcesses", tmp_path: Path
) -> None:
    names = [f"once-{number}" for number in range(100)]
    processes.start_worker()
    with processes.client() as client:
        async with opened(Given(client), ACT, chunk_seconds=0.05) as queue:
            told: list[str] = []
            queue.on("documentCompleted", lambda event: told.append(event.document_id))
            asked = options(max_concurrent=1, retry_attempts=0)
            job_id = await queue.create_job(
                [*names[:50], "hold", *names[50:]], TYPE, asked, metadata={"folder": str(tmp_path)}
            )
            await until((tmp_path / "held").exists)
            processes.kill_scheduler()
            await slots(queue, 0)
            (tmp_path / "release").touch()
            assert queue.get_job_status(job_id).status is JobStatus.PROCESSING
            assert queue.stats().running == 0
            processes.stop_workers()
            processes.start_scheduler()
            processes.start_worker()
            job = await queue.wait(job_id, drained=True)

    assert (job.status, job.errors) == (JobStatus.COMPLETED, [])
    assert [outcome.document_id for outcome in job.outcomes] == [*names[:50], "hold", *names[50:]]
    assert sorted(told) == sorted([*names, "hold"])


@mostly("trio")
async def test_without_a_scheduler_jobs_fail_when_patience_is_over_until_it_is_back(
    processes: "DaskProcesses", tmp_path: Path
) -> None:
    processes.start_worker()
    with processes.client() as client:
        async with opened(Given(client), ACT, patience=0.5) as queue:
            job_id = await queue.create_job(["ok-1", "hold"], TYPE, options(), metadata={"folder": str(tmp_path)})
            await until((tmp_path / "held").exists)
            await until(lambda: queue.get_job_status(job_id).processed_documents == 1)
            processes.kill_scheduler()
            job = await queue.wait(job_id, drained=True)
            assert (job.status, job.error_code, len(job.results)) == (JobStatus.FAILED, JobErrorCode.ENGINE_LOST, 1)
            with pytest.raises(InvalidJobError, match="Dask cannot be reached"):
                await queue.create_job(["a"], TYPE)
            (tmp_path / "release").touch()
            processes.stop_workers()
            processes.start_scheduler()
            processes.start_worker()
            await slots(queue, 1)
            assert (await run(queue, ["ok-1"])).status is JobStatus.COMPLETED


@mostly("trio")
async def test_documents_wait_for_the_first_worker_and_one_that_hangs_there_is_known_to_hang_there(
    processes: "DaskProcesses", tmp_path: Path
) -> None:
    with processes.client() as client:
        async with opened(Given(client), ACT) as queue:
            names = ["hold", *(f"quick-{number}" for number in range(20))]
            asked = options(document_timeout=3.0)
            job_id = await queue.create_job(names, TYPE, asked, metadata={"folder": str(tmp_path)})
            await until(lambda: queue.stats().running == 2)
            processes.start_worker()
            processes.start_worker()
            job = await queue.wait(job_id, drained=True)
            (tmp_path / "release").touch()
            await until(lambda: queue.stats().abandoned == 0)

    assert [(failure.document_id, failure.code) for failure in job.errors] == [("hold", FailureCode.DOCUMENT_TIMEOUT)]
    assert len(job.results) == 20


@mostly("asyncio")
async def test_a_worker_that_is_retired_costs_no_document(processes: "DaskProcesses", tmp_path: Path) -> None:
    processes.start_worker()
    processes.start_worker()
    with processes.client() as client:
        client.wait_for_workers(2)
        async with opened(Given(client), ACT, chunk_seconds=0.05) as queue:
            names = [f"quick-{number}" for number in range(300)]
            job_id = await queue.create_job(names, TYPE, options())
            await until(lambda: queue.get_job_status(job_id).processed_documents >= 50)
            (worker, *_) = client.scheduler_info()["workers"]
            await to_thread.run_sync(client.retire_workers, [worker])
            job = await queue.wait(job_id, drained=True)

    assert (job.errors, len(job.results)) == ([], 300)


@mostly("trio")
async def test_a_client_that_is_closed_is_replaced_by_one_of_our_own(processes: "DaskProcesses") -> None:
    processes.start_worker()
    client = processes.client()
    async with opened(Given(client), ACT) as queue:
        await run(queue, ["ok-1"])
        client.close()
        assert (await run(queue, ["ok-2"])).status is JobStatus.COMPLETED


def test_an_asynchronous_client_is_refused(place: Place) -> None:
    from docmill.engines.dask import DaskEngine

    with pytest.raises(ValueError, match="the client is asynchronous"):
        DaskEngine(SimpleNamespace(asynchronous=True))


async def test_a_scheduler_that_runs_again_what_kills_workers_is_warned_of(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.client.run_on_scheduler(_allow_failures, 3)
    try:
        async with opened(place, ACT) as queue:
            await run(queue, ["ok-1"])
    finally:
        place.client.run_on_scheduler(_allow_failures, 0)

    assert "its allowed-failures is 3, not 0" in caplog.text


def _allow_failures(number: int, dask_scheduler: Any) -> None:
    dask_scheduler.allowed_failures = number
