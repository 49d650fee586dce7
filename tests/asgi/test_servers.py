"""Real servers: sockets over a wire, and an end within three seconds with jobs that go on."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from docmill.stores import SQLiteStore
from tests.asgi.client import PREFIX, STREAM

httpx = pytest.importorskip("httpx", reason="httpx is not installed")
websockets = pytest.importorskip("websockets.sync.client", reason="websockets is not installed")

HOST = """
import sys
from functools import partial
import anyio
from docmill import DocumentProcessingQueue
from docmill.asgi import BatchProcessingApp
from docmill.stores import SQLiteStore

async def count(document_id):
    await anyio.sleep(60 if document_id.startswith("long") else 0.001 if document_id.startswith("quick") else 0.05)
    return "x" * 1_000

server, port, database = sys.argv[1:]
queue = DocumentProcessingQueue({"COUNT": count}, store=SQLiteStore(database))
app = BatchProcessingApp(queue, manage_queue=True, send_timeout=1.0)
if server == "uvicorn":
    import uvicorn
    uvicorn.run(app, port=int(port), log_level="warning")
else:
    import signal, trio
    from hypercorn.config import Config
    from hypercorn.trio import serve
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.graceful_timeout = 1
    async def main():
        stop = trio.Event()
        async def listen():
            with trio.open_signal_receiver(signal.SIGTERM) as signals:
                async for _ in signals:
                    stop.set()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            await serve(app, config, shutdown_trigger=stop.wait)
            nursery.cancel_scope.cancel()
    trio.run(main)
"""


class Server:
    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process = process
        self.address = f"127.0.0.1:{port}"
        self.http = httpx.Client(base_url=f"http://{self.address}", timeout=10, trust_env=False)

    def create(self, *documents: str, **options: int) -> str:
        answer = self.http.post(PREFIX, json={"documentIds": documents, "type": "COUNT", "options": options})
        assert answer.status_code == 201
        job_id: str = answer.json()["data"]["jobId"]
        return job_id

    def connect(self, **settings: Any) -> Any:
        return websockets.connect(f"ws://{self.address}{STREAM}", proxy=None, **settings)


@contextmanager
def serving(server: str, database: Path) -> Iterator[Server]:
    pytest.importorskip(server, reason=f"{server} is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", HOST, server, str(port), str(database)]
    process = subprocess.Popen(command)
    try:
        made = Server(process, port)
        for _ in range(400):
            with suppress(httpx.TransportError):
                made.http.get("/openapi.json")
                break
            time.sleep(0.05)
        yield made
    finally:
        made.http.close()
        process.kill()
        process.wait()


@pytest.fixture(params=["uvicorn", "hypercorn"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with serving(request.param, tmp_path / "jobs.db") as server:
        yield server


@pytest.mark.slow
def test_a_job_can_be_followed_over_a_real_socket_and_taken_up_after_sigterm(server: Server, tmp_path: Path) -> None:
    with server.connect(subprotocols=["batch.v1"]) as stream:
        assert stream.subprotocol == "batch.v1"
        done = server.create("a", "b")
        kinds = []
        while not kinds or kinds[-1] != "batch.completed":
            kinds.append(json.loads(stream.recv(10))["type"])
        assert kinds[0] == "stream.hello"
        assert len(server.http.get(f"{PREFIX}/{done}").json()["data"]["results"]) == 2
        running = server.create("long-1", "c")
        while json.loads(stream.recv(10))["type"] != "batch.progress":
            pass
        with server.http.stream("GET", STREAM, headers={"accept": "text/event-stream"}) as events:
            assert next(events.iter_lines()).startswith("id: ")
            began = time.monotonic()
            os.kill(server.process.pid, signal.SIGTERM)
            assert server.process.wait(20) in (0, -signal.SIGTERM)
            assert time.monotonic() - began < 3.0 * float(os.environ.get("PATIENCE", "1"))
    store = SQLiteStore(tmp_path / "jobs.db")
    records = {record.id: record for record in store.open()}
    store.close()
    assert records[done].mark.status == "COMPLETED"
    assert records[running].mark.status == "PROCESSING"
    assert len(records[running].ok) == 1


HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@contextmanager
def stuck_at(server: Server) -> Iterator[socket.socket]:
    """A client that opens a socket and reads nothing, with little room in the system's buffers."""
    with socket.socket() as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.settimeout(3)
        host, port = server.address.split(":")
        stuck.connect((host, int(port)))
        stuck.sendall(HANDSHAKE.format(path=STREAM).encode())
        yield stuck


def read_to_the_end(stuck: socket.socket) -> int:
    """How many bytes came until there were no more. Not every server closes a connection without a farewell."""
    size = 0
    with suppress(ConnectionResetError, TimeoutError):
        while data := stuck.recv(65_536):
            size += len(data)
    return size


@pytest.mark.slow
def test_a_socket_that_is_never_read_is_closed_and_disturbs_nobody(server: Server) -> None:
    with stuck_at(server) as stuck, server.connect(subprotocols=["batch.v1"], close_timeout=1) as stream:
        job_id = server.create(*[f"quick-{at:0240}" for at in range(9_000)], maxConcurrent=50)
        told, size = 0, 0
        while (frame := json.loads(text := stream.recv(30)))["type"] != "batch.completed":
            told += frame["type"] == "batch.documentCompleted"
            size += len(text)
        assert told == 9_000
        assert server.http.get(f"{PREFIX}/{job_id}").json()["data"]["progress"] == 100
        time.sleep(2)
        assert read_to_the_end(stuck) < size  # the system's buffers take much, but not all
