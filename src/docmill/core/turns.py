"""Whose turn it is: strict priorities, then owners in turn, then each owner's jobs in turn."""

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docmill.core.job import JobMachine

__all__ = ["Turns"]

Owners = OrderedDict[str | None, OrderedDict["JobMachine", None]]


class Turns:
    """The jobs that could start a document now.

    A job of a higher priority goes before all of a lower one, so that a lower one may starve. Within a
    priority the owners take turns, and within an owner the jobs: neither a job of 100,000 documents nor an
    owner of 1,000 jobs keeps a job of three documents waiting.

    Attributes:
        size: how many jobs they are.
    """

    def __init__(self) -> None:
        self.size = 0
        self._waiting: dict[int, Owners] = {}

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
