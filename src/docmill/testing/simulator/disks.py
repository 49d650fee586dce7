"""What a run's jobs are kept on: it outlives every queue of the run, and says at any time what is on it."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

from docmill.errors import StoreError
from docmill.ports import Change, JobRecord, Store
from docmill.stores import SQLiteStore
from docmill.testing.disk import SimulatedDisk
from docmill.testing.simulator.plan import Store as Kind

__all__ = ["Disk", "SQLiteDisk", "make_disk"]

NUMBERS: Final = count()
"""Each database in memory has a name of its own in the process."""


class Disk(Protocol):
    """What outlives a queue."""

    @property
    def records(self) -> Mapping[str, JobRecord]:
        """What is on it, by job id, in the order of creation; always as it is now."""
        ...

    def mount(self) -> Store:
        """A store for one life of a queue; those that were mounted before can write no more."""
        ...

    def close(self) -> None:
        """Let go of it, and lose what is on it."""


def make_disk(kind: Kind) -> Disk:
    """An empty disk; of a store in memory nothing ever gets there."""
    match kind:
        case "sqlite":
            return SQLiteDisk(f"file:docmill-simulator-{next(NUMBERS)}?mode=memory&cache=shared")
        case "sqlite-file":
            return SQLiteDisk()
        case _:
            return SimulatedDisk()


class SQLiteDisk:
    """The database of the real ``SQLiteStore``, in memory or in a temporary folder.

    Args:
        path: the address of a database in memory; None for a file.
    """

    def __init__(self, path: str | None = None) -> None:
        self._folder: TemporaryDirectory[str] | None = None
        if path is None:
            self._folder = TemporaryDirectory(prefix="docmill-simulator-")
            path = str(Path(self._folder.name) / "jobs.db")
        self.path = path
        # A database in memory is there as long as somebody is connected to it.
        self._anchor = sqlite3.connect(self.path, uri=True, isolation_level=None)
        self.records = SQLiteRecords(self.path, self._anchor)
        self._mounted: MountedStore | None = None

    def mount(self) -> "MountedStore":
        """A store for one life of a queue."""
        if self._mounted is not None:
            self._mounted.fenced = True
        # A process that dies loses no write: only a power cut would, and that is not simulated here.
        self._mounted = MountedStore(SQLiteStore(self.path, synchronous="NORMAL"), self.records)
        return self._mounted

    def close(self) -> None:
        """Let go of the database."""
        self._anchor.close()
        if self._folder is not None:
            self._folder.cleanup()


class SQLiteRecords(Mapping[str, JobRecord]):
    """What is in the database, read back by the store itself, and again as soon as it may have changed."""

    def __init__(self, path: str, connection: sqlite3.Connection) -> None:
        self._reader = SQLiteStore(path)
        self._connection = connection
        self._read: dict[str, JobRecord] = {}
        self._ids: list[str] | None = None

    def forget(self, job_ids: Iterable[str]) -> None:
        """Something may have become of these jobs."""
        self._ids = None
        for job_id in job_ids:
            self._read.pop(job_id, None)

    def __getitem__(self, job_id: str) -> JobRecord:
        if job_id not in self._read:
            record = self._reader.load(job_id) if job_id in self._list() else None
            if record is None:
                raise KeyError(job_id)
            self._read[job_id] = record
        return self._read[job_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._list())

    def __len__(self) -> int:
        return len(self._list())

    def _list(self) -> list[str]:
        if self._ids is None:
            tables = self._connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'job'").fetchall()
            with closing(self._connection.cursor()) as cursor:
                rows = cursor.execute("SELECT id FROM job ORDER BY number").fetchall() if tables else []
            self._ids = [job_id for (job_id,) in rows]
        return self._ids


class MountedStore:
    """A store of one life of a queue.

    Attributes:
        fenced: whether it belongs to a process that is dead, so that it cannot write any more.
    """

    durable = True

    def __init__(self, store: SQLiteStore, records: SQLiteRecords) -> None:
        self.fenced = False
        self.max_result_bytes = store.max_result_bytes
        self._store = store
        self._records = records

    def open(self) -> Iterable[JobRecord]:
        """Open the database."""
        return self._store.open()

    def commit(self, changes: Sequence[Change]) -> None:
        """Commit.

        Raises:
            StoreError: another store was mounted since.
        """
        self._check_alive()
        self._store.commit(changes)
        self._records.forget(change.ledger.id for change in changes)

    def load(self, job_id: str) -> JobRecord | None:
        """Read a job."""
        return self._store.load(job_id)

    def recall(self, key: str) -> bytes | None:
        """Read the result of an earlier job."""
        return self._store.recall(key)

    def prune(self, job_ids: Sequence[str]) -> bool | None:
        """Remove jobs.

        Raises:
            StoreError: another store was mounted since.
        """
        self._check_alive()
        more = self._store.prune(job_ids)
        self._records.forget(job_ids)
        return more

    def close(self) -> None:
        """Close the database."""
        self._store.close()

    def _check_alive(self) -> None:
        if self.fenced:
            raise StoreError("this store was fenced: another one was mounted on its disk since")
