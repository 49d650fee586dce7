"""Daemon threads that run one call after another, and that nobody has to wait for."""

import threading
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from queue import SimpleQueue
from typing import Any

from anyio import Event, sleep

from docmill.loops import Loop

__all__ = ["Call", "ThreadPool", "spend"]

_spent: ContextVar[list[float]] = ContextVar("docmill virtual seconds")


def spend(seconds: float) -> None:
    """Under virtual time: let the sync call that is running have taken so many virtual seconds more."""
    _spent.get()[0] += seconds


class Call:
    """One call in a thread: wait for it with ``await call.done.wait()``.

    Attributes:
        done: set, in the loop's thread, when the call has ended.
        finished: whether it has ended.
        on_late_end: called in the loop's thread when it has ended after nobody waited for it any more.
        then: called in the call's own thread when it has ended.
    """

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.done = Event()
        self.finished = False
        self.on_late_end: Callable[[], None] | None = None
        self.then: Callable[[], None] | None = None
        self.result: Any = None
        self.error: BaseException | None = None
        self._function = function
        self._arguments = arguments

    def run(self) -> None:
        """Make the call, and keep whatever comes of it."""
        try:
            self.result = self._function(*self._arguments)
        except BaseException as error:  # noqa: BLE001 - it is raised again where the call is awaited
            self.error = error
        self.finished = True
        if self.then is not None:
            self.then()


class ThreadPool:
    """As many daemon threads as there are calls at once; the idle ones wait for the next call.

    A thread cannot be killed. One whose call was left behind ends with it, and nobody waits for it: being a
    daemon, it does not keep the program alive either.
    """

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._idle: list[Worker] = []
        self._workers: set[Worker] = set()
        self._names = 0
        self._closed = False

    @property
    def threads(self) -> int:
        """The threads that are alive, abandoned ones included."""
        return len(self._workers)

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Make a call in a thread and wait for it; if that is cancelled, the call goes on and its end is ignored."""
        call = self.start(function, *arguments)
        try:
            await call.done.wait()
        except BaseException:
            if not call.finished:
                call.on_late_end = _forget
            raise
        if call.error is not None:
            raise call.error
        return call.result

    def start(self, function: Callable[..., Any], *arguments: Any) -> Call:
        """Start a call in an idle thread, or in a new one; under virtual time make it at once."""
        call = Call(function, arguments)
        if self._loop.virtual:
            self._run_inline(call)
            return call
        if self._idle:
            worker = self._idle.pop()
        else:
            self._names += 1
            worker = Worker(self._loop, self._ended, f"docmill-{self._names}")
            self._workers.add(worker)
        worker.calls.put(call)
        return call

    def _run_inline(self, call: Call) -> None:
        seconds = [0.0]
        token = _spent.set(seconds)
        try:
            call.run()
        finally:
            _spent.reset(token)
        if seconds[0]:
            call.finished = False
            self._loop.spawn(partial(self._end_later, call, seconds[0]), "docmill virtual thread")
        else:
            call.done.set()

    async def _end_later(self, call: Call, seconds: float) -> None:
        await sleep(seconds)
        call.finished = True
        call.done.set()
        if call.on_late_end is not None:
            call.on_late_end()

    def close(self) -> None:
        """End the idle threads, and wait for the moment that this takes."""
        self._closed = True
        for worker in self._idle:
            worker.calls.put(None)
        for worker in self._idle:
            worker.thread.join()
            self._workers.discard(worker)
        self._idle.clear()

    def _ended(self, worker: "Worker", call: Call) -> None:
        call.done.set()
        if call.on_late_end is None and not self._closed:
            self._idle.append(worker)
        else:
            worker.calls.put(None)
            self._workers.discard(worker)
        if call.on_late_end is not None:
            call.on_late_end()


def _forget() -> None:
    """Nobody waits any more."""


class Worker:
    """One thread, and the calls handed to it."""

    def __init__(self, loop: Loop, ended: Callable[["Worker", Call], None], name: str) -> None:
        self.calls: SimpleQueue[Call | None] = SimpleQueue()
        self._loop = loop
        self._ended = ended
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while (call := self.calls.get()) is not None:
            call.run()
            left_behind = call.on_late_end is not None
            if not self._loop.call_soon(self._ended, self, call) or left_behind:
                break  # nobody needs this thread any more, and the loop may never run again to say so
            del call  # the result is the loop's now; an idle thread must not keep it alive
