"""A store that cannot be opened: in real time, with every helper of a real queue."""

import threading
from collections.abc import Iterable

import pytest

from docmill import DocumentProcessingQueue, JobRecord, StoreError
from docmill.stores import MemoryStore


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


class ShutStore(MemoryStore):
    def __init__(self, *, durable: bool) -> None:
        self.durable = durable  # a durable store is opened in a thread of the queue

    def open(self) -> Iterable[JobRecord]:
        raise StoreError("jobs.db cannot be opened; is it another program's?")


async def answer(document_id: str) -> str:
    return document_id


@pytest.mark.parametrize("durable", [False, True], ids=["memory", "durable"])
async def test_it_is_said_by_whoever_opens_and_leaves_nothing(durable: bool) -> None:
    """R31, R35."""
    queue = DocumentProcessingQueue({"ANSWER": answer}, store=ShutStore(durable=durable))

    with pytest.raises(StoreError, match="cannot be opened"):
        await queue.start()
    with pytest.raises(StoreError, match="cannot be opened"):
        await queue.create_job(["a"], "ANSWER")

    await queue.aclose()
    assert queue.get_all_jobs() == []
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("docmill")] == []
