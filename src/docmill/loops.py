"""The little about an event loop for which anyio has no neutral word, for asyncio and trio."""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from math import inf
from typing import Any, Protocol

from anyio import NoEventLoopError
from anyio.lowlevel import current_token

__all__ = ["Loop", "current_loop"]

MainFunction = Callable[[], Coroutine[Any, Any, None]]


class Loop(Protocol):
    """A running event loop."""

    cancelled: type[BaseException]
    """What the loop raises in a task that is cancelled."""

    time: Callable[[], float]
    """The loop's monotonic clock, in seconds; cheap enough to be read for every document."""

    virtual: bool
    """Whether time is virtual, so that threads must not be used and nothing can block the loop."""

    def spawn(self, main: MainFunction, name: str) -> None:
        """Run ``main`` as a task of the loop itself, outside of everybody's task groups.

        It runs in a copy of the context in which this object was made. ``main`` must not let an exception out.
        """
        ...

    def is_ending(self) -> bool:
        """Whether the cancellation in this task is the loop's own, which ends all tasks that it has spawned."""
        ...

    def call_soon(self, function: Callable[..., object], *args: object) -> bool:
        """Call a function in the loop's thread, from any thread; False if the loop is closed."""
        ...

    def watch(self, descriptor: int, readable: Callable[[], object]) -> Callable[[], None]:
        """Call ``readable`` whenever a file descriptor has something to read or is at its end.

        ``readable`` must not raise. What is given back ends it, any number of times; call it before you close
        the descriptor.
        """
        ...


class AsyncioLoop:
    """asyncio's event loop, or uvloop's."""

    cancelled: type[BaseException] = asyncio.CancelledError

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._context = copy_context()
        self._tasks: set[asyncio.Task[None]] = set()
        self.virtual: bool = getattr(loop, "virtual_time", False)
        # The stock loop's time is the system's monotonic clock, behind one call more.
        stock = type(loop).time is asyncio.BaseEventLoop.time
        self.time: Callable[[], float] = time.monotonic if stock else loop.time

    def spawn(self, main: MainFunction, name: str) -> None:
        # The loop keeps only a weak reference to a task.
        task = self._loop.create_task(main(), name=name, context=self._context.copy())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def is_ending(self) -> bool:
        return all(task.cancelling() for task in self._tasks)

    def call_soon(self, function: Callable[..., object], *args: object) -> bool:
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            return False
        return True

    def watch(self, descriptor: int, readable: Callable[[], object]) -> Callable[[], None]:
        self._loop.add_reader(descriptor, readable)
        watching = True

        def unwatch() -> None:
            nonlocal watching
            if watching:  # the number may be another file's by the time of a second call
                watching = False
                self._loop.remove_reader(descriptor)

        return unwatch


class TrioLoop:
    """trio's event loop."""

    def __init__(self, token: Any) -> None:
        import trio

        self._token = token
        self._context = copy_context()
        self._trio = trio
        self.cancelled: type[BaseException] = trio.Cancelled
        clock = trio.lowlevel.current_clock()
        self.time: Callable[[], float] = clock.current_time
        # Only trio's MockClock has this, and it is finite for one that jumps.
        self.virtual: bool = getattr(clock, "autojump_threshold", inf) < inf

    def spawn(self, main: MainFunction, name: str) -> None:
        self._trio.lowlevel.spawn_system_task(main, name=name, context=self._context.copy())

    def is_ending(self) -> bool:
        nursery = self._trio.lowlevel.current_task().parent_nursery
        return nursery is not None and nursery.cancel_scope.cancel_called

    def call_soon(self, function: Callable[..., object], *args: object) -> bool:
        try:
            self._token.run_sync_soon(function, *args)
        except self._trio.RunFinishedError:
            return False
        return True

    def watch(self, descriptor: int, readable: Callable[[], object]) -> Callable[[], None]:
        watching = True

        async def watch() -> None:
            while watching:
                try:
                    await self._trio.lowlevel.wait_readable(descriptor)
                except self._trio.ClosedResourceError:
                    return
                if watching:
                    readable()

        def unwatch() -> None:
            nonlocal watching
            if watching:
                watching = False
                with suppress(RuntimeError):  # trio is gone, and with it who could be waiting
                    self._trio.lowlevel.notify_closing(descriptor)

        self.spawn(watch, "docmill watch")
        return unwatch


def current_loop() -> Loop:
    """The event loop that runs in this thread.

    Raises:
        NoEventLoopError: none does.
    """
    token = current_token().native_token
    if isinstance(token, asyncio.AbstractEventLoop):
        return AsyncioLoop(token)
    if "trio" not in sys.modules:
        raise NoEventLoopError(f"docmill runs on asyncio and trio, not on {type(token).__name__}")
    return TrioLoop(token)
