"""The way to a Dask cluster, with a client that does what the test says."""

import gc
import threading
from concurrent.futures import CancelledError
from types import SimpleNamespace
from typing import Any
from weakref import ref

import pytest

distributed = pytest.importorskip("distributed", reason="distributed is not installed (extra dask)")

from docmill.engines.dask import DaskCluster, DaskEngine  # noqa: E402 - after the question whether it is there

LIMIT = 20.0
"""Real seconds after which something has not happened."""


class Future:
    """What becomes of a task is said by the test."""

    def __init__(self) -> None:
        self.status = "pending"
        self.answer = b""
        self.error: Exception | None = None
        self.waited_for = threading.Event()
        self.cancelled = threading.Event()

    def add_done_callback(self, call: Any) -> None:
        self._call = call

    def cancel(self) -> None:
        self.status = "cancelled"
        self.cancelled.set()

    def result(self, timeout: float) -> bytes:
        assert timeout > 0
        if self.status in ("pending", "lost"):
            self.waited_for.set()
            assert self.cancelled.wait(LIMIT)
            raise CancelledError
        if self.error is not None:
            raise self.error
        return self.answer

    def end(self, status: str, answer: bytes = b"", error: Exception | None = None) -> None:
        self.status, self.answer, self.error = status, answer, error
        self._call(self)


class Client:
    """A client whose workers are what the test says."""

    asynchronous = False
    security = None
    status = "running"

    def __init__(self) -> None:
        self.scheduler = SimpleNamespace(address="tcp://127.0.0.1:1", ncores=None)
        self.scheduler_comm = object()
        self.workers = {"a": 1}
        self.handlers: dict[str, Any] = {}
        self.futures: list[Future] = []
        self.sent: list[str | None] = []

    def subscribe_topic(self, topic: str, handler: Any) -> None:
        self.handlers[topic] = handler

    def unsubscribe_topic(self, topic: str) -> None:
        """Dask keeps the handler."""
        assert topic in self.handlers

    def run_on_scheduler(self, _: Any) -> int:
        return 0

    def sync(self, _: Any, callback_timeout: float) -> dict[str, int]:
        return self.workers

    def submit(self, *_: Any, key: str, workers: str | None) -> Future:
        self.futures.append(Future())
        self.sent.append(workers)
        return self.futures[-1]

    def tell(self, *said: Any) -> None:
        """A worker tells something."""
        for handler in self.handlers.values():
            handler((0.0, said))


class Heard:
    """A listener that writes down what it hears."""

    def __init__(self) -> None:
        self.all: list[tuple[Any, ...]] = []

    def answered(self, number: int, answer: bytes) -> None:
        self.all.append(("answered", number, answer))

    def lost(self, number: int, _: str) -> None:
        self.all.append(("lost", number))

    def gone(self, number: int, _: str) -> None:
        self.all.append(("gone", number))

    def broke(self, number: int, _: str) -> None:
        self.all.append(("broke", number))

    def noted(self, note: bytes) -> None:
        self.all.append(("noted", note))


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def cluster(client: Client, heard: Heard) -> DaskCluster:
    cluster = DaskCluster(client)
    cluster.connect(heard)
    assert cluster.slots() == sum(client.workers.values())
    return cluster


def died() -> Exception:
    return distributed.KilledWorker("task", None, 1)  # type: ignore[no-any-return]


def test_an_answer_that_was_told_is_not_asked_for(cluster: DaskCluster, client: Client, heard: Heard) -> None:
    cluster.submit(1, b"", alone=False)
    client.tell("begun", 1, "a", b"note")
    client.tell("ended", 1, "a", b"small")
    client.futures[0].end("finished", error=AssertionError("asked for it"))

    assert heard.all == [("noted", b"note"), ("answered", 1, b"small")]
    assert not cluster._places.chunks
    assert not cluster._futures


def test_an_answer_that_was_not_told_is_asked_for(cluster: DaskCluster, client: Client, heard: Heard) -> None:
    cluster.submit(1, b"", alone=False)
    client.tell("ended", 1, "a", b"")
    client.futures[0].end("finished", b"large")

    assert heard.all == [("answered", 1, b"large")]
    assert not cluster._places.chunks


def test_an_answer_that_has_gone_with_its_worker_keeps_nobody_waiting(
    cluster: DaskCluster, client: Client, heard: Heard
) -> None:
    cluster.submit(1, b"", alone=False)
    waiting = threading.Thread(target=client.futures[0].end, args=("lost",), daemon=True)
    waiting.start()
    assert client.futures[0].waited_for.wait(LIMIT)
    client.workers = {"b": 1}
    cluster.slots()
    waiting.join(LIMIT)

    assert set(heard.all) == {("gone", 1)}
    assert not cluster._places.chunks
    cluster.submit(2, b"", alone=False)
    assert client.sent == ["a", "b"]


def test_a_worker_that_dies_after_its_answer_was_told_gets_nothing_more(
    cluster: DaskCluster, client: Client, heard: Heard
) -> None:
    cluster.submit(1, b"", alone=False)
    client.tell("ended", 1, "a", b"small")
    client.futures[0].end("error", error=died())
    cluster.submit(2, b"", alone=True)

    assert heard.all[0] == ("answered", 1, b"small")
    assert client.sent == ["a", None]


def test_each_end_is_told_as_what_it_was(cluster: DaskCluster, client: Client, heard: Heard) -> None:
    client.workers = {"a": 9}
    cluster.slots()
    for number in range(4):
        cluster.submit(number, b"", alone=False)
    client.futures[0].end("error", error=died())
    client.futures[1].end("error", error=ValueError("no such module"))
    client.futures[2].end("finished", error=OSError("the connection broke"))
    client.futures[3].end("cancelled")

    assert heard.all == [("lost", 0), ("broke", 1), ("gone", 2), ("gone", 3)]
    assert not cluster._places.chunks


def test_a_connection_that_was_made_anew_by_the_client_is_lost(
    cluster: DaskCluster, client: Client, heard: Heard
) -> None:
    client.scheduler_comm = object()
    with pytest.raises(ConnectionError, match="the connection was lost"):
        cluster.slots()

    cluster.connect(heard)

    assert cluster.slots() == 1
    assert len(client.handlers) == 2, "what is told under the old topic is not told twice"


def test_a_client_that_is_closed_is_no_connection(cluster: DaskCluster, client: Client) -> None:
    client.status = "closed"
    with pytest.raises(ConnectionError, match="the client is closed"):
        cluster.slots()


def test_nothing_of_a_closed_queue_is_kept_by_the_client(client: Client) -> None:
    cluster, heard = DaskCluster(client), Heard()
    cluster.connect(heard)
    cluster.slots()
    cluster.submit(1, b"", alone=False)
    cluster.close()
    assert client.futures[0].status == "cancelled"
    client.futures.clear()
    kept = ref(cluster), ref(heard)
    del cluster, heard
    gc.collect()

    assert [what() for what in kept] == [None, None]
    client.tell("begun", 1, "a", b"note")


@pytest.mark.parametrize(
    "given, said",
    [
        (SimpleNamespace(asynchronous=True, status="running"), "asynchronous=False"),
        (SimpleNamespace(asynchronous=False, status="closed"), "the client is closed"),
        ("tcp://127.0.0.1:8786", "must be a distributed.Client, got str"),
    ],
)
def test_what_is_no_client_that_works_is_refused(given: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        DaskEngine(given)
