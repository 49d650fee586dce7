"""One host, until it is killed, paused or told to close.

It writes down what it starts and what the queue has told it. Times are those of the machine's monotonic clock, so that
those of several hosts can be compared.
"""

import os
import random
import time
from pathlib import Path
from typing import Any

import anyio

from docmill import DocumentProcessingQueue, JobOptions, PermanentError, ProcessingContext, TerminalEvent
from docmill.stores import PostgresStore
from tests.support.lives import Diary, serve

MOST_JOBS = 4
"""Jobs of one host that are under way at once."""


class Host:
    """A queue that creates jobs as long as it is told to. At a higher ``pace`` its documents take longer."""

    def __init__(self, *, folder: str, number: int, seed: int, create: bool, pace: float, store: PostgresStore) -> None:
        self._folder = Path(folder)
        self._number = number
        self._dice = random.Random(f"{seed}/{number}")
        self._create = create
        self._pace = pace
        self._diary = Diary(self._folder / "facts")
        self._queue = DocumentProcessingQueue({"WORK": self.work, "THREAD": self.thread}, store=store)

    def say(self, **fact: Any) -> None:
        self._diary(host=self._number, at=time.monotonic(), **fact)

    async def work(self, document_id: str, context: ProcessingContext) -> Any:
        self.say(start=context.job_id, document=document_id)
        await anyio.sleep(self._pace * self._dice.choice((0.0, 0.002, 0.01)))
        return self._result(document_id, context)

    def thread(self, document_id: str, context: ProcessingContext) -> Any:
        self.say(start=context.job_id, document=document_id)
        time.sleep(self._pace * 0.001)
        return self._result(document_id, context)

    @staticmethod
    def _result(document_id: str, context: ProcessingContext) -> Any:
        kind = document_id.partition("-")[0]
        if kind == "never":
            raise PermanentError("never")
        if kind == "again" and context.attempt == 1:
            raise ValueError("not yet")
        return document_id[::-1]

    def _outcome(self, event: Any) -> None:
        outcome = event.outcome
        self.say(outcome=event.job_id, document=outcome.document_id, told=outcome.data if outcome.success else None)

    def _decision(self, event: TerminalEvent) -> None:
        self.say(decided=event.job_id, status=event.event_id.rpartition(":")[2])

    async def live(self) -> None:
        for name in ("documentCompleted", "documentFailed"):
            self._queue.on(name, self._outcome)  # type: ignore[call-overload]
        for name in ("jobCompleted", "jobFailed", "jobCancelled"):
            self._queue.on(name, self._decision)  # type: ignore[call-overload]
        async with self._queue:
            self.say(up=os.getpid())
            while not (self._folder / "close").exists():
                if self._create and not (self._folder / "rest").exists():
                    await self._act()
                await anyio.sleep(0.005)

    async def _act(self) -> None:
        assert not self._queue.stats().listener_failures
        active = self._queue.get_all_jobs(active=True)
        if len(active) >= MOST_JOBS:
            if self._dice.random() < 0.02:
                job = self._dice.choice(active)
                if await self._queue.cancel_job(job.id):
                    self.say(decided=job.id, status="CANCELLED")
            return
        kinds = self._dice.choices(("ok", "never", "again"), (20, 1, 1), k=self._dice.randrange(1, 40))
        documents = [f"{kind}-{at}" for at, kind in enumerate(kinds)]
        options = JobOptions(max_concurrent=self._dice.randrange(1, 9), retry_delay=0.01, timeout=None)
        key = f"{self._number}/{self._dice.random()}" if self._dice.random() < 0.5 else None
        job_type = self._dice.choice(("WORK", "THREAD"))
        job_id = await self._queue.create_job(documents, job_type, options, idempotency_key=key)
        self.say(created=job_id, documents=documents)


def live(
    *, dsn: str, folder: str, number: int, seed: int, create: bool, pace: float, backend: str, settings: dict[str, Any]
) -> None:
    """Be a host, in this process."""
    host = Host(folder=folder, number=number, seed=seed, create=create, pace=pace, store=PostgresStore(dsn, **settings))
    anyio.run(host.live, backend=backend)


if __name__ == "__main__":
    import trio  # noqa: F401 - so that no host has to

    serve(live)
