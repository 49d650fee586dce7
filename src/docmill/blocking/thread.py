"""An event loop in a thread of its own."""

import logging
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextvars import Context
from typing import Final, Generic, TypeVar

import anyio
from anyio.from_thread import BlockingPortal

from docmill.loops import Loop, current_loop

__all__ = ["LoopThread", "Said"]

T = TypeVar("T")

STOPPING: Final = 2.0
"""Seconds that tasks which ignore their cancellation may hold up whoever stops the loop; its thread is a daemon."""

logger = logging.getLogger("docmill")


class Said(Generic[T]):
    """What a call in the loop's thread returned, or what it raised.

    A KeyboardInterrupt that a processor raised must reach whoever waits for its job. Raised as it is, it would end
    the loop on its way.
    """

    def __init__(self, value: T | None, error: BaseException | None = None) -> None:
        self._value = value
        self._error = error

    def repeat(self) -> T:
        """Return or raise it here."""
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]  # there is one if there is no error


class LoopThread:
    """An event loop that runs in a daemon thread until it is told to stop.

    Attributes:
        loop: the loop, for what has to be said to it without waiting.

    Args:
        backend: "asyncio" or "trio".

    Raises:
        ImportError: trio is not installed.
    """

    loop: Loop

    def __init__(self, backend: str) -> None:
        self._ready: Future[None] = Future()
        self._portal: BlockingPortal
        self._stop: anyio.Event
        # In a new context: what this thread's one says about the loop that runs here is not true there.
        self._thread = threading.Thread(target=Context().run, args=(self._run, backend), name="docmill", daemon=True)
        self._thread.start()
        try:
            self._ready.result()
        except KeyboardInterrupt:
            self._ready.add_done_callback(lambda _: self.say_stop())
            raise

    @property
    def is_here(self) -> bool:
        """Whether the caller is in the loop's thread, where nothing may block."""
        return threading.current_thread() is self._thread

    def begin(self, function: Callable[[], Awaitable[T]]) -> Future[Said[T]]:
        """Start an async function in the loop; to cancel the future cancels it.

        Raises:
            RuntimeError: the loop is stopped, or this is its thread.
        """
        return self._portal.start_task_soon(_contain, function)

    def begin_look(self, function: Callable[[], T]) -> Future[Said[T]]:
        """The same for a function that does not wait.

        Raises:
            RuntimeError: the loop is stopped, or this is its thread.
        """
        return self._portal.start_task_soon(_contain_sync, function)

    def stop(self) -> None:
        """End the loop, and wait until it has, but not for tasks that do not let themselves be cancelled."""
        self.say_stop()
        self.join(STOPPING)

    def join(self, timeout: float) -> None:
        """Wait for the end of the loop, but not longer than ``timeout`` seconds."""
        self._thread.join(timeout)

    def say_stop(self) -> None:
        """End the loop as soon as it can."""
        if self._ready.exception() is None:
            self.loop.call_soon(self._stop.set)

    def _run(self, backend: str) -> None:
        try:
            anyio.run(self._main, backend=backend)
        except BaseException as error:
            if self._ready.done():
                logger.critical("the event loop of a blocking queue broke", exc_info=error)
            else:
                self._ready.set_exception(error)

    async def _main(self) -> None:
        self.loop = current_loop()
        self._stop = anyio.Event()
        async with BlockingPortal() as self._portal:
            self._ready.set_result(None)
            await self._stop.wait()


async def _contain(function: Callable[[], Awaitable[T]]) -> Said[T]:
    try:
        return Said(await function())
    except (KeyboardInterrupt, SystemExit) as error:
        return Said(None, error)


def _contain_sync(function: Callable[[], T]) -> Said[T]:
    return Said(function())
