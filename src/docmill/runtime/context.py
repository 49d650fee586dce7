"""What a processor is given: the attempt itself, with the reach that the runtime adds."""

from collections.abc import Mapping
from math import isnan
from threading import get_ident
from typing import TYPE_CHECKING, Any

from docmill.core import Attempt

if TYPE_CHECKING:
    from docmill.runtime.bindings import Binding

__all__ = ["Context"]


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


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isnan(value)
