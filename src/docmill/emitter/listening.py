"""``on`` and ``once`` with the type of every event's listener, for people and for type checkers."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar, overload

from docmill.emitter.emitter import Emitter
from docmill.events import (
    CircuitClosed,
    CircuitOpened,
    DocumentCompleted,
    DocumentFailed,
    DocumentProgress,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobStarted,
    Progress,
    StoreUnavailable,
)

__all__ = ["Listening"]

F = TypeVar("F", bound=Callable[..., Any])

EVENT_NAMES = frozenset(
    {
        JobStarted.name,
        Progress.name,
        DocumentCompleted.name,
        DocumentFailed.name,
        DocumentProgress.name,
        JobCompleted.name,
        JobFailed.name,
        JobCancelled.name,
        CircuitOpened.name,
        CircuitClosed.name,
        StoreUnavailable.name,
        "error",
    }
)


class Listening:
    """Something that one can listen to, in pyee's style."""

    _emitter: Emitter

    @overload
    def on(self, event: Literal["jobStarted"], f: Callable[[JobStarted], Any]) -> Callable[[JobStarted], Any]: ...
    @overload
    def on(self, event: Literal["progress"], f: Callable[[Progress], Any]) -> Callable[[Progress], Any]: ...
    @overload
    def on(
        self, event: Literal["documentCompleted"], f: Callable[[DocumentCompleted], Any]
    ) -> Callable[[DocumentCompleted], Any]: ...
    @overload
    def on(
        self, event: Literal["documentFailed"], f: Callable[[DocumentFailed], Any]
    ) -> Callable[[DocumentFailed], Any]: ...
    @overload
    def on(
        self, event: Literal["documentProgress"], f: Callable[[DocumentProgress], Any]
    ) -> Callable[[DocumentProgress], Any]: ...
    @overload
    def on(self, event: Literal["jobCompleted"], f: Callable[[JobCompleted], Any]) -> Callable[[JobCompleted], Any]: ...
    @overload
    def on(self, event: Literal["jobFailed"], f: Callable[[JobFailed], Any]) -> Callable[[JobFailed], Any]: ...
    @overload
    def on(self, event: Literal["jobCancelled"], f: Callable[[JobCancelled], Any]) -> Callable[[JobCancelled], Any]: ...
    @overload
    def on(
        self, event: Literal["circuitOpened"], f: Callable[[CircuitOpened], Any]
    ) -> Callable[[CircuitOpened], Any]: ...
    @overload
    def on(
        self, event: Literal["circuitClosed"], f: Callable[[CircuitClosed], Any]
    ) -> Callable[[CircuitClosed], Any]: ...
    @overload
    def on(
        self, event: Literal["storeUnavailable"], f: Callable[[StoreUnavailable], Any]
    ) -> Callable[[StoreUnavailable], Any]: ...
    @overload
    def on(self, event: Literal["error"], f: Callable[[BaseException], Any]) -> Callable[[BaseException], Any]: ...
    @overload
    def on(self, event: str, f: None = None) -> Callable[[F], F]: ...
    def on(self, event: str, f: Any = None) -> Any:
        """Call a listener for every event of this name. Also as a decorator: ``@queue.on("progress")``.

        A sync listener is called inline and must be quick; an async one has a lane of its own, in which it
        hears the events in order. What it raises is logged, emitted as "error" if somebody listens to that,
        and changes nothing else.

        Args:
            event: jobStarted, progress, documentCompleted, documentFailed, documentProgress, jobCompleted,
                jobFailed, jobCancelled, circuitOpened, circuitClosed, storeUnavailable, or error.
            f: takes the event.

        Raises:
            ValueError: there is no event of this name.
        """
        _check(event)
        return self._emitter.on(event, f)

    @overload
    def once(self, event: str, f: F) -> F: ...
    @overload
    def once(self, event: str, f: None = None) -> Callable[[F], F]: ...
    def once(self, event: str, f: Any = None) -> Any:
        """Call a listener for the next event of this name only. Also as a decorator.

        Args:
            event: a name that ``on`` takes.
            f: takes the event.

        Raises:
            ValueError: there is no event of this name.
        """
        _check(event)
        return self._emitter.once(event, f)

    def remove_listener(self, event: str, f: Callable[..., Any]) -> None:
        """Do not call a listener any more. One that is not there does not matter.

        Args:
            event: the name under which it was registered.
            f: the listener.
        """
        if f in self._emitter.listeners(event):
            self._emitter.remove_listener(event, f)


def _check(event: str) -> None:
    if event not in EVENT_NAMES:
        raise ValueError(f"there is no event {event!r}; the events are {', '.join(sorted(EVENT_NAMES))}")
