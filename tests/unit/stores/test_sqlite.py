"""What is particular to the store in an SQLite file: the file, its schema, its lock, and what is wrong with it."""

import errno
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from docmill import (
    JobNotFoundError,
    JobStatus,
    StoreCorruptError,
    StoreError,
    StoreInUseError,
    StoreReadOnlyError,
    StoreVersionError,
)
from docmill.ports import Change
from docmill.stores import SQLiteStore, blocks, sqlite

from .support import decided, failed, ledger, mark, mounted, new, ok, plain, record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.db"


@contextmanager
def opened(path: Path | str, **options: Any) -> Iterator[SQLiteStore]:
    with closing(SQLiteStore(path, **options)) as store:
        list(store.open())
        yield store


def fill(path: Path, documents: int = 3, status: JobStatus = JobStatus.COMPLETED, job_id: str = "job_1") -> None:
    """Put one job into the file, its last document failed."""
    job = ledger(job_id, [f"doc-{number}" for number in range(documents)])
    job.ok += [ok(number, b'"data %d"' % number) for number in range(documents - 1)]
    job.failed.append(failed(documents - 1))
    with opened(path) as store:
        store.commit([Change(job, None, decided(job, status, completed=20.0 if status.is_terminal else None))])


def commit_all(store: SQLiteStore, changes: Iterable[Change]) -> None:
    for change in changes:
        store.commit([change])


def spoil(path: Path, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(statement, values).rowcount


def contents(folder: Path) -> dict[str, bytes]:
    """What is recorded: neither the lock file, nor the index of the log, nor an empty log."""
    files = [file for file in folder.iterdir() if not file.name.endswith(("-lock", "-shm"))]
    return {file.name: data for file in files if (data := file.read_bytes()) or file.suffix == ".db"}


def pragma(store: SQLiteStore, name: str) -> Any:
    return store._writer.execute(f"PRAGMA {name}").fetchone()[0]


@pytest.mark.parametrize("synchronous, number", [("FULL", 2), ("NORMAL", 1)])
def test_it_writes_ahead_and_waits_for_the_disk_as_told(path: Path, synchronous: Any, number: int) -> None:
    with opened(path, synchronous=synchronous) as store:
        assert pragma(store, "journal_mode") == "wal"
        assert pragma(store, "synchronous") == number


def test_it_waits_for_the_disk_unless_told_otherwise(path: Path) -> None:
    with opened(path) as store:
        assert pragma(store, "synchronous") == 2


@pytest.mark.parametrize("synchronous", ["OFF", "EXTRA", "full", "", None, 2])
def test_other_ways_of_not_waiting_are_refused(path: Path, synchronous: Any) -> None:
    with pytest.raises(ValueError, match="synchronous must be 'FULL' or 'NORMAL'"):
        SQLiteStore(path, synchronous=synchronous)


def test_the_address_of_a_file_is_refused_since_only_its_path_can_be_locked(path: Path) -> None:
    with pytest.raises(ValueError, match="path must be a path"):
        SQLiteStore(path.as_uri())


@pytest.mark.parametrize("name", ["jobs.db", "späte jobs.db", "100%.db", "what?.db", "a#b.db", ":memory:"])
def test_a_file_may_be_called_anything(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fill(Path(name))

    assert (tmp_path / name).is_file()
    with closing(SQLiteStore(name)) as store:
        assert [job.id for job in store.open()] == ["job_1"]


def test_a_relative_path_stays_what_it_is_when_the_working_directory_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    fill(Path("jobs.db"))
    with closing(SQLiteStore("jobs.db")) as store:
        (job,) = store.open()
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert job.document_ids[0] == "doc-0"


def test_a_file_system_that_cannot_have_a_log_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoLog(sqlite3.Connection):
        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            return super().execute("PRAGMA journal_mode" if statement.startswith("PRAGMA journal") else statement)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **kwargs: connect(*args, factory=NoLog, **kwargs))

    with pytest.raises(StoreError, match=r"journal mode is 'delete'\), perhaps since it is on a network file system"):
        SQLiteStore(path).open()


def test_a_folder_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"missing/jobs\.db cannot be opened; see that its folder is there"):
        SQLiteStore(tmp_path / "missing" / "jobs.db").open()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "jobs.db").mkdir()

    with pytest.raises(StoreError, match="cannot be opened"):
        SQLiteStore(tmp_path / "jobs.db").open()


