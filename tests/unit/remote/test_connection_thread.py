"""The one thread that speaks with a cluster."""

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from anyio import Event

from docmill.engines.remote import connection as connections
from docmill.engines.remote.connection import Connection
from docmill.loops import current_loop

from .support import until


class Listener:
    """Hears of the connection."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []

    def connected(self, slots: int) -> None:
        self.heard.append(("connected", slots))

    def disconnected(self, reason: str) -> None:
        self.heard.append(("disconnected", reason))

    def given_up(self, reason: str) -> None:
        self.heard.append(("given up", reason))

    def count(self, what: str) -> int:
        return sum(name == what for name, _ in self.heard)


class Cluster:
    """Does what a script says."""

    name = "Scripted"

    def __init__(self, slots: Callable[[int], int] = lambda look: 2) -> None:
        self._slots = slots
        self.looks = 0
        self.connects = 0
        self.threads: set[int] = set()
        self.closed = threading.Event()
        self.fails: list[Exception] = []

    def connect(self, listener: Any) -> None:
        self.threads.add(threading.get_ident())
        self.connects += 1
        if self.fails:
            raise self.fails.pop(0)

    def slots(self) -> int:
        self.threads.add(threading.get_ident())
        self.looks += 1
        return self._slots(self.looks)

    def close(self) -> None:
        self.closed.set()


def opened(cluster: Cluster, patience: float = 300.0) -> tuple[Connection, Listener]:
    listener: Any = Listener()
    return Connection(cluster, current_loop(), listener, patience), listener  # type: ignore[arg-type]


async def closed(connection: Connection) -> None:
    connection.close()
    await connection.closed.wait()


async def test_it_connects_and_says_how_large_the_cluster_is_once_as_long_as_that_does_not_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "POLL", 0.001)
    cluster = Cluster(lambda look: 2 if look < 10 else 5)
    connection, listener = opened(cluster)

    await until(lambda: cluster.looks > 20)
    await closed(connection)

    assert listener.heard == [("connected", 2), ("connected", 5)]
    assert cluster.connects == 1
    assert cluster.closed.is_set()


async def test_everything_is_said_by_one_thread_in_the_order_in_which_it_was_asked_for() -> None:
    cluster = Cluster()
    connection, _ = opened(cluster)
    done: list[int] = []
    for number in range(50):
        connection.do(lambda number=number: (done.append(number), cluster.threads.add(threading.get_ident())))  # type: ignore[misc]

    await until(lambda: len(done) == 50)
    await closed(connection)

    assert done == [*range(50)]
    assert len(cluster.threads) == 1
    assert threading.get_ident() not in cluster.threads


async def test_a_look_that_is_asked_for_does_not_wait_for_its_time() -> None:
    cluster = Cluster(lambda look: look)
    connection, listener = opened(cluster)
    await until(lambda: listener.heard)

    connection.look()

    await until(lambda: ("connected", 2) in listener.heard)
    await closed(connection)


async def test_it_tries_until_it_is_connected_and_complains_once(caplog: pytest.LogCaptureFixture) -> None:
    cluster = Cluster()
    cluster.fails = [OSError("no route"), OSError("no route"), ValueError("bad address")]
    connection, listener = opened(cluster)

    await until(lambda: listener.count("connected"))
    await closed(connection)

    assert listener.heard == [("disconnected", "Scripted cannot be reached: OSError: no route"), ("connected", 2)]
    assert caplog.messages == ["Scripted cannot be reached: OSError: no route"]


async def test_it_counts_patience_from_the_first_failure_and_gives_up_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    times = iter([0.0, *[0.0] * 2, *[4.9] * 2, 5.0])
    monkeypatch.setattr(connections, "time", Clock(times))
    cluster = Cluster()
    cluster.fails = [OSError(f"number {number}") for number in range(12)]
    connection, listener = opened(cluster, patience=5.0)

    await until(lambda: listener.count("connected"))
    await closed(connection)

    assert [name for name, _ in listener.heard] == ["disconnected", "given up", "connected"]
    assert "it was tried for 5 s" in listener.heard[1][1]
    assert sum(record.levelno == logging.ERROR for record in caplog.records) == 1


class Clock:
    """Says times one after another, and then the last one for ever."""

    def __init__(self, times: Any) -> None:
        self._times = times
        self._now = 0.0

    def monotonic(self) -> float:
        self._now = next(self._times, self._now)
        return self._now


async def test_a_task_that_fails_breaks_the_connection_and_those_behind_it_are_not_done_later() -> None:
    cluster = Cluster()
    connection, listener = opened(cluster)
    go_on = threading.Event()
    done: list[str] = []

    def breaks() -> None:
        go_on.wait(20.0)
        raise ConnectionError("gone")

    connection.do(breaks)
    connection.do(lambda: done.append("behind"))
    go_on.set()
    await until(lambda: listener.count("connected") == 2)
    connection.do(lambda: done.append("later"))
    await until(lambda: done)
    await closed(connection)

    assert [name for name, _ in listener.heard] == ["connected", "disconnected", "connected"]
    assert done == ["later"]


async def test_a_connection_that_breaks_at_the_first_look_is_none() -> None:
    def slots(look: int) -> int:
        if look < 3:
            raise OSError("not ready")
        return 4

    connection, listener = opened(Cluster(slots))
    await until(lambda: listener.count("connected"))
    await closed(connection)

    assert [name for name, _ in listener.heard] == ["disconnected", "connected"]


async def test_once_connected_again_patience_begins_anew() -> None:
    cluster = Cluster()
    cluster.fails = [OSError("first")]
    connection, listener = opened(cluster, patience=0.0)
    await until(lambda: listener.count("connected") == 1)

    def breaks() -> None:
        cluster.fails = [OSError("second")]
        raise ConnectionError("gone")

    connection.do(breaks)
    await until(lambda: listener.count("connected") == 2)
    await closed(connection)

    assert [name for name, _ in listener.heard] == ["disconnected", "given up", "connected"] * 2


async def test_it_closes_while_it_waits_for_its_next_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "FIRST_WAIT", 1_000.0)
    monkeypatch.setattr(connections, "LONGEST_WAIT", 1_000.0)
    cluster = Cluster()
    cluster.fails = [OSError("no route")]
    connection, listener = opened(cluster)
    await until(lambda: listener.count("disconnected"))

    await closed(connection)

    assert (cluster.connects, cluster.closed.is_set()) == (1, True)
    assert isinstance(connection.closed, Event)
