"""Whose turn it is: strict priorities, then owners in turn, then each owner's jobs in turn."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docmill.core.job import JobMachine

__all__ = ["Line", "Seats", "Turns"]

Owners = OrderedDict[str | None, OrderedDict["JobMachine", None]]


class Line:
    """Jobs that stand in line together.

    A job of a higher priority goes before all of a lower one, so that a lower one may starve. Within a
    priority the owners take turns, and within an owner the jobs: neither a job of 100,000 documents nor an
    owner of 1,000 jobs keeps a job of three documents waiting.

    Attributes:
        size: how many jobs they are.
    """

    def __init__(self) -> None:
        self.size = 0
        self._waiting: dict[int, Owners] = {}

    @property
    def priority(self) -> int:
        """The highest priority in the line."""
        return max(self._waiting)

    def add(self, job: "JobMachine") -> None:
        """Let a job take part, behind those who wait already."""
        self.size += 1
        owners = self._waiting.setdefault(job.ledger.priority, OrderedDict())
        owners.setdefault(job.ledger.owner, OrderedDict())[job] = None

    def remove(self, job: "JobMachine") -> None:
        """Take a job out."""
        self.size -= 1
        priority, owner = job.ledger.priority, job.ledger.owner
        owners = self._waiting[priority]
        del owners[owner][job]
        if not owners[owner]:
            del owners[owner]
        if not owners:
            del self._waiting[priority]

    def next(self) -> "JobMachine | None":
        """The job whose turn it is; it goes to the back, and so does its owner."""
        if not self._waiting:
            return None
        owners = self._waiting[max(self._waiting)]
        owner, jobs = next(iter(owners.items()))
        job = next(iter(jobs))
        owners.move_to_end(owner)
        jobs.move_to_end(job)
        return job

    def demand(self, most: int) -> int:
        """How many attempts the jobs in line could start at once; counted no further than to ``most``."""
        wanted = 0
        for owners in self._waiting.values():
            for jobs in owners.values():
                for job in jobs:
                    wanted += job.startable
                    if wanted >= most:
                        return most
        return wanted


class Seats:
    """The places that an engine has for attempts of some processors; who finds none free stands in line.

    An attempt begins, and with it the budget of its document, when it has a seat. So the engine offers one
    only when the attempt would really run: when a worker process is warm, say.

    Attributes:
        capacity: the attempts that may run at once, as the engine says.
        taken: the attempts that run.
        line: the jobs that could start an attempt.
        call: called when jobs are in line and no seat is free; the engine may get more ready.
        changed: called when the engine has changed the capacity.
        broken: why there will be no seats any more, so that jobs which need one fail; None while there may be.
    """

    def __init__(self, capacity: int = 0, call: Callable[[], None] = lambda: None) -> None:
        self.capacity = capacity
        self.taken = 0
        self.line = Line()
        self.call = call
        self.changed: Callable[[], None] = lambda: None
        self.broken: str | None = None
        self._turns: Turns | None = None

    @property
    def free(self) -> bool:
        """Whether there is a seat for one more attempt."""
        return self.taken < self.capacity

    def open(self, turns: "Turns", changed: Callable[[], None]) -> None:
        """Take part in the turns of a queue."""
        self._turns = turns
        self.changed = changed

    def resize(self, change: int) -> None:
        """The engine has so many more seats, or so many fewer."""
        if change > 0:
            self.broken = None
        self._alter(capacity=self.capacity + change, taken=self.taken)
        self.changed()

    def give_up(self, reason: str) -> None:
        """The engine expects no more seats: jobs that need one fail, and new ones, until it has some again."""
        self.broken = reason
        self.changed()

    def take(self) -> None:
        """An attempt started."""
        self._alter(capacity=self.capacity, taken=self.taken + 1)

    def leave(self) -> None:
        """An attempt ended."""
        self._alter(capacity=self.capacity, taken=self.taken - 1)

    def _alter(self, *, capacity: int, taken: int) -> None:
        was_free = self.free
        self.capacity, self.taken = capacity, taken
        if self.free != was_free and self._turns is not None:
            self._turns.size += self.line.size if self.free else -self.line.size


class Turns:
    """The jobs that could start a document now, in one line or, where their engine has few seats, in several.

    Between lines whose first jobs have the same priority, the lines take turns.

    Attributes:
        size: how many jobs could start a document now.
        seats: those of which jobs may stand in line.
    """

    def __init__(self) -> None:
        self.size = 0
        self.seats: list[Seats] = []
        self._hall = Line()
        self._order: list[tuple[Seats | None, Line]] = [(None, self._hall)]

    def furnish(self, seats: Seats, changed: Callable[[], None]) -> None:
        """Let jobs wait for seats; ``changed`` is called when the engine has more or fewer of them."""
        if seats not in self.seats:
            self.seats.append(seats)
            self._order.append((seats, seats.line))
            seats.open(self, changed)

    def add(self, job: "JobMachine") -> None:
        """Let a job take part, behind those who wait already."""
        seats = job.gate.seats
        if seats is None:
            self._hall.add(job)
            self.size += 1
        else:
            seats.line.add(job)
            self.size += seats.free

    def remove(self, job: "JobMachine") -> None:
        """Take a job out."""
        seats = job.gate.seats
        if seats is None:
            self._hall.remove(job)
            self.size -= 1
        else:
            seats.line.remove(job)
            self.size -= seats.free

    def next(self) -> "JobMachine | None":
        """The job whose turn it is; it goes to the back, and so do its owner and its line."""
        if not self.seats:
            return self._hall.next()
        ready = [place for place in self._order if place[1].size and (place[0] is None or place[0].free)]
        if not ready:
            return None
        first = max(ready, key=lambda place: place[1].priority)
        self._order.remove(first)
        self._order.append(first)
        return first[1].next()

    def call(self) -> None:
        """Let the engine know of the jobs that wait for a seat."""
        for seats in self.seats:
            if seats.line.size and not seats.free:
                seats.call()