@pytest.mark.parametrize(
    "code, kind, words",
    [
        (errno.EACCES, StoreReadOnlyError, "give this process the right to write to it and to its folder"),
        (errno.EROFS, StoreReadOnlyError, "may not be written to"),
        (errno.ENOSPC, StoreError, "the disk is full; make room"),
        (errno.EDQUOT, StoreError, "the disk is full; make room"),
        (errno.ENOENT, StoreError, "see that its folder is there"),
        (errno.EIO, StoreError, "cannot be opened"),
    ],
)
def test_what_the_system_refuses_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[StoreError], words: str
) -> None:
    store = SQLiteStore(path)
    monkeypatch.setattr(store._lock, "acquire", lambda: _fail(OSError(code, "no")))

    with pytest.raises(StoreError, match=words) as caught:
        store.open()
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    "code, kind, words",
    [
        (sqlite3.SQLITE_CORRUPT, StoreCorruptError, "restore a backup"),
        (sqlite3.SQLITE_NOTADB, StoreCorruptError, "restore a backup"),
        (sqlite3.SQLITE_READONLY_DBMOVED, StoreReadOnlyError, "give this process the right"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreInUseError, "close it there"),
        (sqlite3.SQLITE_LOCKED, StoreInUseError, "close it there"),
        (sqlite3.SQLITE_FULL, StoreError, "make room"),
        (sqlite3.SQLITE_IOERR_FSYNC, StoreError, "see to the disk"),
        (sqlite3.SQLITE_CANTOPEN, StoreError, "see that its folder is there"),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, StoreError, "has another job with this id"),
        (sqlite3.SQLITE_TOOBIG, StoreError, "cannot be used"),
    ],
)
def test_every_error_of_sqlite_has_its_class_and_words(code: int, kind: type[StoreError], words: str) -> None:
    error = sqlite3.OperationalError("no")
    error.sqlite_errorcode = code

    found, text = sqlite._named(error)
    assert found is kind
    assert words in text


def _fail(error: Exception) -> None:
    raise error


def test_a_result_that_is_no_json_is_refused_before_anything_is_recorded(path: Path) -> None:
    """The queue sees to it; a store that is used without it says so."""
    job = ledger()
    job.ok.append((0, 1, 5.0, 6.0, {"n": [1.5, None]}))
    with opened(path) as store:
        store.commit([Change(job, None, mark(job))])
        job.ok.append((1, 1, 5.0, 6.0, {"n": float("nan")}))
        with pytest.raises(ValueError, match="JSON has no word"):
            store.commit([Change(job, mark(job)._replace(ok=1), mark(job))])
        found = store.load("job_1")
    assert found is not None
    assert [row[4].read() for row in found.ok] == [{"n": [1.5, None]}]


