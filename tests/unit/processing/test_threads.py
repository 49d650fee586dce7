"""Contract, section 5: sync processors in real threads and real time; nothing is asserted of how long it takes."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio import sleep

from docmill import DocumentProcessingQueue, FailureCode, JobStatus, processor
from docmill.engines import LocalEngine

from .support import CHECK, PATIENCE, Ears, opened, options, until


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


left_over: set[threading.Thread] = set()
"""Threads that a failed test has left, so that the tests after it do not fail, too."""


def our_threads() -> list[threading.Thread]:
    return [
        thread for thread in threading.enumerate() if thread.name.startswith("docmill-") and thread not in left_over
    ]


class Blocking:
    """A sync processor that does not return from a document named stuck before it is released."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.threads: dict[str, threading.Thread] = {}

    def __call__(self, document_id: str, context: Any) -> str:
        self.threads[document_id] = threading.current_thread()
        if document_id.startswith("stuck"):
            self.release.wait()
        return f"{document_id} is done"


@pytest.fixture
def blocking() -> Iterator[Blocking]:
    target = Blocking()
    yield target
    target.release.set()


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """R31."""
    left_over.update(our_threads())  # those of earlier tests are not ours
    yield
    for thread in our_threads():
        thread.join(PATIENCE / 10)
    left = our_threads()
    left_over.update(left)
    assert left == []


def briefly(**changes: Any) -> Any:
    """Options for documents that are to reach the end of their budget soon."""
    return options(**{"document_timeout": 0.05, "retry_attempts": 0} | changes)


async def test_a_sync_processor_runs_in_a_daemon_thread_with_our_name(blocking: Blocking) -> None:
    async with opened(blocking, horizon=PATIENCE) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK))

    thread = blocking.threads["a"]
    assert job.results[0].data == "a is done"
    assert thread is not threading.main_thread()
    assert thread.name.startswith("docmill-")
    assert thread.daemon


async def test_an_async_processor_runs_in_the_event_loops_own_thread() -> None:
    async def check(document_id: str) -> int:
        return threading.get_ident()

    async with opened(check, horizon=PATIENCE) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK))

    assert job.results[0].data == threading.get_ident()


async def test_what_a_lambda_returns_to_be_awaited_is_awaited_on_the_event_loop() -> None:
    async def check(document_id: str) -> int:
        await anyio.lowlevel.checkpoint()
        return threading.get_ident()

    async with opened(lambda name: check(name), horizon=PATIENCE) as queue:  # noqa: PLW0108 - what is tested
        job = await queue.wait(await queue.create_job(["a"], CHECK))

    assert job.results[0].data == threading.get_ident()


async def test_no_more_threads_work_at_once_than_the_engine_may_have() -> None:
    working, most = 0, 0
    guard = threading.Lock()

    def check(document_id: str) -> str:
        nonlocal working, most
        with guard:
            working += 1
            most = max(most, working)
        time.sleep(0.005)
        with guard:
            working -= 1
        return document_id

    async with opened(check, horizon=PATIENCE, engine=LocalEngine(max_threads=2)) as queue:
        job = await queue.wait(await queue.create_job([f"d{i}" for i in range(20)], CHECK, options(max_concurrent=8)))

    assert len(job.results) == 20
    assert most == 2


async def test_an_abandoned_thread_gives_its_place_to_another_one(blocking: Blocking) -> None:
    async with opened(blocking, horizon=PATIENCE, engine=LocalEngine(max_threads=1)) as queue:
        job = await queue.wait(await queue.create_job(["stuck", "a"], CHECK, briefly()))
        blocking.release.set()

    assert [outcome.success for outcome in job.outcomes] == [False, True]


async def test_async_processors_need_no_thread_to_be_free(blocking: Blocking) -> None:
    async def check(document_id: str) -> str:
        return document_id

    engine = LocalEngine(max_threads=1)
    async with opened({CHECK: blocking, "ASYNC": check}, horizon=PATIENCE, engine=engine) as queue:
        await queue.create_job(["stuck"], CHECK)
        await until(lambda: "stuck" in blocking.threads)
        job = await queue.wait(await queue.create_job(["a"], "ASYNC"))
        blocking.release.set()
        await queue.join()

    assert job.results[0].data == "a"


