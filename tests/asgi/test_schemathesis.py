"""Requests made up by schemathesis from the OpenAPI document: nothing breaks, and every answer is described."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

HOST = """
import sys
import uvicorn
from docmill import DocumentProcessingQueue
from docmill.asgi import BatchProcessingApp

def authenticate(scope):
    return "ann" if (b"authorization", b"Bearer secret") in scope["headers"] else None

queue = DocumentProcessingQueue({"COUNT": len, "OTHER": len})
uvicorn.run(BatchProcessingApp(queue, authenticate, manage_queue=True), port=int(sys.argv[1]), log_level="critical")
"""


@pytest.fixture
def address() -> Iterator[str]:
    if find_spec("uvicorn") is None or find_spec("schemathesis") is None:
        pytest.skip("schemathesis or uvicorn is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", HOST, str(port)])
    try:
        for _ in range(400):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def requests_without_a_failure(address: str, examples: int, phases: str, directory: Path) -> int:
    """How many requests were made; each answer passed every check."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json", "--checks", "all"]
    command += ["--max-examples", str(examples), "--phases", phases, "--generation-database", "none", "--no-color"]
    command += ["--header", "Authorization: Bearer secret", "--seed", "1"]
    run = subprocess.run(command, check=False, cwd=directory, capture_output=True, text=True, timeout=1_200)
    assert run.returncode == 0, run.stdout
    counted = re.search(r"(\d+) generated, (\d+) passed", run.stdout)
    assert counted is not None, run.stdout
    assert counted[1] == counted[2]
    return int(counted[1])


@pytest.mark.slow
def test_a_few_hundred_made_up_requests_break_nothing(address: str, tmp_path: Path) -> None:
    assert requests_without_a_failure(address, 50, "fuzzing", tmp_path) >= 200


@pytest.mark.release
def test_three_thousand_made_up_requests_break_nothing(address: str, tmp_path: Path) -> None:
    assert requests_without_a_failure(address, 700, "coverage,fuzzing", tmp_path) >= 3_000
