"""One call of a processor: what it is given, and how it is watched."""

import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import suppress
from functools import partial
from math import isnan
from types import MappingProxyType
from typing import Any, Final

from anyio import CancelScope, Event

from docmill.core.verdict import describe

__all__ = ["JOB_TYPE", "Call", "ProbeContext"]

JOB_TYPE: Final = "CONFORMANCE"


class ProbeContext:
    """A context that remembers what it was asked and told.

    Attributes:
        reads: how often ``remaining()`` was called.
        fractions: what was reported, as it was given.
        left_behind: set by the engine if the call goes on although it was cancelled.
    """

    job_id = "job_conformance"
    job_type = JOB_TYPE
    attempt = 1
    owner = None

    def __init__(self, document_id: str, seconds: float, metadata: Mapping[str, Any]) -> None:
        self.document_id = document_id
        self.metadata: Mapping[str, Any] = MappingProxyType(dict(metadata))
        self.reads = 0
        self.fractions: list[Any] = []
        self.left_behind = False
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left of the budget, never less than 0."""
        self.reads += 1
        return max(0.0, self._end - time.monotonic())

    def report(self, fraction: Any, message: str = "") -> None:  # noqa: ARG002 - the words are for people
        """Remember a fraction, and refuse what the queue's own context refuses."""
        self.fractions.append(fraction)
        if not isinstance(fraction, int | float) or isnan(fraction):
            raise ValueError(f"a fraction must be a number from 0.0 to 1.0, got {fraction!r}")

    def came_back(self) -> None:
        """Nobody waits for a call that was left behind."""


class Call:
    """One call, taken through all of its waits, so that it can be cancelled at any of them.

    Awaiting it is awaiting the processor, with a look at each step.

    Attributes:
        context: what the processor was given.
        value: what it returned.
        error: what it raised, but for a cancellation that it was told of and let through.
        waits: how often it has given the event loop a turn.
        longest: seconds of its longest step between two waits.
        seconds: from the start to the end.
        told: whether the cancellation has reached it.
        lingers: whether it was still running when the kit went on without it.
        turned: set when it was cancelled or has ended.
        done: set when it has ended.
    """

    def __init__(
        self,
        context: ProbeContext,
        submit: Callable[[str, Any], Awaitable[Any]],
        cancelled: type[BaseException],
        cancel_at: int = 0,
    ) -> None:
        self.context = context
        self.value: Any = None
        self.error: BaseException | None = None
        self.waits = 0
        self.longest = 0.0
        self.seconds = 0.0
        self.told = self.lingers = False
        self.turned = Event()
        self.done = Event()
        self._submit = submit
        self._cancelled = cancelled
        self._cancel_at = cancel_at
        self._scope = CancelScope()
        self._given_up = False

    async def run(self) -> None:
        """Make the call, and keep whatever comes of it."""
        begin = time.monotonic()
        try:
            with self._scope:
                self.value = await self
        except BaseException as error:  # noqa: BLE001 - whatever a processor raises is a finding
            self.error = error
        self.seconds = time.monotonic() - begin
        self.done.set()
        self.turned.set()

    def cancel(self) -> None:
        """Cancel it as the queue would."""
        self._scope.cancel()
        self.turned.set()

    def give_up(self) -> None:
        """Go on without it; it is thrown away when it next gets a turn."""
        self.lingers = self._given_up = True

    @property
    def stopped(self) -> bool:
        """Whether it has let its cancellation through."""
        return self._scope.cancelled_caught

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        if self.error is not None:
            return f"raised {describe(self.error)}"
        return f"returned a {type(self.value).__qualname__}"

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._submit(self.context.document_id, self.context).__await__()
        step = partial(steps.send, None)
        while True:
            begin = time.monotonic()
            try:
                waits_for = step()
            except StopIteration as end:
                return end.value
            finally:
                self.longest = max(self.longest, time.monotonic() - begin)
            self.waits += 1
            if self.waits == self._cancel_at:
                self.cancel()
            try:
                answer = yield waits_for
            except BaseException as error:  # noqa: BLE001 - it is the processor's to see
                self._hear(error)
                step = partial(steps.throw, error)
            else:
                self._hear(getattr(answer, "error", None))  # trio has the wait itself raise
                step = partial(steps.send, answer)
            if self._given_up:
                with suppress(BaseException):
                    steps.close()
                return None

    def _hear(self, error: BaseException | None) -> None:
        if self._scope.cancel_called and isinstance(error, self._cancelled):
            self.told = True
