"""A job that survives its process: start it, kill it, start it again, and it goes on.

    python examples/durable.py [jobs.db [seconds a document takes]]

It tells its process id. Kill it as hard as you like, with `kill -9`, and start it again: documents that are done stay
done and are not done again, and those at work when it died start anew.
"""

import asyncio
import os
import sys
from pathlib import Path

from docmill import DocumentCompleted, DocumentProcessingQueue, JobOptions
from docmill.stores import SQLiteStore

DOCUMENTS = [f"invoice-{number:02}.pdf" for number in range(1, 41)]
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0


async def read(document_id: str) -> int:
    """Stands for something slow. It may run again for the same document if the process dies before it is recorded."""
    print(f"  reading {document_id}", flush=True)
    await asyncio.sleep(SECONDS)
    return len(document_id)


def done(event: DocumentCompleted) -> None:
    """What is told here is on the disk."""
    print(f"  done    {event.document_id}", flush=True)


async def main(path: Path) -> None:
    """Begin the job, or go on with it."""
    queue = DocumentProcessingQueue({"READ": read}, store=SQLiteStore(path))
    queue.on("documentCompleted", done)
    async with queue:
        # The same key gives the same job, in this life of the process and in every later one.
        job_id = await queue.create_job(
            DOCUMENTS, "READ", JobOptions(max_concurrent=4, timeout=None), idempotency_key="invoices of May"
        )
        job = queue.get_job_status(job_id)
        assert job is not None
        before = job.processed_documents
        print(f"process {os.getpid()}: {before} of {job.total_documents} documents were done before, in {path}")
        print(f"try: kill -9 {os.getpid()}", flush=True)
        job = await queue.wait(job_id)
    print(f"{job.status}: {job.processed_documents - before} documents done now, {before} before")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "jobs.db")))
