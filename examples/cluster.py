"""The same job on this machine, on Ray and on Dask: one argument is changed.

    python examples/cluster.py [local]         # here, in worker processes
    python examples/cluster.py ray             # a Ray cluster on this machine, for as long as the queue is open
    python examples/cluster.py ray auto        # the Ray cluster that this machine is a node of
    python examples/cluster.py dask            # a Dask cluster on this machine
    python examples/cluster.py dask tcp://scheduler:8786

Needs the extra ``ray`` or ``dask``, and ``cloudpickle`` here: ``uv run --extra ray python examples/cluster.py ray``.
Ray and Dask open ports on all interfaces of the machine: see docs/how-to/cluster.md.
One of the documents kills the process that reads it. Everything else is read.
"""

import argparse
import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, sleep

import anyio

from docmill import DocumentProcessingQueue, Engine, Job, JobOptions, ProcessingContext, processor
from docmill.engines import LocalEngine

DOCUMENTS = [f"page-{number}" for number in range(1, 301)]


@processor(isolation="process")
def read(document_id: str, context: ProcessingContext) -> dict[str, object]:
    """What a parser does: takes its time, says how far it is, and once in a while takes its process down."""
    if document_id == "page-77":
        os.kill(os.getpid(), signal.SIGKILL)
    context.report(0.5, "half way")
    sleep(0.02)
    return {"characters": len(document_id), "host": os.uname().nodename, "process": os.getpid()}


@contextmanager
def engine_for(kind: str, address: str | None) -> Iterator[Engine]:
    """The argument that is changed."""
    if kind == "ray":
        from docmill.engines.ray import RayEngine

        yield RayEngine(address)
    elif kind == "dask":
        import dask
        from distributed import Client

        from docmill.engines.dask import DaskEngine

        dask.config.set({"distributed.scheduler.allowed-failures": 0})  # for a scheduler of our own
        here = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
        with Client(address) if address else Client(**here) as client:
            yield DaskEngine(client)
    else:
        yield LocalEngine()


async def main(kind: str, address: str | None) -> Job:
    """Run the job, and show what became of it."""
    with engine_for(kind, address) as engine:
        async with DocumentProcessingQueue({"READ": read}, engine=engine) as queue:
            began = perf_counter()
            job_id = await queue.create_job(DOCUMENTS, "READ", JobOptions(retry_attempts=1, retry_delay=0.1))
            job = await queue.wait(job_id)
            print(f"{job.status}: {len(job.results)} read, {len(job.errors)} failed, {perf_counter() - began:.1f} s")
            for failure in job.errors:
                print(f"{failure.document_id}: {failure.code} after {failure.attempts} attempts: {failure.error}")
            for process, documents in Counter(result.data["process"] for result in job.results).items():
                print(f"process {process} read {documents}")
            return job


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The same job on this machine, on Ray or on Dask.")
    parser.add_argument("kind", nargs="?", choices=["local", "ray", "dask"], default="local")
    parser.add_argument("address", nargs="?", help="of a cluster; without it, one is started on this machine")
    arguments = parser.parse_args()
    if arguments.kind == "local" and arguments.address:
        parser.error("local has no address")
    anyio.run(main, arguments.kind, arguments.address)
