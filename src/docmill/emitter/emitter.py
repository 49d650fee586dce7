"""Who hears what: listeners in pyee's style, each of them safe from the others.

Sync listeners run inline, in order. Each async listener has a lane of its own, in which it hears events in
order, however slow it or anybody else is. What a listener raises is logged and counted, emitted as "error"
if somebody listens to that, and changes nothing else.
"""

import inspect
import logging
import weakref
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from itertools import count
from typing import Any, Protocol

from anyio import Event as Signal
from pyee import EventEmitter

from docmill.emitter.mailbox import Mailbox
from docmill.events import DocumentCompleted, DocumentFailed, Event

__all__ = ["Emitter", "Subscriber"]

logger = logging.getLogger("docmill")

Listener = Callable[..., Any]


class Subscriber(Protocol):
    """Somebody who takes every event as it comes, such as an event stream."""

    wants_documents: bool

    def offer(self, event: Event) -> None:
        """Take the event or leave it; must not raise."""

    def end(self) -> None:
        """No event will follow."""


class Lane:
    """The events of one async listener, and the task that brings them to it."""

    def __init__(self, emitter: "Emitter", listener: Listener) -> None:
        self.mailbox = Mailbox()
        self.busy = False
        self._emitter = emitter
        self._listener = listener

    async def run(self) -> None:
        """Call the listener for one event after another, until the queue is closed."""
        while True:
            while self.mailbox:
                self.busy = True
                await self._hear(self.mailbox.pop())
            self.busy = False
            self._emitter.lane_idle()
            await self.mailbox.wait()

    async def _hear(self, item: Any) -> None:
        try:
            if isinstance(item, Late):
                await item.awaitable
            else:
                await self._listener(item)
        except BaseException as error:
            if self._emitter.is_cancellation(error):
                raise
            self._emitter.listener_failed(self._listener, error)


class Late:
    """What a sync listener returned that has to be awaited, such as a lambda's coroutine."""

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self.awaitable = awaitable


class Emitter(EventEmitter):
    """pyee's emitter, with a lane for each async listener, and without exceptions that get away.

    ``name in emitter`` says whether somebody hears an event, so that it need not be made for nobody.

    Attributes:
        closed: whether nothing will be emitted any more.
        failures: how often a listener has raised.
        on_follow: called when somebody begins to listen to single documents.
        on_interrupt: called with a KeyboardInterrupt that a listener raised.
    """

    def __init__(self, on_follow: Callable[[], None], on_interrupt: Callable[[BaseException], None]) -> None:
        super().__init__()
        self.failures = 0
        self.closed = False
        self.on_follow = on_follow
        self.on_interrupt = on_interrupt
        self.is_cancellation: Callable[[BaseException], bool] = lambda _: False
        self._spawn: Callable[..., object] | None = None
        self._lanes: dict[Listener, Lane] = {}
        self._is_async: dict[Listener, bool] = {}
        self._subscribers: dict[int, weakref.ref[Subscriber]] = {}
        self._numbers = count()
        self._idle = Signal()

    def __contains__(self, name: object) -> bool:
        if name in self._events:
            return True
        documents = name in (DocumentCompleted.name, DocumentFailed.name)
        return any(subscriber.wants_documents or not documents for subscriber in self.subscribers())

    @property
    def dropped(self) -> int:
        """Document events that were dropped since their listener is too slow."""
        return sum(lane.mailbox.dropped for lane in self._lanes.values())

    def open(self, spawn: Callable[..., object], is_cancellation: Callable[[BaseException], bool]) -> None:
        """Begin to run async listeners, as tasks that ``spawn`` starts."""
        self._spawn = spawn
        self.is_cancellation = is_cancellation

    def close(self) -> None:
        """Bring nothing more to anybody, and end every stream."""
        self.closed = True
        for subscriber in list(self.subscribers()):
            subscriber.end()

    def publish(self, event: Event) -> None:
        """Bring an event to everybody who listens. Never raises."""
        if event.name in self._events:
            self.emit(event.name, event)
        for subscriber in self.subscribers():
            subscriber.offer(event)

    def subscribe(self, subscriber: Subscriber) -> None:
        """Bring every event to a subscriber, as long as somebody else holds it."""
        self._subscribers[next(self._numbers)] = weakref.ref(subscriber)
        if subscriber.wants_documents:
            self.on_follow()

    def subscribers(self) -> Iterator[Subscriber]:
        """The subscribers that are still held by somebody, in the order in which they came."""
        for number, reference in list(self._subscribers.items()):
            subscriber = reference()
            if subscriber is None:
                del self._subscribers[number]
            else:
                yield subscriber

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Bring nothing more to a subscriber."""
        for number, reference in list(self._subscribers.items()):
            if reference() is subscriber:
                del self._subscribers[number]

    @property
    def waiting(self) -> int:
        """Events that async listeners have not heard yet, the one at work included."""
        return sum(len(lane.mailbox) + lane.busy for lane in self._lanes.values())

    async def drain(self) -> None:
        """Wait until every async listener has heard everything."""
        while self.waiting:
            self._idle = Signal()
            await self._idle.wait()

    def lane_idle(self) -> None:
        """A lane has nothing to do."""
        self._idle.set()

    def listener_failed(self, listener: Listener, error: BaseException) -> None:
        """Count and tell what a listener raised."""
        self.failures += 1
        if isinstance(error, KeyboardInterrupt):
            self.on_interrupt(error)
        error.add_note(f"raised by the listener {listener!r}")
        if not self._events.get("error") or self._emitting_error:
            logger.error("a listener raised; nothing else is affected", exc_info=error)
            return
        self._emitting_error = True
        try:
            self.emit("error", error)
        finally:
            self._emitting_error = False

    _emitting_error = False

    def _add_event_handler(self, event: str, k: Listener, v: Listener) -> None:
        self._is_async[k] = _is_async(k)
        super()._add_event_handler(event, k, v)
        if event in (DocumentCompleted.name, DocumentFailed.name):
            self.on_follow()

    def _emit_run(self, f: Listener, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            if self._is_async.get(f):
                self._lane(f).mailbox.put(args[0])
                return
            result = f(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - a listener changes nothing, whatever it raises
            self.listener_failed(f, error)
        else:
            if inspect.isawaitable(result):
                self._lane(f).mailbox.put(Late(result))

    def _emit_handle_potential_error(self, event: str, error: Any) -> None:
        """An "error" that nobody listens to is logged where it comes up, not raised at whoever emitted."""

    def _lane(self, listener: Listener) -> Lane:
        lane = self._lanes.get(listener)
        if lane is None:
            lane = self._lanes[listener] = Lane(self, listener)
            assert self._spawn is not None  # events come from an open queue only
            self._spawn(lane.run)
        return lane


def _is_async(listener: Listener) -> bool:
    while isinstance(listener, partial):
        listener = listener.func
    return inspect.iscoroutinefunction(listener) or inspect.iscoroutinefunction(
        getattr(listener, "__call__", None)  # noqa: B004 - whether it is callable is not the question
    )
