"""One life of a process with a durable queue, until it is killed.

It writes down what it has been told by the queue, and so may rely on.
"""

import os
import random
import signal
import time
from typing import Any

import anyio

from docmill import DocumentProcessingQueue, JobOptions, PermanentError, ProcessingContext, TerminalEvent
from docmill.stores import SQLiteStore
from tests.support.lives import Diary, serve

MOST_JOBS = 5
"""Jobs that are under way at once."""


class Life:
    """A queue with several jobs, more of which come as long as it lives.

    Args:
        number: which life it is.
        seed: for what it does.
        facts: where it says what the queue has told it.
        starts: where it says which documents it starts.
        create: whether it creates jobs, or only ends those that are there.
        acts: after how many acts it creates no more, and ends when all jobs have.
    """

    def __init__(
        self, number: int, seed: int, facts: Diary, starts: Diary, *, create: bool = True, acts: int = 2**62
    ) -> None:
        self._number = number
        self._dice = random.Random(f"{seed}/{number}")
        self._facts = facts
        self._starts = starts
        self._acts = acts if create else 0

    async def work(self, document_id: str, context: ProcessingContext) -> Any:
        self._start(document_id, context)
        await anyio.sleep(self._dice.choice((0.0, 0.001, 0.005)))
        return self._result(document_id, context)

    def thread(self, document_id: str, context: ProcessingContext) -> Any:
        self._start(document_id, context)
        return self._result(document_id, context)

    def _start(self, document_id: str, context: ProcessingContext) -> None:
        self._starts(life=self._number, job=context.job_id, document=document_id, at=time.monotonic())
        if document_id.startswith("deadly"):
            os.kill(os.getpid(), signal.SIGKILL)

    @staticmethod
    def _result(document_id: str, context: ProcessingContext) -> Any:
        kind = document_id.partition("-")[0]
        if kind == "never":
            raise PermanentError("never")
        if kind == "again" and context.attempt == 1:
            raise ValueError("not yet")
        return document_id[::-1]

    def hear(self, queue: DocumentProcessingQueue) -> None:
        for name in ("documentCompleted", "documentFailed"):
            queue.on(name, self._outcome)  # type: ignore[call-overload]
        for name in ("jobCompleted", "jobFailed", "jobCancelled"):
            queue.on(name, self._decision)  # type: ignore[call-overload]

    def _outcome(self, event: Any) -> None:
        outcome = event.outcome
        told = outcome.data if outcome.success else outcome.error
        self._facts(outcome=event.job_id, document=outcome.document_id, ok=outcome.success, told=told)

    def _decision(self, event: TerminalEvent) -> None:
        status = event.event_id.rpartition(":")[2]
        self._facts(decided=event.job_id, status=status, processed=event.processed_documents)

    async def live(self, path: str) -> None:
        queue = DocumentProcessingQueue({"WORK": self.work, "THREAD": self.thread}, store=SQLiteStore(path))
        self.hear(queue)
        async with queue:
            self._facts(up=self._number, at=time.monotonic())
            for _ in range(self._acts):
                await self.act(queue)
                await anyio.sleep(0.002)
            await queue.join()
            self._facts(rested=self._number)

    async def act(self, queue: DocumentProcessingQueue) -> None:
        """Do and look at this and that, and say what came of it."""
        assert not queue.stats().listener_failures
        active = queue.get_all_jobs(active=True)
        if len(active) < MOST_JOBS:
            await self.create(queue)
        elif self._dice.random() < 0.02:
            job = self._dice.choice(active)
            if await queue.cancel_job(job.id, force=self._dice.random() < 0.5):
                self._facts(cancelled=job.id)
        elif self._dice.random() < 0.3:
            job = self._dice.choice(active)
            snapshot = queue.get_job_status(job.id)
            assert snapshot is not None
            self._facts(seen=job.id, processed=snapshot.processed_documents, status=snapshot.status)

    async def create(self, queue: DocumentProcessingQueue) -> None:
        kinds = self._dice.choices(("ok", "never", "again"), (20, 1, 1), k=self._dice.randrange(1, 40))
        documents = [f"{kind}-{at}" for at, kind in enumerate(kinds)]
        options = JobOptions(max_concurrent=self._dice.randrange(1, 9), retry_delay=0.01, timeout=None)
        owner = self._dice.choice((None, "ann", "bob"))
        key = f"{self._number}/{self._dice.random()}" if self._dice.random() < 0.5 else None
        job_type = self._dice.choice(("WORK", "THREAD"))
        job_id = await queue.create_job(documents, job_type, options, owner=owner, idempotency_key=key)
        self._facts(created=job_id, documents=documents, owner=owner, key=key)


def live(*, path: str, folder: str, number: int, seed: int, create: bool, backend: str) -> None:
    """Live one life, in this process."""
    facts, starts = Diary(f"{folder}/facts"), Diary(f"{folder}/starts")
    life = Life(number, seed, facts, starts, create=create)
    anyio.run(life.live, path, backend=backend)


if __name__ == "__main__":
    import trio  # noqa: F401 - so that no life has to

    serve(live)
