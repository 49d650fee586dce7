"""The store in a PostgreSQL database: durable, and shared by as many hosts as one likes."""

import json
import os
import socket
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from threading import Lock
from typing import Any, Final, NamedTuple, TypeVar
from uuid import uuid4
from zlib import crc32

import psycopg
from attrs import evolve
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row, tuple_row

from docmill.core.data import MAX_RESULT_BYTES
from docmill.errors import (
    JobNotFoundError,
    StoreCorruptError,
    StoreError,
    StoreReadOnlyError,
    StoreVersionError,
)
from docmill.model import TERMINAL_STATUSES, JobStatus, Later, Row
from docmill.ports import Change, JobRecord
from docmill.ports.store import Beat, KeysTaken
from docmill.stores import records
from docmill.stores.records import WRITTEN_AGAIN, WRITTEN_ONCE

__all__ = ["MIGRATIONS", "PostgresStore"]

MIGRATIONS: Final = (
    (
        """CREATE TABLE docmill_host (
            id uuid PRIMARY KEY,
            name text NOT NULL,
            lease double precision NOT NULL,
            beat_at timestamptz NOT NULL
        )""",
        """CREATE TABLE docmill_job (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id text NOT NULL UNIQUE,
            type text NOT NULL,
            options text NOT NULL,
            owner text,
            idempotency_key text,
            metadata text NOT NULL,
            priority bigint NOT NULL,
            retry_of text,
            created double precision NOT NULL,
            documents bigint NOT NULL,
            head_checksum bigint NOT NULL,
            status text NOT NULL,
            ok bigint NOT NULL,
            failed bigint NOT NULL,
            busy double precision NOT NULL,
            started double precision,
            completed double precision,
            drained boolean NOT NULL,
            error text,
            error_code text,
            summary text,
            summary_error text,
            reserved bigint NOT NULL,
            alone bigint,
            blamed text NOT NULL,
            active double precision NOT NULL,
            lives bigint NOT NULL,
            told boolean NOT NULL,
            state_checksum bigint NOT NULL,
            host uuid NOT NULL REFERENCES docmill_host,
            epoch bigint NOT NULL,
            cancel_at timestamptz,
            cancel_force boolean NOT NULL DEFAULT false,
            cancel_granted boolean NOT NULL DEFAULT false
        )""",
        """CREATE UNIQUE INDEX docmill_job_key ON docmill_job (coalesce(owner, ''), (owner IS NULL), idempotency_key)
            WHERE idempotency_key IS NOT NULL""",
        "CREATE INDEX docmill_job_host ON docmill_job (host)",
        "CREATE INDEX docmill_job_cancel ON docmill_job (host) WHERE cancel_at IS NOT NULL AND NOT drained",
        "CREATE TABLE docmill_doomed (job bigint PRIMARY KEY)",
        """CREATE TABLE docmill_chunk (
            job bigint NOT NULL,
            first bigint NOT NULL,
            ids text NOT NULL,
            checksum bigint NOT NULL,
            PRIMARY KEY (job, first)
        )""",
        """CREATE TABLE docmill_outcome (
            job bigint NOT NULL,
            position bigint NOT NULL,
            place bigint NOT NULL,
            attempts bigint NOT NULL,
            first_started double precision NOT NULL,
            settled double precision NOT NULL,
            code text,
            payload bytea NOT NULL,
            checksum bigint NOT NULL,
            PRIMARY KEY (job, position)
        )""",
        """CREATE TABLE docmill_result (
            key text PRIMARY KEY,
            payload bytea NOT NULL,
            size bigint NOT NULL,
            recorded timestamptz NOT NULL,
            checksum bigint NOT NULL
        )""",
        "CREATE INDEX docmill_result_age ON docmill_result (recorded)",
    ),
)
"""The statements that make each version of the schema from the one before; the last one is this version's.

An administrator may run them instead, and put the version into the table ``docmill_schema (version bigint)``.
"""

LOCK: Final = 0x646D696C
"""The advisory lock under which the schema is changed: "dmil" in ASCII."""

PATIENCE: Final = 10.0
"""Seconds for which a statement, or a connection to be made, may take at least."""

AT_ONCE: Final = 10_000
"""Rows of one statement."""

SLICE: Final = 5_000
"""Rows that are removed in one transaction."""

