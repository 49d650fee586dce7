"""Events and outcomes as something to loop over: safe to break out of, since nothing is held over a yield."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from anyio.lowlevel import checkpoint

from docmill.core import JobMachine
from docmill.emitter import Emitter, Mailbox
from docmill.events import DocumentCompleted, DocumentFailed, Event, JobEvent, TerminalEvent
from docmill.model import Outcome
from docmill.runtime.signals import Signals, Turn

__all__ = ["EventStream", "OutcomeStream"]


class EventStream:
    """The events of one job up to its terminal one, or those of an owner until the queue is closed.

    A progress event that was not fetched yet is replaced by the next one of its job.
    """

    def __init__(self, emitter: Emitter, job: JobMachine | None, owner: str | None, *, documents: bool) -> None:
        self.wants_documents = documents
        self._emitter = emitter
        self._job_id = None if job is None else job.ledger.id
        self._owner = owner
        self._mailbox = Mailbox()
        self._ended = False
        terminal = None if job is None else job.herald.terminal
        if terminal is not None:
            self._mailbox.put(terminal)
            self._ended = True
        elif emitter.closed:
            self._ended = True
        else:
            emitter.subscribe(self)

    def offer(self, event: Event) -> bool:
        """Take in an event if it belongs here."""
        if not self._wants(event):
            return False
        self._mailbox.put(event)
        if self._job_id is not None and isinstance(event, TerminalEvent):
            self.end()
        return True

    def _wants(self, event: Event) -> bool:
        if isinstance(event, DocumentCompleted | DocumentFailed) and not self.wants_documents:
            return False
        if self._job_id is not None:
            return isinstance(event, JobEvent) and event.job_id == self._job_id
        return self._owner is None or (isinstance(event, JobEvent) and event.owner == self._owner)

    def end(self) -> None:
        """No event will follow those that wait."""
        self._ended = True
        self._emitter.unsubscribe(self)
        self._mailbox.wake()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        await checkpoint()
        while not self._mailbox:
            if self._ended:
                raise StopAsyncIteration
            await self._mailbox.wait()
        event: Event = self._mailbox.pop()
        return event

    async def aclose(self) -> None:
        """Stop listening."""
        self.end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class OutcomeStream:
    """The outcomes of a job as they settle, from the first one on, whenever it is opened; ends when drained."""

    def __init__(self, job: JobMachine, signals: Signals, closed: Callable[[], bool]) -> None:
        self._job = job
        self._signals = signals
        self._closed = closed
        self._ok = 0
        self._failed = 0
        self._open = True
        job.follow()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome:
        await checkpoint()
        while self._open:
            outcome = self._next()
            if outcome is not None:
                return outcome
            if self._job.visible.drained or self._closed():
                await self.aclose()
            else:
                await self._signals.wait(self._job, Turn.CHANGED)
        raise StopAsyncIteration

    def _next(self) -> Outcome | None:
        ledger, mark = self._job.ledger, self._job.visible
        ok = ledger.ok[self._ok] if self._ok < mark.ok else None
        failed = ledger.failed[self._failed] if self._failed < mark.failed else None
        if ok is not None and (failed is None or ok[3] <= failed[3]):
            self._ok += 1
            return ledger.result(ok)
        if failed is not None:
            self._failed += 1
            return ledger.failure(failed)
        return None

    async def aclose(self) -> None:
        """Stop following the job."""
        if self._open:
            self._open = False
            self._job.followers -= 1

    def __del__(self) -> None:
        if self._open:
            self._job.followers -= 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
