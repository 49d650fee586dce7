"""The benchmarks: each takes a Scale and returns the rows of its table."""

import importlib.metadata
import os
import re
import resource
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Mapping
from functools import partial
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import anyio
import attrs

from docmill import DocumentProcessingQueue, JobOptions
from docmill_bench.contenders import (
    JOB_TYPE,
    PEERS,
    Process,
    blocking,
    docmill,
    docmill_durable,
    docmill_jobs,
    docmill_stalls,
    huey,
    in_anyio_thread,
    in_executor,
    limit,
    make_ids,
    never_yielding,
    yielding,
)
from docmill_bench.measuring import Row, alternate, microseconds, ratio, row, run_on

BACKENDS = ("asyncio", "trio")
CONCURRENCY = (5, 50)

PER_DOCUMENT = "µs a document"


@attrs.frozen(kw_only=True)
class Scale:
    """How much is measured.

    Attributes:
        documents: in one job.
        slow: documents for what is slow.
        sizes: of the jobs that show the growth.
        jobs: small jobs in one queue.
        calls: of a function that is timed by itself.
        rounds: in which each contender runs once.
    """

    documents: int
    slow: int
    sizes: tuple[int, ...]
    jobs: int
    calls: int
    rounds: int


FULL = Scale(
    documents=100_000, slow=5_000, sizes=(1_000, 10_000, 100_000, 1_000_000), jobs=10_000, calls=20_000, rounds=9
)
QUICK = Scale(documents=10_000, slow=1_000, sizes=(1_000, 10_000, 100_000), jobs=1_000, calls=5_000, rounds=3)
SMOKE = Scale(documents=200, slow=60, sizes=(100, 200), jobs=20, calls=50, rounds=1)


def limits(scale: Scale) -> list[Row]:
    """docmill against the bare worker loop, with a processor that yields to the loop once."""
    documents = make_ids(scale.documents)
    rows = []
    for backend in BACKENDS:
        process = yielding(backend)
        for concurrent in CONCURRENCY:
            samples = alternate(
                {
                    "limit": partial(run_on, backend, limit, process, documents, concurrent),
                    "docmill": partial(run_on, backend, docmill, process, documents, concurrent),
                },
                scale.rounds,
            )
            where = f"{backend}, {concurrent} at once"
            rows += [
                ratio(f"docmill, {where}", samples["docmill"], samples["limit"], "x L1"),
                microseconds(f"docmill, {where}", samples["docmill"], PER_DOCUMENT),
                microseconds(f"L1, {where}", samples["limit"], PER_DOCUMENT),
            ]
    return rows


def durable(scale: Scale) -> list[Row]:
    """docmill over an SQLite file with synchronous FULL; and how late others get their turn at 50 ms a commit."""
    documents = make_ids(scale.documents)
    rows = []
    for backend in BACKENDS:
        process = yielding(backend)
        samples = alternate(
            {
                "limit": partial(run_on, backend, limit, process, documents, 50),
                "durable": partial(run_on, backend, docmill_durable, process, documents, 50),
            },
            scale.rounds,
        )
        slow = partial(run_on, backend, docmill_stalls, process, documents, 50, 0.05)
        late = [slow() * 1e3 for _ in range(min(scale.rounds, 3))]
        rows += [
            ratio(f"docmill, {backend}, 50 at once", samples["durable"], samples["limit"], "x L1"),
            microseconds(f"docmill, {backend}, 50 at once", samples["durable"], PER_DOCUMENT),
            row(f"others on the loop, {backend}, 50 ms a commit", late, "ms late at p99", 1),
        ]
    return rows


def never(scale: Scale) -> list[Row]:
    """docmill against the bare worker loop, with a processor that never yields, so that nothing is concurrent."""
    documents = make_ids(scale.documents)
    rows = []
    for backend in BACKENDS:
        samples = alternate(
            {
                "limit": partial(run_on, backend, limit, never_yielding, documents, 50),
                "docmill": partial(run_on, backend, docmill, never_yielding, documents, 50),
            },
            scale.rounds,
        )
        rows += [
            ratio(f"docmill, {backend}", samples["docmill"], samples["limit"], "x L0"),
            microseconds(f"docmill, {backend}", samples["docmill"], PER_DOCUMENT),
            microseconds(f"L0, {backend}", samples["limit"], PER_DOCUMENT),
        ]
    return rows


