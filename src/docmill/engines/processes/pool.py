"""The worker processes of an engine: how many there are, and which call each one runs."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from typing import Any, Final

from anyio import CancelScope, Event, move_on_after, sleep

from docmill.core import Seats, Verdict
from docmill.core.verdict import describe
from docmill.engines.calls import read_verdict
from docmill.engines.processes.frames import Kind, call_frame, frame
from docmill.engines.processes.worker_process import Call, WorkerProcess
from docmill.engines.travel import TravelError, metadata_obstacles, pack
from docmill.loops import Loop
from docmill.model import FailureCode
from docmill.ports import EngineContext, JudgedError, ProcessorSpec, Runner

__all__ = ["ProcessPool"]

PATIENCE: Final = 1.0
"""Seconds that workers have to end by themselves when the queue closes."""

MISFIRES: Final = 3
"""Workers in a row that may die before they are warm. Then attempts are let in to find out, and to fail."""

WARM_UP: Final = 60.0
"""Seconds in which a worker has to start and to load every processor."""

FIRST_WAIT: Final = 0.05
LONGEST_WAIT: Final = 5.0

logger = logging.getLogger("docmill")


class ProcessPool:
    """Up to ``max_processes`` workers, each of which can run every processor of the queue that wants one.

    The seats are the warm workers: those that have loaded every processor. So the budget of a document begins
    when a worker is handed it, however long a new one takes to start and to import.

    Args:
        loop: the loop on which the queue runs.
        max_processes: the most workers that are alive at once.
        max_documents_per_worker: calls after which a worker is replaced; None for never.
        max_result_bytes: how large a result may be as JSON.
    """

    def __init__(
        self, loop: Loop, max_processes: int, max_documents_per_worker: int | None, max_result_bytes: int
    ) -> None:
        self.seats = Seats(call=self._recruit)
        self.workers: dict[WorkerProcess, None] = {}
        self._loop = loop
        self._max_processes = max_processes
        self._max_calls = inf if max_documents_per_worker is None else max_documents_per_worker
        self._max_result_bytes = max_result_bytes
        self._loads: list[bytes] = []
        self._names: list[str] = []
        self._deaths: Counter[int] = Counter()
        self._timers: set[CancelScope] = set()
        self._idle: list[WorkerProcess] = []
        self._warm: set[WorkerProcess] = set()
        self._misfires = 0
        self._misfire = ""
        self._resting = False
        self._spare_seat = False
        self._closed = False
        self._change = Event()

    def bind(self, spec: ProcessorSpec) -> Runner:
        """Make ready a processor; one that cannot travel is an obstacle to all of its jobs."""
        try:
            load = pack((spec.job_type, spec.target, spec.declaration))
        except TravelError as error:
            problem = f"the processor {spec.name} cannot run in a worker process: {error}"
            return Runner.refusing(problem)
        number = len(self._loads)
        self._loads.append(frame(Kind.LOAD, load))
        self._names.append(spec.name)
        while self._idle:
            self._cool(worker := self._idle.pop())
            self._settle_in(worker)

        async def submit(document_id: str, context: EngineContext) -> Any:
            def request(call: int) -> bytes:
                return call_frame(call, number, context.attempt, context.remaining(), document_id)

            return await self._run(request, context)

        async def finalize(outcomes: Sequence[Any], context: EngineContext) -> Any:
            def request(call: int) -> bytes:
                return frame(Kind.FINALIZE, pack((call, number, list(outcomes), context.remaining())))

            return await self._run(request, context)

        in_loop = spec.finalize is None or spec.finalize_on_loop
        return Runner(submit, spec.finalize if in_loop else finalize, self.seats, metadata_obstacles, risky=False)

    async def aclose(self) -> None:
        """End all workers, and wait until their processes are gone."""
        self._stop()
        for worker in self.workers:
            worker.dismiss()
        with CancelScope(shield=True):
            with move_on_after(PATIENCE):
                await self._all_gone()
            for worker in self.workers:
                worker.kill()
            await self._all_gone()

    def kill(self) -> None:
        """Kill all workers, and wait for none: nobody will hear of their death any more."""
        self._stop()
        for worker in self.workers:
            worker.abandon()
        self.workers.clear()

    def _stop(self) -> None:
        self._closed = True
        for timer in self._timers:
            timer.cancel()

    def _after(self, seconds: float, then: Callable[[], None]) -> None:
        """Do something later, unless the pool is closed before."""

        async def wait() -> None:
            with CancelScope() as scope:
                self._timers.add(scope)
                await sleep(seconds)
            self._timers.discard(scope)
            if not self._closed:
                then()

        self._loop.spawn(wait, "docmill pool timer")

    def _tell(self) -> None:
        """Wake all who wait for a change."""
        change, self._change = self._change, Event()
        change.set()

    async def _all_gone(self) -> None:
        while self.workers:
            await self._change.wait()

    async def _run(self, request: Callable[[int], bytes], context: EngineContext) -> Any:
        worker = await self._take_worker()
        call = worker.ask(context.report)
        try:
            await worker.send(self._introduce(worker, context) + request(call.number))
            await call.done.wait()
        except BaseException:
            if call.kind is None:
                self._cool(worker)
                worker.kill()
                raise
        return self._answer(worker, call)

    def _introduce(self, worker: WorkerProcess, context: EngineContext) -> bytes:
        if worker.job_id == context.job_id:
            return b""
        worker.job_id = context.job_id
        return frame(Kind.JOB, pack((context.job_id, context.job_type, context.owner, dict(context.metadata))))

    def _answer(self, worker: WorkerProcess, call: Call) -> Any:
        if call.kind is None:
            raise JudgedError(_died(worker.reason))
        try:
            answer = json.loads(call.body.decode())
            verdict, worn = (None, False) if call.kind is Kind.RESULT else _verdict(answer)
        except Exception as error:
            self._cool(worker)
            reason = f"gave an answer that cannot be read ({describe(error)})"
            worker.kill(reason)
            raise JudgedError(_died(f"{reason} and was killed")) from error
        self._release(worker, worn=worn)
        if verdict is not None:
            raise JudgedError(verdict)
        return answer

    async def _take_worker(self) -> WorkerProcess:
        """A warm worker. There is one, unless it has died since the seat was taken, or none can be started."""
        while not self._idle:
            misfires = self._misfires
            if not self._coming and len(self.workers) < self._max_processes:
                self._start()
            await self._change.wait()
            if self._misfires > misfires:
                raise JudgedError(_died(f"{self._misfire} before it was ready"))
        return self._idle.pop()

    @property
    def _coming(self) -> int:
        """How many workers will be warm soon."""
        return sum(not worker.dying and worker not in self._warm for worker in self.workers)

    def _recruit(self) -> None:
        """Jobs are in line, and all warm workers are busy."""
        missing = self._max_processes - len(self.workers)
        if missing <= 0 or self._resting or self._closed:
            return
        coming = self._coming
        for _ in range(self.seats.line.demand(missing + coming) - coming):
            self._start()

    def _start(self) -> None:
        worker = WorkerProcess(self._loop, self, self._max_result_bytes)
        self.workers[worker] = None
        self._settle_in(worker)
        self._after(WARM_UP, partial(self._see_that_it_is_warm, worker))

    def _see_that_it_is_warm(self, worker: WorkerProcess) -> None:
        if worker in self.workers and not worker.dying and not worker.calls and worker not in self._warm:
            worker.kill(f"was not ready within {WARM_UP:g} s")

    def _settle_in(self, worker: WorkerProcess) -> None:
        """Have a worker load what it has not loaded yet."""
        loads = self._loads[worker.sent :]
        worker.sent = len(self._loads)
        worker.post(b"".join(loads))

    def loaded(self, worker: WorkerProcess) -> None:
        """A worker has loaded a processor, or found that it cannot: then it knows what to answer for it."""
        if worker.dying or worker.loaded < worker.sent:
            return
        if worker.sent < len(self._loads):
            self._settle_in(worker)
            return
        self._misfires = 0
        change = 1
        if self._spare_seat:
            self._spare_seat, change = False, 0
        self._warm.add(worker)
        self._idle.append(worker)
        self.seats.resize(change)
        self._tell()

    def died(self, worker: WorkerProcess) -> None:
        """A worker's process is gone."""
        self.workers.pop(worker, None)
        if worker in self._idle:
            self._idle.remove(worker)
        was_warm = worker in self._warm
        self._cool(worker)
        if not worker.expected:
            logger.warning("worker process %s %s", worker.pid, worker.reason)
            if not was_warm and (worker.loaded < worker.sent or not worker.calls):
                self._misfired(worker)
        self._tell()
        self.seats.changed()

    def _misfired(self, worker: WorkerProcess) -> None:
        """A worker has died before it was warm: do not try again at once."""
        self._misfires += 1
        self._misfire = worker.reason
        if worker.started and worker.loaded < worker.sent:
            self._blame(worker.loaded, worker.reason)
        if self._misfires >= MISFIRES and not self._warm and not self._spare_seat:
            self._spare_seat = True
            self.seats.resize(1)
        if not self._resting and not self._closed:
            self._resting = True
            self._after(min(FIRST_WAIT * 2**self._misfires, LONGEST_WAIT), self._rested)

    def _blame(self, number: int, reason: str) -> None:
        """A worker has died while it loaded a processor. Those that make a habit of it are not loaded any more."""
        self._deaths[number] += 1
        if self._deaths[number] == MISFIRES:
            reason = f"loading it has ended {MISFIRES} worker processes; the last one {reason}"
            logger.error("the processor %s is given up: %s", self._names[number], reason)
            self._loads[number] = frame(Kind.LOAD, pack(reason))

    def _rested(self) -> None:
        self._resting = False
        self.seats.changed()

    def _release(self, worker: WorkerProcess, *, worn: bool) -> None:
        """A worker has answered: it is idle again, or it has served its time."""
        if worker.dying:
            self._cool(worker)
            return
        if worn or worker.calls >= self._max_calls:
            self._cool(worker)
            worker.dismiss()
            self._after(PATIENCE, partial(self._see_that_it_ends, worker))
        elif worker.sent < len(self._loads):
            self._cool(worker)
            self._settle_in(worker)
        else:
            self._idle.append(worker)
            self._tell()

    def _see_that_it_ends(self, worker: WorkerProcess) -> None:
        """A thread or an atexit handler that its processor has left behind may keep it alive."""
        if worker in self.workers:
            worker.kill()

    def _cool(self, worker: WorkerProcess) -> None:
        """A worker is not warm any more."""
        if worker in self._warm:
            self._warm.discard(worker)
            self.seats.resize(-1)


def _verdict(answer: Any) -> tuple[Verdict, bool]:
    """What a worker says of a failed attempt, and whether it has to be replaced."""
    *verdict, worn = answer
    return read_verdict(*verdict), bool(worn)


def _died(reason: str) -> Verdict:
    return Verdict(FailureCode.WORKER_DIED, f"the worker process {reason}", retry=True, counted=False)
