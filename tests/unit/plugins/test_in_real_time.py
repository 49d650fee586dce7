"""Plugins in a queue that loads them in a thread, and runs some of them in worker processes."""

import os
import sys
import time
from typing import Any

import anyio
import pytest

from docmill import DocumentProcessingQueue, JobOptions, QueueClosedError
from docmill.engines import LocalEngine
from docmill.plugins import discover

from .conftest import Install

SLOW_TO_IMPORT = """
import time

time.sleep(0.3)


async def run(document_id, context):
    return document_id
"""


async def test_the_event_loop_goes_on_while_a_plugin_is_imported(install: Install) -> None:
    install("slow", {"SLOW": "slow:run"}, SLOW_TO_IMPORT)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await anyio.sleep(0.01)
            ticks += 1

    async with DocumentProcessingQueue(discover()) as queue, anyio.create_task_group() as group:
        group.start_soon(tick)
        await queue.create_job(["a"], "SLOW")
        assert ticks > 5
        group.cancel_scope.cancel()


async def test_jobs_that_are_created_together_load_it_once(install: Install) -> None:
    counting = """
    import pathlib, time

    with pathlib.Path(__file__).with_suffix(".log").open("a") as log:
        log.write("imported ")
    time.sleep(0.1)


    def run(document_id):
        return document_id
    """
    module = install("counted", {"COUNTED": "counted:run"}, counting)
    jobs: list[Any] = []

    async with DocumentProcessingQueue(discover()) as queue:

        async def create(number: int) -> None:
            jobs.append(await queue.wait(await queue.create_job([str(number)], "COUNTED")))

        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(create, number)

    assert module.with_suffix(".log").read_text() == "imported "
    assert sorted(job.results[0].data for job in jobs) == [str(number) for number in range(10)]


async def test_a_queue_that_is_closed_while_a_plugin_is_imported_takes_no_job_of_it(install: Install) -> None:
    install("slow", {"SLOW": "slow:run"}, SLOW_TO_IMPORT)
    queue = DocumentProcessingQueue(discover())
    await queue.start()

    async with anyio.create_task_group() as group:

        async def create() -> None:
            with pytest.raises(QueueClosedError):
                await queue.create_job(["a"], "SLOW")

        group.start_soon(create)
        await anyio.sleep(0.1)
        await queue.aclose()

    assert queue.get_all_jobs() == []


@pytest.mark.skipif(sys.platform == "win32", reason="there are no worker processes on Windows")
async def test_a_plugin_may_run_in_worker_processes_that_import_it_by_name(install: Install) -> None:
    source = """
    import os, time

    from docmill import processor


    @processor(isolation="process", max_memory=2**30)
    class Counter:
        def __init__(self, step):
            self.step = step

        def __call__(self, document_id, context):
            if document_id == "stuck":
                time.sleep(60)
            context.report(0.5)
            return [os.getpid(), __name__, self.step * len(document_id)]

        def finalize(self, outcomes, context):
            return sum(outcome.data[2] for outcome in outcomes if outcome.success)


    counter = Counter(10)
    """
    install("counting", {"COUNT": "counting:counter"}, source)
    engine = LocalEngine(max_processes=2)
    begin = time.monotonic()
    async with DocumentProcessingQueue(discover(), engine=engine) as queue:
        options = JobOptions(document_timeout=1.0, retry_attempts=0)
        job = await queue.wait(await queue.create_job(["ab", "cde", "stuck"], "COUNT", options), drained=True)

    assert {tuple(result.data[1:]) for result in job.results} == {("counting", 20), ("counting", 30)}
    assert all(result.data[0] != os.getpid() for result in job.results)
    assert job.summary == 50
    assert [failure.code for failure in job.errors] == ["document_timeout"]
    assert time.monotonic() - begin < 20
