"""How many documents make a chunk, and how many chunks are out."""

from math import ceil
from typing import Final

__all__ = ["OVERTIME", "WINDOW", "ChunkSize"]

WINDOW: Final = 2
"""Chunks sent for each that can run at once, so that a worker has the next one at hand."""

OVERTIME: Final = 2.0
"""How many times the time that a chunk should take it may take before its worker gives the rest back."""

GROWTH: Final = 4
"""How much larger a chunk may be than the largest one before."""

BUDGET_SHARE: Final = 0.1
"""How much of the budget of its documents a chunk may take."""

WEIGHT: Final = 0.3
"""How much the latest chunk says about the next one."""

LARGEST: Final = 1_000


class ChunkSize:
    """The size of the chunks of one processor, by the time that its documents take.

    A chunk should take so long that the cost of sending it does not matter, and no longer, so that work can be
    spread, stopped and lost in small pieces.

    Args:
        target: seconds that a chunk should take.
    """

    def __init__(self, target: float) -> None:
        self._target = target
        self._seconds: float | None = None
        self._largest = 1

    def of(self, waiting: int, slots: int, budget: float) -> int:
        """How many documents the next chunk should have, 1 or more.

        Args:
            waiting: the documents of the job that could be in it.
            slots: the chunks that run at once; towards the end of a job each gets its share of what is left.
            budget: seconds that each of its documents has.
        """
        if self._seconds is None:
            return 1
        fit = min(self._target, BUDGET_SHARE * budget) / max(self._seconds, 1e-9)
        share = ceil(waiting / (2 * slots))
        return max(1, min(int(fit), share, GROWTH * self._largest, LARGEST))

    def measured(self, documents: int, seconds: float) -> None:
        """A worker took so long for so many documents."""
        each = seconds / documents
        self._seconds = each if self._seconds is None else (1 - WEIGHT) * self._seconds + WEIGHT * each
        self._largest = max(self._largest, documents)
