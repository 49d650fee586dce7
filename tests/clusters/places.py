"""Where documents run in these tests: here, on a Ray cluster or on a Dask cluster, of two workers each."""

import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from anyio import fail_after, sleep

from docmill import DocumentProcessingQueue, Job, JobOptions, processor
from docmill.engines import LocalEngine
from docmill.ports import Engine

__all__ = ["PLACES", "TYPE", "Place", "isolated", "opened", "options", "pids", "record", "run", "until"]

TYPE = "ACT"

STARTED_AGAIN = 20.0
"""Seconds in which Dask starts a worker again, or never will."""

FIGURES = "DOCMILL_FIGURES"

PATIENCE = 300.0
"""Real seconds after which a test fails that should have been over long ago."""


class Place(Protocol):
    """Where documents run.

    Attributes:
        package: what has to be installed for it.
        kills: whether what does not stop is killed.
        remote: whether it is a cluster.
    """

    package: str
    kills: bool
    remote: bool

    def engine(self, **settings: Any) -> Engine:
        """An engine that runs documents there."""

    def get_ready(self) -> None:
        """Wait until nothing of what an earlier test has killed is missing."""

    def close(self) -> None:
        """End it."""


class LocalPlace:
    """Worker processes of this one."""

    package = "docmill"
    kills = True
    remote = False

    def __init__(self, _: str) -> None:
        pass

    def engine(self, **settings: Any) -> Engine:
        return LocalEngine(max_processes=2, **settings)

    def get_ready(self) -> None:
        pass

    def close(self) -> None:
        pass


class RayPlace:
    """A Ray cluster of one node, which this process has joined."""

    package = "ray"
    kills = True
    remote = True

    def __init__(self, scratch: str) -> None:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        import ray

        self.scratch = scratch
        ray.init(
            "local",
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
            object_store_memory=100 * 2**20,
            _node_ip_address="127.0.0.1",
            _temp_dir=f"{scratch}/ray",
        )

    def engine(self, **settings: Any) -> Engine:
        from docmill.engines.ray import RayEngine

        return RayEngine(**settings)

    def get_ready(self) -> None:
        pass  # a process is started when there is something to run in it

    def close(self) -> None:
        import ray

        ray.shutdown()


class DaskPlace:
    """A Dask cluster of this process, with two workers of one thread."""

    package = "distributed"
    kills = False
    remote = True

    def __init__(self, scratch: str) -> None:
        import dask
        from distributed import Client, LocalCluster

        # Without the second one, a LocalCluster later closes for good what is just starting in the place of the dead.
        dask.config.set(
            {"distributed.scheduler.allowed-failures": 0, "distributed.deploy.lost-worker-timeout": "1 day"}
        )
        self.scratch = scratch
        self._cluster = LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            local_directory=scratch,
            silence_logs="ERROR",
        )
        self.client = Client(self._cluster, set_as_default=False)

    def engine(self, **settings: Any) -> Engine:
        from docmill.engines.dask import DaskEngine

        return DaskEngine(self.client, **settings)

    def get_ready(self) -> None:
        try:
            self.client.wait_for_workers(2, timeout=STARTED_AGAIN)
        except TimeoutError:  # a worker that is killed while its nanny still takes it for starting stays away for ever
            self._cluster.scale(0)
            self._cluster.scale(2)
            self.client.wait_for_workers(2, timeout=PATIENCE)

    def close(self) -> None:
        self.client.close()
        self._cluster.close()


PLACES: dict[str, Callable[[str], Place] | Any] = {"local": LocalPlace, "ray": RayPlace, "dask": DaskPlace}


def isolated(target: Any, **declared: Any) -> Any:
    """A processor that runs in a worker process wherever it runs."""
    return processor(isolation="process", **declared)(target)


def options(**changes: Any) -> JobOptions:
    """Options without a job timeout and with retries almost at once, for tests that are about something else."""
    return JobOptions(**{"timeout": None, "retry_delay": 0.01, "document_timeout": 50.0} | changes)


@asynccontextmanager
async def opened(
    place: Place, target: Any, *, store: Any = None, max_workers: int = 50, within: float = PATIENCE, **settings: Any
) -> AsyncIterator[DocumentProcessingQueue]:
    """An open queue with one processor; ``settings`` are the engine's."""
    with fail_after(within):
        engine = place.engine(**settings)
        async with DocumentProcessingQueue(
            {TYPE: target}, engine=engine, store=store, max_workers=max_workers
        ) as queue:
            yield queue


async def run(queue: DocumentProcessingQueue, ids: list[str], asked: JobOptions | None = None, **metadata: Any) -> Job:
    """A job of some documents, drained."""
    return await queue.wait(await queue.create_job(ids, TYPE, asked or options(), metadata=metadata), drained=True)


async def until(condition: Callable[[], bool]) -> None:
    """Wait, in real time, for something that no event tells of."""
    while not condition():  # noqa: ASYNC110 - see above
        await sleep(0.01)


def pids(file: Path) -> list[int]:
    """The processes that have written themselves down."""
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def record(place: Place, figures: dict[str, Any]) -> None:
    """Add the figures of a run to the file that the environment names, if it names one."""
    if FIGURES in os.environ:
        with Path(os.environ[FIGURES]).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"on": place.package, **figures}) + "\n")


def mostly(backend: str) -> pytest.MarkDecorator:
    """For tests that start a cluster of their own, which takes long: on one event loop, and on demand on the other."""
    other = {"asyncio": "trio", "trio": "asyncio"}[backend]
    return pytest.mark.parametrize("anyio_backend", [backend, pytest.param(other, marks=pytest.mark.release)])
