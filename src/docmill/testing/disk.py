"""A durable store whose host may crash: what was committed is there again, and nothing else."""

from collections.abc import Iterable, Sequence

import attrs

from docmill.core.data import MAX_RESULT_BYTES
from docmill.errors import StoreError
from docmill.model import Keyed, Ledger, Mark, Row
from docmill.ports import Change, JobRecord

__all__ = ["SimulatedDisk", "SimulatedStore"]


class SimulatedDisk:
    """What outlives a process: hand each life of a queue a store by ``mount``.

    A store that was mounted before can write no more, as the store of a host that was given up cannot.

    Attributes:
        records: what is on the disk, by job id, in the order of creation.
        results: those that are found again for jobs with ``JobOptions.cache``, by their keys.
    """

    def __init__(self) -> None:
        self.records: dict[str, JobRecord] = {}
        self.results: dict[str, bytes] = {}
        self._epoch = 0

    def mount(self) -> "SimulatedStore":
        """A store for one life of a queue."""
        self._epoch += 1
        return SimulatedStore(self, self._epoch)

    def close(self) -> None:
        """Nothing to let go of."""

    def is_current(self, epoch: int) -> bool:
        """Whether a store is the one that was mounted last.

        Args:
            epoch: which mount it came from, counted from 1.
        """
        return epoch == self._epoch


class SimulatedStore:
    """A durable store in memory, on a disk that outlives it.

    Attributes:
        commits: how many commits were made.
    """

    durable = True
    max_result_bytes = MAX_RESULT_BYTES

    def __init__(self, disk: SimulatedDisk, epoch: int) -> None:
        self.commits = 0
        self._disk = disk
        self._epoch = epoch

    def open(self) -> Iterable[JobRecord]:
        """Give back what is on the disk."""
        return [_copy(record) for record in self._disk.records.values()]

    def commit(self, changes: Sequence[Change]) -> None:
        """Put changes on the disk.

        Raises:
            StoreError: another store was mounted since.
        """
        if not self._disk.is_current(self._epoch):
            raise StoreError("this store was fenced: another one was mounted on its disk since")
        for change in changes:
            if change.before is None or change.ledger.id in self._disk.records:
                merged = self._disk.records[change.ledger.id] = self._merged(change)
                results = (row[4] for row in merged.ok)
                self._disk.results |= {result.key: result for result in results if isinstance(result, Keyed)}
        self.commits += 1

    def load(self, job_id: str) -> JobRecord | None:
        """Give back one job."""
        record = self._disk.records.get(job_id)
        return None if record is None else _copy(record)

    def recall(self, key: str) -> bytes | None:
        """A result of an earlier job."""
        return self._disk.results.get(key)

    def prune(self, job_ids: Sequence[str]) -> None:
        """Take jobs from the disk."""
        for job_id in job_ids:
            self._disk.records.pop(job_id, None)

    def close(self) -> None:
        """Nothing to let go of."""

    def _merged(self, change: Change) -> JobRecord:
        ledger, mark, offset = change.ledger, change.after, change.ledger.wall_offset
        known = self._disk.records.get(ledger.id) or _blank(ledger)
        ok, failed = list(known.ok), list(known.failed)
        there = {row[0] for row in (*ok, *failed)}
        first_ok, first_failed = (0, 0) if change.before is None else (change.before.ok, change.before.failed)
        ok += [_walled(row, offset) for row in ledger.ok[first_ok : mark.ok] if row[0] not in there]
        failed += [_walled(row, offset) for row in ledger.failed[first_failed : mark.failed] if row[0] not in there]
        return attrs.evolve(
            known,
            mark=mark._replace(started=_moved(mark.started, offset), completed=_moved(mark.completed, offset)),
            ok=ok,
            failed=failed,
            active=change.active,
            lives=change.lives,
            told=change.told,
        )


def _copy(record: JobRecord) -> JobRecord:
    return attrs.evolve(record, ok=list(record.ok), failed=list(record.failed))


def _blank(ledger: Ledger) -> JobRecord:
    return JobRecord(
        id=ledger.id,
        document_ids=ledger.document_ids,
        type=ledger.type,
        options=ledger.options,
        owner=ledger.owner,
        idempotency_key=ledger.idempotency_key,
        metadata=ledger.metadata,
        priority=ledger.priority,
        retry_of=ledger.retry_of,
        created=ledger.created + ledger.wall_offset,
        mark=Mark.new(),
        ok=(),
        failed=(),
        active=0.0,
        lives=0,
        told=False,
    )


def _walled(row: Row, offset: float) -> Row:
    position, attempts, first_started, settled, payload = row
    return position, attempts, first_started + offset, settled + offset, payload


def _moved(moment: float | None, offset: float) -> float | None:
    return None if moment is None else moment + offset
