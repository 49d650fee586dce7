"""The store that keeps nothing beyond the process."""

from collections.abc import Iterable, Sequence

from docmill.ports import Change, JobRecord

__all__ = ["MemoryStore"]


class MemoryStore:
    """Records nothing: the queue holds its jobs in memory anyway, and they end with the process."""

    durable = False

    def open(self) -> Iterable[JobRecord]:
        """There is nothing from before."""
        return ()

    def commit(self, changes: Sequence[Change]) -> None:
        """Nothing to record."""

    def prune(self, job_ids: Sequence[str]) -> None:
        """Nothing to remove."""

    def close(self) -> None:
        """Nothing to let go of."""
