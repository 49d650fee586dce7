"""What a store is told ahead of the documents that might kill the process, so that a crash can be blamed on one."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from docmill.model import Mark

__all__ = ["Trail"]

MOST_AHEAD: Final = 4_096
"""Documents that may be reserved ahead of those that were started."""


class Trail:
    """The trail that a job leaves in a durable store.

    A document may start once its position is below a mark that was recorded, which runs ahead of the documents:
    no write for each of them. After a crash, those below the mark without an outcome are suspects. They run last,
    each while nothing else runs in the process, and that is recorded before. Only a crash then blames a document,
    and it settles failed after the second one.

    Attributes:
        reserved: documents before this position may start, as soon as that is recorded.
        suspects: those that may have killed the process, the blamed ones last.
        blamed: those that have run alone when the process died.
        alone: the one that is to run alone next, or does.
        last: whether the suspects have begun to run, so that nothing else of the job is left.
        leaving: whether that one has run, and it is still to be recorded that nobody is alone any more.
    """

    def __init__(self, total: int, ahead: int) -> None:
        self.reserved = 0
        self.suspects: deque[int] = deque()
        self.blamed: tuple[int, ...] = ()
        self.alone: int | None = None
        self.last = False
        self.leaving = False
        self._total = total
        self._ahead = ahead

    def reserve(self, fresh: int) -> None:
        """Reserve the documents that may start before the next mark is recorded."""
        self.reserved = max(self.reserved, min(self._total, fresh + self._ahead))

    def held_up(self) -> None:
        """Documents had to wait for the mark: reserve more of them from now on."""
        self._ahead = min(2 * self._ahead, MOST_AHEAD)

    def resume(self, mark: Mark, unsettled: Iterable[int]) -> list[int]:
        """Find the suspects after a crash, and give back the documents that are convicted."""
        self.reserved = mark.reserved
        blamed = list(mark.blamed)
        convicted: list[int] = []
        if mark.alone is not None:
            (convicted if mark.alone in blamed else blamed).append(mark.alone)
        there = [position for position in unsettled if position not in convicted]
        self.blamed = tuple(position for position in blamed if position in there)
        self.suspects += [position for position in there if position not in self.blamed]
        self.suspects += self.blamed
        return convicted
