"""What a processor is given: the attempt itself, with the reach that the runtime adds."""

from collections.abc import Mapping
from math import isnan
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

from docmill.core import Attempt, Verdict
from docmill.model import FailureCode
from docmill.ports import JudgedError

if TYPE_CHECKING:
    from docmill.runtime.bindings import Binding

__all__ = ["Context"]

GIVEN_BACK: Final = Verdict(FailureCode.WORKER_DIED, "given back", retry=True, counted=False)
"""Never seen: a document that was given back is not judged."""


class Context(Attempt):
    """An attempt as its processor sees it (see ``ProcessingContext``); one object serves both."""

    __slots__ = ()

    @property
    def _binding(self) -> "Binding":
        binding: Binding = self.job.processor
        return binding

    @property
    def job_id(self) -> str:
        """The job that the document belongs to."""
        return self.job.ledger.id

    @property
    def job_type(self) -> str:
        """The job type under which the processor was registered."""
        return self.job.ledger.type

    @property
    def owner(self) -> str | None:
        """Whose job it is."""
        return self.job.ledger.owner

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the caller attached to the job, read-only."""
        return self.job.ledger.metadata

    def remaining(self) -> float:
        """Seconds left of the document's budget, never less than 0."""
        return max(0.0, self.budget_end - self._binding.crew.clock())

    def report(self, fraction: float, message: str = "") -> None:
        """Say how far the document is, 0.0 to 1.0, from any thread."""
        if not _is_number(fraction):
            raise ValueError(f"a fraction must be a number from 0.0 to 1.0, got {fraction!r}")
        fraction = min(max(float(fraction), 0.0), 1.0)
        crew = self._binding.crew
        if get_ident() == crew.thread:
            crew.reported(self, fraction, message)
        else:
            crew.loop.call_soon(crew.reported, self, fraction, message)

    def came_back(self) -> None:
        """Say that a call which was left behind has ended after all."""
        self._binding.crew.came_back(self)

    @property
    def budget(self) -> float:
        """Seconds that the document has, from its start."""
        return self.job.budget

    @property
    def waiting(self) -> int:
        """How many more documents of the same job could start now; none if each is looked up in a cache first."""
        return 0 if self.job.ledger.options.cache else self.job.waiting

    def join(self, most: int) -> list["Context"]:
        """Start up to ``most`` more documents of the same job, to run in one chunk with this one."""
        chunk: list[Context] = self.job.join(self, min(most, self.waiting))  # type: ignore[assignment]  # made by make_attempt
        return chunk

    def succeeded(self, result: Any) -> None:
        """Settle a document that has joined: it has this result."""
        binding = self._binding
        if binding.keep is not None:
            try:
                result = binding.keep(result)
            except JudgedError as error:
                self.failed(error.verdict)
                return
        self.job.joined_succeeded(self, result, binding.crew.clock())

    def failed(self, verdict: Verdict) -> None:
        """Settle a document that has joined: its attempt failed."""
        now = self._binding.crew.clock()
        if self.left_behind and self.stop is not None:
            self.job.abandon(self, now)
        else:
            self.job.failed(self, verdict, now)

    def give_back(self, *, lost: bool = False) -> None:
        """Have a document unstarted again."""
        self.released = True
        self.lost = lost
        if self.joined:
            self.failed(GIVEN_BACK)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isnan(value)
