"""The web example with documents that do what their names say, quickly: scripted_host.py PORT DATA."""

import signal
import socket
import sys
from pathlib import Path
from typing import Any

import anyio
import uvicorn

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "examples" / "web"))

from app import create_app  # noqa: E402 - from the folder of the example
from names import DOCUMENTS, HOSTILE  # noqa: E402

from docmill import PermanentError, ProcessingContext, ProcessingJobType  # noqa: E402

has_run: set[str] = set()


def found(value: str) -> dict[str, Any]:
    return {"value": value, "raw": value, "page": 1, "bbox": None, "confidence": 0.9, "source": "text", "valid": None}


async def play(document_id: str, context: ProcessingContext) -> dict[str, Any]:
    kind = document_id.partition(".")[0].partition("-")[0]
    context.report(0.5, "half of it")
    await anyio.sleep({"slow": 0.5, "hang": 60.0}.get(kind, 0.06))
    if kind == "wordy":
        for number in range(300):
            context.report(number / 300, "x" * 500)
            await anyio.sleep(0.02)
    if document_id == HOSTILE:
        raise PermanentError("<script>hacked=1</script> cannot be read")
    if kind == "bad" or (kind == "flaky" and document_id not in has_run):
        has_run.add(document_id)
        raise PermanentError("it is torn")
    return {
        "document_type": found("invoice"),
        "invoice_number": found("<b>N-1</b>"),
        "seller": {"name": found("Quay House"), "vat": None},
        "gross_total": found("1234.50"),
        "currency": found("GBP"),
        "lines": [],
        "tables": [],
    }


if __name__ == "__main__":
    data = Path(sys.argv[2])
    examples = data / "examples"
    examples.mkdir(exist_ok=True)
    for name in DOCUMENTS:
        (examples / name).write_text("text")
    processors = dict.fromkeys(ProcessingJobType, play)
    port = int(sys.argv[1])
    origins = [f"http://localhost:{port}"]
    app = create_app(data, origins, examples=examples, processors=processors, heartbeat=1.0, send_timeout=0.5)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with socket.socket() as listener:
        # Little fits between the server and a client that does not read.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
        uvicorn.Server(config).run([listener])
