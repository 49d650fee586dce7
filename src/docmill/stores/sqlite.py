"""The store in one SQLite file: durable, embedded, of one process at a time."""

import errno
import gc
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Lock, RLock
from typing import Final, Literal
from zlib import crc32

from docmill.core.data import MAX_RESULT_BYTES
from docmill.errors import (
    JobNotFoundError,
    StoreCorruptError,
    StoreError,
    StoreInUseError,
    StoreReadOnlyError,
    StoreVersionError,
)
from docmill.model import JobStatus, Later, Row
from docmill.ports import Change, JobRecord
from docmill.stores import blocks, records
from docmill.stores.locks import FileLock
from docmill.stores.records import WRITTEN_AGAIN, WRITTEN_ONCE

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
            head_checksum INTEGER NOT NULL,
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
            told INTEGER NOT NULL,
            state_checksum INTEGER NOT NULL
        )""",
        """CREATE UNIQUE INDEX job_key ON job (coalesce(owner, ''), owner IS NULL, idempotency_key)
            WHERE idempotency_key IS NOT NULL""",
        "CREATE TABLE doomed (job INTEGER PRIMARY KEY)",
        """CREATE TABLE document_chunk (
            job INTEGER NOT NULL,
            first INTEGER NOT NULL,
            ids TEXT NOT NULL,
            checksum INTEGER NOT NULL,
            PRIMARY KEY (job, first)
        ) WITHOUT ROWID""",
        """CREATE TABLE outcome_block (
            job INTEGER NOT NULL,
            failed INTEGER NOT NULL,
            first INTEGER NOT NULL,
            positions TEXT NOT NULL,
            attempts TEXT NOT NULL,
            codes TEXT,
            times BLOB NOT NULL,
            payload TEXT NOT NULL,
            checksum INTEGER NOT NULL,
            PRIMARY KEY (job, failed, first)
        ) WITHOUT ROWID""",
        # For people and their queries: one row for each outcome.
        """CREATE VIEW outcome AS
            SELECT job.id AS job, position.value AS position, attempts.value AS attempts,
                CASE WHEN codes IS NULL THEN NULL ELSE json_extract(codes, '$[' || position.key || ']') END AS code,
                CASE block.failed WHEN 0 THEN payload.value END AS data,
                CASE block.failed WHEN 1 THEN payload.value END AS error
            FROM outcome_block AS block JOIN job ON job.number = block.job
            JOIN json_each(block.positions) AS position
            JOIN json_each(block.attempts) AS attempts ON attempts.key = position.key
            JOIN json_each(block.payload) AS payload ON payload.key = position.key""",
        """CREATE TABLE result (
            key TEXT PRIMARY KEY,
            payload BLOB NOT NULL,
            recorded REAL NOT NULL,
            checksum INTEGER NOT NULL
        ) WITHOUT ROWID""",
        "CREATE INDEX result_age ON result (recorded)",
    ),
)
"""The statements that make each version of the schema from the one before; the last one is this version's."""

BUSY_SECONDS: Final = 5.0
"""How long a commit waits for another program that has locked the file, a backup say."""

SLICE: Final = 200
"""Blocks of outcomes that are removed in one transaction, so that no commit has to wait for long."""

SLICES: Final = 10
"""Transactions of one call that removes rows."""

