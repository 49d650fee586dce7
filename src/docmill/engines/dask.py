"""Documents run on a Dask cluster. Needs the extra ``docmill[dask]``, and docmill in the workers."""

from functools import partial
from typing import Any, Unpack

from distributed import Client, KilledWorker

from docmill.core.verdict import describe
from docmill.engines.remote.cluster import Listener
from docmill.engines.remote.dask_client import ANSWER_WITHIN, DaskClient
from docmill.engines.remote.engine import RemoteEngine, Settings
from docmill.engines.remote.places import Places
from docmill.engines.remote.sizes import WINDOW
from docmill.engines.remote.tasks import run_on_dask

__all__ = ["DaskEngine"]


class DaskEngine(RemoteEngine):
    """Runs the documents of all processors on a Dask cluster.

    Dask never stops code that runs. At the end of a budget the document settles all the same; what runs on is left
    behind, counted in ``stats().abandoned``, and nothing is sent to its thread until it ends.

    The scheduler must have ``distributed.scheduler.allowed-failures: 0``; otherwise it runs what has killed a worker
    again by itself.

    Args:
        client: a client of the cluster, not an asynchronous one. It is left open when the queue closes. If its
            connection breaks, the engine makes one of its own.
        settings: ``chunk_seconds`` of work in a chunk (0.5), ``max_result_bytes`` of a result as JSON (1 MiB),
            ``patience`` in seconds without a connection, after which jobs fail with ``engine_lost`` (300).

    Raises:
        TypeError: ``client`` is something else.
        ValueError: a number is out of its range, or the client is asynchronous or not connected.
    """

    def __init__(self, client: Client, **settings: Unpack[Settings]) -> None:
        if not hasattr(client, "asynchronous"):
            raise TypeError(f"client must be a distributed.Client, got {type(client).__name__}")
        if client.asynchronous:
            raise ValueError("the client is asynchronous and works on asyncio only; make it with asynchronous=False")
        if client.status != "running":
            raise ValueError(f"the client is {client.status}; give one that is connected")
        super().__init__(DaskCluster(client), **settings)


class DaskCluster:
    """The way to a Dask cluster.

    Each chunk is sent to a worker of our choice: when a worker dies, Dask blames all that was assigned to it, and
    only for a document that was alone there this is the truth.
    """

    name = "Dask"
    kills = False
    exact = False

    def __init__(self, client: Client) -> None:
        self._client = DaskClient(client)
        self._listener: Any = None  # until it is connected
        self._places = Places(WINDOW, self._send)
        self._futures: dict[int, Any] = {}

    def connect(self, listener: Listener) -> None:
        """Hear of notes, on the given client or, if that is closed, on one of our own."""
        self._places, self._futures = Places(WINDOW, self._send), {}
        self._listener = listener
        self._client.connect(self._noted)

    def slots(self) -> int:
        """The threads of all workers, but for those that are stuck."""
        for number in self._places.resize(self._client.workers()):
            self._listener.gone(number, "is gone")
            self.stop(number)
        return self._places.slots

    def submit(self, number: int, chunk: bytes, *, alone: bool) -> None:
        """Send a chunk to a worker, as soon as one may have it."""
        self._places.add(number, chunk, alone=alone)

    def stop(self, number: int) -> None:
        """Take back a chunk that has not begun."""
        self._places.remove(number)
        future = self._futures.pop(number, None)
        if future is not None:
            future.cancel()

    def abandon(self, number: int) -> None:
        """Send nothing to the thread of a chunk that does not end."""
        self._places.stick(number)

    def close(self) -> None:
        """Take back what has not begun, and hear of nothing any more."""
        for number in self._places.chunks:
            self.stop(number)
        self._client.close()

    def _send(self, number: int, chunk: bytes, worker: str | None) -> None:
        topic = self._client.topic
        key = f"{topic}-{number}"
        future = self._client.client.submit(run_on_dask, chunk, topic, number, key=key, workers=worker)
        self._futures[number] = future
        future.add_done_callback(partial(self._ended, number))

    def _noted(self, event: Any) -> None:
        what, number, worker, body = event[1]
        if what == "ended":
            self._places.ended(number)
            if body:
                self._futures.pop(number, None)
                self._listener.answered(number, body)
            return
        if what == "begun":
            self._places.begun(number, worker)
        self._listener.noted(body)

    def _ended(self, number: int, future: Any) -> None:
        """A task has ended. This is called in the one thread that Dask has for all callbacks, so it must not wait long.

        Until the end it can be stopped, which ends the waiting for an answer that has gone with its worker.
        """
        try:
            if future.status == "cancelled":
                self._listener.gone(number, "was stopped by somebody else, or is gone with the scheduler")
            elif future.status == "error" or number in self._futures:  # else the answer was told
                self._listener.answered(number, future.result(timeout=ANSWER_WITHIN))
        except KilledWorker:
            self._places.lose(number)
            self._listener.lost(number, "died")
        except Exception as error:  # noqa: BLE001 - what the task raised, or whatever Dask does
            if future.status == "error":
                self._listener.broke(number, f"could not run it: {describe(error)}")
            else:
                self._listener.gone(number, f"is gone, and its answer with it: {describe(error)}")
        self._futures.pop(number, None)
        self._places.remove(number)
