"""One PostgreSQL server for all of these tests, and an empty place in it for each of them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from postgres import Cluster, find_binaries

from docmill.stores import PostgresStore


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Real time: a server knows no other."""
    return request.param


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("there is no PostgreSQL server on this machine: apt-get install postgresql")
    server = Cluster(binaries)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def dsn(cluster: Cluster) -> str:
    return cluster.schema()


@pytest.fixture
def make(dsn: str) -> Callable[..., PostgresStore]:
    """Makes stores that notice within a second that another host is dead."""

    def make(**settings: Any) -> PostgresStore:
        return PostgresStore(dsn, **({"heartbeat": 0.2, "lease": 1.0, "poll": 0.02} | settings))

    return make
