"""The store that keeps nothing beyond the process."""

from collections.abc import Iterable, Sequence
from typing import Final

from docmill.core.data import MAX_RESULT_BYTES
from docmill.model import Keyed
from docmill.ports import Change, JobRecord

__all__ = ["MemoryStore"]

MOST_RESULTS: Final = 10_000
"""Results that are kept to be found again, for jobs with ``JobOptions.cache``; the oldest ones go."""


class MemoryStore:
    """Records nothing: the queue holds its jobs in memory anyway, and they end with the process."""

    durable = False
    max_result_bytes = MAX_RESULT_BYTES

    def __init__(self) -> None:
        self._results: dict[str, bytes] = {}

    def open(self) -> Iterable[JobRecord]:
        """There is nothing from before."""
        return ()

    def commit(self, changes: Sequence[Change]) -> None:
        """Nothing to record but results that are to be found again."""
        for ledger, before, after, *_ in changes:
            if ledger.options.cache:
                for row in ledger.ok[0 if before is None else before.ok : after.ok]:
                    if isinstance(row[4], Keyed):
                        self._keep(row[4])

    def load(self, job_id: str) -> JobRecord | None:  # noqa: ARG002 - the queue knows all of its jobs
        """There is nothing that the queue does not know."""
        return None

    def recall(self, key: str) -> bytes | None:
        """A result of an earlier job of this process."""
        return self._results.get(key)

    def _keep(self, result: Keyed) -> None:
        self._results[result.key] = result
        if len(self._results) > MOST_RESULTS:
            del self._results[next(iter(self._results))]

    def prune(self, job_ids: Sequence[str]) -> None:
        """Nothing to remove."""

    def close(self) -> None:
        """Nothing to let go of."""
