"""A blocking queue runs on a loop of its own, in real time, on each of the two."""

import pytest


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    """The event loop behind the blocking queue."""
    backend: str = request.param
    return backend


@pytest.fixture
def anyio_backend() -> str:
    """The event loop around it, in those tests in which there is one."""
    return "asyncio"
