"""docmill, the limits that it is held against, and its peers, all doing the same work.

Each coroutine function here processes documents once and returns the CPU seconds a document that it took,
without the time to get ready. The processor is the same everywhere; what it returns is None.
"""

import asyncio
import functools
import logging
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from time import sleep as wait
from typing import Any

from anyio import CapacityLimiter, create_task_group, sleep, to_thread

from docmill import DocumentProcessingQueue, JobOptions
from docmill.ports import Change, Store
from docmill.stores import SQLiteStore

Process = Callable[..., Any]

JOB_TYPE = "BENCHMARK"


def make_ids(count: int) -> list[str]:
    return [f"document-{number}" for number in range(count)]


def yielding(backend: str) -> Process:
    """The least that an async processor does: let the loop go round once, in the backend's cheapest way."""
    if backend == "trio":
        from trio.lowlevel import cancel_shielded_checkpoint as turn

        async def process(document_id: str, context: Any) -> None:
            await turn()

    else:
        sleep = asyncio.sleep

        async def process(document_id: str, context: Any) -> None:
            await sleep(0)

    return process


async def never_yielding(document_id: str, context: Any) -> None:
    """A processor that gives nobody else a turn."""


def blocking(document_id: str, context: Any = None) -> None:
    """A sync processor; the thread is all that it costs."""


async def limit(process: Process, documents: Sequence[str], concurrent: int) -> float:
    """The least that concurrency costs: tasks that pull from one iterator and append to one list.

    L1 with a processor that yields once, L0 with one that never does.
    """
    results: list[Any] = []
    waiting = iter(documents)

    async def work() -> None:
        for document_id in waiting:
            results.append(await process(document_id, None))  # noqa: PERF401 - each is awaited in its turn

    begin = process_time()
    async with create_task_group() as tasks:
        for _ in range(concurrent):
            tasks.start_soon(work)
    spent = process_time() - begin
    assert len(results) == len(documents)
    return spent / len(documents)


async def docmill(
    process: Process,
    documents: Sequence[str],
    concurrent: int,
    listeners: Sequence[str] = ("progress",),
    store: Store | None = None,
) -> float:
    """A job with everything on: retries, budgets, a timeout, a circuit breaker and a listener."""
    queue = DocumentProcessingQueue({JOB_TYPE: process}, store=store)
    heard: list[str] = []
    for name in listeners:
        queue.on(name, lambda event: heard.append(event.name))
    async with queue:
        begin = process_time()
        job_id = await queue.create_job(documents, JOB_TYPE, JobOptions(max_concurrent=concurrent))
        job = await queue.wait(job_id, drained=True)
        spent = process_time() - begin
    assert len(job.results) == len(documents)
    assert set(heard) == set(listeners)
    return spent / len(documents)


async def docmill_durable(process: Process, documents: Sequence[str], concurrent: int) -> float:
    """The same with a store in an SQLite file that waits for the disk at every commit."""
    with TemporaryDirectory() as folder:
        return await docmill(process, documents, concurrent, store=SQLiteStore(f"{folder}/jobs.db"))


