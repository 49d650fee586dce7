"""What the tests of worker processes share: an open queue, the frames that a broken worker may send, and patience."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from textwrap import dedent
from typing import Any

import psutil
from anyio import fail_after, sleep

from docmill import DocumentProcessingQueue, Job, JobOptions, processor
from docmill.engines import LocalEngine

CHECK = "CHECK"

PATIENCE = 20.0
"""Real seconds after which a test fails that should have been over long ago."""


def options(**changes: Any) -> JobOptions:
    """Options without a job timeout and with retries at once, for tests that are about something else."""
    return JobOptions(**{"timeout": None, "retry_delay": 0.0} | changes)


def once(**changes: Any) -> JobOptions:
    """Options for documents that have one attempt."""
    return options(**{"retry_attempts": 0} | changes)


def workers() -> list[psutil.Process]:
    """The worker processes of this one; other tests may have servers and helpers at work."""
    return [child for child in psutil.Process().children() if "docmill.engines.processes" in " ".join(child.cmdline())]


def isolated(target: Any, **declared: Any) -> Any:
    """A processor, declared to run in a worker process."""
    return processor(isolation="process", **declared)(target)


@asynccontextmanager
async def opened(
    target: Any, *, max_workers: int = 50, patience: float = PATIENCE, **settings: Any
) -> AsyncIterator[DocumentProcessingQueue]:
    """An open queue with one processor for CHECK, or with a mapping of several; ``settings`` are the engine's."""
    processors = target if isinstance(target, Mapping) else {CHECK: target}
    engine = LocalEngine(**{"max_processes": 1} | settings)
    with fail_after(patience):
        async with DocumentProcessingQueue(processors, engine=engine, max_workers=max_workers) as queue:
            yield queue


async def run(queue: DocumentProcessingQueue, ids: list[str], asked: JobOptions | None = None, **more: Any) -> Job:
    """A job of some documents, drained."""
    return await queue.wait(await queue.create_job(ids, CHECK, asked or options(), **more), drained=True)


def pool(queue: DocumentProcessingQueue) -> Any:
    """The queue's workers."""
    return queue._engine._processes


def warm(queue: DocumentProcessingQueue) -> int:
    """How many workers could take a document now."""
    return len(pool(queue)._idle)


async def until(condition: Callable[[], bool]) -> None:
    """Wait, in real time, for something that no event tells of."""
    with fail_after(PATIENCE):
        while not condition():  # noqa: ASYNC110 - see above
            await sleep(0.002)


def is_gone(pid: int) -> bool:
    """Whether a process has ended; a zombie that nobody has buried yet has."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def python(code: str, *arguments: str, cwd: Any = None) -> "subprocess.CompletedProcess[str]":
    """A program of its own, with every warning an error."""
    command = [sys.executable, "-W", "error", "-c", dedent(code), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=cwd)
