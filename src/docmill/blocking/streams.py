"""Events and outcomes as something to loop over with ``for``."""

import threading
from collections import deque
from collections.abc import Awaitable
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from anyio import CancelScope, Lock

from docmill.blocking.bridge import Bridge
from docmill.events import Event
from docmill.model import Outcome

__all__ = ["EventStream", "OutcomeStream"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class AsyncStream(Protocol[T_co]):
    """What is looped over, on the queue's own loop."""

    def __anext__(self) -> Awaitable[T_co]:
        """The next one."""
        ...

    async def aclose(self) -> None:
        """Take nothing more."""


class Stream(Generic[T]):
    """Something to loop over with ``for``, from any thread; breaking out is safe, and so is Ctrl-C: nothing is lost.

    Args:
        bridge: the way to the queue.
        stream: what it brings.
        owner: kept alive as long as this is.
    """

    def __init__(self, bridge: Bridge, stream: AsyncStream[T], owner: object) -> None:
        self._bridge = bridge
        self._stream = stream
        self._owner = owner
        self._turn = threading.Lock()
        # What has come is put here first, so that an interrupt of the wait for it cannot lose it.
        self._come: deque[T | None] = deque()
        self._fetching = Lock()
        self._scope: CancelScope | None = None
        self._closed = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        with self._turn:
            if not self._come and not self._closed:
                self._bridge.call(self._fetch)
            if self._closed or self._come[0] is None:
                raise StopIteration
            return self._come.popleft()  # type: ignore[return-value]  # None, which is the end, was looked for above

    async def _fetch(self) -> None:
        # The fetching of an interrupted wait may still go on.
        async with self._fetching:
            if self._come or self._closed:
                return
            with CancelScope() as self._scope:
                try:
                    self._come.append(await self._stream.__anext__())
                except StopAsyncIteration:
                    self._come.append(None)

    def close(self) -> None:
        """Stop listening; a loop over it that waits in another thread ends.

        Raises:
            RuntimeError: it was called in the thread of the queue, such as by a sync listener.
        """
        self._bridge.call(self._aclose)

    async def _aclose(self) -> None:
        self._closed = True
        if self._scope is not None:
            self._scope.cancel()
        await self._stream.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class EventStream(Stream[Event]):
    """The events of one job up to its terminal one, or those of an owner until the queue is closed."""


class OutcomeStream(Stream[Outcome]):
    """The outcomes of a job as they settle, from the first one on; ends when the job is drained."""
