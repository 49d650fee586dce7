"""The cluster of a small world: documents travel there in chunks, and the way there may be lost."""

from collections.abc import Iterable
from typing import Final

from docmill.core import Attempt, JobMachine, Scheduler, Seats, judge
from docmill.core.attempt import FINALIZE

__all__ = ["CHUNK_LOST", "OF_CLUSTERS", "Cluster"]

OF_CLUSTERS: Final = ("cluster away", "engine lost", "cluster back")
"""What becomes of the way to a cluster: it cannot be reached, not for so long that it is given up, and it can again."""

CHUNK_LOST: Final = "chunk lost"
"""The worker that has a chunk dies; told to the leader of the chunk."""

CHUNK: Final = 2
"""How many documents a chunk has at most."""


class Cluster:
    """What an engine does that sends documents to a cluster.

    Args:
        size: the chunks that may be out at once; 0 where documents run in the process itself.

    Attributes:
        seats: what the rules know of it.
    """

    def __init__(self, size: int) -> None:
        self.seats = Seats(size)
        self._size = size
        self._leaders: dict[Attempt, Attempt] = {}
        self._lost: set[int] = set()

    def look(self, job: JobMachine) -> tuple[object, ...]:
        """What decides what may still happen here."""
        chunks = tuple((self._leader(attempt).position, attempt.alone) for attempt in job.running.values())
        return chunks, frozenset(self._lost), self.seats.capacity, self.seats.broken

    def fill(self, leader: Attempt) -> None:
        """An attempt has started: more documents join it."""
        if self._size:
            self._leaders |= dict.fromkeys(leader.job.join(leader, CHUNK - 1), leader)

    def may_end(self, attempt: Attempt) -> bool:
        """Whether an attempt may end by itself: the leader of a chunk is the last one of it."""
        return self._chunk(attempt) in ([], [attempt])

    def may_lose(self, attempt: Attempt) -> bool:
        """Whether a chunk may be lost; a document that must be alone in it is to blame instead, and has raised."""
        return not (attempt.joined or attempt.alone or attempt.position == FINALIZE)

    def may_become(self, name: str) -> bool:
        """Whether this may become of the way to it."""
        is_away = not self.seats.capacity
        if name == "engine lost":
            return is_away and self.seats.broken is None
        return is_away is (name == "cluster back")

    def become(self, name: str, job: JobMachine, scheduler: Scheduler, now: float) -> None:
        """The way to it is lost, given up or found again."""
        match name:
            case "cluster away":
                self.seats.resize(-self._size)
                # A summary is made in the process itself, and goes on.
                self._give_back([attempt for attempt in job.running.values() if attempt.position != FINALIZE], now)
            case "engine lost":
                self.seats.give_up("the cluster cannot be reached")
                scheduler.tick(now)
            case "cluster back":
                self.seats.resize(self._size)

    def lose(self, leader: Attempt, now: float) -> None:
        """The worker that had a chunk has died."""
        chunk = self._chunk(leader)
        self._lost |= {attempt.position for attempt in chunk}
        self._give_back(chunk, now, lost=True)

    def has_waited(self, attempt: Attempt, stops: Iterable[Attempt]) -> bool:
        """Whether it was not the turn of a document when the budget of its chunk ended: it was that of the first."""
        return next(one for one in stops if self._leader(one) is self._leader(attempt)) is not attempt

    def _give_back(self, attempts: Iterable[Attempt], now: float, *, lost: bool = False) -> None:
        for attempt in attempts:
            attempt.released, attempt.lost = True, lost
            attempt.job.failed(attempt, judge(OSError("given back"), (), None), now)

    def _leader(self, attempt: Attempt) -> Attempt:
        return self._leaders.get(attempt, attempt)

    def _chunk(self, leader: Attempt) -> list[Attempt]:
        """The attempts of a chunk that still run, the leader at the end, as they are settled."""
        running = reversed(leader.job.running.values())
        return [attempt for attempt in running if self._leader(attempt) is leader]
