"""Make an artifact of a release: ``python -m tests.release.resume``.

It opens a queue over SQLite files with jobs of a million documents, and writes tests/release/resume.json: how long it
takes until the first document is at work again, and how much memory a document takes then.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import psutil

from docmill import DocumentProcessingQueue, JobOptions, JobStatus
from docmill.model import Ledger, Mark, Stored
from docmill.ports import Change
from docmill.stores import SQLiteStore

ARTIFACT = Path(__file__).with_name("resume.json")

FIGURES = ("documents", "recorded", "file_mb", "seconds", "cpu_seconds", "bytes_per_document")

CASES = {"nothing recorded": 0.0, "half of it": 0.5, "all but one": 1.0}
"""How much of the job is recorded."""


def make(path: Path, documents: int, share: float) -> int:
    """A job of which a share is done; and back comes how many documents that are."""
    recorded = min(int(documents * share), documents - 1)
    ledger = Ledger(
        id="job_1",
        document_ids=[f"customer/2025/invoice-{at:07}.pdf" for at in range(documents)],
        type="CHECK",
        options=JobOptions(timeout=None),
        owner="ann",
        idempotency_key="key",
        metadata={},
        priority=0,
        retry_of=None,
        created=0.0,
        wall_offset=1.7e9,
    )
    with closing(SQLiteStore(path, synchronous="NORMAL")) as store:
        list(store.open())
        before = Mark.new()
        store.commit([Change(ledger, None, before)])
        for first in range(0, recorded, 10_000):
            data = (Stored(b'{"pages": %d, "kind": "digital"}' % (at % 40)) for at in range(first, first + 10_000))
            ledger.ok += [(first + at, 1, first + at, first + at + 0.5, row) for at, row in enumerate(data)]
            del ledger.ok[recorded:]
            after = before._replace(
                status=JobStatus.PROCESSING, ok=len(ledger.ok), started=1.0, reserved=len(ledger.ok) + 1
            )
            store.commit([Change(ledger, before, after, lives=-1)])
            before = after
    return recorded


async def resume(path: str) -> dict[str, float]:
    process = psutil.Process()
    started = anyio.Event()

    async def check(document_id: str) -> None:
        started.set()
        await anyio.sleep_forever()

    before, began, cpu = process.memory_info().rss, time.perf_counter(), time.process_time()
    async with DocumentProcessingQueue({"CHECK": check}, store=SQLiteStore(path)) as queue:
        await started.wait()
        figures = {
            "seconds": round(time.perf_counter() - began, 2),
            "cpu_seconds": round(time.process_time() - cpu, 2),
            "memory": process.memory_info().rss - before,
        }
        await queue.aclose(0.0)
    return figures


def measure(documents: int) -> dict[str, Any]:
    artifact = {}
    for name, share in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "jobs.db"
            recorded = make(path, documents, share)
            command = [sys.executable, "-m", "tests.release.resume", "--resume", str(path)]
            figures = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
            figures["file_mb"] = round(path.stat().st_size / 1e6, 1)
        figures |= {"documents": documents, "recorded": recorded}
        figures["bytes_per_document"] = round(figures.pop("memory") / documents)
        artifact[name] = {name: figures[name] for name in FIGURES}
    return artifact


def main() -> None:
    parser = ArgumentParser(prog="python -m tests.release.resume")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--resume", help="open this file, and print the figures")
    arguments = parser.parse_args()
    if arguments.resume:
        print(json.dumps(anyio.run(resume, arguments.resume)))
        sys.stdout.flush()
        os._exit(0)  # what it would take to let go of everything is not asked for
    artifact = measure(arguments.documents)
    ARTIFACT.write_text(json.dumps(artifact, indent=2) + "\n")
    print(json.dumps(artifact, indent=2))


if __name__ == "__main__":
    main()
