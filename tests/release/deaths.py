"""Make an artifact of a release: ``python -m tests.release.deaths``.

It runs documents in worker processes, one in ten of which kills its worker or has to be killed with it, and writes
tests/release/deaths.json: whether anybody else was harmed, what is left, and how soon after the end of its budget a
hanging document is really gone.
"""

import ctypes
import gc
import json
import os
import select
import signal
import sys
import threading
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import anyio
import psutil

from docmill import DocumentProcessingQueue, DocumentProgress, FailureCode, JobOptions, processor
from docmill.engines import LocalEngine

ARTIFACT = Path(__file__).with_name("deaths.json")

FIGURES = (
    "documents",
    "deaths",
    "lost",
    "innocent_failures",
    "processes_left",
    "descriptors_left",
    "kill_after_budget_ms",
    "seconds",
)

BUDGET = 1.0
"""Seconds that a document has."""

EVERY = 10
"""One document in so many is deadly."""

KINDS = {
    "segfault": FailureCode.WORKER_DIED,
    "exit": FailureCode.WORKER_DIED,
    "sigkill": FailureCode.WORKER_DIED,
    "memory": FailureCode.PROCESSOR_ERROR,
    "hang": FailureCode.DOCUMENT_TIMEOUT,
    "native": FailureCode.DOCUMENT_TIMEOUT,
}
"""How a document may be deadly, and the code with which it has to fail."""

NAP = 3600


@processor(isolation="process", max_memory=2**30)
def parse(document_id: str, context: Any) -> str:
    """Do what the document's id says."""
    kind = document_id.partition("-")[0]
    if kind in {"hang", "native"}:
        context.report(0.5, f"{os.getpid()} {time.monotonic() + context.remaining()}")
    if kind == "segfault":
        ctypes.string_at(0)
    elif kind == "exit":
        os._exit(7)
    elif kind == "sigkill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif kind == "memory":
        eaten = []
        while True:
            eaten.append(bytes(2**24))
    elif kind == "hang":
        time.sleep(NAP)
    elif kind == "native":
        ctypes.PyDLL(None).sleep(NAP)  # other than CDLL, it keeps the lock of the interpreter
    return document_id


class Delays:
    """How long after the end of its budget the process of each hanging document was gone, in milliseconds."""

    def __init__(self) -> None:
        self.measured: list[float] = []
        self._threads: list[threading.Thread] = []

    def hear(self, event: DocumentProgress) -> None:
        pid, end = event.message.split()
        descriptor = os.pidfd_open(int(pid))
        self._threads.append(threading.Thread(target=self._watch, args=(descriptor, float(end))))
        self._threads[-1].start()

    def _watch(self, descriptor: int, end: float) -> None:
        select.select([descriptor], [], [])
        self.measured.append((time.monotonic() - end) * 1_000)
        os.close(descriptor)

    def figures(self) -> dict[str, float]:
        for thread in self._threads:
            thread.join()
        delays = sorted(self.measured)
        at = {"median": 0.5, "p99": 0.99, "max": 1.0}
        return {name: round(delays[min(int(len(delays) * share), len(delays) - 1)], 1) for name, share in at.items()}


def names_of(documents: int) -> list[str]:
    """The kinds of death in turn, spread evenly."""
    kinds = list(KINDS)
    return [
        f"{kinds[at // EVERY % len(kinds)]}-{at}" if at % EVERY == EVERY // 2 else f"ok-{at}" for at in range(documents)
    ]


async def run(documents: int) -> dict[str, Any]:
    delays, begun = Delays(), time.monotonic()
    async with DocumentProcessingQueue({"PARSE": parse}, engine=LocalEngine()) as queue:
        queue.on("documentProgress", delays.hear)
        options = JobOptions(timeout=None, document_timeout=BUDGET, retry_attempts=0, max_concurrent=50)
        job = await queue.wait(await queue.create_job(names_of(documents), "PARSE", options), drained=True)
    outcomes = {outcome.document_id: outcome for outcome in job.outcomes}
    deaths = dict.fromkeys(KINDS, 0)
    innocent_failures = 0
    for name, outcome in outcomes.items():
        kind = name.partition("-")[0]
        if kind == "ok":
            innocent_failures += not (outcome.success and outcome.data == name)
        else:
            deaths[kind] += not outcome.success and outcome.code is KINDS[kind]
    return {
        "documents": documents,
        "deaths": deaths,
        "lost": documents - len(outcomes),
        "innocent_failures": innocent_failures,
        "kill_after_budget_ms": delays.figures(),
        "seconds": round(time.monotonic() - begun, 1),
    }


def measure(documents: int, backend: str) -> dict[str, Any]:
    before = set(Path("/proc/self/fd").iterdir())
    figures = anyio.run(run, documents, backend=backend)
    gc.collect()
    figures["processes_left"] = len(psutil.Process().children(recursive=True))
    figures["descriptors_left"] = len(set(Path("/proc/self/fd").iterdir()) - before)
    return {name: figures[name] for name in FIGURES}


def main() -> None:
    parser = ArgumentParser(prog="python -m tests.release.deaths")
    parser.add_argument("--documents", type=int, default=5_000, help="one in ten of which is deadly")
    documents = parser.parse_args().documents
    if not hasattr(os, "pidfd_open"):
        sys.exit("only Linux tells when a process is gone")
    artifact = {"backends": {backend: measure(documents, backend) for backend in ("asyncio", "trio")}}
    ARTIFACT.write_text(json.dumps(artifact, indent=2) + "\n")
    print(json.dumps(artifact, indent=2))


if __name__ == "__main__":
    main()
