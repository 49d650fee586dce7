"""The way from any thread to a queue on its event loop, while there is one, and after it."""

import atexit
import os
import threading
import warnings
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from docmill.blocking.thread import LoopThread, Said
from docmill.errors import ForkedQueueError

__all__ = ["BACKENDS", "Bridge", "until_forgotten"]

T = TypeVar("T")

BACKENDS: Final = ("asyncio", "trio")

AT_EXIT: Final = 5.0
"""Seconds for which a queue that was not closed may hold up the interpreter's exit, at most."""

FORGOTTEN: Final = 10.0
"""Seconds that the running attempts of a queue have which nobody can reach any more."""


class Bridge:
    """Brings calls to a queue that lives on an event loop in a thread of its own.

    The thread starts with ``open`` and ends with ``close``. Before and after, what does not have to wait is called
    where it is, since nothing runs that it could disturb; the rest has a loop for the one call.

    Args:
        backend: "asyncio" or "trio".
        aclose: closes the queue, given a number of seconds.

    Raises:
        ValueError: there is no such backend.
    """

    def __init__(self, backend: str, aclose: Callable[[float], Awaitable[None]]) -> None:
        if backend not in BACKENDS:
            raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, got {backend!r}")
        self._backend = backend
        self._aclose = aclose
        self._lock = threading.Lock()
        self._thread: LoopThread | None = None
        self._pid = 0
        self._closed = False
        # No call may be on its way into a loop that ends: nobody would ever answer it.
        self._gate = threading.Lock()
        self._stopped = False

    def open(self) -> None:
        """Start the thread, unless it runs, or ran once."""
        self._check_process()
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = LoopThread(self._backend)
                self._pid = os.getpid()
                _open.add(self)

    def begin(self, function: Callable[[], Awaitable[T]]) -> Future[Said[T]]:
        """Start an async function in the loop; to cancel the future cancels it.

        Raises:
            RuntimeError: this is the loop's own thread, which must not wait for itself.
            ForkedQueueError: the thread is in another process.
        """
        self._check_process()
        if self._thread is not None:
            if self._thread.is_here:
                raise RuntimeError(
                    "this call waits, and was made in the thread of the queue itself, such as by a sync listener, "
                    "which would wait for ever; make it in another thread"
                )
            with self._gate:
                if not self._stopped:
                    return self._thread.begin(function)
        aside = LoopThread(self._backend)
        future = aside.begin(function)
        future.add_done_callback(lambda _: aside.say_stop())
        return future

    def call(self, function: Callable[[], Awaitable[T]], timeout: float | None = None) -> T:
        """Run an async function in the loop and wait for it; if the wait is interrupted, it is cancelled.

        Raises:
            RuntimeError: this is the loop's own thread, which must not wait for itself.
            ForkedQueueError: the thread is in another process.
            TimeoutError: it took longer than ``timeout`` seconds.
        """
        future = self.begin(function)
        try:
            said = future.result(timeout)
        except BaseException as error:
            future.cancel()
            if isinstance(error, TimeoutError):
                raise TimeoutError(f"waited for {timeout} s, and it has not ended; it goes on") from None
            raise
        return said.repeat()

    def look(self, function: Callable[[], T]) -> T:
        """Call a function that does not wait in the loop's thread, where nothing changes under its hands."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    return function()
        if self._thread.is_here or self._is_elsewhere():
            return function()
        with self._gate:
            future = None if self._stopped else self._thread.begin_look(function)
        return function() if future is None else future.result().repeat()

    def close(self, closing: Callable[[], Awaitable[None]]) -> None:
        """Close the queue, and end the thread. If that is interrupted, it goes on in the background, at once.

        Args:
            closing: closes the queue in the way that is wanted.

        Raises:
            RuntimeError: this is the loop's own thread, which must not wait for itself.
            ForkedQueueError: the thread is in another process.
        """
        self._check_process()
        with self._lock:
            self._closed = True
            thread = self._thread
        try:
            said = self.begin(closing).result()
        except KeyboardInterrupt:
            if thread is not None:
                self._close_soon(thread, 0.0)
            raise
        if thread is not None:
            with self._gate:
                self._stopped = True
            thread.stop()
            _open.discard(self)
        said.repeat()

    def close_at_exit(self) -> None:
        """Close an open queue without regard for what it is doing, and do not wait long."""
        thread = self._thread
        if thread is not None and not self._is_elsewhere():
            self._close_soon(thread, 0.0)
            thread.join(AT_EXIT)

    def forget(self) -> None:
        """Close an open queue, and do not wait at all: nobody can reach it any more. In any thread, at any moment."""
        thread = self._thread
        if thread is None or self._closed or self._is_elsewhere():
            return
        self._closed = True
        self._close_soon(thread, FORGOTTEN)
        warnings.warn(
            "a blocking queue was forgotten while it was open, and closes itself: what runs has "
            f"{FORGOTTEN:g} s to end; use it in a with block, or close it",
            ResourceWarning,
            stacklevel=2,
        )

    def _close_soon(self, thread: LoopThread, timeout: float) -> None:
        """Close the queue and end the thread in the background, even if the loop is blocked now."""

        async def close() -> None:
            await self._aclose(timeout)
            self._stopped = True
            thread.say_stop()

        thread.loop.call_soon(thread.loop.spawn, close, "docmill closing")

    def _is_elsewhere(self) -> bool:
        return self._thread is not None and self._pid != os.getpid()

    def _check_process(self) -> None:
        if self._is_elsewhere():
            raise ForkedQueueError(
                f"this queue was opened in process {self._pid} and does not work in its fork {os.getpid()}; "
                "make a queue of its own here"
            )


_open: weakref.WeakSet[Bridge] = weakref.WeakSet()
"""Those to be closed when the interpreter exits."""


@atexit.register
def _close_all() -> None:
    for bridge in list(_open):
        bridge.close_at_exit()


def until_forgotten(bridge: Bridge, owner: Any) -> None:
    """Let a bridge close itself when its owner is garbage."""
    weakref.finalize(owner, bridge.forget).atexit = False