class TestSchema:
    """Which files are ours, and of which version."""

    def test_a_new_file_is_marked_with_whose_it_is_and_its_version(self, path: Path) -> None:
        with opened(path) as store:
            assert pragma(store, "application_id") == sqlite.APPLICATION_ID
            assert pragma(store, "user_version") == len(sqlite.MIGRATIONS)

    @pytest.mark.parametrize("mark", ["CREATE TABLE mine (a)", "PRAGMA application_id = 7"], ids=["table", "mark"])
    def test_the_database_of_another_program_is_refused_and_untouched(self, path: Path, mark: str) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(mark)
        before = contents(path.parent)

        with pytest.raises(StoreError, match="is the database of another program; choose another file"):
            SQLiteStore(path).open()
        assert contents(path.parent) == before

    def test_an_empty_file_is_a_new_store(self, path: Path) -> None:
        path.touch()
        fill(path)

        with closing(SQLiteStore(path)) as store:
            assert len(list(store.open())) == 1

    def test_a_newer_schema_is_refused_and_untouched(self, path: Path) -> None:
        fill(path)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA user_version = {len(sqlite.MIGRATIONS) + 1}")
        before = contents(path.parent)

        with pytest.raises(StoreVersionError, match="use the docmill that made it, or a newer one"):
            SQLiteStore(path).open()
        assert contents(path.parent) == before

    def test_an_older_schema_is_brought_up_to_date_and_keeps_its_jobs(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(path)
        newer = (*sqlite.MIGRATIONS, ("CREATE TABLE later (a)", "INSERT INTO later VALUES (1)"))
        monkeypatch.setattr(sqlite, "MIGRATIONS", newer)

        for _ in range(2):
            with closing(SQLiteStore(path)) as store:
                assert [job.id for job in store.open()] == ["job_1"]
                assert pragma(store, "user_version") == len(newer)
                assert store._writer.execute("SELECT count(*) FROM later").fetchone()[0] == 1

    def test_an_older_schema_is_left_alone_if_that_is_asked_for(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(path)
        before = contents(path.parent)
        monkeypatch.setattr(sqlite, "MIGRATIONS", (*sqlite.MIGRATIONS, ("CREATE TABLE later (a)",)))

        with pytest.raises(StoreVersionError, match="open it once with auto_migrate=True"):
            SQLiteStore(path, auto_migrate=False).open()
        assert contents(path.parent) == before

    def test_a_new_file_and_a_current_one_need_no_migration(self, path: Path) -> None:
        for _ in range(2):
            with opened(path, auto_migrate=False):
                pass

    def test_a_migration_that_fails_has_changed_nothing(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fill(path)
        before = contents(path.parent)
        with monkeypatch.context() as patch:
            patch.setattr(sqlite, "MIGRATIONS", (*sqlite.MIGRATIONS, ("CREATE TABLE later (a)", "DROP TABLE absent")))
            with pytest.raises(StoreError, match="no such table: absent"):
                SQLiteStore(path).open()

        assert contents(path.parent) == before
        with opened(path) as store:
            assert store.load("job_1") is not None

    def test_opening_and_closing_a_current_file_changes_nothing_in_it(self, path: Path) -> None:
        fill(path)
        before = contents(path.parent)
        with opened(path):
            pass

        assert contents(path.parent) == before


class TestReadingLater:
    """Of a decided job the documents and outcomes are read when somebody looks at them."""

    def test_a_decided_job_is_read_when_looked_at_and_then_once(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(path)
        with closing(SQLiteStore(path)) as store:
            reads: list[str] = []
            look_up = store._look_up
            monkeypatch.setattr(store, "_look_up", lambda *args: (reads.append(args[0]), look_up(*args))[1])
            (job,) = store.open()
            assert (len(job.document_ids), len(job.ok), len(job.failed)) == (3, 2, 1)
            assert reads == []

            assert job.document_ids[2] == "doc-2"
            assert [row[4].read() for row in job.ok] == ["data 0", "data 1"]
            assert job.failed[0][4].error == "ValueError: no"
        assert reads == ["job_1"]

    def test_a_job_that_goes_on_is_read_at_once(self, path: Path) -> None:
        fill(path, status=JobStatus.PROCESSING)
        with closing(SQLiteStore(path)) as store:
            (job,) = store.open()
            path.rename(path.with_name("gone.db"))
            assert len(list(job.ok)) == 2

    def test_a_job_that_was_removed_since_is_said_to_be_gone(self, path: Path) -> None:
        fill(path)
        with closing(SQLiteStore(path)) as store:
            (job,) = store.open()
            store.prune(["job_1"])
            with pytest.raises(JobNotFoundError, match="cleaned up"):
                list(job.ok)

    def test_a_job_is_read_while_a_commit_is_under_way(self, path: Path) -> None:
        fill(path)
        with closing(SQLiteStore(path)) as store:
            (job,) = store.open()
            with store._transaction():
                store._writer.execute("DELETE FROM outcome_block")
                store._writer.execute("DELETE FROM job")
                assert len(list(job.ok)) == 2
                assert store.load("job_1") is not None

    def test_one_job_can_be_read_from_another_process_s_file_without_opening_it(self, path: Path) -> None:
        fill(path)
        with opened(path):
            assert SQLiteStore(path).load("job_1") is not None

    def test_a_file_that_is_not_there_has_no_job_and_is_not_made(self, path: Path) -> None:
        with pytest.raises(StoreError, match="cannot be opened"):
            SQLiteStore(path).load("job_1")
        assert not path.exists()


def test_half_of_a_surrogate_pair_in_an_error_is_written_out(path: Path) -> None:
    """The text of somebody's exception must not be what a store cannot keep."""
    job = ledger()
    with opened(path) as store:
        store.commit([Change(job, None, decided(job, JobStatus.FAILED, error="a\0b", summary_error="\ud800"))])
    with closing(SQLiteStore(path)) as store:
        (found,) = store.open()
        assert (found.mark.error, found.mark.summary_error) == ("a\\x00b", "\\ud800")


def test_nobody_sees_half_of_a_commit_to_a_store_in_memory() -> None:
    job = ledger()
    with opened("file:?mode=memory") as store, ThreadPoolExecutor() as pool:
        store.commit([new(job)])
        with store._transaction():
            loading = pool.submit(store.load, "job_1")
            store._writer.execute("DELETE FROM job")
            assert not wait([loading], 0.05).done
            store._writer.execute("ROLLBACK")
            store._writer.execute("BEGIN")
        assert loading.result() is not None


def deletions(statements: list[str]) -> list[str]:
    return [statement for statement in statements if statement.startswith("DELETE FROM outcome")]


class TestPruning:
    """Old jobs are removed slice by slice, so that no transaction is long."""

    @pytest.fixture(autouse=True)
    def small_slices(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sqlite, "SLICE", 100)
        monkeypatch.setattr(blocks, "MOST_ROWS", 1)

    @staticmethod
    def rows(path: Path) -> dict[str, int]:
        with closing(sqlite3.connect(path)) as connection:
            tables = ("job", "document_chunk", "outcome_block", "doomed")
            return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}

    @pytest.mark.parametrize("documents", [99, 100, 250])
    def test_nothing_is_left_of_a_job_that_was_removed(self, path: Path, documents: int) -> None:
        fill(path, documents)
        with opened(path) as store:
            store.prune(["job_1"])
            assert self.rows(path) == {"job": 0, "document_chunk": 0, "outcome_block": 0, "doomed": 0}

    def test_no_transaction_removes_more_than_a_slice(self, path: Path) -> None:
        fill(path, 1_050)
        with opened(path) as store:
            statements: list[str] = []
            store._writer.set_trace_callback(statements.append)
            assert store.prune(["job_1"]) is True
            first = len(deletions(statements))
            assert store.prune([]) is False
            store._writer.set_trace_callback(None)

        assert first == sqlite.SLICES == 10, "no call removes any number of them"
        assert len(deletions(statements)) == 11
        assert statements.count("COMMIT") == 2 + 11 + 1

    def test_a_removal_that_was_interrupted_is_not_seen_and_ends_with_the_next_one(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(path, 1_050)
        fill(path, job_id="job_2")
        with monkeypatch.context() as patch, opened(path) as store:
            patch.setattr(store, "_remove", lambda number, slices: self._give_up())
            with pytest.raises(StoreError, match="cannot be opened"):
                store.prune(["job_1"])
            assert store.load("job_1") is None
        assert self.rows(path) == {"job": 1, "document_chunk": 3, "outcome_block": 1_053, "doomed": 1}

        with closing(SQLiteStore(path)) as store:
            assert [job.id for job in store.open()] == ["job_2"]
            while store.prune([]):
                pass
        assert self.rows(path) == {"job": 1, "document_chunk": 1, "outcome_block": 3, "doomed": 0}

    @staticmethod
    def _give_up() -> None:
        raise OSError("the disk is gone")

    def test_a_job_created_meanwhile_has_nothing_of_the_one_that_is_removed(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(path, 1_050)
        with monkeypatch.context() as patch, opened(path) as store:
            patch.setattr(store, "_remove", lambda number, slices: 0)
            assert store.prune(["job_1"])
        job = ledger()
        with opened(path) as store:
            store.commit([new(job)])
            while store.prune([]):
                pass

        with closing(SQLiteStore(path)) as store:
            assert [plain(found) for found in store.open()] == [record(job, mark(job))]


FLIPS = [
    (
        "UPDATE outcome_block SET payload = ? WHERE failed = 0",
        '["data 0",\n"data 7"]',
        "results 0 and following of job",
    ),
    ("UPDATE outcome_block SET attempts = ? WHERE failed = 1", "[9]", "failures 0 and following of job job_1"),
    ("UPDATE outcome_block SET codes = ? WHERE failed = 1", '["permanent"]', "failures 0 and following of job job_1"),
    ("UPDATE outcome_block SET codes = ? WHERE failed = 0", '["cached"]', "results 0 and following of job job_1"),
    ("UPDATE outcome_block SET positions = ? WHERE failed = 1", "[7]", "failures 0 and following of job job_1"),
    ("UPDATE outcome_block SET times = ? WHERE failed = 1", bytes(24), "failures 0 and following of job job_1"),
    ("UPDATE outcome_block SET first = ? WHERE failed = 0", 1, "results 1 and following of job job_1"),
    ("DELETE FROM outcome_block WHERE failed = ?", 0, "job job_1 has 0 results, and 2 were recorded"),
    ("DELETE FROM outcome_block WHERE failed = ?", 1, "job job_1 has 0 failures, and 1 were recorded"),
    ("UPDATE document_chunk SET ids = ?", '["doc-0","doc-9","doc-2"]', "the documents of job job_1 from 0 on"),
    ("DELETE FROM document_chunk WHERE first = ?", 0, "job job_1 has 0 documents, and 3 were recorded"),
]
STATE_FLIPS = [
    ("UPDATE job SET ok = ?", 1),
    ("UPDATE job SET status = ?", "CANCELLED"),
    ("UPDATE job SET status = ?", "NONSENSE"),
    ("UPDATE job SET owner = ?", "bob"),
    ("UPDATE job SET options = ?", '{"max_concurrent":50}'),
    ("UPDATE job SET started = ?", 17.0),
    ("UPDATE job SET told = ?", 1),
    ("UPDATE job SET metadata = ?", "nonsense"),
    ("UPDATE job SET error = ?", ""),
]


class TestDamage:
    """What is not what was written is never taken for it, and a damaged file is left as it is."""

    @pytest.mark.parametrize("statement, value, words", FLIPS)
    def test_a_changed_outcome_or_document_is_found_when_it_is_looked_at(
        self, path: Path, statement: str, value: Any, words: str
    ) -> None:
        fill(path)
        spoil(path, statement, value)

        with closing(SQLiteStore(path)) as store:
            (job,) = store.open()
            with pytest.raises(StoreCorruptError, match=words) as caught:
                list(job.ok)
        assert str(path) in str(caught.value)
        assert "restore a backup" in str(caught.value)

    @pytest.mark.parametrize("statement, value, words", FLIPS)
    def test_a_changed_outcome_of_a_job_that_goes_on_is_found_on_opening(
        self, path: Path, statement: str, value: Any, words: str
    ) -> None:
        fill(path, status=JobStatus.PROCESSING)
        spoil(path, statement, value)
        before = contents(path.parent)

        with pytest.raises(StoreCorruptError, match=words):
            SQLiteStore(path).open()
        assert contents(path.parent) == before

    @pytest.mark.parametrize("statement, value", STATE_FLIPS)
    def test_a_changed_job_is_found_on_opening(self, path: Path, statement: str, value: Any) -> None:
        fill(path)
        spoil(path, statement, value)

        with pytest.raises(StoreCorruptError, match="job job_1 is not what was recorded") as caught:
            SQLiteStore(path).open()
        assert str(path) in str(caught.value)

    def test_text_that_is_no_text_is_damage(self, path: Path) -> None:
        fill(path)
        spoil(path, "UPDATE job SET owner = CAST(x'ff' AS TEXT)")

        with pytest.raises(StoreCorruptError, match="move it aside and restore a backup"):
            SQLiteStore(path).open()

    @pytest.mark.parametrize(
        "damage",
        [
            lambda data: b"This is no database at all, but it is longer than a header. " * 20,
            lambda data: data[:100],
            lambda data: data[:4_000],
            lambda data: data[: len(data) // 4096 // 2 * 4096],
            lambda data: data[:16] + b"\xff" * 200 + data[216:],
            lambda data: data[:4096] + b"\0" * (len(data) - 4096),
        ],
        ids=["text", "a header", "no page", "half", "header", "zeros"],
    )
    def test_a_file_that_is_no_database_any_more_is_refused_and_untouched(
        self, path: Path, damage: Callable[[bytes], bytes]
    ) -> None:
        fill(path, 500, JobStatus.PROCESSING)
        path.write_bytes(damage(path.read_bytes()))
        before = contents(path.parent)

        for _ in range(2):
            with pytest.raises(StoreError) as caught:
                SQLiteStore(path).open()
            assert str(path) in str(caught.value)
            assert contents(path.parent) == before
        assert isinstance(caught.value, StoreCorruptError) or "database of another program" in str(caught.value)

    @pytest.mark.parametrize("lose", [lambda path: path.write_bytes(b""), lambda path: path.unlink()])
    def test_a_lost_file_whose_log_is_there_is_not_taken_for_a_new_one(
        self, path: Path, lose: Callable[[Path], Any]
    ) -> None:
        """SQLite itself would begin anew, and remove the log."""
        with opened(path) as store:
            store.commit([new(ledger())])
            copies = {file: file.read_bytes() for file in path.parent.iterdir() if "-shm" not in file.name}
        for file, data in copies.items():
            file.write_bytes(data)
        lose(path)
        before = contents(path.parent)

        with pytest.raises(StoreCorruptError, match=r"its log jobs\.db-wal is there"):
            SQLiteStore(path).open()
        assert contents(path.parent) == before

    def test_a_file_that_is_removed_while_it_is_open_is_not_made_again(self, path: Path) -> None:
        with opened(path) as store:
            store.commit([new(ledger())])
            store._drop_connection()
            for file in (path, path.with_name("jobs.db-wal"), path.with_name("jobs.db-shm")):
                file.unlink(missing_ok=True)
            with pytest.raises(StoreError, match="cannot be opened"):
                store.commit([new(ledger("job_2"))])
            assert not path.exists()

    def test_flipped_bits_are_found_or_change_nothing(self, path: Path) -> None:
        """Wherever a bit flips, what is read is what was written, or an error."""
        fill(path, 300, JobStatus.PROCESSING)
        whole = path.read_bytes()
        with closing(SQLiteStore(path)) as store:
            expected = [plain(job) for job in store.open()]
        dice, found = random.Random(4711), 0
        for _ in range(150):
            bit = dice.randrange(len(whole) * 8)
            damaged = bytearray(whole)
            damaged[bit // 8] ^= 1 << bit % 8
            for file in path.parent.iterdir():
                file.unlink()
            path.write_bytes(damaged)
            with closing(SQLiteStore(path)) as store, suppress(StoreError):
                found += 1
                jobs = [plain(job) for job in store.open()]
                found -= 1
                assert jobs == expected, f"bit {bit}"
        assert found > 20


OPEN_AS_NOBODY = """
import os, sys
from docmill.stores import SQLiteStore
from docmill import StoreError
store = SQLiteStore(sys.argv[1])
if os.getuid() == 0:  # who may write anywhere
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    store.open()
except StoreError as error:
    print(type(error).__name__, error)
"""


def open_as_nobody(path: Path) -> str:
    """What a user without rights is told."""
    command = [sys.executable, "-c", OPEN_AS_NOBODY, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


@pytest.fixture
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that everybody may get into."""
    folder = Path(tempfile.mkdtemp(prefix="docmill-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


class TestReadOnly:
    """What may not be written to says so at once."""

    def test_a_folder_that_may_not_be_written_to(self, public: Path) -> None:
        fill(public / "jobs.db")

        said = open_as_nobody(public / "jobs.db")
        assert said.startswith(
            f"StoreReadOnlyError {public}/jobs.db may not be written to; give this process the right"
        )

    def test_a_file_that_may_not_be_written_to(self, public: Path) -> None:
        path = public / "jobs.db"
        fill(path)
        path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        Path(f"{path}-lock").chmod(0o666)
        public.chmod(0o777)

        assert open_as_nobody(path).startswith(f"StoreReadOnlyError {path} may not be written to")

    def test_a_file_system_that_may_not_be_written_to(self, tmp_path: Path) -> None:
        with mounted(tmp_path, "1m") as folder:
            fill(folder / "jobs.db")
            remount = subprocess.run(["mount", "-o", "remount,ro", str(folder)], capture_output=True, check=False)
            assert remount.returncode == 0, remount.stderr
            with pytest.raises(StoreReadOnlyError, match="may not be written to"):
                SQLiteStore(folder / "jobs.db").open()


HOLD = """
from docmill.stores import SQLiteStore
store = SQLiteStore(sys.argv[1])
list(store.open())
print("open", flush=True)
"""


@contextmanager
def holder(path: Path, then: str = "sys.stdin.read()") -> Iterator[subprocess.Popen[str]]:
    """Another process that has the store open."""
    command = [sys.executable, "-c", f"import os, sys\n{HOLD}\n{then}", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        process.kill()


class TestOneQueueAtATime:
    """A file has one user; a second one is refused until the first has gone, however it went."""

    def test_a_second_queue_of_the_process_is_refused_until_the_first_is_closed(self, path: Path) -> None:
        with opened(path):
            for _ in range(2):  # a refusal must not let go of the lock
                with pytest.raises(StoreInUseError, match="another queue of this process; close that one first"):
                    SQLiteStore(path).open()
        with opened(path):
            pass

    @pytest.mark.parametrize("link", ["symlink_to", "folder"])
    def test_another_name_of_the_file_is_no_way_around(self, path: Path, link: str) -> None:
        with opened(path):
            if link == "folder":
                other = path.parent / "link" / "jobs.db"
                other.parent.symlink_to(path.parent)
            else:
                other = path.with_name("other.db")
                other.symlink_to(path)
            with pytest.raises(StoreInUseError):
                SQLiteStore(other).open()

    def test_another_process_is_refused_and_the_one_that_has_it_is_named(self, path: Path) -> None:
        with holder(path) as process:
            for _ in range(2):
                with pytest.raises(StoreInUseError, match=rf"is open in process {process.pid}; close the queue there"):
                    SQLiteStore(path).open()

    def test_a_lock_that_does_not_say_who_has_it_is_one_all_the_same(self, path: Path) -> None:
        with holder(path):
            Path(f"{path}-lock").write_text("")
            with pytest.raises(StoreInUseError, match="is open in another process; close the queue there"):
                SQLiteStore(path).open()

    def test_the_lock_is_free_when_its_process_was_killed(self, path: Path) -> None:
        with holder(path) as process:
            process.kill()
            process.wait()
            with opened(path):
                pass

    def test_a_forked_child_that_outlives_the_process_does_not_keep_the_lock(self, path: Path) -> None:
        fork = (
            "import time\nif os.fork() == 0:\n    print(os.getpid(), flush=True)\n    time.sleep(60)\nsys.stdin.read()"
        )
        with holder(path, fork) as process:
            assert process.stdout is not None
            child = int(process.stdout.readline())
            process.kill()
            process.wait()
            try:
                with opened(path):
                    os.kill(child, 0)
            finally:
                os.kill(child, 9)

    def test_a_forked_child_may_open_it_when_its_parent_has_closed_it(self, path: Path) -> None:
        code = """
store.close()
again = SQLiteStore(sys.argv[1])
list(again.open())
read, write = os.pipe()
child = os.fork()
if child == 0:
    try:
        SQLiteStore(sys.argv[1]).open()
    except Exception as error:
        os.write(write, type(error).__name__.encode())
    os._exit(0)
os.waitpid(child, 0)
print(os.read(read, 100).decode(), flush=True)
again.close()
child = os.fork()
if child == 0:
    SQLiteStore(sys.argv[1]).open()
    os.write(write, b"opened")
    os._exit(0)
os.waitpid(child, 0)
print(os.read(read, 100).decode(), flush=True)
"""
        with holder(path, code) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "StoreInUseError\n"
            assert process.stdout.readline() == "opened\n"

    def test_a_store_that_could_not_be_opened_keeps_no_lock(self, path: Path) -> None:
        path.write_bytes(b"This is no database at all, but it is longer than a header. " * 20)
        with pytest.raises(StoreCorruptError):
            SQLiteStore(path).open()
        path.unlink()

        with opened(path):
            pass

    def test_a_program_that_holds_the_file_is_waited_for_and_then_named_as_the_reason(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
        with opened(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreInUseError, match="is locked by another program; close it there"):
                store.commit([new(ledger())])
            other.execute("ROLLBACK")
            store.commit([new(ledger())])
            assert store.load("job_1") is not None


def test_a_backup_taken_while_it_is_in_use_can_be_opened(path: Path, tmp_path: Path) -> None:
    with opened(path) as store:
        store.commit([new(ledger())])
        with closing(sqlite3.connect(path)) as other:
            other.execute("VACUUM INTO ?", (str(tmp_path / "copy.db"),))
        store.commit([new(ledger("job_2"))])

    with closing(SQLiteStore(tmp_path / "copy.db")) as store:
        assert [plain(job) for job in store.open()] == [record(ledger(), mark(ledger()))]


def test_a_full_disk_says_what_to_do(tmp_path: Path) -> None:
    with mounted(tmp_path, "200k") as folder:
        path = folder / "jobs.db"
        with opened(path) as store:
            filler = folder / "filler"
            with suppress(OSError):
                filler.write_bytes(bytes(2**20))
            jobs = (new(ledger(f"job_{number}", [f"{at}" * 20 for at in range(200)])) for number in range(99))
            with pytest.raises(StoreError, match="cannot grow, since the disk is full; make room"):
                commit_all(store, jobs)
            filler.unlink()
            store.commit([new(ledger("last"))])
            assert store.load("last") is not None
        with closing(SQLiteStore(path)) as store:
            ids = [job.id for job in store.open()]
        assert ids == [*(f"job_{number}" for number in range(len(ids) - 1)), "last"]


def test_a_disk_that_was_full_from_the_start_says_so_too(tmp_path: Path) -> None:
    with mounted(tmp_path, "64k") as folder:
        with suppress(OSError):
            (folder / "filler").write_bytes(bytes(2**20))
        with pytest.raises(StoreError, match="the disk is full; make room"):
            SQLiteStore(folder / "jobs.db").open()
