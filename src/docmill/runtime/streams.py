"""Events and outcomes as something to loop over: safe to break out of, since nothing is held over a yield."""

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from anyio.lowlevel import checkpoint

from docmill.core import JobMachine
from docmill.emitter import Emitter, Mailbox
from docmill.errors import QueueClosedError
from docmill.events import DocumentCompleted, DocumentFailed, Event, JobEvent, TerminalEvent
from docmill.model import Ledger, Mark, Outcome
from docmill.runtime.shared import DistantEvents, Elsewhere
from docmill.runtime.signals import Signals, Turn

__all__ = ["DistantBook", "EventStream", "LocalBook", "OutcomeStream"]


class EventStream:
    """The events of one job up to its terminal one, or those of an owner until the queue is closed.

    A progress event that was not fetched yet is replaced by the next one of its job. Those of a job that another
    host runs are ``distant`` ones.
    """

    def __init__(
        self,
        emitter: Emitter,
        job: JobMachine | None,
        owner: str | None,
        *,
        documents: bool,
        distant: DistantEvents | None = None,
    ) -> None:
        self.wants_documents = documents
        self._distant = distant
        self._emitter = emitter
        self.job_id = None if job is None else job.ledger.id
        self._owner = owner
        self._mailbox = Mailbox()
        self._ended = False
        terminal = None if job is None else job.herald.terminal
        if terminal is not None:
            self._mailbox.put(terminal)
            self._ended = True
        elif emitter.closed:
            self._ended = True
        elif distant is None:
            emitter.subscribe(self)

    def move(self, distant: DistantEvents) -> None:
        """Another host has taken over the job: go on with what one can see of it."""
        self._emitter.unsubscribe(self)
        self._distant = distant
        self._mailbox.wake()

    def offer(self, event: Event) -> bool:
        """Take in an event if it belongs here."""
        if not self._wants(event):
            return False
        self._mailbox.put(event)
        if self.job_id is not None and isinstance(event, TerminalEvent):
            self.end()
        return True

    def _wants(self, event: Event) -> bool:
        if isinstance(event, DocumentCompleted | DocumentFailed) and not self.wants_documents:
            return False
        if self.job_id is not None:
            return isinstance(event, JobEvent) and event.job_id == self.job_id
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
            if self._distant is None:
                await self._mailbox.wait()
            else:
                await self._fetch(self._distant)
        event: Event = self._mailbox.pop()
        return event

    async def _fetch(self, distant: DistantEvents) -> None:
        try:
            event = await distant.next()
        except QueueClosedError:
            event = None
        if event is None:
            self._ended = True
        else:
            self._mailbox.put(event)

    async def aclose(self) -> None:
        """Stop listening."""
        self.end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class Book(Protocol):
    """Where the outcomes of a job can be read."""

    @property
    def page(self) -> tuple[Ledger, Mark] | None:
        """As much as there is to be read now; None if nobody has looked yet."""

    async def turn(self) -> "Book":
        """Wait until there may be more, and say where it can be read from then on."""

    def close(self) -> None:
        """Nobody reads it any more."""


class LocalBook:
    """A job of this host.

    Args:
        job: which one.
        signals: tells when there is more.
        moved: where the job can be read that another host has taken over; None as long as none has.
    """

    def __init__(self, job: JobMachine, signals: Signals, moved: Callable[[JobMachine], "DistantBook | None"]) -> None:
        self._job = job
        self._signals = signals
        self._moved = moved
        self._reading = True
        job.follow()

    @property
    def page(self) -> tuple[Ledger, Mark]:
        """What is recorded."""
        return self._job.ledger, self._job.visible

    async def turn(self) -> Book:
        """Wait until the job has changed, or changes hosts."""
        if (moved := self._moved(self._job)) is not None:
            self.close()
            return moved
        await self._signals.wait(self._job, Turn.CHANGED)
        return self

    def close(self) -> None:
        """Stop following the job."""
        if self._reading:
            self._reading = False
            self._job.followers -= 1


class DistantBook:
    """A job that another host runs."""

    def __init__(self, elsewhere: Elsewhere, job_id: str, owner: str | None) -> None:
        self.page: tuple[Ledger, Mark] | None = None
        self._elsewhere = elsewhere
        self._job_id = job_id
        self._owner = owner

    async def turn(self) -> Book:
        """Look until there is more."""
        known = None if self.page is None else self.page[1]
        self.page = await self._elsewhere.following(self._job_id, self._owner, known)
        return self

    def close(self) -> None:
        """There is nothing to stop."""


class OutcomeStream:
    """The outcomes of a job as they settle, from the first one on, whenever it is opened; ends when drained."""

    def __init__(self, book: Book, closed: Callable[[], bool]) -> None:
        self._book = book
        self._closed = closed
        self._ok = 0
        self._failed = 0
        self._open = True

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome:
        await checkpoint()
        while self._open:
            outcome = self._next()
            if outcome is not None:
                return outcome
            page = self._book.page
            if (page is not None and page[1].drained) or self._closed():
                await self.aclose()
            else:
                await self._turn()
        raise StopAsyncIteration

    async def _turn(self) -> None:
        try:
            self._book = await self._book.turn()
        except QueueClosedError:
            await self.aclose()

    def _next(self) -> Outcome | None:
        if self._book.page is None:
            return None
        ledger, mark = self._book.page
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
        self._open = False
        self._book.close()

    def __del__(self) -> None:
        self._book.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
