"""The engine of this process: async processors on the event loop, sync ones in threads or in worker processes."""

import inspect
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from docmill.core import Seats, Verdict
from docmill.core.data import MAX_RESULT_BYTES, encode
from docmill.engines.processes.pool import ProcessPool
from docmill.engines.threads import ThreadPool
from docmill.loops import Loop
from docmill.model.options import is_whole
from docmill.ports import EngineContext, JudgedError, ProcessorSpec, Runner

__all__ = ["LocalEngine"]


class LocalEngine:
    """Runs async processors on the event loop, and sync ones in daemon threads or in worker processes.

    A thread cannot be killed. When the budget of a document ends, its thread is left behind, counted in
    ``stats().abandoned``, and its seat goes to another thread; what it returns then is dropped.

    A worker process can, and is. It runs one document at a time, of any processor that is declared with
    ``isolation="process"``, in its main thread. It has the program's ``sys.path`` and never imports its
    ``__main__``. Its output and its log records go to the program's log.

    Args:
        max_threads: sync processors that run in threads at once, 1 or more; None for as many as the queue's
            ``max_workers``.
        max_processes: worker processes at once, 1 or more; None for one for each processor core that this
            program may use.
        max_documents_per_worker: documents after which a worker process is replaced by a new one, against
            what parsers leak; None for never.
        max_result_bytes: how large a result of a worker process may be as JSON.

    Raises:
        ValueError: an argument is not a whole number, 1 or more.
    """

    def __init__(
        self,
        *,
        max_threads: int | None = None,
        max_processes: int | None = None,
        max_documents_per_worker: int | None = 1_000,
        max_result_bytes: int = MAX_RESULT_BYTES,
    ) -> None:
        given = {
            "max_threads": max_threads,
            "max_processes": max_processes,
            "max_documents_per_worker": max_documents_per_worker,
        }
        for name, value in given.items():
            if value is not None and not is_whole(value, 1):
                raise ValueError(f"{name} must be a whole number, 1 or more, or None, got {value!r}")
        if not is_whole(max_result_bytes, 1):
            raise ValueError(f"max_result_bytes must be a whole number of bytes, 1 or more, got {max_result_bytes!r}")
        self._thread_seats = None if max_threads is None else Seats(max_threads)
        self._max_processes = _usable_cores() if max_processes is None else max_processes
        self._max_documents_per_worker = max_documents_per_worker
        self._max_result_bytes = max_result_bytes
        self._loop: Loop | None = None
        self._threads: ThreadPool | None = None
        self._processes: ProcessPool | None = None

    @property
    def threads(self) -> int:
        """The threads of processors that are alive, abandoned ones included."""
        return self._threads.threads if self._threads else 0

    @property
    def processes(self) -> int:
        """The worker processes that are alive, those included that are starting or ending."""
        return len(self._processes.workers) if self._processes else 0

    def open(self, loop: Loop) -> None:
        """Get ready to run calls on a loop."""
        self._loop = loop
        self._threads = ThreadPool(loop)
        self._processes = ProcessPool(loop, self._max_processes, self._max_documents_per_worker, self._max_result_bytes)

    def bind(self, spec: ProcessorSpec) -> Runner:
        """Make ready one processor: what is async is called as it is."""
        assert self._loop is not None
        if spec.declaration.isolation == "process":
            return self._in_processes(spec)
        return Runner(
            spec.call if spec.on_loop else self._in_thread(spec.call),
            spec.finalize if spec.finalize is None or spec.finalize_on_loop else self._in_thread(spec.finalize),
            None if spec.on_loop else self._thread_seats,
        )

    async def aclose(self) -> None:
        """End the idle threads and all worker processes."""
        if self._processes:
            await self._processes.aclose()
        if self._threads:
            self._threads.close()

    def kill(self) -> None:
        """Kill the worker processes, and end the idle threads."""
        if self._processes:
            self._processes.kill()
        if self._threads:
            self._threads.close()

    def _in_processes(self, spec: ProcessorSpec) -> Runner:
        assert self._loop is not None
        assert self._processes is not None
        if self._loop.virtual:
            finalize = spec.finalize
            if finalize is None or spec.finalize_on_loop:
                return Runner(self._as_in_process(spec.call), finalize, risky=False)
            return Runner(self._as_in_process(spec.call), self._as_in_process(finalize), risky=False)
        if os.name != "posix":
            problem = f"isolation='process' of {spec.name} needs Linux or another POSIX system; leave it out here"
            return Runner.refusing(problem)
        return self._processes.bind(spec)

    def _as_in_process(self, function: Callable[[Any, Any], Any]) -> Callable[[Any, EngineContext], Awaitable[Any]]:
        """Under virtual time: called at once, in this process, with what a worker process makes of the result."""

        async def submit(argument: Any, context: EngineContext) -> Any:
            assert self._threads is not None
            call = self._threads.start(function, argument, context)
            try:
                await call.done.wait()
            except BaseException:
                if not call.finished:
                    raise
            if call.error is not None:
                raise call.error
            answer = encode(call.result, self._max_result_bytes)
            if isinstance(answer, Verdict):
                raise JudgedError(answer)
            return json.loads(answer)

        return submit

    def _in_thread(self, function: Callable[[Any, Any], Any]) -> Callable[[Any, EngineContext], Awaitable[Any]]:
        async def submit(argument: Any, context: EngineContext) -> Any:
            assert self._threads is not None
            call = self._threads.start(function, argument, context)
            try:
                await call.done.wait()
            except BaseException:
                if not call.finished:
                    context.left_behind = True
                    call.on_late_end = context.came_back
                    raise
            if call.error is not None:
                raise call.error
            if inspect.isawaitable(call.result):
                return await call.result  # such as a lambda that calls an async function
            return call.result

        return submit


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
