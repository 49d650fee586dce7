"""Clusters to measure with: Ray and Dask here, docmill's own worker processes, and one that costs nothing."""

import json
import os
import pickle
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory
from typing import Any, Final, Self
from unittest.mock import patch

import attrs
import psutil

from docmill import DocumentProcessingQueue, JobOptions, processor
from docmill.engines import LocalEngine
from docmill.engines.remote import runner
from docmill.engines.remote.chunks import note
from docmill.engines.remote.engine import RemoteEngine

JOB_TYPE: Final = "DOCUMENTS"

INSIDE: Final = "DOCMILL_BENCH_ALONE"
"""Set in a process that has a network of its own."""

EQUAL: Final = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
"""Ray's workers are nicer than others, so that on a machine that does other things as well they get nothing done."""

LONG: Final = 600.0
"""Seconds that a chunk may take where its size is given."""

MOST: Final = 4_000
"""Chunks at once, more than there are ever seats for."""


WARM_UP: Final = 4
"""Documents that go ahead, again and again until every worker has had one, so that it is there for those that count."""

TRIES: Final = 100


def nothing(_: str) -> None:
    """A document that costs nothing."""


def burn(document_id: str) -> int:
    """A document that uses up as many milliseconds of CPU as it says; says which process had it."""
    end = time.thread_time() + float(document_id.partition(":")[2]) / 1000
    while time.thread_time() < end:
        pass
    return os.getpid()


def rest(document_id: str) -> int:
    """A document that waits for as many milliseconds as it says; says which process had it."""
    time.sleep(float(document_id.partition(":")[2]) / 1000)
    return os.getpid()


def make_documents(number: int, milliseconds: float) -> list[str]:
    """Ids of documents that take so long."""
    return [f"{at}:{milliseconds}" for at in range(number)]


@attrs.frozen
class Run:
    """What one job has cost.

    Attributes:
        wall: seconds from the creation of the job to its end.
        host: CPU seconds of this process, without what the cluster itself has used of them.
        all: CPU seconds of this process and of all that it has started.
        loop: CPU seconds of the thread of the event loop.
    """

    wall: float
    host: float
    all: float
    loop: float


class GivenSize:
    """Chunks of a given size, whatever their documents take."""

    def __init__(self, size: int) -> None:
        self._size = size

    def of(self, waiting: int, slots: int, budget: float) -> int:
        return self._size

    def measured(self, documents: int, seconds: float) -> None:
        pass


class FreeCluster:
    """A cluster whose workers cost nothing: each chunk has its answer at once, and its notes before that.

    Attributes:
        spent: CPU seconds that it has used up itself.
    """

    name = "nowhere"
    kills = True
    exact = True

    def __init__(self, slots: int, notes: int, seconds: float) -> None:
        self.spent = 0.0
        self._slots = slots
        self._notes = notes
        self._seconds = seconds
        self._answers: dict[int, bytes] = {}

    def connect(self, listener: Any) -> None:
        self._listener = listener

    def slots(self) -> int:
        return self._slots

    def submit(self, number: int, chunk: bytes, *, alone: bool) -> None:
        began = time.thread_time()
        size = len(pickle.loads(chunk)[4])
        if size not in self._answers:
            self._answers[size] = json.dumps([size * self._seconds, [["ok", None]] * size, []]).encode()
        notes = [note(number, at) for at in [None, *range(1, self._notes)]]
        self.spent += time.thread_time() - began
        for said in notes:
            self._listener.noted(said)
        self._listener.answered(number, self._answers[size])

    def stop(self, number: int) -> None:
        pass

    def abandon(self, number: int) -> None:
        pass

    def close(self) -> None:
        pass


class FreeEngine(RemoteEngine):
    """Sends documents nowhere."""

    def __init__(self, cluster: FreeCluster, chunk_seconds: float) -> None:
        super().__init__(cluster, chunk_seconds=chunk_seconds)


@contextmanager
def given(size: int | None) -> Iterator[None]:
    """Have all chunks of one size; None leaves that to the engine."""
    with ExitStack() as stack:
        if size is not None:
            stack.enter_context(patch.object(runner, "ChunkSize", lambda _: GivenSize(size)))
        yield


async def free(documents: Sequence[str], size: int, slots: int = 50, notes: int = 1) -> Run:
    """Run a job where the workers cost nothing, so that what is left is what docmill itself costs."""
    cluster = FreeCluster(slots, notes, 1e-9)
    with given(size):
        return await _run(documents, nothing, FreeEngine(cluster, LONG), lambda: cluster.spent)


