"""Whose turn it is: strict priorities, then owners in turn, then each owner's jobs in turn."""

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docmill.core.job import JobMachine

__all__ = ["Turns"]

Owners = OrderedDict[str | None, OrderedDict["JobMachine", None]]


class Turns:
    """The jobs that could start a document now. Truth value: whether there is any.

    A job of a higher priority goes before all of a lower one, so that a lower one may starve. Within a
    priority the owners take turns, and within an owner the jobs: neither a job of 100,000 documents nor an
    owner of 1,000 jobs keeps a job of three documents waiting.
    """

    def __init__(self) -> None:
        self._levels: dict[int, Owners] = {}

    def __bool__(self) -> bool:
        return bool(self._levels)

    def add(self, job: "JobMachine") -> None:
        """Let a job take part, behind those who wait already."""
        owners = self._levels.setdefault(job.ledger.priority, OrderedDict())
        owners.setdefault(job.ledger.owner, OrderedDict())[job] = None

    def remove(self, job: "JobMachine") -> None:
        """Take a job out."""
        priority, owner = job.ledger.priority, job.ledger.owner
        owners = self._levels[priority]
        del owners[owner][job]
        if not owners[owner]:
            del owners[owner]
        if not owners:
            del self._levels[priority]

    def next(self) -> "JobMachine | None":
        """The job whose turn it is; it goes to the back, and so does its owner."""
        if not self._levels:
            return None
        owners = self._levels[max(self._levels)]
        owner, jobs = next(iter(owners.items()))
        job = next(iter(jobs))
        owners.move_to_end(owner)
        jobs.move_to_end(job)
        return job
