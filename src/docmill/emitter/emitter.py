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

from anyio import CancelScope
from anyio import Event as Signal
from pyee import EventEmitter

from docmill.emitter.mailbox import Mailbox
from docmill.events import DocumentCompleted, DocumentFailed, Event
from docmill.loops import Loop

__all__ = ["Emitter", "Subscriber"]

logger = logging.getLogger("docmill")

Listener = Callable[..., Any]


class Subscriber(Protocol):
    """Somebody who takes every event as it comes, such as an event stream."""

    wants_documents: bool

    def offer(self, event: Event) -> bool:
        """Take the event or leave it, and say which; must not raise."""

    def end(self) -> None:
        """No event will follow."""


class Lane:
    """The events of one async listener, and the task that brings them to it; it lives while there are any."""

    def __init__(self, emitter: "Emitter", listener: Listener, loop: Loop) -> None:
        self.mailbox = Mailbox()
        self.busy = False
        self._emitter = emitter
        self._listener = listener
        self._loop = loop
        self._scope = CancelScope()
        loop.spawn(self._run, "docmill listener")

    def stop(self) -> None:
        """Bring nothing more, and cancel the listener if it is at work."""
        self._scope.cancel()

    async def _run(self) -> None:
        try:
            with CancelScope() as self._scope:
                await self._bring_all()
        except BaseException as error:
            # A listener may spoil the task that it runs in, such as by cancelling it for later.
            if not self._is_ended():
                logger.warning("the task of a listener broke and is replaced", exc_info=error)
        finally:
            self.busy = False
            if self.mailbox and not self._is_ended():
                self._loop.spawn(self._run, "docmill listener")
            else:
                self._emitter.lane_ended(self._listener)

    async def _bring_all(self) -> None:
        while self.mailbox:
            self.busy = True
            item = self.mailbox.pop()
            try:
                await (item.awaitable if isinstance(item, Late) else self._listener(item))
            except BaseException as error:
                if isinstance(error, self._loop.cancelled) and self._is_ended():
                    raise
                self._emitter.listener_failed(self._listener, error, _item_of(item))
            self.busy = False

    def _is_ended(self) -> bool:
        return self._scope.cancel_called or self._loop.is_ending()


class Late:
    """What a sync listener returned that has to be awaited, such as a lambda's coroutine."""

    def __init__(self, awaitable: Awaitable[Any], item: Any) -> None:
        self.awaitable = awaitable
        self.item = item


def _item_of(item: Any) -> Any:
    return item.item if isinstance(item, Late) else item


class Emitter(EventEmitter):
    """pyee's emitter, with a lane for each async listener, and without exceptions that get away.

    ``name in emitter`` says whether somebody hears an event, so that it need not be made for nobody.

    Attributes:
        closed: whether nothing will be emitted any more.
        failures: how often a listener has raised.
        dropped: document events that were dropped, since their async listener is too slow.
        on_follow: called when somebody begins to listen to single documents.
        on_interrupt: called with a KeyboardInterrupt that a listener raised.
    """

    def __init__(self, on_follow: Callable[[], None], on_interrupt: Callable[[BaseException], None]) -> None:
        super().__init__()
        self.failures = 0
        self.closed = False
        self.on_follow = on_follow
        self.on_interrupt = on_interrupt
        self._loop: Loop | None = None
        self.dropped = 0
        self._lanes: dict[Listener, Lane] = {}
        self._subscribers: dict[int, weakref.ref[Subscriber]] = {}
        self._numbers = count()
        self._idle = Signal()

    def __contains__(self, name: object) -> bool:
        if self._events.get(name):  # type: ignore[call-overload]
            return True
        if not self._subscribers:
            return False
        documents = name in (DocumentCompleted.name, DocumentFailed.name)
        return any(subscriber.wants_documents or not documents for subscriber in self.subscribers())

    def open(self, loop: Loop) -> None:
        """Begin to run async listeners on a loop."""
        self._loop = loop

    def close(self) -> None:
        """Bring nothing more to anybody, and end every stream."""
        self.closed = True
        for lane in self._lanes.values():
            lane.stop()
        for subscriber in list(self.subscribers()):
            subscriber.end()

    def publish(self, event: Event) -> bool:
        """Bring an event to everybody who listens, and say whether somebody does. Never raises."""
        if self.closed:
            return False
        heard = self.emit(event.name, event) if event.name in self._events else False
        if not self._subscribers:
            return heard
        for subscriber in self.subscribers():
            heard = subscriber.offer(event) or heard
        return heard

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

    def lane_ended(self, listener: Listener) -> None:
        """A listener has heard everything."""
        self._lanes.pop(listener, None)
        self._idle.set()

    def listener_failed(self, listener: Listener, error: BaseException, heard: Any) -> None:
        """Count and tell what a listener raised when it heard something."""
        self.failures += 1
        if isinstance(error, KeyboardInterrupt):
            self.on_interrupt(error)
        note = f"raised by the listener {_name_of(listener)}"
        if note not in getattr(error, "__notes__", ()):
            error.add_note(note)
        if self._events.get("error") and not isinstance(heard, BaseException):
            self.emit("error", error)
        else:
            logger.error("a listener raised; nothing else is affected", exc_info=error)

    def _add_event_handler(self, event: str, k: Listener, v: Listener) -> None:
        if v is not k:
            v.__wrapped__ = k  # type: ignore[attr-defined]  # so that one listener has one lane, however it is added
        super()._add_event_handler(event, k, v)
        if event in (DocumentCompleted.name, DocumentFailed.name):
            self.on_follow()

    def _emit_run(self, f: Listener, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            if _is_async(f):
                self._put(f, args[0])
                return
            result = f(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - a listener changes nothing, whatever it raises
            self.listener_failed(f, error, args[0])
        else:
            if result is not None and inspect.isawaitable(result):
                self._put(getattr(f, "__wrapped__", f), Late(result, args[0]))

    def _emit_handle_potential_error(self, event: str, error: Any) -> None:
        """An "error" that nobody listens to is logged where it comes up, not raised at whoever emitted."""

    def _put(self, listener: Listener, item: Any) -> None:
        assert self._loop is not None  # events come from an open queue only
        lane = self._lanes.get(listener)
        if lane is None:
            lane = self._lanes[listener] = Lane(self, listener, self._loop)
        self.dropped += lane.mailbox.put(item)


def _is_async(listener: Listener) -> bool:
    while isinstance(listener, partial):
        listener = listener.func
    function = listener if inspect.isroutine(listener) else type(listener).__call__
    return inspect.iscoroutinefunction(function)


def _name_of(listener: Listener) -> str:
    name = getattr(listener, "__qualname__", type(listener).__qualname__)
    return f"{getattr(listener, '__module__', None)}.{name}"
