"""A registered processor, bound to the engine and to the crew that runs it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from docmill.core import Attempt, Verdict, judge
from docmill.core.verdict import rogue_cancel
from docmill.model import Outcome
from docmill.ports import ProcessorSpec, Runner

if TYPE_CHECKING:
    from docmill.runtime.lanes import Crew

__all__ = ["Binding"]


class Binding:
    """How a lane calls one processor, and what its exceptions mean.

    Attributes:
        submit: make one attempt at a document.
        spec: what was registered.
        crew: the lanes that run it.
    """

    __slots__ = ("_finalize", "crew", "spec", "submit")

    def __init__(self, spec: ProcessorSpec, runner: Runner, crew: "Crew") -> None:
        self.spec = spec
        self.crew = crew
        self.submit = runner.submit
        self._finalize: Callable[..., Awaitable[Any]] | None = runner.finalize

    def finalize(self, attempt: Attempt) -> Awaitable[Any]:
        """Make the summary of the whole batch from its outcomes, in the order of its documents."""
        assert self._finalize is not None
        outcomes: list[Outcome] = attempt.job.snapshot(attempt.started).outcomes
        return self._finalize(outcomes, attempt)

    def judge(self, error: BaseException) -> Verdict:
        """Say what an exception of the processor means."""
        if isinstance(error, self.crew.loop.cancelled):
            return rogue_cancel(error)
        return judge(error, self.spec.declaration.permanent, self.spec.declaration.breaker)
