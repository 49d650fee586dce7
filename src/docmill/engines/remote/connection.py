"""The one thread that speaks with a cluster, since every word of that may take its time."""

import logging
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final, Protocol

from anyio import Event

from docmill.core.verdict import describe
from docmill.engines.remote.cluster import Cluster, Listener
from docmill.loops import Loop

__all__ = ["Connection", "ConnectionListener"]

POLL: Final = 2.0
"""Seconds between two looks at how large the cluster is."""

FIRST_WAIT: Final = 0.1
LONGEST_WAIT: Final = 5.0
"""Seconds between two attempts to connect."""

FAREWELL: Final = 5.0
"""Seconds for which the end of a queue waits for the farewell to the cluster."""

logger = logging.getLogger("docmill")


class ConnectionListener(Listener, Protocol):
    """What hears of the connection, besides of chunks. These are called in the loop's thread."""

    def connected(self, slots: int) -> None:
        """The cluster can run so many chunks at once; called again when that changes."""

    def disconnected(self, reason: str) -> None:
        """The cluster cannot be reached; what was sent there is gone."""

    def given_up(self, reason: str) -> None:
        """It could not be reached for too long. It is tried on."""


class Connection:
    """Keeps the connection to a cluster, and does there what it is asked, one thing after another.

    Args:
        cluster: the cluster.
        loop: the loop of the queue.
        listener: who hears of it.
        patience: seconds without a connection after which the listener is told that it is given up.

    Attributes:
        closed: set in the loop's thread when the farewell has been said.
    """

    def __init__(self, cluster: Cluster, loop: Loop, listener: ConnectionListener, patience: float) -> None:
        self._cluster = cluster
        self._loop = loop
        self._listener = listener
        self._patience = patience
        self._tasks: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._closing = threading.Event()
        self.closed = Event()
        self._connected = False
        self._slots = 0
        self._failures = 0
        self._down_since = time.monotonic()
        self._given_up = False
        self._next_look = 0.0
        threading.Thread(target=self._run, name=f"docmill {cluster.name}", daemon=True).start()

    def do(self, task: Callable[[], object]) -> None:
        """Have something done. What cannot be done since the connection breaks is not done later."""
        self._tasks.put(task)

    def look(self) -> None:
        """Look soon how large the cluster is."""
        self._next_look = 0.0
        self._tasks.put(lambda: None)

    def close(self) -> None:
        """Say farewell to the cluster. Returns at once."""
        self._closing.set()
        self._tasks.put(lambda: None)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                if not self._connected:
                    self._cluster.connect(self._listener)
                    self._connected = True
                self._look()
                self._serve()
            except Exception as error:  # noqa: BLE001 - whatever a cluster's library raises when it is not there
                self._broken(error)
        try:
            self._cluster.close()
        except Exception as error:
            logger.debug("%s could not be closed", self._cluster.name, exc_info=error)
        self._loop.call_soon(self.closed.set)

    def _look(self) -> None:
        slots = self._cluster.slots()
        self._next_look = time.monotonic() + POLL
        self._failures = 0
        self._given_up = False
        if slots != self._slots:
            self._slots = slots
            self._loop.call_soon(self._listener.connected, slots)

    def _serve(self) -> None:
        """Do what there is to do until it is time to look again."""
        while not self._closing.is_set() and (seconds := self._next_look - time.monotonic()) > 0:
            try:
                task = self._tasks.get(timeout=seconds)
            except Empty:
                return
            task()

    def _broken(self, error: Exception) -> None:
        reason = f"{self._cluster.name} cannot be reached: {describe(error).rstrip('.')}"
        if not self._failures:
            self._down_since = time.monotonic()
            logger.warning("%s", reason)
            self._loop.call_soon(self._listener.disconnected, reason)
        self._connected = False
        self._slots = 0
        self._failures += 1
        if not self._given_up and time.monotonic() - self._down_since >= self._patience:
            self._given_up = True
            logger.error("%s, for %g s", reason, self._patience)
            self._loop.call_soon(self._listener.given_up, f"{reason}; it was tried for {self._patience:g} s")
        self._closing.wait(min(FIRST_WAIT * 2**self._failures, LONGEST_WAIT))
        self._forget_tasks()

    def _forget_tasks(self) -> None:
        while not self._tasks.empty():
            self._tasks.get()