async def docmill_stalls(process: Process, documents: Sequence[str], concurrent: int, delay: float) -> float:
    """How late others on the loop get their turn while each commit takes so many seconds more: seconds, at p99."""
    late: list[float] = []

    async def watch() -> None:
        while True:
            due = perf_counter() + 0.001
            await sleep(0.001)
            late.append(perf_counter() - due)

    with TemporaryDirectory() as folder:
        async with create_task_group() as tasks:
            tasks.start_soon(watch)
            await docmill(process, documents, concurrent, store=SlowStore(f"{folder}/jobs.db", delay))
            tasks.cancel_scope.cancel()
    return sorted(late)[len(late) * 99 // 100]


class SlowStore(SQLiteStore):
    """A store on a disk that is slow by itself."""

    def __init__(self, path: str, delay: float) -> None:
        super().__init__(path)
        self._delay = delay

    def commit(self, changes: Sequence[Change]) -> None:
        wait(self._delay)
        super().commit(changes)


async def docmill_jobs(process: Process, jobs: int, documents_each: int) -> float:
    """Many small jobs in one queue; the figure is for a job."""
    queue = DocumentProcessingQueue({JOB_TYPE: process})
    heard: list[str] = []
    queue.on("progress", lambda event: heard.append(event.job_id))
    documents = make_ids(documents_each)
    async with queue:
        begin = process_time()
        for _ in range(jobs):
            await queue.create_job(documents, JOB_TYPE)
        await queue.join()
        spent = process_time() - begin
        assert all(job.progress == 100 for job in queue.get_all_jobs())
    assert len(set(heard)) == jobs
    return spent / jobs


async def gather(process: Process, documents: Sequence[str], concurrent: int) -> float:
    """asyncio.gather with a semaphore, as everybody writes it first."""
    begin = process_time()
    semaphore = asyncio.Semaphore(concurrent)

    async def one(document_id: str) -> Any:
        async with semaphore:
            return await process(document_id, None)

    results = await asyncio.gather(*(one(document_id) for document_id in documents))
    spent = process_time() - begin
    assert len(results) == len(documents)
    return spent / len(documents)


async def aiometer(process: Process, documents: Sequence[str], concurrent: int) -> float:
    """aiometer.run_all."""
    from aiometer import run_all

    begin = process_time()
    results = await run_all(
        [functools.partial(process, document_id, None) for document_id in documents], max_at_once=concurrent
    )
    spent = process_time() - begin
    assert len(results) == len(documents)
    return spent / len(documents)


async def taskiq(process: Process, documents: Sequence[str], concurrent: int) -> float:
    """taskiq's broker in memory; it has no limit of its own, so that tasks which pull keep it."""
    from taskiq import InMemoryBroker

    broker = InMemoryBroker(max_stored_results=-1, await_inplace=True)

    async def handle(document_id: str) -> None:
        await process(document_id, None)

    task = broker.register_task(handle, task_name="benchmark")
    results: list[Any] = []

    async def work(waiting: Any) -> None:
        for document_id in waiting:
            sent = await task.kiq(document_id)
            results.append(await sent.get_result())

    async def drain(batch: Sequence[str]) -> None:
        waiting = iter(batch)
        await asyncio.gather(*(work(waiting) for _ in range(concurrent)))

    await broker.startup()
    await drain(documents[:10])
    results.clear()
    begin = process_time()
    await drain(documents)
    spent = process_time() - begin
    await broker.shutdown()
    assert len(results) == len(documents)
    assert not any(result.is_err for result in results)
    return spent / len(documents)


def huey(documents: Sequence[str], concurrent: int) -> float:
    """huey's storage in memory with its consumer's threads; its tasks are sync functions."""
    from huey import MemoryHuey

    logging.getLogger("huey").setLevel(logging.ERROR)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    instance = MemoryHuey("benchmark")
    done = threading.Semaphore(0)

    @instance.task()
    def handle(document_id: str) -> str:
        done.release()
        return document_id

    consumer = instance.create_consumer(workers=concurrent, periodic=False, initial_delay=0.01, max_delay=0.05)
    consumer.start()
    try:
        _send_and_wait(handle, documents[:10], done)
        begin = process_time()
        results = _send_and_wait(handle, documents, done)
        spent = process_time() - begin
    finally:
        consumer.stop(graceful=True)
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert sum(result.get(blocking=True) is not None for result in results) == len(documents)
    return spent / len(documents)


def _send_and_wait(handle: Any, documents: Sequence[str], done: threading.Semaphore) -> list[Any]:
    results = [handle(document_id) for document_id in documents]
    for _ in documents:
        done.acquire()
    return results


async def in_executor(process: Process, documents: Sequence[str], concurrent: int) -> float:
    """loop.run_in_executor, awaited by tasks that pull."""
    loop = asyncio.get_running_loop()

    async def call(document_id: str, context: Any) -> Any:
        return await loop.run_in_executor(None, process, document_id)

    return await limit(call, documents, concurrent)


async def in_anyio_thread(process: Process, documents: Sequence[str], concurrent: int) -> float:
    """anyio.to_thread.run_sync, awaited by tasks that pull."""
    limiter = CapacityLimiter(concurrent)

    async def call(document_id: str, context: Any) -> Any:
        return await to_thread.run_sync(process, document_id, limiter=limiter)

    return await limit(call, documents, concurrent)


Peer = Callable[[Process, Sequence[str], int], Any]

PEERS: Mapping[str, Peer] = {
    "asyncio.gather + Semaphore": gather,
    "aiometer": aiometer,
    "taskiq, in memory": taskiq,
}
"""The peers that run an async processor; huey does not."""