async def test_as_many_threads_work_at_once_as_there_are_seats() -> None:
    """R08: all three have to meet, or the barrier breaks."""
    barrier = threading.Barrier(3)

    def check(document_id: str) -> int:
        return barrier.wait(PATIENCE)

    async with opened(check, horizon=PATIENCE) as queue:
        job = await queue.wait(await queue.create_job(list("abcdef"), CHECK, options(max_concurrent=3)))

    assert sorted(result.data for result in job.results) == [0, 0, 1, 1, 2, 2]


async def test_threads_are_used_again(blocking: Blocking) -> None:
    """R29."""
    async with opened(blocking, horizon=PATIENCE) as queue:
        ids = [f"d{number}" for number in range(200)]
        job = await queue.wait(await queue.create_job(ids, CHECK, options(max_concurrent=2)))
        assert len(our_threads()) <= 2

    assert len(job.results) == 200
    assert len({thread.ident for thread in blocking.threads.values()}) <= 2


async def test_idle_threads_are_gone_after_aclose(blocking: Blocking) -> None:
    """R31."""
    async with opened(blocking, horizon=PATIENCE) as queue:
        await queue.wait(await queue.create_job([f"d{number}" for number in range(20)], CHECK))
        assert our_threads()

    assert our_threads() == []


async def test_what_a_thread_raises_is_the_attempts_error() -> None:
    def check(document_id: str) -> None:
        raise {"a": ValueError("broken"), "b": StopIteration(), "c": SystemExit(3)}[document_id]

    async with opened(check, horizon=PATIENCE) as queue:
        job = await queue.wait(await queue.create_job(["a", "b", "c"], CHECK, options(retry_attempts=0)))

    assert [outcome.code for outcome in job.outcomes] == [
        FailureCode.PROCESSOR_ERROR,
        FailureCode.PROCESSOR_ERROR,
        FailureCode.PROCESSOR_EXIT,
    ]
    assert job.outcome("a").error == "ValueError: broken"
    assert "StopIteration" in job.outcome("b").error


async def test_keyboard_interrupt_in_a_thread_closes_the_queue() -> None:
    def check(document_id: str) -> None:
        raise KeyboardInterrupt

    queue = DocumentProcessingQueue({CHECK: check})
    await queue.start()
    job_id = await queue.create_job(["a"], CHECK)
    with pytest.raises(KeyboardInterrupt):
        await queue.wait(job_id)
    await queue.aclose()

    assert queue.get_job_status(job_id).status is JobStatus.CANCELLED


async def test_a_thread_that_does_not_return_is_abandoned_at_the_budget(blocking: Blocking) -> None:
    """Q11, R29: its seat is replaced, its late result is dropped, and the count falls when it returns."""
    async with opened(blocking, horizon=PATIENCE, max_workers=1) as queue:
        ears = Ears(queue)
        job_id = await queue.create_job(["stuck", "a"], CHECK, briefly())
        job = await queue.wait(job_id, drained=True)
        assert (queue.stats().abandoned, queue.stats().running) == (1, 0)
        assert blocking.threads["stuck"].is_alive()
        told = len(ears.heard)

        blocking.release.set()
        await until(lambda: queue.stats().abandoned == 0)
        after = queue.get_job_status(job_id)

    assert job.outcome("stuck").code is FailureCode.DOCUMENT_TIMEOUT
    assert job.outcome("a").data == "a is done"
    assert blocking.threads["a"] is not blocking.threads["stuck"]
    assert (after.outcomes, len(ears.heard)) == (job.outcomes, told)


async def test_an_abandoned_thread_that_raises_late_is_dropped_too() -> None:
    """R13."""
    release = threading.Event()

    def check(document_id: str) -> None:
        release.wait()
        raise ValueError("too late")

    async with opened(check, horizon=PATIENCE) as queue:
        job_id = await queue.create_job(["a"], CHECK, briefly())
        job = await queue.wait(job_id, drained=True)
        release.set()
        await until(lambda: queue.stats().abandoned == 0)
        after = queue.get_job_status(job_id)

    assert after.outcomes == job.outcomes
    assert job.errors[0].code is FailureCode.DOCUMENT_TIMEOUT


