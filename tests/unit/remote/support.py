"""What the tests of remote engines share: an open queue whose cluster is threads, and patience."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from anyio import fail_after, sleep, to_thread
from thread_cluster import Sent, ThreadCluster, play

from docmill import DocumentProcessingQueue, Job, JobOptions
from docmill.engines.remote.engine import RemoteEngine

CHECK = "CHECK"

PATIENCE = 20.0
"""Real seconds after which a test fails that should have been over long ago."""


def options(**changes: Any) -> JobOptions:
    """Options without a job timeout and with retries at once, for tests that are about something else."""
    return JobOptions(**{"timeout": None, "retry_delay": 0.0} | changes)


def once(**changes: Any) -> JobOptions:
    """Options for documents that have one attempt."""
    return options(**{"retry_attempts": 0} | changes)


def ids(count: int, word: str = "ok") -> list[str]:
    """Documents that do what a word says."""
    return [f"{word}-{number}" for number in range(count)]


@asynccontextmanager
async def opened(
    cluster: ThreadCluster, target: Any = play, *, store: Any = None, max_workers: int = 50, **settings: Any
) -> AsyncIterator[DocumentProcessingQueue]:
    """An open queue with one processor for CHECK, or with a mapping of several; ``settings`` are the engine's."""
    processors = target if isinstance(target, Mapping) else {CHECK: target}
    engine = RemoteEngine(cluster, **settings)
    with fail_after(PATIENCE):
        async with DocumentProcessingQueue(processors, engine=engine, store=store, max_workers=max_workers) as queue:
            yield queue


async def run(
    queue: DocumentProcessingQueue, documents: list[str], asked: JobOptions | None = None, **more: Any
) -> Job:
    """A job of some documents, drained."""
    return await queue.wait(await queue.create_job(documents, CHECK, asked or options(), **more), drained=True)


async def until(condition: Callable[[], object]) -> None:
    """Wait, in real time, for something that no event tells of."""
    while not condition():  # noqa: ASYNC110 - see above
        await sleep(0.002)


async def taken(semaphore: Any) -> None:
    """Wait for what threads release."""
    assert await to_thread.run_sync(lambda: semaphore.acquire(timeout=PATIENCE))


def office(queue: DocumentProcessingQueue) -> Any:
    """What the queue's engine knows of its cluster."""
    return queue._engine._dispatcher  # type: ignore[attr-defined]


def largest(cluster: ThreadCluster) -> int:
    """The documents of the largest chunk that was sent."""
    return max(len(sent.ids) for sent in cluster.sent)


def having(word: str) -> Callable[[Sent], bool]:
    """Whether a chunk has a document that does what a word says."""
    return lambda sent: any(document.startswith(word) for document in sent.ids)
