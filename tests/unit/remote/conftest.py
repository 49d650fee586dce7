"""Tests of the engines of clusters, without a cluster: in real time, and no thread may be left of them."""

import threading
from collections.abc import Iterator
from time import monotonic, sleep

import pytest
from thread_cluster import LIMIT, Stage, ThreadCluster
from thread_cluster import stage as the_stage

from docmill.engines.remote import connection


@pytest.fixture(autouse=True)
def stage() -> Iterator[Stage]:
    """What documents do; at the end of a test all that hangs goes on."""
    the_stage.reset()
    yield the_stage
    the_stage.release.set()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a second attempt to connect."""
    monkeypatch.setattr(connection, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(connection, "LONGEST_WAIT", 0.01)


@pytest.fixture(autouse=True)
def nothing_is_left(stage: Stage) -> Iterator[None]:
    """R31: no thread."""
    before = set(threading.enumerate())
    yield
    stage.release.set()
    end = monotonic() + LIMIT
    while (left := ours() - before) and monotonic() < end:
        sleep(0.002)
    assert not left


def ours() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith(("docmill", "worker"))}


@pytest.fixture
def cluster() -> ThreadCluster:
    """Two chunks at once; it kills, and knows which chunk is to blame."""
    return ThreadCluster()
