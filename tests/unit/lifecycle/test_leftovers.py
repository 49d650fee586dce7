"""What a closed queue leaves behind: nothing but daemon threads of attempts that never ended (R31)."""

import asyncio
import subprocess
import sys
import textwrap
import threading
from typing import Any

import psutil
import pytest
from anyio import current_time, fail_after, get_running_tasks, sleep, sleep_forever, to_thread
from anyio.lowlevel import checkpoint

from docmill import DocumentProcessingQueue, JobOptions, processor
from docmill.engines import LocalEngine


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Real time: threads are in it."""
    return request.param


async def in_the_loop(document_id: str, context: Any) -> str:
    await sleep(0.001)
    return document_id


def in_a_thread(document_id: str, context: Any) -> str:
    return document_id


def census() -> tuple[set[int], set[str], int]:
    """The tasks, the threads and the number of descriptors that there are now."""
    tasks = {task.id for task in get_running_tasks()}
    return tasks, own_threads(), psutil.Process().num_fds()


def own_threads() -> set[str]:
    """The queue's threads; those of event loops and of other tests come and go."""
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("docmill")}


async def settle() -> None:
    """Let tasks that have ended be cleared away."""
    for _ in range(5):
        await checkpoint()


def own_tasks() -> list[str]:
    """The queue's tasks, those of the loop itself included."""
    if "asyncio" in str(type(_running_loop())):
        return [task.get_name() for task in asyncio.all_tasks() if "docmill" in task.get_name()]
    import trio

    root = trio.lowlevel.current_root_task()
    assert root is not None
    waiting, names = [root], []
    while waiting:
        task = waiting.pop()
        names.append(task.name)
        waiting += [child for nursery in task.child_nurseries for child in nursery.child_tasks]
    return [name for name in names if "docmill" in name]


def _running_loop() -> Any:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def use(**arguments: Any) -> DocumentProcessingQueue:
    queue = DocumentProcessingQueue({"LOOP": in_the_loop, "THREAD": in_a_thread}, **arguments)

    async def listener(event: Any) -> None:
        await checkpoint()

    queue.on("progress", listener)
    queue.on("documentCompleted", listener)
    async with queue:
        assert own_tasks()
        for job_type in ("LOOP", "THREAD"):
            await queue.create_job([str(number) for number in range(20)], job_type, JobOptions(max_concurrent=10))
        await queue.join()
        assert queue.stats().lanes > 0
    return queue


async def test_no_task_thread_or_descriptor_is_left() -> None:
    await use()
    await settle()
    before = census()

    for _ in range(3):
        queue = await use()
        await settle()
        assert queue.stats().lanes == 0

    assert census() == before
    assert own_tasks() == []


async def test_nothing_is_left_of_a_queue_that_was_opened_and_closed_without_a_job() -> None:
    before = census()

    for _ in range(10):
        async with DocumentProcessingQueue({"LOOP": in_the_loop}):
            pass
    await settle()

    assert census() == before
    assert own_tasks() == []


async def test_nothing_is_left_of_a_queue_whose_attempts_were_cancelled() -> None:
    async def for_ever(document_id: str, context: Any) -> None:
        await sleep_forever()

    before = census()
    queue = DocumentProcessingQueue({"EVER": for_ever})
    await queue.create_job([str(number) for number in range(20)], "EVER", JobOptions(max_concurrent=20))
    await sleep(0.02)
    await queue.aclose(0.0)
    await settle()

    assert census() == before
    assert own_tasks() == []


async def test_idle_threads_end_with_the_queue() -> None:
    def slow(document_id: str) -> str:
        barrier.wait(5.0)
        return document_id

    barrier = threading.Barrier(4)
    before = len(own_threads())
    engine = LocalEngine()
    async with DocumentProcessingQueue({"SLOW": slow}, engine=engine) as queue:
        await queue.wait(await queue.create_job(["a", "b", "c", "d"], "SLOW", JobOptions(max_concurrent=4)))
        assert engine.threads == 4

    assert engine.threads == 0
    assert len(own_threads()) == before


