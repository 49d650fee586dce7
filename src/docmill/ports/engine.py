"""Where processors execute."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import attrs

from docmill.core import Seats, Verdict
from docmill.errors import InternalError
from docmill.loops import Loop
from docmill.model import FailureCode
from docmill.ports.processing import ProcessingContext, ProcessorSpec

__all__ = ["Engine", "EngineContext", "JudgedError", "Runner"]


class JudgedError(Exception):
    """Raised by an engine for an attempt that was judged where it ran, since its exception stays there."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__(verdict.error)


class EngineContext(ProcessingContext, Protocol):
    """The context of an attempt, with what only an engine has to do with it. All of it in the loop's thread."""

    left_behind: bool
    """Set by an engine whose call goes on although it was cancelled."""

    def came_back(self) -> None:
        """Say that a call which was left behind has ended after all."""

    @property
    def stop(self) -> FailureCode | None:
        """Why its call is cancelled, if the rules have it cancelled."""

    @property
    def alone(self) -> bool:
        """Whether nothing else may run beside it in the same process: it is suspected of having killed one."""

    @property
    def budget(self) -> float:
        """Seconds that the document has, from its start."""

    @property
    def waiting(self) -> int:
        """How many more documents of the same job could start now."""

    def join(self, most: int) -> Sequence["EngineContext"]:
        """Start up to ``most`` more documents of the same job, to run in one chunk with this one.

        They share its seat and its lane, so that one cancellation is for all of them. The engine settles each
        of them, by ``succeeded``, ``failed`` or ``give_back``, before the call for this one returns or raises.
        """

    def succeeded(self, result: Any) -> None:
        """Settle a document that has joined: it has this result."""

    def failed(self, verdict: Verdict) -> None:
        """Settle a document that has joined: its attempt failed, or must be taken as stopped."""

    def give_back(self, *, lost: bool = False) -> None:
        """Have a document unstarted again, with a fresh budget: it was not run, or nobody knows.

        For the one that the others have joined, raise something after this.

        Args:
            lost: whether the process that it was sent to has died, so that it is suspected: the attempt counts,
                unless it was the last one, and from now on the document runs alone.
        """


@attrs.frozen
class Runner:
    """How the calls of one processor are made.

    A lane awaits one call at a time. An engine that sends documents away in chunks asks the context of the one
    that it is given for more of them (see ``EngineContext.join``). When the call is cancelled, it must stop. One that
    cannot sets ``context.left_behind`` before it lets the cancellation through, and calls ``context.came_back``
    when it has ended after all; what it then returns or raises is dropped.

    Attributes:
        submit: make one attempt at a document.
        finalize: make the summary of a batch; None if the processor has none.
        seats: what an attempt needs to run, if the engine cannot run any number of them at once.
        obstacles: why a job with this metadata cannot run, one sentence each; asked for each new job.
        risky: whether the processor runs in this process, so that a document may kill it.
    """

    submit: Callable[[str, EngineContext], Awaitable[Any]]
    finalize: Callable[[Sequence[Any], EngineContext], Awaitable[Any]] | None
    seats: Seats | None = None
    obstacles: Callable[[Mapping[str, Any]], Sequence[str]] = lambda _: ()
    risky: bool = True

    @classmethod
    def refusing(cls, problem: str) -> "Runner":
        """The runner of a processor that cannot run: all of its jobs are refused, and the message says why."""
        return cls(_never, None, None, lambda _: [problem], risky=False)


async def _never(_: str, __: EngineContext) -> Any:
    raise InternalError("a processor that cannot run was called")


class Engine(Protocol):
    """Executes calls, and nothing else: retries, budgets, the breaker and the store are the queue's."""

    def open(self, loop: Loop) -> None:
        """Get ready to run calls on a loop.

        Args:
            loop: the event loop of the queue.
        """

    def bind(self, spec: ProcessorSpec) -> Runner:
        """Make ready one processor; called once for each, in the loop's thread.

        Args:
            spec: the processor, and how it is declared.
        """

    async def aclose(self) -> None:
        """Let go of everything; called after the last call has ended or was left behind."""

    def kill(self) -> None:
        """Let go of everything at once, without waiting, since the loop ends; may follow ``aclose``."""
