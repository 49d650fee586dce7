"""Two workers do twice the work of one, as far as the machine has two processors."""

import time

import pytest

from . import doings
from .places import TYPE, Place, isolated, opened, options, record, run

pytestmark = [
    pytest.mark.parametrize("kind", ["ray", "dask"], indirect=True, scope="session"),
    pytest.mark.parametrize("anyio_backend", ["asyncio"]),
    pytest.mark.release,
]

SECONDS = 0.1
DOCUMENTS = 60


async def rate(place: Place, kind_of_work: str, workers: int) -> float:
    """Documents a second of a job whose chunks are short, so that its end does not matter."""
    names = [f"{kind_of_work}-{number}" for number in range(DOCUMENTS)]
    async with opened(place, isolated(doings.act), chunk_seconds=0.2) as queue:
        await run(queue, [f"{kind_of_work}-{number}" for number in range(8)], seconds=SECONDS)
        asked = options(max_concurrent=workers)
        began = time.monotonic()
        job_id = await queue.create_job(names, TYPE, asked, metadata={"seconds": SECONDS})
        job = await queue.wait(job_id, drained=True)
        assert len(job.results) == DOCUMENTS
        return DOCUMENTS / (time.monotonic() - began)


@pytest.mark.parametrize("kind_of_work, wanted", [("nap", 1.9), ("spin", 1.6)])
async def test_two_workers_do_almost_twice_the_work_of_one(place: Place, kind_of_work: str, wanted: float) -> None:
    # A job of one chunk at a time keeps one worker busy, but for the moment between two chunks; four keep both.
    rates = {workers: await rate(place, kind_of_work, workers) for workers in (1, 4)}
    record(place, {"work": kind_of_work, "rates": rates})

    assert rates[4] / rates[1] >= wanted