async def test_there_are_no_more_threads_than_seats_and_abandoned_ones(blocking: Blocking) -> None:
    """R29."""
    async with opened(blocking, horizon=PATIENCE, max_workers=2) as queue:
        ids = [*(f"stuck-{number}" for number in range(4)), *(f"d{number}" for number in range(20))]
        await queue.wait(await queue.create_job(ids, CHECK, briefly(max_concurrent=2)), drained=True)
        assert queue.stats().abandoned == 4
        assert len(our_threads()) <= 2 + 4
        blocking.release.set()
        await until(lambda: queue.stats().abandoned == 0)
        await until(lambda: len(our_threads()) <= 2)


async def test_too_many_abandoned_threads_stop_the_processor_until_one_returns(blocking: Blocking) -> None:
    """R29: processor_stuck."""
    release_second = threading.Event()

    @processor(max_abandoned=2)
    def check(document_id: str, context: Any) -> str:
        if document_id == "second":
            release_second.wait()
        return blocking(document_id, context)

    async with opened(check, horizon=PATIENCE) as queue:
        ears = Ears(queue, "circuitOpened", "circuitClosed")
        asked = briefly(max_concurrent=1)
        job_id = await queue.create_job(["stuck", "second", "a", "b"], CHECK, asked)
        await until(lambda: queue.stats().abandoned == 2)
        await until(lambda: ears.names == ["circuitOpened"])
        await sleep(0.05)
        assert set(blocking.threads) == {"stuck"}
        assert queue.get_job_status(job_id).status is JobStatus.PROCESSING

        release_second.set()
        job = await queue.wait(job_id)
        assert ears.names == ["circuitOpened", "circuitClosed"]
        assert queue.stats().abandoned == 1
        blocking.release.set()
        await until(lambda: queue.stats().abandoned == 0)

    assert ears.heard[0].event.until is None
    assert [outcome.success for outcome in job.outcomes] == [False, False, True, True]


async def test_a_processor_that_was_stuck_goes_on_although_no_lane_is_idle(blocking: Blocking) -> None:
    """R16: the only seat was the stuck one, so that somebody has to be made to go on."""
    check = processor(max_abandoned=1)(blocking)
    async with opened(check, horizon=PATIENCE, max_workers=1) as queue:
        job_id = await queue.create_job(["stuck", "a"], CHECK, briefly())
        await until(lambda: queue.stats().abandoned == 1)
        blocking.release.set()
        job = await queue.wait(job_id)

    assert [outcome.success for outcome in job.outcomes] == [False, True]


async def test_force_does_not_wait_for_a_thread(blocking: Blocking) -> None:
    """Q11, Q12."""
    async with opened(blocking, horizon=PATIENCE) as queue:
        job_id = await queue.create_job(["stuck"], CHECK)
        await until(lambda: "stuck" in blocking.threads)
        assert await queue.cancel_job(job_id, force=True)
        job = await queue.wait(job_id, drained=True)
        assert queue.stats().abandoned == 1
        blocking.release.set()
        await until(lambda: queue.stats().abandoned == 0)

    assert job.errors[0].code is FailureCode.CANCELLED


async def test_closing_does_not_wait_for_a_stuck_thread(blocking: Blocking) -> None:
    """R31: what is left is an abandoned daemon, and it ends when it returns."""
    async with opened(blocking, horizon=PATIENCE) as queue:
        job_id = await queue.create_job(["stuck", "a"], CHECK)
        await until(lambda: set(blocking.threads) == {"stuck", "a"})
        await queue.aclose(timeout=0.01)
        assert our_threads() == [blocking.threads["stuck"]]
        assert queue.get_job_status(job_id).status is JobStatus.CANCELLED

        blocking.release.set()
        await until(lambda: our_threads() == [])