class Clusters:
    """Ray, Dask and worker processes here. Ray has two workers; there is a Dask that has one, and one that has two."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._dask: dict[int, Any] = {}

    def __enter__(self) -> Self:
        import ray

        ray.init(
            "local",
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
            _node_ip_address="127.0.0.1",
        )
        self._stack.callback(ray.shutdown)
        for workers in (1, 2):
            self._dask[workers] = self._stack.enter_context(_dask(workers))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    async def run(
        self,
        engine: str,
        function: Callable[[str], Any],
        documents: Sequence[str],
        workers: int,
        size: int | None = None,
    ) -> Run:
        """Run a job.

        Args:
            engine: ``Ray``, ``Dask`` or ``Local``.
            function: the processor.
            documents: what it gets.
            workers: 1 or 2.
            size: the documents in a chunk; None leaves that to the engine.
        """
        chunk_seconds = 0.5 if size is None else LONG
        with given(size):
            if engine == "Local":
                return await _run(
                    documents,
                    processor(isolation="process")(function),
                    LocalEngine(max_processes=workers),
                    workers=workers,
                )
            make = self._make_ray if engine == "Ray" else self._make_dask
            return await _run(documents, function, make(workers, chunk_seconds), workers=workers)

    def _make_ray(self, workers: int, chunk_seconds: float) -> Any:
        from docmill.engines.ray import RayEngine

        return RayEngine(options={"num_cpus": 2 // workers}, chunk_seconds=chunk_seconds)

    def _make_dask(self, workers: int, chunk_seconds: float) -> Any:
        from docmill.engines.dask import DaskEngine

        return DaskEngine(self._dask[workers], chunk_seconds=chunk_seconds)


@contextmanager
def _dask(workers: int) -> Iterator[Any]:
    """A Dask cluster whose scheduler is a process of its own, as on a cluster that deserves the name."""
    from distributed import Client

    environment = os.environ | {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    processes: list[subprocess.Popen[bytes]] = []

    def start(module: str, *arguments: str) -> None:
        command = [
            sys.executable,
            "-m",
            f"distributed.cli.{module}",
            *arguments,
            "--host",
            "127.0.0.1",
            "--no-dashboard",
        ]
        quiet = subprocess.DEVNULL
        processes.append(subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet))

    with TemporaryDirectory() as folder:
        file = f"{folder}/scheduler.json"
        try:
            start("dask_scheduler", "--port", "0", "--scheduler-file", file)
            for number in range(workers):
                start(
                    "dask_worker",
                    "--scheduler-file",
                    file,
                    "--nthreads",
                    "1",
                    "--no-nanny",
                    "--name",
                    str(number),
                    "--local-directory",
                    folder,
                )
            with Client(scheduler_file=file, set_as_default=False, timeout=60) as client:
                client.wait_for_workers(workers)
                yield client
        finally:
            for process in processes:
                process.kill()
            for process in processes:
                process.wait()


def go_inside() -> None:
    """Go on in a network of this program's own: the clusters listen on every interface that there is."""
    if INSIDE in os.environ:
        return
    unshare = shutil.which("unshare")
    if unshare is None:
        raise SystemExit("Ray and Dask are only started in a network of their own, which needs `unshare` of util-linux")
    rights = [] if os.geteuid() == 0 else ["--map-root-user"]
    script = 'ip link set lo up && exec "$@"'
    command = [unshare, *rights, "--net", "sh", "-c", script, "sh", sys.executable, *sys.argv]
    os.execve(unshare, command, os.environ | {INSIDE: "1", **EQUAL})


async def _run(
    documents: Sequence[str],
    function: Callable[[str], Any],
    engine: Any,
    spent: Callable[[], float] = lambda: 0.0,
    workers: int = 0,
) -> Run:
    options = JobOptions(max_concurrent=MOST, timeout=None, document_timeout=LONG)
    async with DocumentProcessingQueue({JOB_TYPE: function}, engine=engine, max_workers=MOST) as queue:
        pids: set[int | None] = set()
        for _ in range(TRIES if workers else 0):
            job = await queue.wait(await queue.create_job(documents[:WARM_UP], JOB_TYPE, options))
            pids |= {result.data for result in job.results}
            if len(pids) >= workers or None in pids:
                break
        before = spent(), _cpu(), time.thread_time(), time.process_time(), time.perf_counter()
        job = await queue.wait(await queue.create_job(documents, JOB_TYPE, options))
        wall = time.perf_counter() - before[4]
        host = time.process_time() - before[3]
        loop = time.thread_time() - before[2]
        run = Run(wall, host - (spent() - before[0]), _cpu() - before[1], loop)
    assert len(job.results) == len(documents), job.errors[:3]
    return run


def _cpu() -> float:
    """CPU seconds of this process and of all that it has started and that is still there."""
    total = time.process_time()
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total
