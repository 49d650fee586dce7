"""Dask over three hosts, each with a network of its own, one of which is cut off while it works."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from namespaces import Cable, Host

from docmill import JobStatus

from . import doings
from .places import TYPE, Place, isolated, mostly, opened, options, until
from .test_dask import Given

if TYPE_CHECKING:
    from .dask_processes import DaskProcesses

pytestmark = pytest.mark.parametrize("kind", ["dask"], indirect=True, scope="session")

CUT_OFF_AFTER = "5s"
"""How long a worker may be silent. Dask looks that often, and never waits less than 5 s; budgets must be longer."""

SILENT = {
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": CUT_OFF_AFTER,
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "3s",
}


@pytest.fixture
def hosts() -> Iterator[tuple[Cable, list[Host]]]:
    cable = Cable()
    hosts = [Host(cable) for _ in range(3)]
    yield cable, hosts
    for host in hosts:
        host.close()
    cable.close()


@pytest.fixture
def processes(place: Place, hosts: tuple[Cable, list[Host]]) -> Iterator["DaskProcesses"]:
    from .dask_processes import DaskProcesses

    cable, workers = hosts
    processes = DaskProcesses(place.scratch, 8786, cable.address, **SILENT)
    processes.start_scheduler()
    for host in workers:
        processes.start_worker(host)
    yield processes
    processes.close()


@mostly("asyncio")
async def test_a_host_that_is_cut_off_costs_no_document(
    processes: "DaskProcesses", hosts: tuple[Cable, list[Host]], tmp_path: Path
) -> None:
    names = [f"nap-{number}" for number in range(150)]
    with processes.client() as client:
        client.wait_for_workers(3)
        async with opened(Given(client), isolated(doings.act), chunk_seconds=0.2) as queue:
            told: Counter[str] = Counter()
            queue.on("documentCompleted", lambda event: told.update([event.document_id]))
            job_id = await queue.create_job(names, TYPE, options(), metadata={"seconds": 0.05, "folder": str(tmp_path)})
            await until(lambda: len(told) >= 40)
            hosts[1][0].cut_off()
            await until(lambda: queue._engine.slots == 2)
            hosts[1][0].heal()
            job = await queue.wait(job_id, drained=True)

    assert (job.status, job.errors) == (JobStatus.COMPLETED, [])
    assert [outcome.document_id for outcome in job.outcomes] == names
    assert told == Counter(names)
