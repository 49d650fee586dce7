"""How a blocking queue ends: forgotten, forked, interrupted from inside; and what a loop in a thread may do to it."""

import gc
import multiprocessing
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest

from docmill import ForkedQueueError, Job, JobOptions, JobStatus
from docmill.blocking import DocumentProcessingQueue, process_documents
from docmill.blocking.thread import LoopThread


async def upper(document_id: str) -> str:
    return document_id.upper()


async def never(document_id: str) -> None:
    await anyio.sleep_forever()


async def interrupted(document_id: str) -> None:
    raise KeyboardInterrupt


def until(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_one_that_is_garbage_closes_itself_and_complains(backend: str) -> None:
    heard: list[Any] = []
    queues = [DocumentProcessingQueue({"NEVER": never}, backend=backend)]
    queues[0].on("jobCancelled", heard.append)
    queues[0].cancel_job(queues[0].create_job(["a"], "NEVER"), force=True)
    thread = next(thread for thread in threading.enumerate() if thread.name == "docmill")

    with pytest.warns(ResourceWarning, match="forgotten while it was open"):
        queues.clear()

    thread.join(20)
    assert not thread.is_alive()
    assert len(heard) == 1


def test_one_that_is_garbage_in_its_own_thread_closes_itself_too(backend: str) -> None:
    queues = [DocumentProcessingQueue({"UPPER": upper}, backend=backend)]
    threads = []
    go = threading.Event()

    @queues[0].on("jobCompleted")
    def forget(event: object) -> None:
        go.wait(20)
        with pytest.warns(ResourceWarning):
            queues.clear()
        threads.append(threading.current_thread())

    queues[0].create_job(["a"], "UPPER")
    go.set()

    until(lambda: threads)
    threads[0].join(20)
    assert not threads[0].is_alive()


@pytest.mark.parametrize("end", [lambda queue: queue.close(), lambda queue: None], ids=["closed", "never opened"])
def test_one_that_is_not_open_is_garbage_without_a_word(backend: str, end: Any) -> None:
    queue = DocumentProcessingQueue({"UPPER": upper}, backend=backend)
    end(queue)
    del queue
    gc.collect()  # warnings are errors


def test_a_loop_over_its_events_keeps_it(backend: str) -> None:
    queue = DocumentProcessingQueue({"UPPER": upper}, backend=backend)
    events = queue.events()
    queue.create_job(["a"], "UPPER")
    owned = queue.for_owner("ann")
    del queue
    gc.collect()

    assert next(events).name == "jobStarted"
    owned._queue.close()


def test_what_raises_keyboard_interrupt_inside_ends_the_wait_and_the_block(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = threading.Event()

    def interrupted(document_id: str) -> None:
        waits.wait(20)
        raise KeyboardInterrupt

    queue = DocumentProcessingQueue({"STOP": interrupted}, backend=backend)
    wait = queue._queue.wait

    async def wait_and_say_so(*args: Any, **options: Any) -> Job:
        waits.set()
        return await wait(*args, **options)

    monkeypatch.setattr(queue._queue, "wait", wait_and_say_so)
    with pytest.raises(KeyboardInterrupt), queue:  # noqa: PT012 - the block is what is tested
        job_id = queue.create_job(["a"], "STOP")
        with pytest.raises(KeyboardInterrupt):
            queue.wait(job_id)

    assert queue.get_job_status(job_id).status is JobStatus.CANCELLED


def test_a_batch_whose_processor_raises_keyboard_interrupt_raises_it(backend: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        process_documents(["a"], interrupted, backend=backend)


def test_a_loop_over_events_ends_when_another_thread_closes_it(backend: str) -> None:
    with (
        DocumentProcessingQueue({"NEVER": never}, backend=backend) as queue,
        ThreadPoolExecutor() as threads,
    ):
        job_id = queue.create_job(["a"], "NEVER", JobOptions(timeout=None))
        streams = [queue.events(job_id), queue.outcomes(job_id)]
        loops = [threads.submit(list, stream) for stream in streams]
        until(lambda: all(stream._fetching.locked() for stream in streams))
        for stream in streams:
            stream.close()
        assert {event.name for event in loops[0].result(20)} <= {"jobStarted"}
        assert loops[1].result(20) == []
        queue.cancel_job(job_id, force=True)


def test_a_stream_may_be_left_by_a_with_block(backend: str) -> None:
    with DocumentProcessingQueue({"UPPER": upper}, backend=backend) as queue:
        job_id = queue.create_job(["a", "b"], "UPPER")
        with queue.outcomes(job_id) as outcomes:
            assert next(outcomes).data == "A"
        with pytest.raises(StopIteration):
            next(outcomes)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_fork_is_told_that_the_queue_is_not_its_own(backend: str) -> None:
    with DocumentProcessingQueue({"UPPER": upper}, backend=backend) as queue:
        job_id = queue.create_job(["a"], "UPPER")
        queue.wait(job_id, drained=True)

        def child() -> None:
            assert queue.get_job_status(job_id).progress == 100
            for call in (lambda: queue.create_job(["b"], "UPPER"), lambda: queue.wait(job_id), queue.close):
                with pytest.raises(ForkedQueueError):
                    call()
            queue._bridge.forget()
            queue._bridge.close_at_exit()
            os._exit(7)

        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join(60)

        assert process.exitcode == 7
        assert queue.wait(job_id).status is JobStatus.COMPLETED


def test_a_loop_that_cannot_start_says_why() -> None:
    with pytest.raises(LookupError, match="curio"):
        LoopThread("curio")


def test_a_loop_that_breaks_is_logged(backend: str, caplog: pytest.LogCaptureFixture) -> None:
    async def breaks() -> None:
        raise GeneratorExit

    thread = LoopThread(backend)
    with pytest.raises(GeneratorExit):
        thread.begin(breaks).result(20)
    thread._thread.join(20)

    assert "the event loop of a blocking queue broke" in caplog.text
    with pytest.raises(RuntimeError):
        thread.begin(breaks)