AGAIN: Final = 3
"""How often a transaction is made that fails only since another one was faster."""

DISTURBED: Final = (errors.DeadlockDetected, errors.SerializationFailure, errors.ForeignKeyViolation)

TYPES: Final = (
    dict.fromkeys(("priority", "documents", "head_checksum", "ok", "failed", "reserved", "alone"), "bigint")
    | dict.fromkeys(("lives", "state_checksum", "number", "epoch"), "bigint")
    | dict.fromkeys(("created", "busy", "started", "completed", "active"), "double precision")
    | dict.fromkeys(("drained", "told", "granted"), "boolean")
)
"""The types of columns that are not text."""


def _unnest(names: Sequence[str]) -> str:
    arrays = (f"%s::{TYPES.get(name, 'text')}[]" for name in names)
    return f"unnest({', '.join(arrays)})"


INSERT_JOBS: Final = (  # the names of columns are our own
    f"INSERT INTO docmill_job ({', '.join((*WRITTEN_ONCE, *WRITTEN_AGAIN))}, host, epoch) "  # noqa: S608
    f"SELECT new.*, %s, 1 FROM {_unnest((*WRITTEN_ONCE, *WRITTEN_AGAIN))} AS new "
    "ON CONFLICT DO NOTHING RETURNING id, number"
)
UPDATE_JOBS: Final = (
    f"UPDATE docmill_job AS job SET {', '.join(f'{name} = new.{name}' for name in WRITTEN_AGAIN)}, "  # noqa: S608
    "cancel_granted = job.cancel_granted OR new.granted "
    f"FROM {_unnest(('number', 'epoch', 'granted', *WRITTEN_AGAIN))} "
    f"AS new (number, epoch, granted, {', '.join(WRITTEN_AGAIN)}) "
    "WHERE job.number = new.number AND job.host = %s AND job.epoch = new.epoch RETURNING job.id"
)
INSERT_CHUNKS: Final = (
    "INSERT INTO docmill_chunk SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[])"
)
INSERT_OUTCOMES: Final = (
    "INSERT INTO docmill_outcome SELECT * FROM unnest(%b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[], "
    "%b::double precision[], %b::double precision[], %s::text[], %b::bytea[], %b::bigint[]) ON CONFLICT DO NOTHING"
)
INSERT_RESULTS: Final = (
    "INSERT INTO docmill_result SELECT key, payload, octet_length(payload), clock_timestamp(), checksum "
    "FROM unnest(%s::text[], %b::bytea[], %s::bigint[]) AS new (key, payload, checksum) "
    "ON CONFLICT (key) DO UPDATE SET payload = excluded.payload, size = excluded.size, recorded = excluded.recorded, "
    "checksum = excluded.checksum"
)
DELETE_OLD_RESULTS: Final = """
    DELETE FROM docmill_result WHERE recorded < clock_timestamp() - make_interval(secs => %s) OR key IN (
        SELECT key FROM (SELECT key, sum(size) OVER (ORDER BY recorded DESC, key) AS room FROM docmill_result) AS newest
        WHERE room > %s)"""
SELECT_CHUNKS: Final = "SELECT first, ids, checksum FROM docmill_chunk WHERE job = %s ORDER BY first"
SELECT_OUTCOMES: Final = (
    "SELECT position, place, attempts, first_started, settled, code, payload, checksum "
    "FROM docmill_outcome WHERE job = %s"
)
DELETE_OUTCOMES: Final = (
    "DELETE FROM docmill_outcome WHERE ctid = ANY (ARRAY (SELECT ctid FROM docmill_outcome WHERE job = %s LIMIT %s))"
)

SELECT_DEAD: Final = """
    SELECT id FROM docmill_host WHERE id <> %s AND (beat_at = '-infinity' OR
        greatest(beat_at, pg_postmaster_start_time()) < clock_timestamp() - make_interval(secs => lease))"""
"""The hosts that are closed, or have not said for their lease that they are alive.

While the server is down nobody can say so: each host has its whole lease again when the server has started.
"""

ADOPT: Final = """
    UPDATE docmill_job SET host = %s, epoch = epoch + 1 WHERE number IN (
        SELECT number FROM docmill_job WHERE host = ANY (%s) ORDER BY number FOR UPDATE SKIP LOCKED)
    RETURNING number"""
