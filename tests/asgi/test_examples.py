"""The two small hosts of examples/ work."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.asgi.client import PREFIX, Client

EXAMPLES = Path(__file__).parents[2] / "examples"

WANTED = {"documentIds": ["a", "bc"], "type": "QUALITY_CHECK"}


@pytest.fixture(params=["asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """FastAPI's queue is a global of the example, which can be opened once."""
    backend: str = request.param
    return backend


async def test_the_fastapi_host_serves_jobs() -> None:
    pytest.importorskip("fastapi", reason="fastapi is not installed")
    source = EXAMPLES / "fastapi_host.py"
    names: dict[str, object] = {"__name__": "fastapi_host"}
    exec(compile(source.read_text(), source, "exec"), names)
    api = names["api"]
    async with api.router.lifespan_context(api):  # type: ignore[attr-defined]
        client = Client(api)
        answer = await client.post(f"/batches{PREFIX}", WANTED)
        assert answer.status == 201
        await names["queue"].join()  # type: ignore[attr-defined]
        job = (await client.get(answer.headers["location"])).json["data"]
    assert sorted(item["data"]["characters"] for item in job["results"]) == [1, 2]


@pytest.mark.slow
def test_the_trio_host_serves_and_stops(tmp_path: Path) -> None:
    pytest.importorskip("hypercorn", reason="hypercorn is not installed")
    httpx = pytest.importorskip("httpx", reason="httpx is not installed")
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 8000)) == 0:
            pytest.skip("something else listens on port 8000")
    process = subprocess.Popen([sys.executable, EXAMPLES / "trio_host.py"], cwd=tmp_path)
    try:
        with httpx.Client(base_url="http://127.0.0.1:8000", trust_env=False) as http:
            for _ in range(400):
                with suppress(httpx.TransportError):
                    http.get("/openapi.json")
                    break
                time.sleep(0.05)
            assert http.post(PREFIX, json=WANTED).status_code == 201
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
