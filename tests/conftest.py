"""Fixtures for every test."""

import pytest


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """The event loop of an async test: each one runs on both."""
    backend: str = request.param
    return backend