def test_a_stuck_thread_ends_even_if_it_returns_after_its_event_loop_is_gone(blocking: Blocking) -> None:
    """R31."""

    async def program() -> None:
        async with opened(blocking, horizon=PATIENCE) as queue:
            await queue.wait(await queue.create_job(["stuck"], CHECK, briefly()))

    for backend in ("asyncio", "trio"):
        blocking.release.clear()
        anyio.run(program, backend=backend)
        assert our_threads() == [blocking.threads["stuck"]]
        blocking.release.set()
        blocking.threads["stuck"].join(PATIENCE)
        assert our_threads() == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_program_with_a_stuck_thread_exits(backend: str) -> None:
    code = f"""
        import threading
        import anyio
        from docmill import DocumentProcessingQueue, JobOptions

        def check(document_id):
            threading.Event().wait()

        async def main():
            async with DocumentProcessingQueue({{"CHECK": check}}) as queue:
                options = JobOptions(document_timeout=0.05, retry_attempts=0)
                job = await queue.wait(await queue.create_job(["a"], "CHECK", options), drained=True)
                print(job.errors[0].code, queue.stats().abandoned)

        anyio.run(main, backend="{backend}")
    """
    command = [sys.executable, "-W", "error", "-c", dedent(code)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert (ended.stdout, ended.stderr, ended.returncode) == ("document_timeout 1\n", "", 0)


async def test_reports_from_threads_are_told_in_the_event_loops_thread() -> None:
    heard = []

    def check(document_id: str, context: Any) -> None:
        for step in range(50):
            context.report(step / 50, f"step {step}")

    async with opened(check, horizon=PATIENCE) as queue:
        queue.on("documentProgress", lambda event: heard.append((threading.get_ident(), event)))
        await queue.wait(await queue.create_job(["a", "b", "c"], CHECK))

    fractions = [event.fraction for _, event in heard if event.document_id == "a"]
    assert {ident for ident, _ in heard} <= {threading.get_ident()}
    assert fractions == sorted(fractions)


async def test_a_job_shows_what_a_thread_has_reported(blocking: Blocking) -> None:
    def check(document_id: str, context: Any) -> None:
        context.report(0.5, "half")
        blocking(document_id, context)

    async with opened(check, horizon=PATIENCE) as queue:
        ears = Ears(queue, "documentProgress")
        job_id = await queue.create_job(["stuck"], CHECK)
        await until(lambda: len(ears.heard) == 1)
        (running,) = queue.get_job_status(job_id).running
        blocking.release.set()
        await queue.wait(job_id)

    assert (running.document_id, running.fraction, running.message) == ("stuck", 0.5, "half")
    assert (ears.heard[0].event.fraction, ears.heard[0].event.message) == (0.5, "half")


async def test_a_thread_may_ask_for_what_remains_of_its_budget() -> None:
    async with opened(lambda name, context: context.remaining(), horizon=PATIENCE) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK, options(document_timeout=1000)))

    assert 0 < job.results[0].data <= 1000


async def test_reports_of_an_abandoned_thread_are_ignored(blocking: Blocking) -> None:
    def check(document_id: str, context: Any) -> None:
        blocking(document_id, context)
        context.report(0.9, "too late")

    async with opened(check, horizon=PATIENCE) as queue:
        ears = Ears(queue, "documentProgress")
        job_id = await queue.create_job(["stuck"], CHECK, briefly())
        await queue.wait(job_id, drained=True)
        blocking.release.set()
        await until(lambda: queue.stats().abandoned == 0)

    assert ears.heard == []


async def test_a_sync_finalize_runs_in_a_thread_too() -> None:
    class Batch:
        async def __call__(self, document_id: str) -> int:
            return threading.get_ident()

        def finalize(self, outcomes: Any, context: Any) -> str:
            return threading.current_thread().name

    async with opened(Batch(), horizon=PATIENCE) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK))

    assert job.results[0].data == threading.get_ident()
    assert job.summary.startswith("docmill-")


async def test_listeners_may_use_anyio_whoever_reported() -> None:
    """The same listener must not fail only because a thread has caused its event."""
    heard = []
    was_heard = threading.Event()

    def check(document_id: str, context: Any) -> None:
        context.report(0.5)
        was_heard.wait(PATIENCE)

    async with opened(check, horizon=PATIENCE) as queue:

        @queue.on("documentProgress")
        def listen(event: Any) -> None:
            was_heard.set()
            heard.append(anyio.current_time())

        await queue.wait(await queue.create_job(["a"], CHECK))
        assert (len(heard), queue.stats().listener_failures) == (1, 0)
