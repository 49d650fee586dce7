"""What is so on Ray alone."""

import subprocess
import sys
import tempfile
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from docmill import FailureCode

from . import doings
from .places import TYPE, Place, isolated, opened, options, run, until

pytestmark = pytest.mark.parametrize("kind", ["ray"], indirect=True, scope="session")

ACT = isolated(doings.act)


async def test_documents_run_although_a_process_takes_longer_to_start_than_their_budget(
    place: Place, tmp_path: Path
) -> None:
    async with opened(place, ACT) as queue:
        await run(queue, ["kill-1", "kill-2"], options(retry_attempts=0), folder=str(tmp_path))
        job = await run(queue, ["ok-1", "ok-2", "ok-3"], options(document_timeout=0.5))

    assert [(outcome.data, outcome.attempts) for outcome in job.outcomes] == [("ok-1", 1), ("ok-2", 1), ("ok-3", 1)]


async def test_the_memory_of_a_processor_is_limited_beyond_what_the_process_has_anyway(place: Place) -> None:
    def eat(document_id: str) -> int:
        return len(bytes(2 ** int(document_id)))  # which claims memory and does not touch it

    async with opened(place, isolated(eat, max_memory=2**30)) as queue:
        job = await run(queue, ["28", "31"], options(retry_attempts=0))

    assert [outcome.success for outcome in job.outcomes] == [True, False]
    assert (job.errors[0].code, job.errors[0].error) == (FailureCode.PROCESSOR_ERROR, "MemoryError")


async def test_options_of_the_tasks_say_how_many_run_at_once(place: Place) -> None:
    async with opened(place, ACT, options={"num_cpus": 2}) as queue:
        await run(queue, ["ok-1"])
        assert queue._engine.slots == 1
    async with opened(place, ACT) as queue:
        await run(queue, ["ok-1"])
        assert queue._engine.slots == 2


async def test_a_queue_goes_on_when_its_mailbox_has_died(place: Place, tmp_path: Path) -> None:
    import ray

    async with opened(place, ACT) as queue:
        await run(queue, ["ok-1"])
        cluster = queue._engine._cluster
        ray.kill(before := cluster._mailbox)
        await until(lambda: cluster._mailbox not in (None, before))
        heard: list[Any] = []
        queue.on("documentProgress", heard.append)
        job_id = await queue.create_job(["hold"], TYPE, options(), metadata={"folder": str(tmp_path)})
        await until(lambda: bool(heard))
        (tmp_path / "release").touch()
        job = await queue.wait(job_id, drained=True)

    assert [outcome.data for outcome in job.outcomes] == ["hold"]


ALONE = """
    import anyio, ray, sys
    from docmill import DocumentProcessingQueue
    from docmill.engines.ray import RayEngine

    def shout(document_id):
        return document_id.upper()

    async def main():
        async with DocumentProcessingQueue({"SHOUT": shout}, engine=RayEngine()) as queue:
            job = await queue.wait(await queue.create_job(["a", "b"], "SHOUT"))
        print([outcome.data for outcome in job.outcomes], ray.is_initialized())

    anyio.run(main, backend=sys.argv[1])
"""


def test_without_a_cluster_it_starts_one_for_as_long_as_the_queue_is_open(place: Place) -> None:
    script = Path(tempfile.mkdtemp(dir=place.scratch)) / "alone.py"
    script.write_text(dedent(ALONE))
    told = subprocess.run([sys.executable, str(script), "trio"], capture_output=True, text=True, check=False)

    assert told.stdout == "['A', 'B'] False\n", told.stderr
