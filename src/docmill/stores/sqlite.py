"""The store in one SQLite file: durable, embedded, of one process at a time."""

import errno
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final, Literal

from docmill.core.data import MAX_RESULT_BYTES
from docmill.errors import (
    StoreCorruptError,
    StoreError,
    StoreInUseError,
    StoreReadOnlyError,
    StoreVersionError,
)
from docmill.model import JobStatus, Later, Row
from docmill.ports import Change, JobRecord
from docmill.stores import records
from docmill.stores.locks import FileLock
from docmill.stores.records import HEAD, STATE

__all__ = ["SQLiteStore"]

APPLICATION_ID: Final = 0x646D696C
"""What marks a file as docmill's: "dmil" in ASCII."""

MIGRATIONS: Final = (
    (
        """CREATE TABLE job (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            type TEXT NOT NULL,
            options TEXT NOT NULL,
            owner TEXT,
            idempotency_key TEXT,
            metadata TEXT NOT NULL,
            priority INTEGER NOT NULL,
            retry_of TEXT,
            created REAL NOT NULL,
            documents INTEGER NOT NULL,
            status TEXT NOT NULL,
            ok INTEGER NOT NULL,
            failed INTEGER NOT NULL,
            busy REAL NOT NULL,
            started REAL,
            completed REAL,
            drained INTEGER NOT NULL,
            error TEXT,
            error_code TEXT,
            summary TEXT,
            summary_error TEXT,
            reserved INTEGER NOT NULL,
            alone INTEGER,
            blamed TEXT NOT NULL,
            active REAL NOT NULL,
            lives INTEGER NOT NULL,
            told INTEGER NOT NULL
        )""",
        """CREATE UNIQUE INDEX job_key ON job (coalesce(owner, ''), owner IS NULL, idempotency_key)
            WHERE idempotency_key IS NOT NULL""",
        "CREATE TABLE doomed (job INTEGER PRIMARY KEY)",
        """CREATE TABLE document_chunk (
            job INTEGER NOT NULL,
            first INTEGER NOT NULL,
            ids TEXT NOT NULL,
            PRIMARY KEY (job, first)
        ) WITHOUT ROWID""",
        """CREATE TABLE outcome (
            job INTEGER NOT NULL,
            position INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            first_started REAL NOT NULL,
            settled REAL NOT NULL,
            code TEXT,
            payload BLOB NOT NULL,
            checksum INTEGER NOT NULL,
            PRIMARY KEY (job, position)
        ) WITHOUT ROWID""",
    ),
)
"""The statements that make each version of the schema from the one before; the last one is this version's."""

BUSY_SECONDS: Final = 5.0
"""How long a commit waits for another program that has locked the file, a backup say."""

SLICE: Final = 5_000
"""Rows that are removed in one transaction, so that no commit has to wait for long."""

INSERT_JOB: Final = (  # the names of columns are our own
    f"INSERT OR IGNORE INTO job ({', '.join(HEAD + STATE)}) VALUES ({', '.join('?' * len(HEAD + STATE))})"  # noqa: S608
)
UPDATE_JOB: Final = f"UPDATE job SET {', '.join(f'{name} = ?' for name in STATE)} WHERE number = ?"  # noqa: S608
DELETE_OUTCOMES: Final = (
    "DELETE FROM outcome WHERE job = ? AND position IN (SELECT position FROM outcome WHERE job = ? LIMIT ?)"
)
INSERT_OUTCOME: Final = "INSERT OR IGNORE INTO outcome VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
SELECT_OUTCOMES: Final = (
    "SELECT position, attempts, first_started, settled, code, payload, checksum FROM outcome WHERE job = ?"
)