"""A job that somebody is recording, or adopting, is left out until the next beat: nobody waits for it."""

DELETE_HOSTS: Final = """
    DELETE FROM docmill_host WHERE id IN (
        SELECT id FROM docmill_host AS host WHERE id = ANY (%s) AND NOT EXISTS (
            SELECT FROM docmill_job AS job WHERE job.host = host.id) FOR UPDATE SKIP LOCKED)"""

BEAT: Final = """
    UPDATE docmill_host AS host SET beat_at = clock_timestamp(), lease = %s
    FROM (SELECT id, beat_at FROM docmill_host WHERE id = %s FOR UPDATE) AS old WHERE host.id = old.id
    RETURNING old.beat_at < clock_timestamp() - make_interval(secs => %s)"""

ASK_TO_CANCEL: Final = f"""
    UPDATE docmill_job AS job SET cancel_at = coalesce(old.cancel_at, clock_timestamp()),
        cancel_force = job.cancel_force OR %s
    FROM (SELECT number, cancel_at FROM docmill_job WHERE id = %s AND NOT drained FOR UPDATE) AS old
    WHERE job.number = old.number
    RETURNING old.cancel_at IS NULL AND job.status NOT IN ({", ".join(repr(str(name)) for name in TERMINAL_STATUSES)})
"""  # noqa: S608 - the statuses are our own

