"""The engine of this process: async processors on the event loop, sync ones in threads."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from docmill.engines.threads import ThreadPool
from docmill.loops import Loop
from docmill.ports import EngineContext, ProcessorSpec, Runner

__all__ = ["LocalEngine"]


class LocalEngine:
    """Runs async processors on the event loop and sync ones in daemon threads of its own.

    A thread cannot be killed. When the budget of a document ends, its thread is left behind, counted in
    ``stats().abandoned``, and its seat goes to another thread; what it returns then is dropped.
    """

    def __init__(self) -> None:
        self._pool: ThreadPool | None = None

    @property
    def threads(self) -> int:
        """The threads that are alive, abandoned ones included."""
        return self._pool.threads if self._pool else 0

    def open(self, loop: Loop) -> None:
        """Get ready to run calls on a loop."""
        self._pool = ThreadPool(loop)

    def bind(self, spec: ProcessorSpec) -> Runner:
        """Make ready one processor: what is async is called as it is."""
        return Runner(
            spec.call if spec.on_loop else self._in_thread(spec.call),
            spec.finalize if spec.finalize is None or spec.finalize_on_loop else self._in_thread(spec.finalize),
        )

    async def aclose(self) -> None:
        """End the idle threads."""
        if self._pool:
            self._pool.close()

    def _in_thread(self, function: Callable[[Any, Any], Any]) -> Callable[[Any, EngineContext], Awaitable[Any]]:
        async def submit(argument: Any, context: EngineContext) -> Any:
            assert self._pool is not None
            call = self._pool.start(function, argument, context)
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