class SQLiteStore:
    """Keeps jobs in an SQLite file, which outlives the process, and with ``FULL`` the computer's power.

    One queue at a time may have the file open. It must be on a disk of this computer: locks and the
    write-ahead log do not work over a network.

    Args:
        path: the file, which is made if it is not there; its folder must be.
        synchronous: "FULL" waits for the disk at every commit, so that a power cut loses nothing that was
            shown. "NORMAL" survives a killed process, but may lose the last commits at a power cut.
        max_result_bytes: how large a result may be as JSON.
        auto_migrate: whether a file of an older version of docmill is brought up to date when it is opened.

    Raises:
        ValueError: ``synchronous`` is neither of the two.
    """

    durable = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        max_result_bytes: int = MAX_RESULT_BYTES,
        auto_migrate: bool = True,
    ) -> None:
        if synchronous not in {"FULL", "NORMAL"}:
            raise ValueError(f"synchronous must be 'FULL' or 'NORMAL', got {synchronous!r}")
        self.path = os.fspath(path)
        self.max_result_bytes = max_result_bytes
        self._synchronous = synchronous
        self._auto_migrate = auto_migrate
        self._numbers: dict[str, int] = {}
        self._connection: sqlite3.Connection | None = None
        self._lock = FileLock(f"{self.path}-lock", self.path)

    def open(self) -> Iterable[JobRecord]:
        """Lock and open the file, bring its schema up to date, and read the jobs.

        Of a job that is decided the documents and outcomes are read when somebody looks at them.

        Raises:
            StoreError: one of its kinds; the message names the file and says what to do.
        """
        try:
            with self._named_errors():
                if not self._in_memory:
                    self._lock.acquire()
                self._connection = self._connect()
                self._migrate(self._connection)
                jobs = [self._read_job(self._connection, columns) for columns in self._select_jobs(self._connection)]
        except BaseException:
            self.close()
            raise
        return jobs

    def commit(self, changes: Sequence[Change]) -> None:
        """Record all of the changes in one transaction, or none.

        Raises:
            StoreError: nothing of it is certain; the message says what to do.
        """
        numbers = {}
        with self._named_errors(), self._transaction() as connection:
            for change in changes:
                number = self._record_job(connection, change)
                if number is not None:
                    numbers[change.ledger.id] = number
                    connection.executemany(INSERT_OUTCOME, ((number, *row) for row in records.outcomes(change)))
        self._numbers |= numbers

    def load(self, job_id: str) -> JobRecord | None:
        """Read one job, whatever has become of it; None if it is not there.

        Raises:
            StoreError: it cannot be read; the message says what to do.
        """
        with self._named_errors(), closing(self._connect(read_only=True)) as connection:
            columns = connection.execute("SELECT * FROM job WHERE id = ?", (job_id,)).fetchone()
            return None if columns is None else self._read_job(connection, columns)

    def prune(self, job_ids: Sequence[str]) -> None:
        """Remove jobs: at once from sight, then their outcomes slice by slice.

        Raises:
            StoreError: some may not be removed; what is out of sight goes the next time.
        """
        with self._named_errors():
            with self._transaction() as connection:
                for job_id in job_ids:
                    connection.execute("INSERT INTO doomed SELECT number FROM job WHERE id = ?", (job_id,))
                    connection.execute("DELETE FROM job WHERE id = ?", (job_id,))
            for job_id in job_ids:
                self._numbers.pop(job_id, None)
            for (number,) in self._writer.execute("SELECT job FROM doomed").fetchall():
                self._remove(number)

    def close(self) -> None:
        """Close the file, and let others open it."""
        self._drop_connection()
        self._lock.release()

    @property
    def _in_memory(self) -> bool:
        return self.path.startswith("file:") and "mode=memory" in self.path

    @property
    def _writer(self) -> sqlite3.Connection:
        """The one connection that writes; made again after an error that may have spoilt it."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self, *, read_only: bool = False) -> sqlite3.Connection:
        address = self.path
        if not address.startswith("file:"):
            address = f"{Path(address).absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
        connection = sqlite3.connect(
            address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        if not read_only:
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        return connection

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _migrate(self, connection: sqlite3.Connection) -> None:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode not in {"wal", "memory"}:
            raise StoreError(
                f"{self.path} cannot have a write-ahead log (its journal mode is {mode!r}), perhaps since it is on a "
                "network file system; put it on a disk of this computer"
            )
        with self._transaction():
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if tables and application != APPLICATION_ID:
                raise StoreError(f"{self.path} is the database of another program; choose another file")
            if version > len(MIGRATIONS):
                raise StoreVersionError(
                    f"{self.path} has version {version} of the schema, and this docmill knows {len(MIGRATIONS)}; "
                    "use the docmill that made it, or a newer one"
                )
            if tables and version < len(MIGRATIONS) and not self._auto_migrate:
                raise StoreVersionError(
                    f"{self.path} has version {version} of the schema, and this docmill needs {len(MIGRATIONS)}; "
                    "open it once with auto_migrate=True"
                )
            for statements in MIGRATIONS[version:]:
                for statement in statements:
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._writer
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    def _record_job(self, connection: sqlite3.Connection, change: Change) -> int | None:
        """Insert or update a job, and give back its number; None if it was removed."""
        ledger = change.ledger
        state = records.state(change)
        if change.before is None:
            inserted = connection.execute(INSERT_JOB, records.head(ledger) + state).rowcount
            number = self._number(connection, ledger.id)
            if inserted:
                chunks = ((number, first, ids) for first, ids in records.chunks(ledger))
                connection.executemany("INSERT INTO document_chunk VALUES (?, ?, ?)", chunks)
                return number
        else:
            number = self._number(connection, ledger.id)
        if number is not None:
            connection.execute(UPDATE_JOB, (*state, number))
        return number

    def _number(self, connection: sqlite3.Connection, job_id: str) -> int | None:
        if job_id in self._numbers:
            return self._numbers[job_id]
        found = connection.execute("SELECT number FROM job WHERE id = ?", (job_id,)).fetchone()
        return None if found is None else int(found[0])

    def _remove(self, number: int) -> None:
        removed = SLICE
        while removed == SLICE:
            with self._transaction() as connection:
                removed = connection.execute(DELETE_OUTCOMES, (number, number, SLICE)).rowcount
        with self._transaction() as connection:
            connection.execute("DELETE FROM document_chunk WHERE job = ?", (number,))
            connection.execute("DELETE FROM doomed WHERE job = ?", (number,))

    def _select_jobs(self, connection: sqlite3.Connection) -> list[sqlite3.Row]:
        return connection.execute("SELECT * FROM job ORDER BY number").fetchall()

    def _read_job(self, connection: sqlite3.Connection, columns: sqlite3.Row) -> JobRecord:
        job_id, number = columns["id"], columns["number"]
        if JobStatus(columns["status"]).is_terminal:
            both = cache(lambda: self._look_up(job_id, number))
            ids = Later(columns["documents"], lambda: both()[0])
            ok: Sequence[Row] = Later(columns["ok"], lambda: both()[1])
            failed: Sequence[Row] = Later(columns["failed"], lambda: both()[2])
            return records.record(columns, ids, ok, failed)
        return records.record(columns, *self._read_rows(connection, job_id, number))

    def _look_up(self, job_id: str, number: int) -> tuple[Sequence[str], list[Row], list[Row]]:
        """The documents and outcomes of a job that was not read when the file was opened."""
        with self._named_errors(), closing(self._connect(read_only=True)) as connection:
            return self._read_rows(connection, job_id, number)

    def _read_rows(
        self, connection: sqlite3.Connection, job_id: str, number: int
    ) -> tuple[Sequence[str], list[Row], list[Row]]:
        chunks = connection.execute("SELECT ids FROM document_chunk WHERE job = ? ORDER BY first", (number,))
        ids = tuple(document_id for (chunk,) in chunks for document_id in json.loads(chunk))
        cursor = connection.cursor()
        cursor.row_factory = None
        ok, failed = records.rows(job_id, cursor.execute(SELECT_OUTCOMES, (number,)))
        return ids, ok, failed

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            kind, text = _named(error)
            if kind is not StoreInUseError:
                self._drop_connection()  # an I/O error may have spoilt it
            raise kind(f"{self.path} {text} ({error})") from error
        except PermissionError as error:
            raise StoreReadOnlyError(
                f"{self.path} may not be written to; give this process the right ({error})"
            ) from error
        except OSError as error:
            kind = StoreReadOnlyError if error.errno == errno.EROFS else StoreError
            raise kind(f"{self.path} cannot be opened; see that its folder is there ({error})") from error


def _named(error: sqlite3.Error) -> tuple[type[StoreError], str]:
    """The class of an error of SQLite, and words for it."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreCorruptError, "is damaged, or is no database; move it aside and restore a backup"
        case sqlite3.SQLITE_READONLY:
            return (
                StoreReadOnlyError,
                "may not be written to; give this process the right to write to its folder",
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreInUseError, "is locked by another program; close it there"
        case sqlite3.SQLITE_FULL:
            return StoreError, "cannot grow, since the disk is full; make room"
        case sqlite3.SQLITE_IOERR:
            return StoreError, "cannot be read or written; see to the disk"
        case sqlite3.SQLITE_CANTOPEN:
            return StoreError, "cannot be opened; see that its folder is there and may be written to"
        case _:
            return StoreError, "cannot be used"
