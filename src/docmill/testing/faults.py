"""Stores that fail when they are told to."""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto

from docmill.engines.threads import spend
from docmill.ports import Change, JobRecord, Store

__all__ = ["Fault", "FaultyStore", "StoreFault"]


class StoreFault(OSError):
    """What a store raises that was told to fail."""


class Fault(Enum):
    """What is to happen to a commit."""

    NONE = auto()
    """It is recorded."""
    BEFORE = auto()
    """It fails, and nothing is recorded."""
    AFTER = auto()
    """It is recorded, and it seems to have failed: the reply is lost."""
    CRASH_BEFORE = auto()
    """The host crashes just before it."""
    CRASH_AFTER = auto()
    """The host crashes just after it."""


class FaultyStore:
    """Any store, with faults at its commits.

    Args:
        store: the store behind it.
        plan: says of each commit, by its number from 1, what is to happen to it, and how many virtual seconds it
            takes.
        crash: called where the plan says so; it has to end the host.
    """

    def __init__(
        self,
        store: Store,
        plan: Callable[[int], tuple[Fault, float]],
        crash: Callable[[], None] = lambda: None,
    ) -> None:
        self.durable = store.durable
        self.max_result_bytes = store.max_result_bytes
        self.commits = 0
        self.faults = 0
        self._store = store
        self._plan = plan
        self._crash = crash

    def open(self) -> Iterable[JobRecord]:
        """Open the store behind it."""
        return self._store.open()

    def commit(self, changes: Sequence[Change]) -> None:
        """Commit, fail, or both.

        Raises:
            StoreFault: the plan says so.
        """
        self.commits += 1
        fault, seconds = self._plan(self.commits)
        if seconds:
            spend(seconds)
        self.faults += fault is not Fault.NONE
        if fault is Fault.CRASH_BEFORE:
            self._crash()
        if fault in (Fault.BEFORE, Fault.CRASH_BEFORE):
            raise StoreFault("this commit was told to fail before it was made")
        self._store.commit(changes)
        if fault is Fault.CRASH_AFTER:
            self._crash()
        if fault in (Fault.AFTER, Fault.CRASH_AFTER):
            raise StoreFault("this commit was told to fail after it was made")

    def load(self, job_id: str) -> JobRecord | None:
        """Read a job from the store behind it."""
        return self._store.load(job_id)

    def recall(self, key: str) -> bytes | None:
        """A result of the store behind it."""
        return self._store.recall(key)

    def prune(self, job_ids: Sequence[str]) -> bool | None:
        """Remove jobs from the store behind it."""
        return self._store.prune(job_ids)

    def close(self) -> None:
        """Close the store behind it."""
        self._store.close()