def peers(scale: Scale) -> list[Row]:
    """docmill and other ways to the same end against the bare worker loop, on asyncio."""
    rows = []
    few, many = make_ids(scale.slow), make_ids(scale.slow * 4)
    process = yielding("asyncio")
    for concurrent in CONCURRENCY:
        contenders: dict[str, Callable[[], float]] = {
            "L1": partial(run_on, "asyncio", limit, process, many, concurrent),
            "docmill": partial(run_on, "asyncio", docmill, process, many, concurrent),
        }
        for name, peer in PEERS.items():
            contenders[name] = partial(run_on, "asyncio", peer, process, few, concurrent)
        contenders["huey, in memory"] = partial(huey, few, concurrent)
        samples = alternate(contenders, scale.rounds)
        for name in list(contenders)[1:]:
            where = f"{name}, {concurrent} at once"
            rows.append(ratio(where, samples[name], samples["L1"], "x L1"))
            rows.append(microseconds(where, samples[name], PER_DOCUMENT))
    return rows


def growth(scale: Scale) -> list[Row]:
    """What a document costs, and keeps, in jobs of different sizes."""
    process = yielding("asyncio")
    rows = []
    for size in scale.sizes:
        documents = make_ids(size)
        repeats = max(1, min(20, scale.documents // size))
        rounds = scale.rounds if size <= scale.documents else 3
        samples = [
            sum(run_on("asyncio", docmill, process, documents, 50) for _ in range(repeats)) / repeats
            for _ in range(rounds)
        ]
        rows.append(microseconds(f"a job of {size:,}", samples, PER_DOCUMENT))
        rows.append(row(f"a job of {size:,}", [anyio.run(_kept, process, size)], "bytes a document", 0))
    ids = make_ids(scale.documents)
    rows.append(row("an id, counted apart", [sum(map(sys.getsizeof, ids)) / len(ids)], "bytes a document", 0))
    return rows


async def _kept(process: Process, size: int) -> float:
    """Bytes a document that a finished job keeps, its ids and results left out."""
    documents = tuple(make_ids(size))
    queue = DocumentProcessingQueue({JOB_TYPE: process})
    async with queue:
        await queue.wait(await queue.create_job(documents[:10], JOB_TYPE), drained=True)
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        # Tracing slows everything down tenfold, so that the usual timeout would be too short for a million.
        options = JobOptions(max_concurrent=50, timeout=None)
        await queue.wait(await queue.create_job(documents, JOB_TYPE, options), drained=True)
        kept = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
    return kept / size


def jobs(scale: Scale) -> list[Row]:
    """Many jobs of 10 documents in one queue, created one after another and awaited with join()."""
    samples = alternate(
        {backend: partial(run_on, backend, docmill_jobs, yielding(backend), scale.jobs, 10) for backend in BACKENDS},
        min(scale.rounds, 5),
    )
    return [
        microseconds(f"{scale.jobs:,} jobs, {backend}", samples[backend], "µs a job of 10 documents")
        for backend in BACKENDS
    ]


def status(scale: Scale) -> list[Row]:
    """get_job_status while 50 documents are at work."""
    sizes = sorted({min(scale.documents, 1_000), scale.documents})
    samples = alternate({str(size): partial(anyio.run, _status, size, scale.calls) for size in sizes}, scale.rounds)
    return [microseconds(f"get_job_status at {size:,} results", samples[str(size)], "µs a call") for size in sizes]


async def _status(settled: int, calls: int) -> float:
    release = anyio.Event()
    running = 0
    full = anyio.Event()
    process = yielding("asyncio")

    async def process_some(document_id: str, context: Any) -> None:
        nonlocal running
        if int(document_id.removeprefix("document-")) < settled:
            await process(document_id, context)
            return
        running += 1
        if running == 50:
            full.set()
        await release.wait()

    queue = DocumentProcessingQueue({JOB_TYPE: process_some})
    async with queue:
        job_id = await queue.create_job(make_ids(settled + 50), JOB_TYPE, JobOptions(max_concurrent=50))
        await full.wait()
        get = queue.get_job_status
        begin = process_time()
        for _ in range(calls):
            job = get(job_id)
        spent = process_time() - begin
        assert job is not None
        assert (job.processed_documents, len(job.running)) == (settled, 50)
        release.set()
        await queue.wait(job_id, drained=True)
    return spent / calls


def threads(scale: Scale) -> list[Row]:
    """A sync processor, which runs in threads, five documents at once on asyncio."""
    documents = make_ids(scale.slow)
    ways = {
        "docmill": docmill,
        "loop.run_in_executor": in_executor,
        "anyio.to_thread.run_sync": in_anyio_thread,
    }
    samples = alternate(
        {name: partial(run_on, "asyncio", way, blocking, documents, 5) for name, way in ways.items()},
        scale.rounds,
    )
    base = samples["loop.run_in_executor"]
    rows = [microseconds(name, samples[name], PER_DOCUMENT) for name in ways]
    rows.append(ratio("docmill", samples["docmill"], base, "x run_in_executor"))
    rows.append(ratio("docmill", samples["docmill"], samples["anyio.to_thread.run_sync"], "x to_thread.run_sync"))
    return rows


def listener(scale: Scale) -> list[Row]:
    """What a sync listener of documentCompleted adds, on asyncio, 50 documents at once."""
    documents = make_ids(scale.documents)
    process = yielding("asyncio")
    samples = alternate(
        {
            "without": partial(run_on, "asyncio", docmill, process, documents, 50),
            "with": partial(run_on, "asyncio", docmill, process, documents, 50, ("progress", "documentCompleted")),
        },
        min(scale.rounds, 5),
    )
    added = [with_it - without for with_it, without in zip(samples["with"], samples["without"], strict=True)]
    return [
        microseconds("one listener of documentCompleted adds", added, PER_DOCUMENT),
        ratio("with the listener", samples["with"], samples["without"], "x without"),
    ]


def imports(scale: Scale) -> list[Row]:
    """`import docmill` in a fresh interpreter, less what the interpreter takes by itself."""
    rounds = 1 if scale is SMOKE else 9
    codes = ("pass", "import docmill", "import anyio, asyncio")
    with TemporaryDirectory() as bytecode:
        # An installed package has its bytecode. Here the first import of each makes it, elsewhere than in the sources.
        environment = os.environ | {"PYTHONPYCACHEPREFIX": bytecode}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        counts = {code: _modules(code, environment) for code in codes}
        samples = alternate({code: partial(_child, code, environment) for code in codes}, rounds)

    def added(code: str) -> list[float]:
        return [(whole - bare) * 1e3 for whole, bare in zip(samples[code], samples["pass"], strict=True)]

    return [
        row("import docmill", added("import docmill"), "ms of CPU", 0),
        row("of that, import anyio and asyncio", added("import anyio, asyncio"), "ms of CPU", 0),
        row("import docmill", [counts["import docmill"] - counts["pass"]], "modules", 0),
        row("a plain install, docmill included", [len(_installed("docmill"))], "packages", 0),
    ]


def _modules(code: str, environment: Mapping[str, str]) -> int:
    command = [sys.executable, "-c", f"import sys; {code}; print(len(sys.modules))"]
    return int(subprocess.check_output(command, env=environment))


def _child(code: str, environment: Mapping[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _installed(name: str) -> set[str]:
    """A package and all that it requires, without extras, on this Python."""
    from packaging.requirements import Requirement

    found: set[str] = set()
    waiting = [name]
    while waiting:
        package = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if package in found:
            continue
        found.add(package)
        requirements = map(Requirement, importlib.metadata.requires(package) or ())
        waiting += [
            requirement.name
            for requirement in requirements
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        ]
    return found


CASES: Mapping[str, Callable[[Scale], list[Row]]] = {
    "limits": limits,
    "durable": durable,
    "peers": peers,
    "never": never,
    "growth": growth,
    "jobs": jobs,
    "status": status,
    "threads": threads,
    "listener": listener,
    "imports": imports,
}
