"""Plugins in a queue, in virtual time."""

import sys
from typing import Any

import pytest

from docmill import DocumentProcessingQueue, JobErrorCode, JobOptions, PluginError
from docmill.plugins import discover
from docmill.testing import SimulatedDisk, virtual_backends

from .conftest import Install


@pytest.fixture(params=virtual_backends, ids=lambda backend: backend[0])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


async def answer(document_id: str) -> str:
    return document_id


async def test_a_plugin_is_loaded_by_the_first_job_of_its_type(install: Install) -> None:
    source = """
    async def shout(document_id, context):
        return f"{context.job_type} {document_id}".upper()
    """
    install("shouting", {"SHOUT": "shouting:shout"}, source)
    async with DocumentProcessingQueue({**discover(), "ANSWER": answer}) as queue:
        await queue.wait(await queue.create_job(["a"], "ANSWER"))
        assert "shouting" not in sys.modules

        job = await queue.wait(await queue.create_job(["a", "b"], "SHOUT"))

        assert {result.data for result in job.results} == {"SHOUT A", "SHOUT B"}


async def test_a_job_of_a_broken_plugin_is_refused_and_nothing_has_changed(install: Install) -> None:
    install("broken", {"BROKEN": "broken:run"}, "import nowhere_to_be_found")
    heard: list[Any] = []
    async with DocumentProcessingQueue({**discover(), "ANSWER": answer}) as queue:
        queue.on("jobStarted", heard.append)
        before = queue.stats()
        for _ in range(2):
            with pytest.raises(PluginError, match=r"broken:run of broken 1\.0.*nowhere_to_be_found"):
                await queue.create_job(["a"], "BROKEN", owner="user-1", idempotency_key="key")

        assert queue.get_all_jobs() == []
        assert heard == []
        assert queue.stats() == before

        job_id = await queue.create_job(["a"], "ANSWER", owner="user-1", idempotency_key="key")
        assert (await queue.wait(job_id)).status == "COMPLETED"


async def test_a_bad_request_is_refused_before_anything_is_loaded(install: Install) -> None:
    install("broken", {"BROKEN": "broken:run"}, "raise AssertionError('somebody imports me')")
    async with DocumentProcessingQueue(discover()) as queue:
        with pytest.raises(ValueError, match="at least one"):
            await queue.create_job([], "BROKEN")
        with pytest.raises(ValueError, match="BROKEN"):
            await queue.create_job(["a"], "UNKNOWN")

    assert "broken" not in sys.modules


async def test_a_plugin_that_was_repaired_is_used_without_a_new_queue(install: Install) -> None:
    module = install("mended", {"MENDED": "mended:run"}, "raise RuntimeError('not configured')")
    async with DocumentProcessingQueue(discover()) as queue:
        with pytest.raises(PluginError, match="not configured"):
            await queue.create_job(["a"], "MENDED")
        module.write_text("def run(document_id):\n    return 'a whole new answer'\n")

        job = await queue.wait(await queue.create_job(["a"], "MENDED"))

        assert job.results[0].data == "a whole new answer"


DECLARED = """
from docmill import CircuitBreaker, PermanentError, processor

calls = []


@processor(permanent=(LookupError,), breaker=CircuitBreaker(failures=2, cooldown=60.0))
async def fetch(document_id, context):
    calls.append(document_id)
    if document_id == "missing":
        raise KeyError(document_id)
    if len(calls) <= 2:
        raise ConnectionError("no answer")
    return document_id
"""


async def test_what_a_plugin_declares_to_be_permanent_is(install: Install) -> None:
    install("fetching", {"FETCH": "fetching:fetch"}, DECLARED)
    async with DocumentProcessingQueue(discover()) as queue:
        job = await queue.wait(await queue.create_job(["missing"], "FETCH"))

    assert [(failure.code, failure.attempts) for failure in job.errors] == [("permanent", 1)]


async def test_the_breaker_that_a_plugin_declares_is_the_one_that_opens(install: Install) -> None:
    install("fetching", {"FETCH": "fetching:fetch"}, DECLARED)
    opened: list[str] = []
    async with DocumentProcessingQueue(discover()) as queue:
        queue.on("circuitOpened", lambda event: opened.append(event.job_type))
        options = JobOptions(max_concurrent=1, retry_attempts=0)

        job = await queue.wait(await queue.create_job(["a", "b", "c"], "FETCH", options))

    assert [failure.document_id for failure in job.errors] == ["a", "b"]
    assert [result.document_id for result in job.results] == ["c"]
    assert opened == ["FETCH"]
    assert job.duration == pytest.approx(60.0, abs=0.1)


async def test_finalize_of_a_plugin_makes_the_summary(install: Install) -> None:
    source = """
    class Counter:
        def __call__(self, document_id, context):
            return len(document_id)

        def finalize(self, outcomes, context):
            return sum(outcome.data for outcome in outcomes)

    counter = Counter()
    """
    install("counting", {"COUNT": "counting:counter"}, source)
    async with DocumentProcessingQueue(discover()) as queue:
        job = await queue.wait(await queue.create_job(["ab", "cde"], "COUNT"))

    assert job.summary == 5


SLOW = """
from anyio import sleep


async def slow(document_id):
    await sleep(5.0)
    return document_id
"""


async def test_a_durable_job_of_a_plugin_goes_on_in_the_next_life(install: Install) -> None:
    install("slow", {"SLOW": "slow:slow"}, SLOW)
    disk = SimulatedDisk()
    first_life = DocumentProcessingQueue(discover(), store=disk.mount())
    job_id = await first_life.create_job(["a"], "SLOW")
    first_life._host.crash()

    async with DocumentProcessingQueue(discover(refresh=True), store=disk.mount()) as queue:
        job = await queue.wait(job_id)

    assert [result.data for result in job.results] == ["a"]


async def test_resumed_jobs_of_a_broken_plugin_fail_with_the_reason_and_the_others_go_on(install: Install) -> None:
    module = install("slow", {"SLOW": "slow:slow"}, SLOW)
    disk = SimulatedDisk()
    first_life = DocumentProcessingQueue({**discover(), "ANSWER": answer}, store=disk.mount())
    slow = [await first_life.create_job([name], "SLOW") for name in "ab"]
    other = await first_life.create_job(["c"], "ANSWER")
    first_life._host.crash()
    module.write_text("import nowhere_to_be_found")
    del sys.modules["slow"]

    processors = {**discover(refresh=True), "ANSWER": answer}
    async with DocumentProcessingQueue(processors, store=disk.mount()) as queue:
        for job_id in slow:
            job = await queue.wait(job_id, drained=True)
            assert (job.status, job.error_code) == ("FAILED", JobErrorCode.NO_PROCESSOR)
            assert "slow:slow of slow 1.0" in job.error
            assert "nowhere_to_be_found" in job.error
        assert (await queue.wait(other)).status == "COMPLETED"


async def test_finished_jobs_of_a_broken_plugin_stay_finished_and_it_is_not_loaded_for_them(install: Install) -> None:
    source = """
    async def run(document_id):
        return document_id
    """
    module = install("lazy", {"LAZY": "lazy:run"}, source)
    disk = SimulatedDisk()
    async with DocumentProcessingQueue(discover(), store=disk.mount()) as queue:
        job_id = await queue.create_job(["a"], "LAZY")
        await queue.wait(job_id, drained=True)
    module.write_text("raise AssertionError('somebody imports me')")
    del sys.modules["lazy"]

    async with DocumentProcessingQueue(discover(refresh=True), store=disk.mount()) as queue:
        assert queue.get_job_status(job_id).status == "COMPLETED"
        assert "lazy" not in sys.modules
