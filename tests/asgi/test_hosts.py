"""The application within the frameworks of others, on asyncio and trio."""

from typing import Any

import anyio
import pytest

from docmill import DocumentProcessingQueue
from docmill.asgi import BatchProcessingApp
from tests.asgi.client import PREFIX, STREAM, Client, user_of


def in_starlette(app: Any) -> Any:
    applications = pytest.importorskip("starlette.applications", reason="starlette is not installed")
    from starlette.routing import Mount

    return applications.Starlette(routes=[Mount("/mounted", app)])


def in_fastapi(app: Any) -> Any:
    fastapi = pytest.importorskip("fastapi", reason="fastapi is not installed")
    api = fastapi.FastAPI()
    api.mount("/mounted", app)
    return api


def in_litestar(app: Any) -> Any:
    litestar = pytest.importorskip("litestar", reason="litestar is not installed")
    from litestar.types import Receive, Scope, Send

    @litestar.asgi("/mounted", is_mount=True, copy_scope=True)
    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return litestar.Litestar([mounted])


def in_quart(app: Any) -> Any:
    quart = pytest.importorskip("quart", reason="quart is not installed")
    middleware = pytest.importorskip("hypercorn.middleware", reason="hypercorn is not installed")
    return middleware.DispatcherMiddleware({"/mounted": app, "": quart.Quart("host")})


def bare(app: Any) -> Any:
    return app


@pytest.mark.parametrize("host", [in_starlette, in_fastapi, in_litestar, in_quart])
async def test_a_framework_can_mount_it(host: Any) -> None:
    async with DocumentProcessingQueue({"COUNT": len}) as queue:
        client = Client(host(BatchProcessingApp(queue, user_of)), "ann")
        async with client.socket("userId=ann", path=f"/mounted{STREAM}", subprotocols=["batch.v1"]) as socket:
            wanted = {"documentIds": ["a", "bc"], "type": "COUNT"}
            answer = await client.post(f"/mounted{PREFIX}", wanted)
            assert answer.status == 201
            location = answer.headers["location"]
            assert location.startswith(f"/mounted{PREFIX}/job_")
            with anyio.fail_after(10):
                await socket.until("batch.completed")
            job = (await client.get(location)).json["data"]
            assert sorted(item["data"] for item in job["results"]) == [1, 2]
            assert (await client.get("/mounted/openapi.json")).json["servers"] == [{"url": "/mounted"}]
