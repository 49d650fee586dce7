"""One host, until it is killed, paused or told to close; and a nursery that begins such hosts at once.

A host writes down what it starts and what the queue has told it, in a file that it only appends to: like a pipe, that
outlives the process. Times are those of the machine's monotonic clock, so that those of several hosts can be compared.
The nursery has imported everything and forks, so that a host costs milliseconds.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio

from docmill import DocumentProcessingQueue, JobOptions, PermanentError, ProcessingContext, TerminalEvent
from docmill.stores import PostgresStore

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
        self._file = os.open(self._folder / "facts", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._queue = DocumentProcessingQueue({"WORK": self.work, "THREAD": self.thread}, store=store)

    def say(self, **fact: Any) -> None:
        """Append a line in one call, so that it is there or not."""
        os.write(self._file, json.dumps({"host": self._number, "at": time.monotonic()} | fact).encode() + b"\n")

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


class Nursery:
    """Begins hosts, and ends them."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def begin(self, **arguments: Any) -> int:
        """Begin a host, and give back its process id."""
        return int(self._ask(arguments))

    def kill(self, pid: int) -> int:
        """Kill a host, and give back how it ended."""
        os.kill(pid, signal.SIGKILL)
        return self.wait(pid)

    def wait(self, pid: int) -> int:
        """Wait for the end of a host, and give back how it ended."""
        return int(self._ask(pid))

    def _ask(self, what: Any) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


@contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery, in a process of its own."""
    command = [sys.executable, str(Path(__file__))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Nursery(process)
        assert process.stdin is not None
        process.stdin.close()


def serve() -> None:
    """Be a nursery: a line is a host to begin, or the process to wait for. What is left at the end is killed."""
    children = set()
    for line in sys.stdin:
        asked = json.loads(line)
        if isinstance(asked, int):
            children.discard(asked)
            print(os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1]), flush=True)
            continue
        pid = os.fork()
        if not pid:
            code = 1
            try:
                live(**asked)
                code = 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        children.add(pid)
        print(pid, flush=True)
    for pid in children:
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    import trio  # noqa: F401 - so that no host has to

    serve()
