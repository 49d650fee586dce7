"""Where processors execute."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import attrs

from docmill.core import Seats, Verdict
from docmill.loops import Loop
from docmill.ports.processing import ProcessingContext, ProcessorSpec

__all__ = ["Engine", "EngineContext", "JudgedError", "Runner"]


class JudgedError(Exception):
    """Raised by an engine for an attempt that was judged where it ran, since its exception stays there."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__(verdict.error)


class EngineContext(ProcessingContext, Protocol):
    """The context of an attempt, with what only an engine has to do with it."""

    left_behind: bool
    """Set by an engine whose call goes on although it was cancelled."""

    def came_back(self) -> None:
        """Say that a call which was left behind has ended after all. In the loop's thread."""


@attrs.frozen
class Runner:
    """How the calls of one processor are made.

    A lane awaits one call at a time. When it is cancelled, the call must stop. One that cannot sets
    ``context.left_behind`` before it lets the cancellation through, and calls ``context.came_back`` when it
    has ended after all; what it then returns or raises is dropped.

    Attributes:
        submit: make one attempt at a document.
        finalize: make the summary of a batch; None if the processor has none.
        seats: what an attempt needs to run, if the engine cannot run any number of them at once.
        obstacles: why a job with this metadata cannot run, one sentence each; asked for each new job.
    """

    submit: Callable[[str, EngineContext], Awaitable[Any]]
    finalize: Callable[[Sequence[Any], EngineContext], Awaitable[Any]] | None
    seats: Seats | None = None
    obstacles: Callable[[Mapping[str, Any]], Sequence[str]] = lambda _: ()


class Engine(Protocol):
    """Executes calls, and nothing else: retries, budgets, the breaker and the store are the queue's."""

    def open(self, loop: Loop) -> None:
        """Get ready to run calls on a loop."""

    def bind(self, spec: ProcessorSpec) -> Runner:
        """Make ready one processor; called once for each, in the loop's thread."""

    async def aclose(self) -> None:
        """Let go of everything; called after the last call has ended or was left behind."""

    def kill(self) -> None:
        """Let go of everything at once, without waiting, since the loop ends; may follow ``aclose``."""
