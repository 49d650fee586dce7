"""An engine that sends documents to a cluster. Retries, budgets, the breaker and the store stay the queue's."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, Final, TypedDict

from docmill.core.data import MAX_RESULT_BYTES
from docmill.engines.remote.cluster import Cluster
from docmill.engines.remote.dispatcher import Dispatcher
from docmill.engines.remote.runner import ChunkRunner
from docmill.engines.travel import TravelError, is_installed, metadata_obstacles, pack
from docmill.loops import Loop
from docmill.model.options import is_whole
from docmill.ports import ProcessorSpec, Runner

__all__ = ["RemoteEngine", "Settings"]

MAX_PROCESSOR_BYTES: Final = 2**20
"""A processor goes along with every chunk."""


class Settings(TypedDict, total=False):
    """What the engines of all clusters can be told.

    Attributes:
        chunk_seconds: seconds of work in a chunk, above 0; 0.5 if left out.
        max_result_bytes: how large a result may be as JSON; 1 MiB if left out.
        patience: seconds without a connection after which jobs fail with ``engine_lost``; 300 if left out,
            ``math.inf`` for never.
    """

    chunk_seconds: float
    max_result_bytes: int
    patience: float


class RemoteEngine:
    """Sends the documents of all processors to a cluster, in chunks that take about ``chunk_seconds``.

    The documents of a chunk run one after another in one worker, and all of them count as started when it is sent.
    A chunk whose worker dies is *lost*: each of its documents runs again, alone, so that only the one that kills
    workers fails. While the cluster cannot be reached nothing starts, and it is tried again and again.

    Args:
        cluster: the way to the cluster.
        chunk_seconds, max_result_bytes, patience: see ``Settings``.

    Raises:
        ValueError: a number is out of its range.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        chunk_seconds: float = 0.5,
        max_result_bytes: int = MAX_RESULT_BYTES,
        patience: float = 300.0,
    ) -> None:
        if not 0 < chunk_seconds < inf:
            raise ValueError(f"chunk_seconds must be a finite number of seconds above 0, got {chunk_seconds!r}")
        if not is_whole(max_result_bytes, 1):
            raise ValueError(f"max_result_bytes must be a whole number of bytes, 1 or more, got {max_result_bytes!r}")
        if not patience >= 0:
            raise ValueError(f"patience must be a number of seconds, 0 or more, got {patience!r}")
        self._cluster = cluster
        self._chunk_seconds = chunk_seconds
        self._max_result_bytes = max_result_bytes
        self._patience = patience
        self._dispatcher: Dispatcher | None = None

    @property
    def slots(self) -> int:
        """The chunks that the cluster can run at once now; 0 without a connection."""
        return self._dispatcher.slots if self._dispatcher else 0

    def open(self, loop: Loop) -> None:
        """Begin to connect; documents start when that has succeeded.

        Raises:
            RuntimeError: time is virtual on the loop.
        """
        if loop.virtual:
            raise RuntimeError(
                f"{self._cluster.name} runs in real time and cannot be used under virtual time; use LocalEngine there"
            )
        self._dispatcher = Dispatcher(loop, self._cluster, self._patience)

    def bind(self, spec: ProcessorSpec) -> Runner:
        """Make ready one processor; one that cannot travel is an obstacle to all of its jobs."""
        assert self._dispatcher is not None
        try:
            processor = pack((spec.job_type, spec.target, spec.declaration), is_installed)
            problem = _too_large(processor)
        except TravelError as error:
            processor, problem = b"", str(error)
        if problem:
            return Runner.refusing(f"the processor {spec.name} cannot run on {self._cluster.name}: {problem}")
        chunks = ChunkRunner(self._dispatcher, processor, self._chunk_seconds, self._max_result_bytes)
        in_loop = spec.finalize is None or spec.finalize_on_loop
        finalize = spec.finalize if in_loop else chunks.finalize
        return Runner(chunks.submit, finalize, self._dispatcher.seats, self._obstacles, risky=False)

    async def aclose(self) -> None:
        """Let go of the cluster."""
        if self._dispatcher is not None:
            await self._dispatcher.aclose()

    def kill(self) -> None:
        """Let go of the cluster without waiting."""
        if self._dispatcher is not None:
            self._dispatcher.connection.close()

    def _obstacles(self, metadata: Mapping[str, Any]) -> Sequence[str]:
        assert self._dispatcher is not None
        if self._dispatcher.seats.broken is not None:
            return [self._dispatcher.seats.broken]
        return metadata_obstacles(metadata, is_installed)


def _too_large(processor: bytes) -> str:
    if len(processor) <= MAX_PROCESSOR_BYTES:
        return ""
    return (
        f"it has {len(processor):,} bytes as a pickle, and {MAX_PROCESSOR_BYTES:,} are allowed since it goes with "
        "every chunk; load models and tables in the worker, at the first call"
    )
