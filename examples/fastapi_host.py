"""The seed's HTTP API and stream in a FastAPI application. Run it with ``uvicorn examples.fastapi_host:api``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from docmill import DocumentProcessingQueue, ProcessingJobType
from docmill.asgi import BatchProcessingApp

queue = DocumentProcessingQueue({ProcessingJobType.QUALITY_CHECK: lambda document_id: {"characters": len(document_id)}})


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Keep the queue open as long as the application runs."""
    async with queue:
        yield


api = FastAPI(lifespan=lifespan)
api.mount("/batches", BatchProcessingApp(queue))
