"""Stores and queues of several hosts."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any

import anyio
import psycopg

from docmill import DocumentProcessingQueue, PermanentError, ProcessingContext
from docmill.ports import JobRecord
from docmill.stores import PostgresStore

Make = Callable[..., PostgresStore]


@contextmanager
def opened(store: PostgresStore) -> Iterator[tuple[PostgresStore, list[JobRecord]]]:
    """A store in use, and the jobs that it has found."""
    with closing(store):
        yield store, list(store.open())


def query(dsn: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(psycopg.connect(dsn, autocommit=True)) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def declare_dead(dsn: str, store: PostgresStore) -> None:
    """As if nothing had been heard of a host for a day."""
    query(dsn, "UPDATE docmill_host SET beat_at = '-infinity' WHERE id = %s", store._host)


def until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Wait for something that another process brings about."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
    return found


async def becomes(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """The same on an event loop."""
    with anyio.fail_after(seconds):
        while not (found := condition()):  # noqa: ASYNC110 - a thread or another host brings it about
            await anyio.sleep(0.005)
    return found


class Desk:
    """A processor that lets documents through as it is told to, and has a word with some."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.cancelled: list[str] = []
        self.open = anyio.Event()

    async def __call__(self, document_id: str, context: ProcessingContext) -> Any:
        self.started.append(document_id)
        try:
            if document_id.startswith("slow"):
                await self.open.wait()
        except BaseException:
            self.cancelled.append(document_id)
            raise
        if document_id.startswith("bad"):
            raise PermanentError("never")
        return {"document": document_id}


@asynccontextmanager
async def working(store: PostgresStore, desk: Desk | None = None) -> AsyncIterator[DocumentProcessingQueue]:
    """A queue of one host."""
    queue = DocumentProcessingQueue({"CHECK": desk or Desk()}, store=store)
    with anyio.fail_after(20.0):
        await queue.start()
        try:
            yield queue
        finally:
            await queue.aclose(0.0)
