"""The server that every test may talk to."""

from collections.abc import Iterator

import pytest

from tests.documents.language_model.server import Server, serve


@pytest.fixture
def server() -> Iterator[Server]:
    """A language model on this machine."""
    with serve() as running:
        yield running
