"""Worker processes, docmill's and others', all doing the same work, and what none of them can be faster than."""

import asyncio
import os
import resource
import select
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Protocol

import anyio
import psutil
from anyio import CapacityLimiter, create_task_group, to_process, to_thread

from docmill import DocumentProcessingQueue, JobOptions, processor
from docmill.engines import LocalEngine
from docmill_bench.contenders import make_ids
from docmill_bench.work import count, hang, nothing, now, rest

MESSAGE = b'[0, "document-1", 1, 29.999871]'
"""What the bare echoes carry: as long as what docmill says of a document."""

ECHO = "import os, sys\near, mouth = map(int, sys.argv[1:])\nwhile data := os.read(ear, 65536): os.write(mouth, data)"

COUNT = """
import sys
from docmill_bench.work import count
print("ready", flush=True)
sys.stdin.readline()
for document_id in sys.argv[1:]: count(document_id)
"""

BUDGET = 0.3


class Cost(NamedTuple):
    """Seconds a document: by the clock, and of CPU in this process and in all of its children."""

    wall: float
    cpu: float


class Watch:
    """Measures what happens in a ``with`` block, in this process and in its children.

    Args:
        cores: on which core this process runs and on which its children do; None leaves it to the system.
    """

    def __init__(self, cores: tuple[int, int] | None = None) -> None:
        self._cores = cores

    def __enter__(self) -> "Watch":
        if self._cores is not None:
            self._everywhere = os.sched_getaffinity(0)
            _pin(psutil.Process(), {self._cores[0]})
            for child in psutil.Process().children(recursive=True):
                _pin(child, {self._cores[1]})
        self._children = psutil.Process().children(recursive=True)
        self._cpu = self._spent(self._children)
        self._wall = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self._wall
        # A worker that has ended is among the children that have ended; one that is new began at zero.
        self.cpu = self._spent(psutil.Process().children(recursive=True)) - self._cpu
        if self._cores is not None:
            _pin(psutil.Process(), self._everywhere)

    def cost(self, documents: int) -> Cost:
        return Cost(self.wall / documents, self.cpu / documents)

    def _spent(self, children: Sequence[psutil.Process]) -> float:
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        living = sum(_cpu_of(child.pid) for child in children)
        return time.process_time() + ended.ru_utime + ended.ru_stime + living


def _pin(process: psutil.Process, cores: set[int]) -> None:
    for thread in process.threads():
        os.sched_setaffinity(thread.id, cores)


def _cpu_of(pid: int) -> float:
    """CPU seconds of a process of ours, which Linux keeps finer than the ticks that it shows."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0  # it has ended


@contextmanager
def echoing(ear: int, mouth: int) -> Iterator[None]:
    """A process that says again what it hears. It ends when nobody can speak to it any more."""
    command = [sys.executable, "-S", "-c", ECHO, str(ear), str(mouth)]
    with subprocess.Popen(command, pass_fds=(ear, mouth)):
        for descriptor in {ear, mouth}:
            os.close(descriptor)
        yield


def echo_pipe(messages: int, cores: tuple[int, int] | None) -> Cost:
    """Blocking round trips through two pipes."""
    ear, there = os.pipe()
    back, mouth = os.pipe()
    with echoing(ear, mouth):
        for many in (messages // 10, messages):
            with Watch(cores) as watch:
                for _ in range(many):
                    os.write(there, MESSAGE)
                    os.read(back, 65536)
        os.close(there)
    os.close(back)
    return watch.cost(messages)


async def echo_asyncio(messages: int, cores: tuple[int, int] | None) -> Cost:
    """Round trips through a socket that asyncio watches, with a future for each."""
    loop = asyncio.get_running_loop()
    link, theirs = socket.socketpair()
    descriptor = theirs.detach()
    answer: asyncio.Future[bytes] = loop.create_future()
    with echoing(descriptor, descriptor):
        link.setblocking(False)
        loop.add_reader(link, lambda: answer.set_result(link.recv(65536)))
        for many in (messages // 10, messages):
            with Watch(cores) as watch:
                for _ in range(many):
                    answer = loop.create_future()
                    link.send(MESSAGE)
                    await answer
        loop.remove_reader(link)
        link.close()
    return watch.cost(messages)


async def echo_trio(messages: int, cores: tuple[int, int] | None) -> Cost:
    """Round trips through a socket that trio watches."""
    from trio.lowlevel import wait_readable

    link, theirs = socket.socketpair()
    descriptor = theirs.detach()
    with echoing(descriptor, descriptor):
        link.setblocking(False)
        for many in (messages // 10, messages):
            with Watch(cores) as watch:
                for _ in range(many):
                    link.send(MESSAGE)
                    await wait_readable(link)
                    link.recv(65536)
        link.close()
    return watch.cost(messages)


def two_processes(documents: Sequence[str]) -> float:
    """Seconds for a batch, halved between two bare processes that know what to do."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    children = []
    for half in (documents[::2], documents[1::2]):
        # Linux shares a busy machine between sessions, and docmill's workers have one each.
        child = subprocess.Popen(
            [sys.executable, "-c", COUNT, *half],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        assert child.stdout is not None
        child.stdout.readline()
        children.append(child)
    begin = time.perf_counter()
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"\n")
        child.stdin.flush()
    for child in children:
        child.wait()
    spent = time.perf_counter() - begin
    for child in children:
        child.communicate()
    return spent


