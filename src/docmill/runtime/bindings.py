"""A registered processor, bound to the engine and to the crew that runs it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from docmill.core import Attempt, Verdict, judge
from docmill.core.attempt import FINALIZE
from docmill.core.data import encode
from docmill.core.verdict import rogue_cancel
from docmill.model import Job, Stored
from docmill.ports import JudgedError, ProcessorSpec, Runner

if TYPE_CHECKING:
    from docmill.runtime.lanes import Crew

__all__ = ["Binding"]


class Binding:
    """How a lane calls one processor, and what its exceptions mean.

    Attributes:
        spec: what was registered.
        crew: the lanes that run it.
        keep: makes a result into what the store keeps, or raises; None where results are not kept.
        obstacles: why a job with some metadata cannot run.
        risky: whether one of its documents may kill this process.

    Args:
        max_result_bytes: how large a result may be for the store that keeps it; None if it is not kept.
        recall: what is called for the documents of jobs that may have earlier results; None if that cannot be.
    """

    __slots__ = ("_finalize", "_recall", "_submit", "crew", "keep", "obstacles", "risky", "spec")

    def __init__(
        self,
        spec: ProcessorSpec,
        runner: Runner,
        crew: "Crew",
        max_result_bytes: int | None = None,
        recall: Callable[[str, Any], Awaitable[Any]] | None = None,
    ) -> None:
        self.spec = spec
        self.crew = crew
        self.obstacles = runner.obstacles
        self.risky = runner.risky
        self.keep = None if max_result_bytes is None else _keeper(max_result_bytes)
        self._submit = runner.submit
        self._recall = recall
        self._finalize = runner.finalize

    def call_for(self, attempt: Attempt) -> Callable[[str, Any], Awaitable[Any]]:
        """What to call, with the document's id and the attempt; the same for all documents of a job."""
        if attempt.position == FINALIZE:
            return self._make_summary
        if self._recall is not None and attempt.job.ledger.options.cache:
            return self._recall
        return self._submit

    def _make_summary(self, _: str, attempt: Any) -> Awaitable[Any]:
        """Make the summary of the whole batch from its outcomes, in the order of its documents."""
        assert self._finalize is not None
        job = attempt.job
        # All of them: those that the store has yet to record, too.
        return self._finalize(Job(job.ledger, job.mark(), 100, None, ()).outcomes, attempt)

    def judge(self, error: BaseException) -> Verdict:
        """Say what an exception of the processor means."""
        if isinstance(error, JudgedError):
            return error.verdict
        if isinstance(error, self.crew.loop.cancelled):
            return rogue_cancel(error)
        return judge(error, self.spec.declaration.permanent, self.spec.declaration.breaker)


def _keeper(max_bytes: int) -> Callable[[Any], Stored]:
    """What makes a result into what a store can keep, at once, before anybody can change it."""

    def keep(result: Any) -> Stored:
        if isinstance(result, Stored):
            return result
        kept = encode(result, max_bytes)
        if isinstance(kept, Verdict):
            raise JudgedError(kept)
        return Stored(kept)

    return keep