MALFORMED: Final = (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What comes of reading rows that nobody has written."""

Connection = psycopg.Connection[dict[str, Any]]
T = TypeVar("T")


class Held(NamedTuple):
    """A job of this host: its number, and how often it has changed hosts."""

    number: int
    epoch: int


class PostgresStore:
    """Keeps jobs in a PostgreSQL database, which several hosts may use at once.

    Each queue with such a store is a *host*. A job belongs to the host that has created it, until that host is
    closed or is not heard of for its lease; then another one adopts the job. Only the host of a job records it:
    every transaction makes sure of that, so that a host that was paused for a minute records nothing of jobs
    that went on elsewhere. Time between hosts is only that of the server's clock.

    The tables ``docmill_*`` are made in the first schema of the connection's search path. The server's
    ``synchronous_commit`` is left as it is: with ``on``, the default, what was shown survives a crash of the server.

    Args:
        dsn: where the database is: "postgresql://user@server/database", or "dbname=... host=...".
        heartbeat: seconds between two signs of life of this host.
        lease: seconds without one after which others take over its jobs; at least two heartbeats, and more than
            the event loop is ever blocked.
        poll: seconds between two looks at a job of another host that somebody waits for.
        name: names this host for good, if only one process ever has the name at a time. When it is opened again
            after a crash, its jobs go on at once instead of after the lease.
        max_result_bytes: how large a result may be as JSON.
        auto_migrate: whether a database of an older version of docmill is brought up to date when it is opened.
        cache_age: seconds for which results are kept to be found again, for jobs with ``JobOptions.cache``.
        cache_bytes: how much room they may take; the oldest ones go.

    Raises:
        ValueError: ``dsn`` does not say where a database is, or the times do not fit together.
    """

    durable = True
    shared = True

    def __init__(
        self,
        dsn: str,
        *,
        heartbeat: float = 10.0,
        lease: float = 30.0,
        poll: float = 0.5,
        name: str | None = None,
        max_result_bytes: int = MAX_RESULT_BYTES,
        auto_migrate: bool = True,
        cache_age: float = 30 * 24 * 3600.0,
        cache_bytes: int = 2**28,
    ) -> None:
        if not (heartbeat > 0 and poll > 0 and 2 * heartbeat <= lease <= 86_400):
            raise ValueError(
                "heartbeat, lease and poll must be seconds above 0, and lease two heartbeats or more and a day at "
                f"most, got heartbeat={heartbeat!r}, lease={lease!r}, poll={poll!r}"
            )
        self.max_result_bytes = max_result_bytes
        self.beat_every = heartbeat
        self.poll_every = poll
        self._dsn = dsn
        self._place = _name_of(dsn)
        self.lease = lease
        self._name = name
        self._auto_migrate = auto_migrate
        self._cache_age = cache_age
        self._cache_bytes = cache_bytes
        self._host = uuid4()
        self._jobs: dict[str, Held] = {}
        self._granted: set[str] = set()
        self._beat_at = 0.0
        self._connection: Connection | None = None
        self._reader: Connection | None = None
        self._reading_turn = Lock()
        self._open = False

    def open(self) -> Iterable[JobRecord]:
        """Bring the schema up to date, become a host, and adopt the jobs of hosts that are gone.

        Of a job that is decided the documents and outcomes are read when somebody looks at them.

        Raises:
            StoreError: one of its kinds; the message names the database and says what to do.
        """
        try:
            with self._writing(reading=True):
                self._migrate()
                with self._transaction() as connection:
                    if self._name is not None:
                        self._bury(connection, self._name)
                    self._register(connection)
                    adopted, held = self._adopt(connection)
        except BaseException:
            self.close()
            raise
        self._jobs = held
        self._open = True
        return adopted

    def commit(self, changes: Sequence[Change]) -> Collection[str]:
        """Record all of the changes in one transaction, or none.

        Returns:
            The ids of jobs that another host has taken over: of those nothing was recorded.

        Raises:
            KeysTaken: other jobs have the idempotency keys of new ones.
            StoreError: nothing of it is certain; the message says what to do.
        """
        with self._writing():
            held, lost = self._until_undisturbed(lambda connection: self._record(connection, changes))
        self._jobs |= held
        for job_id in lost:
            self._jobs.pop(job_id, None)
        self._granted.difference_update(change.ledger.id for change in changes)
        return lost

    def heartbeat(self, *, adopt: bool = True) -> Beat:
        """Say that this host is alive, and learn what others have done meanwhile; ``adopt`` what is orphaned.

        Raises:
            StoreError: that is not certain; the message says what to do.
        """
        with self._writing(reading=True), self._transaction() as connection:
            lost = self._beat(connection)
            adopted, held = self._adopt(connection) if adopt else ([], {})
            rows = connection.execute(
                "SELECT id, cancel_force FROM docmill_job WHERE host = %s AND cancel_at IS NOT NULL AND NOT drained",
                (self._host,),
            ).fetchall()
        lost |= self._jobs.keys() & held.keys()  # the one that took it over has died meanwhile
        for job_id in lost:
            self._jobs.pop(job_id, None)
        self._jobs |= held
        return Beat(lost, adopted, {row["id"]: row["cancel_force"] for row in rows})

    def ask_to_cancel(self, job_id: str, *, force: bool) -> bool:
        """Ask the host of a job to cancel it, at its next heartbeat; say whether that may be why it is cancelled.

        Raises:
            StoreError: that is not certain; the message says what to do.
        """
        with self._named_errors(), self._reading() as connection:
            found = connection.execute(ASK_TO_CANCEL, (force, job_id)).fetchone()
        return found is not None and all(found.values())

    def grant(self, job_id: str) -> None:
        """Have it recorded with the job's next change that it was cancelled since another host had asked for it."""
        self._granted.add(job_id)

    def load(self, job_id: str) -> JobRecord | None:
        """Read one job, whatever has become of it; None if it is not there.

        Its documents and outcomes are read when somebody looks at them.

        Raises:
            StoreError: it cannot be read; the message says what to do.
        """
        with self._named_errors(reading=True), self._reading() as connection:
            columns = connection.execute("SELECT * FROM docmill_job WHERE id = %s", (job_id,)).fetchone()
            return None if columns is None else self._lazy_job(columns)

    def recall(self, key: str) -> bytes | None:
        """A result that was recorded with its outcome for jobs that look for earlier ones.

        Raises:
            StoreError: it cannot be read; the message says what to do.
        """
        with self._named_errors(reading=True), self._reading() as connection:
            found = connection.execute("SELECT payload, checksum FROM docmill_result WHERE key = %s", (key,)).fetchone()
        # A damaged one is as good as none: the document is processed again.
        return None if found is None or crc32(found["payload"]) != found["checksum"] else bytes(found["payload"])

    def prune(self, job_ids: Sequence[str]) -> None:
        """Remove jobs of this host: at once from sight, then their outcomes slice by slice.

        Raises:
            StoreError: some may not be removed; what is out of sight goes the next time.
        """
        with self._writing():
            with self._transaction() as connection:
                connection.execute(
                    "WITH gone AS (DELETE FROM docmill_job WHERE id = ANY (%s) AND host = %s RETURNING number) "
                    "INSERT INTO docmill_doomed SELECT number FROM gone",
                    (list(job_ids), self._host),
                )
            for job_id in job_ids:
                self._jobs.pop(job_id, None)
            for row in self._writer.execute("SELECT job FROM docmill_doomed").fetchall():
                self._remove(row["job"])
            self._writer.execute(DELETE_OLD_RESULTS, (self._cache_age, self._cache_bytes))

    def close(self) -> None:
        """Leave the jobs of this host to the others, at once, and let go of the database.

        If the database cannot be reached, they are adopted after the lease.
        """
        if self._open and self._connection is not None:
            with suppress(psycopg.Error), self._transaction() as connection:
                connection.execute("UPDATE docmill_host SET beat_at = '-infinity' WHERE id = %s", (self._host,))
                connection.execute(DELETE_HOSTS, ([self._host],))
        self._open = False
        self._drop_connection()
        with self._reading_turn:
            self._drop_reader()

    @property
    def _writer(self) -> Connection:
        """The one connection that records; made again after an error that may have spoilt it."""
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> Connection:
        milliseconds = int(1_000 * max(PATIENCE, self.lease))
        settings = {
            "application_name": "docmill",
            # What a paused host has locked would otherwise stay locked for those that adopt its jobs.
            "idle_in_transaction_session_timeout": str(max(1, int(500 * self.lease))),
            "statement_timeout": str(milliseconds),
        }
        defaults = {
            "connect_timeout": int(PATIENCE),
            # A connection of which the other end is gone without a word is noticed.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": milliseconds,
        }
        given = conninfo_to_dict(self._dsn)
        chosen: dict[str, Any] = {name: value for name, value in defaults.items() if name not in given}
        connection = psycopg.connect(self._dsn, autocommit=True, row_factory=dict_row, **chosen)
        try:
            for name, value in settings.items():
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        connection = self._writer
        with connection.transaction():
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A connection for whoever looks, in whatever thread; a look sees the database as it is at one moment."""
        if not self._open:
            with closing(self._connect()) as connection, connection.transaction():
                yield connection
            return
        with self._reading_turn:
            if self._reader is None or self._reader.closed:
                self._reader = self._connect()
            try:
                with self._reader.transaction():
                    yield self._reader
            except psycopg.OperationalError:
                self._drop_reader()
                raise

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def _drop_reader(self) -> None:
        connection, self._reader = self._reader, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def _until_undisturbed(self, work: Callable[[Connection], T]) -> T:
        """Do work in a transaction, and again if it failed only since another one was faster."""
        for _ in range(AGAIN - 1):
            with suppress(*DISTURBED), self._transaction() as connection:
                return work(connection)
            # The row of this host may have been removed: others have not heard of it for long, and it had no jobs.
            with self._transaction() as connection:
                self._register(connection)
        with self._transaction() as connection:
            return work(connection)

    def _migrate(self) -> None:
        """Make the tables, or bring them up to date; only one host at a time does."""
        version = self._version(self._writer)
        if version == len(MIGRATIONS):
            return
        with self._one_at_a_time(), self._transaction() as connection:
            connection.execute("SET LOCAL statement_timeout = 0")
            version = self._version(connection)  # somebody may have been faster
            if version is not None and version < len(MIGRATIONS) and not self._auto_migrate:
                raise StoreVersionError(
                    f"{self._place} has version {version} of the schema, and this docmill needs {len(MIGRATIONS)}; "
                    "open it once with auto_migrate=True, or run docmill.stores.postgres.MIGRATIONS"
                )
            if version is None:
                connection.execute("CREATE TABLE docmill_schema (version bigint NOT NULL)")
                connection.execute("INSERT INTO docmill_schema VALUES (0)")
            for statements in MIGRATIONS[version or 0 :]:
                for statement in statements:
                    connection.execute(statement)
            connection.execute("UPDATE docmill_schema SET version = %s", (len(MIGRATIONS),))

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """A lock around a transaction: within it a server may not see a table that was made while it was waited for."""
        connection = self._writer
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        try:
            yield
        finally:
            with suppress(psycopg.Error):  # it ends with the connection, too
                connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))

    def _version(self, connection: Connection) -> int | None:
        """The version of the schema, None if there is none yet."""
        found = connection.execute("SELECT to_regclass('docmill_schema') IS NOT NULL AS there").fetchone()
        if not (found and found["there"]):
            return None
        found = connection.execute("SELECT version FROM docmill_schema").fetchone()
        if found is None:
            raise StoreCorruptError(f"{self._place} has an empty table docmill_schema; restore a backup")
        version = int(found["version"])
        if version > len(MIGRATIONS):
            raise StoreVersionError(
                f"{self._place} has version {version} of the schema, and this docmill knows {len(MIGRATIONS)}; "
                "use the docmill that made it, or a newer one"
            )
        return version

    def _register(self, connection: Connection) -> None:
        """Be a host, if this one is not yet, or not any more."""
        name = self._name or f"{socket.gethostname()}:{os.getpid()}"
        connection.execute(
            "INSERT INTO docmill_host VALUES (%s, %s, %s, clock_timestamp()) ON CONFLICT DO NOTHING",
            (self._host, name, self.lease),
        )
        self._beat_at = time.monotonic()

    @staticmethod
    def _bury(connection: Connection, name: str) -> None:
        """The host of this name that was here before is dead, since only one process has the name at a time."""
        connection.execute("UPDATE docmill_host SET beat_at = '-infinity' WHERE name = %s", (name,))

    def _beat(self, connection: Connection) -> set[str]:
        """Say that this host is alive, and give back which jobs it has lost, if it may have lost any."""
        found = connection.execute(BEAT, (self.lease, self._host, self.lease)).fetchone()
        self._beat_at = time.monotonic()
        if found is None:
            self._register(connection)
        elif not any(found.values()):
            return set()
        rows = connection.execute("SELECT number, epoch FROM docmill_job WHERE host = %s", (self._host,)).fetchall()
        mine = {Held(row["number"], row["epoch"]) for row in rows}
        return {job_id for job_id, held in self._jobs.items() if held not in mine}

    def _adopt(self, connection: Connection) -> tuple[list[JobRecord], dict[str, Held]]:
        """Take over the jobs of the hosts that are dead or closed, and give them back."""
        dead = [row["id"] for row in connection.execute(SELECT_DEAD, (self._host,)).fetchall()]
        if not dead:
            return [], {}
        numbers = [row["number"] for row in connection.execute(ADOPT, (self._host, dead)).fetchall()]
        connection.execute(DELETE_HOSTS, (dead,))
        rows = connection.execute("SELECT * FROM docmill_job WHERE number = ANY (%s) ORDER BY number", (numbers,))
        jobs, held = [], {}
        for columns in rows.fetchall():
            jobs.append(self._read_job(connection, columns))
            held[columns["id"]] = Held(columns["number"], columns["epoch"])
        return jobs, held

    def _record(self, connection: Connection, changes: Sequence[Change]) -> tuple[dict[str, Held], set[str]]:
        """Record changes, and give back which jobs are this host's besides, and which are another one's by now."""
        new = {change.ledger.id: change for change in changes if change.before is None}
        inserted, theirs = self._insert_jobs(connection, list(new.values())) if new else ({}, {})
        held = {change.ledger.id: self._jobs[change.ledger.id] for change in changes if change.ledger.id in self._jobs}
        held |= theirs | inserted
        last = {change.ledger.id: change for change in changes if change.ledger.id in held}
        states = [change for job_id, change in last.items() if change is not new.get(job_id) or job_id not in inserted]
        kept = inserted.keys() | self._update_jobs(connection, states, held)
        lost = (last.keys() - kept) | (new.keys() - held.keys())
        ours = [change for change in changes if change.ledger.id in kept]
        self._insert_outcomes(connection, ours, held)
        self._insert_results(connection, ours)
        return {job_id: held[job_id] for job_id in new if job_id in kept}, lost

    def _insert_jobs(self, connection: Connection, new: list[Change]) -> tuple[dict[str, Held], dict[str, Held]]:
        """Insert new jobs, and give back those, and the ones that an earlier try has inserted."""
        rows = [records.head(change.ledger) + records.state(change) for change in new]
        found = connection.execute(INSERT_JOBS, (self._host, *_columns((*WRITTEN_ONCE, *WRITTEN_AGAIN), rows)))
        inserted = {row["id"]: Held(row["number"], 1) for row in found.fetchall()}
        chunks = [
            (inserted[change.ledger.id].number, first, ids, records.checksum((first, ids)))
            for change in new
            if change.ledger.id in inserted
            for first, ids in records.chunks(change.ledger)
        ]
        if chunks:
            connection.execute(INSERT_CHUNKS, [list(column) for column in zip(*chunks, strict=True)])
        missing = [change for change in new if change.ledger.id not in inserted]
        return inserted, self._look_for(connection, missing) if missing else {}

    def _look_for(self, connection: Connection, missing: list[Change]) -> dict[str, Held]:
        """Find out why jobs were not inserted, and give back those that an earlier try has inserted.

        Raises:
            KeysTaken: others have their idempotency keys.
        """
        rows = connection.execute(
            "SELECT id, number, host, epoch FROM docmill_job WHERE id = ANY (%s)",
            ([change.ledger.id for change in missing],),
        ).fetchall()
        there = {row["id"] for row in rows}
        taken = {}
        for ledger in (change.ledger for change in missing if change.ledger.id not in there):
            found = connection.execute(
                "SELECT id FROM docmill_job WHERE idempotency_key = %s AND owner IS NOT DISTINCT FROM %s",
                (ledger.idempotency_key, ledger.owner),
            ).fetchone()
            if found is None:
                raise StoreError(f"{self._place} has removed a job while it was looked at; try again")
            taken[ledger.id] = found["id"]
        if taken:
            raise KeysTaken(taken, f"{self._place} has other jobs with an idempotency key of their owner: {taken}")
        return {row["id"]: Held(row["number"], row["epoch"]) for row in rows if row["host"] == self._host}

    def _update_jobs(self, connection: Connection, changes: list[Change], held: Mapping[str, Held]) -> set[str]:
        """Record the states of jobs that are this host's, and give back which are; the others' stay what they are."""
        if not changes:
            return set()
        rows = [
            (*held[job_id], job_id in self._granted, *records.state(change))
            for job_id, change in sorted((change.ledger.id, change) for change in changes)
        ]
        columns = _columns(("number", "epoch", "granted", *WRITTEN_AGAIN), rows)
        return {row["id"] for row in connection.execute(UPDATE_JOBS, (*columns, self._host)).fetchall()}

    @staticmethod
    def _insert_outcomes(connection: Connection, changes: list[Change], held: Mapping[str, Held]) -> None:
        rows = [(held[change.ledger.id].number, *outcome) for change in changes for outcome in records.outcomes(change)]
        for start in range(0, len(rows), AT_ONCE):
            columns = [list(column) for column in zip(*rows[start : start + AT_ONCE], strict=True)]
            connection.execute(INSERT_OUTCOMES, columns)

    @staticmethod
    def _insert_results(connection: Connection, changes: list[Change]) -> None:
        found = dict(result for change in changes for result in records.results(change))
        if found:  # in an order that all hosts have, so that they do not wait for one another in a circle
            keys = sorted(found)
            payloads = [found[key] for key in keys]
            connection.execute(INSERT_RESULTS, (keys, payloads, [crc32(payload) for payload in payloads]))

    def _remove(self, number: int) -> None:
        removed = SLICE
        while removed == SLICE:
            removed = self._writer.execute(DELETE_OUTCOMES, (number, SLICE)).rowcount
            if time.monotonic() - self._beat_at > self.beat_every:  # a long way to go must not look like death
                self._writer.execute(
                    "UPDATE docmill_host SET beat_at = clock_timestamp() WHERE id = %s AND beat_at > '-infinity'",
                    (self._host,),
                )
                self._beat_at = time.monotonic()
        with self._transaction() as connection:
            connection.execute("DELETE FROM docmill_chunk WHERE job = %s", (number,))
            connection.execute("DELETE FROM docmill_doomed WHERE job = %s", (number,))

    def _read_job(self, connection: Connection, columns: Mapping[str, Any]) -> JobRecord:
        """A job that becomes this host's: what is to go on is read whole, what is decided when it is looked at."""
        if JobStatus(columns["status"]).is_terminal:
            return self._lazy_job(columns)
        records.check(columns)
        return records.record(columns, *self._read_rows(connection, columns))

    def _lazy_job(self, columns: Mapping[str, Any]) -> JobRecord:
        records.check(columns)
        both = cache(lambda: self._look_up(columns))
        ids = Later(columns["documents"], lambda: both()[0])
        ok: Sequence[Row] = Later(columns["ok"], lambda: both()[1])
        failed: Sequence[Row] = Later(columns["failed"], lambda: both()[2])
        return evolve(records.record(columns, ids, ok, failed), granted=columns["cancel_granted"])

    def _look_up(self, columns: Mapping[str, Any]) -> tuple[Sequence[str], list[Row], list[Row]]:
        """The documents and outcomes of a job that were not read with it.

        Raises:
            JobNotFoundError: it was removed since.
        """
        with self._named_errors(reading=True), self._reading() as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            found = connection.execute("SELECT FROM docmill_job WHERE number = %s", (columns["number"],)).fetchone()
            if found is None:
                raise JobNotFoundError(columns["id"])
            return self._read_rows(connection, columns)

    def _read_rows(
        self, connection: Connection, columns: Mapping[str, Any]
    ) -> tuple[Sequence[str], list[Row], list[Row]]:
        job_id, number = columns["id"], columns["number"]
        ids: list[str] = []
        for row in connection.execute(SELECT_CHUNKS, (number,)).fetchall():
            if records.checksum((row["first"], row["ids"])) != row["checksum"]:
                raise StoreCorruptError(
                    f"the documents of job {job_id} from {row['first']} on are not what was recorded: "
                    "their checksum differs"
                )
            ids += json.loads(row["ids"])
        if len(ids) != columns["documents"]:
            raise StoreCorruptError(f"job {job_id} has {len(ids)} documents, and {columns['documents']} were recorded")
        with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
            outcomes = cursor.execute(SELECT_OUTCOMES, (number,))
            return tuple(ids), *records.rows(job_id, columns["ok"], columns["failed"], outcomes)

    @contextmanager
    def _writing(self, *, reading: bool = False) -> Iterator[None]:
        """For what the one writer does."""
        with self._named_errors(reading=reading):
            try:
                yield
            except psycopg.OperationalError:
                self._drop_connection()  # whatever has become of it, a new one is as good
                raise

    @contextmanager
    def _named_errors(self, *, reading: bool = False) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            kind, text = _named(error)
            raise kind(f"{self._place} {text} ({_first_line(error)})") from error
        except StoreCorruptError as error:
            if self._place in str(error):
                raise
            raise StoreCorruptError(f"{self._place} is damaged; restore a backup ({error})") from error
        except MALFORMED as error:
            if not reading:
                raise
            raise StoreCorruptError(f"{self._place} is damaged; restore a backup ({error})") from error


def _name_of(dsn: str) -> str:
    """What to call a database in messages, without the password that may be in its address.

    Raises:
        ValueError: it is no address.
    """
    try:
        given = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        # Its message may have the password in it, and so may the chain of exceptions.
        raise ValueError("dsn is no address of a PostgreSQL database, like postgresql://user@server/database") from None
    where = f" at {given['host']}" if given.get("host") else ""
    return f"the PostgreSQL database {str(given.get('dbname') or given.get('user') or 'by default')!r}{where}"


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """Rows as one list a column, each of one type."""
    return [
        [None if value is None else float(value) for value in column]
        if TYPES.get(name) == "double precision"
        else list(column)
        for name, column in zip(names, zip(*rows, strict=True), strict=True)
    ]


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _named(error: psycopg.Error) -> tuple[type[StoreError], str]:
    """The class of an error of PostgreSQL, and words for it."""
    match error:
        case errors.ReadOnlySqlTransaction():
            return StoreReadOnlyError, "may not be written to; give the address of the primary server"
        case errors.InsufficientPrivilege():
            return StoreReadOnlyError, "may not be used by this user; grant it the right to make and change tables"
        case errors.DataCorrupted() | errors.IndexCorrupted():
            return StoreCorruptError, "is damaged; restore a backup"
        case errors.UndefinedTable() | errors.UndefinedColumn():
            return StoreCorruptError, "lacks a table or a column of docmill; restore a backup"
        case errors.DiskFull():
            return StoreError, "cannot grow, since the disk of its server is full; make room"
        case errors.QueryCanceled():
            return StoreError, "took too long to answer; see what keeps its server busy"
        case psycopg.OperationalError():
            return StoreError, "cannot be reached; see that its server runs and lets this user in"
        case _:
            return StoreError, "cannot be used"