def bare_start() -> float:
    """Seconds until a fresh interpreter runs its first line."""
    begin = time.monotonic()
    code = "import time; print(time.monotonic())"
    return float(subprocess.check_output([sys.executable, "-c", code])) - begin


class Call(Protocol):
    """Runs a function of ``docmill_bench.work`` in a worker process."""

    def __call__(self, function: Callable[..., Any], document_id: str, budget: float | None = None) -> Awaitable[Any]:
        """What the function returns; None if it was ended with its budget."""


Open = Callable[[int], AbstractAsyncContextManager[Call]]
"""Makes so many worker processes ready."""


def _nothing(document_id: str, context: Any) -> None:
    nothing(document_id)


def _hang(document_id: str, context: Any) -> None:
    hang(document_id, context.remaining())


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "nothing": _nothing,
    "rest": rest,
    "now": now,
    "count": count,
    "hang": _hang,
}


def docmills_queue(
    workers: int, max_documents_per_worker: int | None = None, isolation: Any = "process"
) -> DocumentProcessingQueue:
    """A queue that runs everything there is in worker processes, or in threads."""
    engine = LocalEngine(max_threads=workers, max_processes=workers, max_documents_per_worker=max_documents_per_worker)
    processors = {name: processor(isolation=isolation)(partial(function)) for name, function in FUNCTIONS.items()}
    return DocumentProcessingQueue(processors, engine=engine)


async def docmills_job(
    queue: DocumentProcessingQueue, job_type: str, documents: Sequence[str], workers: int, budget: float | None = None
) -> list[Any]:
    """Run a job, and give its results."""
    options = JobOptions(max_concurrent=workers, retry_attempts=0, document_timeout=budget or 30.0)
    job = await queue.wait(await queue.create_job(documents, job_type, options), drained=True)
    assert budget is not None or len(job.results) == len(documents)
    return [result.data for result in job.results]


