"""The figures: clients that never read, among others, while very much happens."""

import anyio
import pytest

from docmill import DocumentProcessingQueue, JobOptions
from docmill.asgi import BatchProcessingApp, CloseCode
from tests.asgi.client import Client, user_of


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Time is real here: a queue whose clock stands still works on without a pause."""
    backend: str = request.param
    return backend


async def show(stuck_clients: int, documents: int) -> None:
    """Every document is one event or more."""
    told: list[int] = []

    async def work(document_id: str) -> None:
        """Nothing, so that the stream has all the work."""

    async with DocumentProcessingQueue({"WORK": work}) as queue:
        ann = Client(BatchProcessingApp(queue, user_of, send_timeout=0.5), "ann")

        async def watch() -> None:
            async with ann.socket() as socket:
                settled = set()
                while (frame := await socket.frame())["type"] != "batch.completed":
                    if frame["type"] == "batch.documentCompleted":
                        settled.add(frame["data"]["documentId"])
                told.append(len(settled))

        async def be_stuck() -> None:
            async with ann.socket(reads=False) as socket:
                await socket.ended.wait()
                assert socket.code == CloseCode.TOO_SLOW

        async with anyio.create_task_group() as group:
            for _ in range(stuck_clients):
                group.start_soon(be_stuck)
            for _ in range(3):
                group.start_soon(watch)
            await anyio.sleep(0.1)
            ids = (str(at) for at in range(documents))
            await queue.create_job(ids, "WORK", JobOptions(max_concurrent=50), owner="ann")
            await queue.join()
            (channel,) = ann.app._hub._used.values()
            # All clients share what is kept, so that 20 MB are 0.2 MB for each that never reads.
            assert channel.cost < 20_000_000
    assert told == [documents] * 3


async def test_clients_that_never_read_do_not_keep_anything_from_others() -> None:
    await show(stuck_clients=100, documents=2_000)


@pytest.mark.release
async def test_a_hundred_clients_that_never_read_and_100_000_events() -> None:
    await show(stuck_clients=100, documents=100_000)
