"""What the tests of the application share."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from docmill import DocumentProcessingQueue, PermanentError, ProcessingContext
from docmill.asgi import BatchProcessingApp
from docmill.testing import virtual_backends
from tests.asgi.client import Client, user_of


@pytest.fixture(params=virtual_backends, ids=lambda backend: backend[0])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Time is virtual here: nobody waits for a heartbeat."""
    return request.param


async def count(document_id: str, context: ProcessingContext) -> int:
    """Takes a second, or as many as the id says; says once how far it is."""
    context.report(0.5, "half")
    seconds = document_id.partition("s-")[0]
    await anyio.sleep(float(seconds) if seconds.isdecimal() else 1)
    if document_id.startswith("bad"):
        raise PermanentError("<b>no</b>")
    return len(document_id)


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[Callable[..., Client]]:
    """An open queue behind an application, and a maker of clients of it."""
    store = settings.pop("store", None)
    authenticate = settings.pop("authenticate", user_of)
    async with DocumentProcessingQueue({"COUNT": count}, store=store) as queue:
        app = BatchProcessingApp(queue, authenticate, **settings)

        def client(user: str | None = "ann", **more: Any) -> Client:
            made = Client(app, user, **more)
            made.queue = queue
            return made

        yield client