async def test_a_thread_that_never_ends_is_an_abandoned_daemon_and_ends_when_it_can() -> None:
    release = threading.Event()
    before = len(own_threads())
    queue = DocumentProcessingQueue({"STUCK": lambda document_id: release.wait(20.0)})
    job_id = await queue.create_job(["a"], "STUCK")
    await sleep(0.05)
    with fail_after(5.0):
        began = current_time()
        await queue.aclose(0.1)
        assert current_time() - began < 2.0

    job = queue.get_job_status(job_id)
    assert job is not None
    assert (job.status, job.drained) == ("CANCELLED", True)
    assert [failure.code for failure in job.errors] == ["cancelled"]
    assert queue.stats().abandoned == 1
    (thread,) = [thread for thread in threading.enumerate() if thread.name.startswith("docmill")]
    assert thread.daemon

    release.set()
    await to_thread.run_sync(thread.join, 5.0)
    await settle()
    assert len(own_threads()) <= before + 1


async def test_nobody_hears_anything_more_once_the_close_has_returned() -> None:
    """Even when an attempt that was left behind ends afterwards, and a circuit would close."""
    release = threading.Event()
    heard: list[Any] = []

    @processor(max_abandoned=1)
    def stuck(document_id: str) -> None:
        release.wait(20.0)

    async def hear_later(event: Any) -> None:
        heard.append(event)

    queue = DocumentProcessingQueue({"STUCK": stuck})
    for name in ("circuitOpened", "circuitClosed", "jobCancelled", "error"):
        queue.on(name, heard.append)
        queue.on(name, hear_later)
    await queue.create_job(["a"], "STUCK")
    await sleep(0.05)
    await queue.aclose(0.0)
    at_the_close = list(heard)

    release.set()
    with fail_after(5.0):
        while queue.stats().abandoned:  # noqa: ASYNC110 - another thread brings it about
            await sleep(0.01)
    await settle()

    assert heard == at_the_close
    assert queue.stats().listener_failures == 0


PROGRAM = """
import sys, time, anyio
from docmill import DocumentProcessingQueue, JobOptions

def stuck(document_id):
    time.sleep(600)

async def main():
    queue = DocumentProcessingQueue({"STUCK": stuck})
    await queue.create_job(["a"], "STUCK", JobOptions(document_timeout=0.1))
    await anyio.sleep(0.3)
    await queue.aclose(0.1)
    print("closed", queue.stats().abandoned)

anyio.run(main, backend=sys.argv[1])
print("ended")
"""


def test_a_stuck_thread_does_not_keep_the_program_alive(anyio_backend: str) -> None:
    done = run_program(PROGRAM, anyio_backend)

    assert done.stdout.split("\n")[:2] == ["closed 1", "ended"]
    assert done.returncode == 0
    assert done.stderr == ""


CLOSING_PROCESSOR = """
import sys, anyio
from docmill import DocumentProcessingQueue, JobOptions

async def close(document_id, context):
    await queue.aclose(0.2)

async def main():
    global queue
    queue = DocumentProcessingQueue({"CLOSE": close})
    job_id = await queue.create_job(["a"], "CLOSE")
    await queue.aclose(0.2)
    print("closed", queue.get_job_status(job_id).status)

anyio.run(main, backend=sys.argv[1])
"""


def test_a_processor_that_closes_its_own_queue_does_not_lock_it_up(anyio_backend: str) -> None:
    done = run_program(CLOSING_PROCESSOR, anyio_backend)

    assert done.stdout == "closed CANCELLED\n"


LEFT_OPEN = """
import sys, anyio
from docmill import DocumentProcessingQueue

async def slow(document_id, context):
    await anyio.sleep(600)

async def main():
    queue = DocumentProcessingQueue({"SLOW": slow})
    await queue.create_job(["a"], "SLOW")
    await anyio.sleep(0.05)

anyio.run(main, backend=sys.argv[1])
print("ended")
"""


def test_a_queue_that_nobody_closes_does_not_keep_the_program_alive_or_make_it_complain(anyio_backend: str) -> None:
    done = run_program(LEFT_OPEN, anyio_backend)

    assert done.stdout == "ended\n"
    assert done.stderr == ""


def run_program(program: str, *arguments: str, timeout: float = 5.0) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