COLUMNS: Final = (*WRITTEN_ONCE, *WRITTEN_AGAIN)
INSERT_JOB: Final = (  # the names of columns are our own
    f"INSERT INTO job ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))}) ON CONFLICT (id) DO NOTHING"  # noqa: S608
)
UPDATE_JOB: Final = f"UPDATE job SET {', '.join(f'{name} = ?' for name in WRITTEN_AGAIN)} WHERE number = ?"  # noqa: S608
DELETE_BLOCKS: Final = (
    "DELETE FROM outcome_block WHERE job = ? AND (failed, first) IN "
    "(SELECT failed, first FROM outcome_block WHERE job = ? LIMIT ?)"
)
INSERT_BLOCK: Final = "INSERT OR IGNORE INTO outcome_block VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
COUNT_OUTCOMES: Final = (
    "SELECT coalesce(sum(json_array_length(positions)), 0) FROM outcome_block WHERE job = ? AND failed = ?"
)
INSERT_RESULT: Final = "INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?)"
DELETE_OLDEST_RESULTS: Final = "DELETE FROM result WHERE key IN (SELECT key FROM result ORDER BY recorded LIMIT ?)"
SELECT_CHUNKS: Final = "SELECT first, ids, checksum FROM document_chunk WHERE job = ? ORDER BY first"
SELECT_BLOCKS: Final = (
    "SELECT failed, first, positions, attempts, codes, times, payload, checksum FROM outcome_block WHERE job = ?"
)

DAMAGED: Final = "is damaged, or is no database; move it aside and restore a backup"
READ_ONLY: Final = "may not be written to; give this process the right to write to it and to its folder"
DISK_FULL: Final = "cannot grow, since the disk is full; make room"
NO_FOLDER: Final = "cannot be opened; see that its folder is there and may be written to"