async def docmill(
    job_type: str,
    documents: Sequence[str],
    workers: int,
    cores: tuple[int, int] | None = None,
    max_documents_per_worker: int | None = None,
    isolation: str = "process",
) -> Cost:
    """A job in worker processes that are warm."""
    async with docmills_queue(workers, max_documents_per_worker, isolation) as queue:
        pids: set[int] = set()
        while len(pids) < (workers if isolation == "process" else 1):
            pids.update(await docmills_job(queue, "rest", make_ids(2 * workers), workers))
        await docmills_job(queue, job_type, documents[: 1 + len(documents) // 10], workers)
        with Watch(cores) as watch:
            await docmills_job(queue, job_type, documents, workers)
    return watch.cost(len(documents))


async def peer(opened: Open, documents: Sequence[str], workers: int, cores: tuple[int, int] | None = None) -> Cost:
    """Calls that tasks make, each waiting for its own, of workers that are warm."""
    async with opened(workers) as call:

        async def work(waiting: Iterator[str], function: Callable[..., Any], results: list[Any]) -> None:
            for document_id in waiting:
                results.append(await call(function, document_id))  # noqa: PERF401 - each is awaited in its turn

        async def run(function: Callable[..., Any], documents: Sequence[str]) -> list[Any]:
            results: list[Any] = []
            waiting = iter(documents)
            async with create_task_group() as tasks:
                for _ in range(workers):
                    tasks.start_soon(work, waiting, function, results)
            assert len(results) == len(documents)
            return results

        pids: set[int] = set()
        while len(pids) < workers:
            pids.update(await run(rest, make_ids(2 * workers)))
        await run(nothing, documents[: 1 + len(documents) // 10])
        with Watch(cores) as watch:
            await run(nothing, documents)
    return watch.cost(len(documents))


@asynccontextmanager
async def docmills_calls(workers: int) -> AsyncIterator[Call]:
    """docmill, a job for each call."""
    async with docmills_queue(workers) as queue:

        async def call(function: Callable[..., Any], document_id: str, budget: float | None = None) -> Any:
            results = await docmills_job(queue, function.__name__, [document_id], workers, budget)
            return results[0] if results else None

        yield call


@asynccontextmanager
async def anyios_calls(workers: int) -> AsyncIterator[Call]:
    """anyio.to_process, which kills its worker when the call is cancelled."""
    limiter = CapacityLimiter(workers)

    async def call(function: Callable[..., Any], document_id: str, budget: float | None = None) -> Any:
        arguments = () if budget is None else (budget,)
        with anyio.move_on_after(budget):
            return await to_process.run_sync(function, document_id, *arguments, cancellable=True, limiter=limiter)

    yield call


@asynccontextmanager
async def pebbles_calls(workers: int) -> AsyncIterator[Call]:
    """pebble's pool, which ends a worker when the timeout of its task is over."""
    from pebble import ProcessPool

    with ProcessPool(max_workers=workers, context=get_context("spawn")) as pool:

        async def call(function: Callable[..., Any], document_id: str, budget: float | None = None) -> Any:
            arguments = [document_id] if budget is None else [document_id, budget]
            try:
                return await asyncio.wrap_future(pool.schedule(function, args=arguments, timeout=budget))
            except TimeoutError:
                return None

        yield call
        pool.stop()
        await to_thread.run_sync(pool.join)


@asynccontextmanager
async def _executors_calls(executor: Executor) -> AsyncIterator[Call]:
    loop = asyncio.get_running_loop()

    async def call(function: Callable[..., Any], document_id: str, budget: float | None = None) -> Any:
        return await loop.run_in_executor(executor, function, document_id)

    yield call
    await to_thread.run_sync(executor.shutdown)


def lokys_calls(workers: int) -> AbstractAsyncContextManager[Call]:
    """loky's executor."""
    from loky import ProcessPoolExecutor as LokyExecutor

    return _executors_calls(LokyExecutor(max_workers=workers))


def stdlibs_calls(workers: int) -> AbstractAsyncContextManager[Call]:
    """The executor of the standard library, which has no way to end a call."""
    return _executors_calls(ProcessPoolExecutor(max_workers=workers, mp_context=get_context("spawn")))


PEERS: Mapping[str, Open] = {
    "anyio.to_process": anyios_calls,
    "pebble": pebbles_calls,
    "loky": lokys_calls,
    "ProcessPoolExecutor": stdlibs_calls,
}

KILLERS: Mapping[str, Open] = {
    "docmill": docmills_calls,
    "anyio.to_process": anyios_calls,
    "pebble": pebbles_calls,
}
"""Those that can end a call."""


async def start(opened: Open) -> float:
    """Seconds until the first call runs in a worker that was not there before."""
    async with opened(1) as call:
        begin = time.monotonic()
        began: float = await call(now, "document-1")
    return began - begin


async def kill(opened: Open, how: str) -> tuple[float, float]:
    """Seconds from the end of a budget to the end of its process, and from there to the next call's begin."""
    next_began = end = gone = 0.0
    with TemporaryDirectory() as folder:
        note = f"{folder}/note"
        async with opened(1) as call, create_task_group() as tasks:

            async def watch() -> None:
                nonlocal end, gone
                pid, end = await to_thread.run_sync(_read, note)
                tasks.start_soon(follow)
                gone = await to_thread.run_sync(_outlive, pid)

            async def follow() -> None:
                nonlocal next_began
                next_began = await call(now, "document-2")

            await call(now, "document-1")
            tasks.start_soon(watch)
            await call(hang, f"{how}:{note}", BUDGET)
    return gone - end, next_began - gone


def _read(note: str) -> tuple[int, float]:
    """Wait for a document to say which process it hangs in, and until when it may."""
    file = Path(note)
    while not file.exists():
        time.sleep(0.001)
    pid, end = file.read_text("ascii").split()
    return int(pid), float(end)


def _outlive(pid: int) -> float:
    """Wait for the end of a process, and say when it was."""
    descriptor = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.poll()
    gone = time.monotonic()
    os.close(descriptor)
    return gone
