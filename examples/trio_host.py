"""The seed's HTTP API and stream on trio, served by hypercorn, with jobs that survive a restart.

Run it with ``python examples/trio_host.py``, and stop it with Ctrl-C.
"""

import signal
from collections.abc import Callable

import trio
from hypercorn.config import Config
from hypercorn.trio import serve

from docmill import DocumentProcessingQueue, ProcessingJobType
from docmill.asgi import BatchProcessingApp
from docmill.stores import SQLiteStore


async def check(document_id: str) -> dict[str, int]:
    """Stand in for a quality check that takes a while."""
    await trio.sleep(1)
    return {"characters": len(document_id)}


async def stop_at_signal(stop: Callable[[], None]) -> None:
    """End the server at Ctrl-C and at SIGTERM."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            stop()


async def main() -> None:
    """Serve until told to stop."""
    config = Config()
    config.bind = ["127.0.0.1:8000"]
    config.graceful_timeout = 1
    queue = DocumentProcessingQueue({ProcessingJobType.QUALITY_CHECK: check}, store=SQLiteStore("trio_host.db"))
    app = BatchProcessingApp(queue, manage_queue=True)
    stopped = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stop_at_signal, stopped.set)
        await serve(app, config, shutdown_trigger=stopped.wait)  # type: ignore[arg-type]
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main)