MALFORMED: Final = (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What comes of reading rows that nobody has written."""


class SQLiteStore:
    """Keeps jobs in an SQLite file, which outlives the process, and with ``FULL`` the computer's power.

    One queue at a time may have the file open. It must be on a disk of this computer: locks and the
    write-ahead log do not work over a network.

    Args:
        path: the file, which is made if it is not there; its folder must be. For tests, a URI such as
            "file:?mode=memory" is a store that ends when it is closed.
        synchronous: "FULL" waits for the disk at every commit, so that a power cut loses nothing that was
            shown. "NORMAL" survives a killed process, but may lose the last commits at a power cut.
        max_result_bytes: how large a result may be as JSON.
        auto_migrate: whether a file of an older version of docmill is brought up to date when it is opened.
        cache_age: seconds for which results are kept to be found again, for jobs with ``JobOptions.cache``.
        cache_bytes: how much room they may take, about; the oldest ones go.

    Raises:
        ValueError: ``synchronous`` is neither of the two, or ``path`` is the URI of a file.
    """

    durable = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        max_result_bytes: int = MAX_RESULT_BYTES,
        auto_migrate: bool = True,
        cache_age: float = 30 * 24 * 3600.0,
        cache_bytes: int = 2**28,
    ) -> None:
        if synchronous not in {"FULL", "NORMAL"}:
            raise ValueError(f"synchronous must be 'FULL' or 'NORMAL', got {synchronous!r}")
        self.path = os.fspath(path)
        self._in_memory = self.path.startswith("file:") and "mode=memory" in self.path
        if not self._in_memory:
            if self.path.startswith("file:"):
                raise ValueError(f"path must be a path, not a URI, got {self.path!r}")
            self.path = str(Path(self.path).absolute())  # whatever the working directory is later
        self.max_result_bytes = max_result_bytes
        self._synchronous = synchronous
        self._auto_migrate = auto_migrate
        self._cache_age = cache_age
        self._cache_bytes = cache_bytes
        self._recaller: sqlite3.Connection | None = None
        self._recalling = Lock()
        self._sharing = RLock()
        self._numbers: dict[str, int] = {}
        self._connection: sqlite3.Connection | None = None
        self._lock = FileLock(f"{os.path.realpath(self.path)}-lock", self.path)

    def open(self) -> Iterable[JobRecord]:
        """Lock and open the file, bring its schema up to date, and read the jobs.

        Of a job that is decided the documents and outcomes are read when somebody looks at them.

        Raises:
            StoreError: one of its kinds; the message names the file and says what to do.
        """
        try:
            with self._named_errors(reading=True):
                if not self._in_memory:
                    self._lock.acquire()
                    self._look_for_a_lost_file()
                self._connection = self._connect("rwc")
                self._prepare(self._connection)
                with _collector_paused():
                    jobs = [self._read_job(self._connection, row) for row in self._select_jobs(self._connection)]
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
                    self._record_outcomes(connection, number, change)
                    if found := records.results(change):
                        now = time.time()
                        rows = ((key, payload, now, crc32(payload)) for key, payload in found)
                        connection.executemany(INSERT_RESULT, rows)
        self._numbers |= numbers

    def load(self, job_id: str) -> JobRecord | None:
        """Read one job, whatever has become of it; None if it is not there.

        Raises:
            StoreError: it cannot be read; the message says what to do.
        """
        with self._named_errors(reading=True), self._reading() as connection:
            columns = connection.execute("SELECT * FROM job WHERE id = ?", (job_id,)).fetchone()
            return None if columns is None else self._read_job(connection, columns)

    def recall(self, key: str) -> bytes | None:
        """A result that was recorded with its outcome for jobs that look for earlier ones.

        Raises:
            StoreError: it cannot be read; the message says what to do.
        """
        with self._named_errors(reading=True), self._recalling:
            if self._recaller is None and not self._in_memory:
                self._recaller = self._connect("ro")
            connection = self._recaller or self._writer
            found = connection.execute("SELECT payload, checksum FROM result WHERE key = ?", (key,)).fetchone()
        # A damaged one is as good as none: the document is processed again.
        return None if found is None or crc32(found["payload"]) != found["checksum"] else bytes(found["payload"])

    def prune(self, job_ids: Sequence[str]) -> bool:
        """Remove jobs: at once from sight, then their outcomes slice by slice, and not too many of them in one call.

        Returns:
            Whether there is more to remove.

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
            slices = SLICES
            for (number,) in self._writer.execute("SELECT job FROM doomed").fetchall():
                slices = self._remove(number, slices)
                if not slices:
                    return True
            self._prune_results()
        return False

    def close(self) -> None:
        """Close the file, and let others open it."""
        self._drop_connection()
        with self._recalling:
            recaller, self._recaller = self._recaller, None
        if recaller is not None:
            recaller.close()
        self._lock.release()

    @property
    def _writer(self) -> sqlite3.Connection:
        """The one connection that writes; made again after an error that may have spoilt it."""
        if self._connection is None:
            self._connection = self._connect("rw")
            # What was in the log when the disk failed may be in the system's cache and not on the disk, and a
            # second flush would not say so: it has to be written again.
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return self._connection

    def _connect(self, mode: Literal["ro", "rw", "rwc"]) -> sqlite3.Connection:
        address = self.path if self._in_memory else f"{Path(self.path).as_uri()}?mode={mode}"
        connection = sqlite3.connect(
            address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        if mode != "ro":
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        return connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees the file as it is at one moment."""
        if self._in_memory:
            with self._sharing:  # there is only the connection that writes
                yield self._writer
            return
        with closing(self._connect("ro")) as connection:
            connection.execute("BEGIN")
            yield connection

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _look_for_a_lost_file(self) -> None:
        """SQLite takes an empty file for a new database, and removes the log that belonged to the lost one."""
        log = Path(f"{os.path.realpath(self.path)}-wal")
        size = Path(self.path).stat().st_size if Path(self.path).exists() else 0
        if not size and log.exists() and log.stat().st_size:
            raise StoreCorruptError(
                f"{self.path} is empty or gone, but its log {log.name} is there; move both aside and restore a backup"
            )

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Make sure that the file is ours and may be written to, and bring its schema up to date."""
        version, is_new = self._identify(connection)
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        if mode not in {"wal", "memory"}:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode not in {"wal", "memory"}:
            raise StoreError(
                f"{self.path} cannot have a write-ahead log (its journal mode is {mode!r}), perhaps since it is on a "
                "network file system; put it on a disk of this computer"
            )
        if version == len(MIGRATIONS):
            self._try_to_write(connection)
            return
        with self._transaction():
            if not (is_new or self._auto_migrate):
                raise StoreVersionError(
                    f"{self.path} has version {version} of the schema, and this docmill needs {len(MIGRATIONS)}; "
                    "open it once with auto_migrate=True"
                )
            for statements in MIGRATIONS[version:]:
                for statement in statements:
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @staticmethod
    def _try_to_write(connection: sqlite3.Connection) -> None:
        """Begin to write, and leave it at that: a file that may only be read can be locked like any other."""
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        finally:
            connection.execute("ROLLBACK")

    def _identify(self, connection: sqlite3.Connection) -> tuple[int, bool]:
        """The version of the schema, and whether there is none yet; nothing is changed before that is known."""
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if application != APPLICATION_ID and (application or tables):
            raise StoreError(f"{self.path} is the database of another program; choose another file")
        if version > len(MIGRATIONS):
            raise StoreVersionError(
                f"{self.path} has version {version} of the schema, and this docmill knows {len(MIGRATIONS)}; "
                "use the docmill that made it, or a newer one"
            )
        return version, not tables

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._sharing:
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
                chunks = ((number, first, ids, records.checksum((first, ids))) for first, ids in records.chunks(ledger))
                connection.executemany("INSERT INTO document_chunk VALUES (?, ?, ?, ?)", chunks)
                return number
        else:
            number = self._number(connection, ledger.id)
        if number is not None:
            connection.execute(UPDATE_JOB, (*state, number))
        return number

    def _record_outcomes(self, connection: sqlite3.Connection, number: int, change: Change) -> None:
        """Insert what is new. Of a commit whose answer was lost, and that is made again, only what is not there yet."""
        for block in blocks.blocks(change):
            if not connection.execute(INSERT_BLOCK, (number, *block)).rowcount:
                there = [connection.execute(COUNT_OUTCOMES, (number, failed)).fetchone()[0] for failed in (0, 1)]
                rest = blocks.blocks(change, (there[0], there[1]))
                connection.executemany(INSERT_BLOCK, ((number, *block) for block in rest))
                return

    def _prune_results(self) -> None:
        oldest = time.time() - self._cache_age
        if self._writer.execute("SELECT 1 FROM result WHERE recorded < ?", (oldest,)).fetchone():
            with self._transaction() as connection:
                connection.execute("DELETE FROM result WHERE recorded < ?", (oldest,))
        while True:
            (size,) = self._writer.execute("SELECT total(length(payload)) FROM result").fetchone()
            if size <= self._cache_bytes:
                return
            with self._transaction() as connection:
                connection.execute(DELETE_OLDEST_RESULTS, (SLICE,))

    def _number(self, connection: sqlite3.Connection, job_id: str) -> int | None:
        if job_id in self._numbers:
            return self._numbers[job_id]
        found = connection.execute("SELECT number FROM job WHERE id = ?", (job_id,)).fetchone()
        return None if found is None else int(found[0])

    def _remove(self, number: int, slices: int) -> int:
        """Remove a job that is out of sight already, and say how many slices are left to be removed in this call."""
        removed = SLICE
        while removed == SLICE:
            if not slices:
                return 0
            with self._transaction() as connection:
                removed = connection.execute(DELETE_BLOCKS, (number, number, SLICE)).rowcount
            slices -= 1
        with self._transaction() as connection:
            connection.execute("DELETE FROM document_chunk WHERE job = ?", (number,))
            connection.execute("DELETE FROM doomed WHERE job = ?", (number,))
        return slices

    def _select_jobs(self, connection: sqlite3.Connection) -> list[sqlite3.Row]:
        return connection.execute("SELECT * FROM job ORDER BY number").fetchall()

    def _read_job(self, connection: sqlite3.Connection, columns: sqlite3.Row) -> JobRecord:
        job_id, number = columns["id"], columns["number"]
        records.check(columns)
        if JobStatus(columns["status"]).is_terminal and not self._in_memory:
            both = cache(lambda: self._look_up(job_id, number))
            ids = Later(columns["documents"], lambda: both()[0])
            ok: Sequence[Row] = Later(columns["ok"], lambda: both()[1])
            failed: Sequence[Row] = Later(columns["failed"], lambda: both()[2])
            return records.record(columns, ids, ok, failed)
        return records.record(columns, *self._read_rows(connection, columns))

    def _look_up(self, job_id: str, number: int) -> tuple[Sequence[str], list[Row], list[Row]]:
        """The documents and outcomes of a job that was not read when the file was opened.

        Raises:
            JobNotFoundError: it was removed since.
        """
        with self._named_errors(reading=True), self._reading() as connection:
            columns = connection.execute("SELECT * FROM job WHERE number = ?", (number,)).fetchone()
            if columns is None:
                raise JobNotFoundError(job_id)
            return self._read_rows(connection, columns)

    def _read_rows(
        self, connection: sqlite3.Connection, columns: sqlite3.Row
    ) -> tuple[Sequence[str], list[Row], list[Row]]:
        job_id, number = columns["id"], columns["number"]
        ids: list[str] = []
        for first, chunk, checksum in connection.execute(SELECT_CHUNKS, (number,)):
            if records.checksum((first, chunk)) != checksum:
                raise StoreCorruptError(
                    f"the documents of job {job_id} from {first} on are not what was recorded: their checksum differs"
                )
            ids += json.loads(chunk)
        cursor = connection.cursor()
        cursor.row_factory = None
        found = cursor.execute(SELECT_BLOCKS, (number,))
        ok, failed = blocks.rows(job_id, columns["ok"], columns["failed"], found)
        if len(ids) != columns["documents"]:
            raise StoreCorruptError(f"job {job_id} has {len(ids)} documents, and {columns['documents']} were recorded")
        return tuple(ids), ok, failed

    @contextmanager
    def _named_errors(self, *, reading: bool = False) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            kind, text = _named(error)
            if kind is not StoreInUseError:
                self._drop_connection()  # an I/O error may have spoilt it
            raise kind(f"{self.path} {text} ({error})") from error
        except StoreCorruptError as error:
            if self.path in str(error):
                raise
            raise StoreCorruptError(f"{self.path} {DAMAGED} ({error})") from error
        except MALFORMED as error:
            if not reading:
                raise
            raise StoreCorruptError(f"{self.path} {DAMAGED} ({error})") from error
        except PermissionError as error:
            raise StoreReadOnlyError(f"{self.path} {READ_ONLY} ({error})") from error
        except OSError as error:
            if error.errno == errno.EROFS:
                raise StoreReadOnlyError(f"{self.path} {READ_ONLY} ({error})") from error
            text = DISK_FULL if error.errno in {errno.ENOSPC, errno.EDQUOT} else NO_FOLDER
            raise StoreError(f"{self.path} {text} ({error})") from error


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Have Python not look for garbage among millions of new rows: there is none, and it takes half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _named(error: sqlite3.Error) -> tuple[type[StoreError], str]:
    """The class of an error of SQLite, and words for it."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreCorruptError, DAMAGED
        case sqlite3.SQLITE_READONLY:
            return StoreReadOnlyError, READ_ONLY
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreInUseError, "is locked by another program; close it there"
        case sqlite3.SQLITE_FULL:
            return StoreError, DISK_FULL
        case sqlite3.SQLITE_IOERR:
            return StoreError, "cannot be read or written; see to the disk"
        case sqlite3.SQLITE_CANTOPEN:
            return StoreError, NO_FOLDER
        case sqlite3.SQLITE_CONSTRAINT:
            return StoreError, "has another job with this id, or with this idempotency key of this owner"
        case _ if "decode to UTF-8" in str(error):  # it has no code
            return StoreCorruptError, DAMAGED
        case _:
            return StoreError, "cannot be used"
