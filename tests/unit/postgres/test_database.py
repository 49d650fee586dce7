"""The database itself: how it is named, prepared, refused, found damaged, and pruned."""

import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from postgres import Cluster

from docmill import (
    JobNotFoundError,
    JobOptions,
    StoreCorruptError,
    StoreError,
    StoreReadOnlyError,
    StoreVersionError,
)
from docmill.model import Keyed
from docmill.ports import Change
from docmill.stores import PostgresStore, postgres

from ..stores.support import decided, ledger, mark, new, ok, plain, record  # noqa: TID252 - the same jobs
from .support import Make, opened, query


@pytest.mark.parametrize("dsn", ["host", "postgresql://user:secret@[", "password = secret host"])
def test_what_is_no_address_is_refused_without_a_word_of_it(dsn: str) -> None:
    with pytest.raises(ValueError, match="is no address of a PostgreSQL database") as caught:
        PostgresStore(dsn)
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "times", [{"heartbeat": 0}, {"poll": 0}, {"heartbeat": 2, "lease": 3}, {"lease": 100_000}, {"heartbeat": -1}]
)
def test_times_that_do_not_fit_together_are_refused(times: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="lease two heartbeats or more"):
        PostgresStore("dbname=x", **times)


def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"database 'jobs' at {tmp_path} cannot be reached; see that") as caught:
        PostgresStore(f"host={tmp_path} dbname=jobs password=secret").open()
    assert "secret" not in str(caught.value)


def test_a_database_that_is_not_there_is_named(cluster: Cluster) -> None:
    with pytest.raises(StoreError, match=r"'nowhere' .* cannot be reached.*does not exist"):
        PostgresStore(cluster.dsn.replace("postgres", "nowhere").replace("docmill-nowhere", "docmill-pg")).open()


def test_a_server_that_only_reads_is_refused(dsn: str) -> None:
    with pytest.raises(StoreReadOnlyError, match="give the address of the primary server"):
        PostgresStore(psycopg.conninfo.make_conninfo(dsn, options="-cdefault_transaction_read_only=on")).open()


def test_a_database_of_a_newer_version_is_refused_and_stays_as_it_is(make: Make, dsn: str) -> None:
    with opened(make()):
        pass
    query(dsn, "UPDATE docmill_schema SET version = 99")
    with pytest.raises(StoreVersionError, match="has version 99 of the schema"):
        make().open()
    assert query(dsn, "SELECT version FROM docmill_schema") == [(99,)]


def test_an_older_version_is_brought_up_to_date_step_by_step_and_only_if_it_may(
    make: Make, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(make()) as (store, _):
        store.commit([new(ledger())])
    step = ("ALTER TABLE docmill_job ADD COLUMN more bigint",)
    monkeypatch.setattr(postgres, "MIGRATIONS", (*postgres.MIGRATIONS, step))
    with pytest.raises(StoreVersionError, match="auto_migrate=True"):
        make(auto_migrate=False).open()
    with opened(make()) as (_, found):
        assert [job.id for job in found] == ["job_1"]
    assert query(dsn, "SELECT version FROM docmill_schema") == [(2,)]
    with opened(make(auto_migrate=False)) as (_, found):
        assert len(found) == 1


def test_hosts_that_open_an_empty_database_at_once_make_the_tables_once(make: Make, dsn: str) -> None:
    stores = [make() for _ in range(4)]
    threads = [threading.Thread(target=store.open) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert query(dsn, "SELECT version FROM docmill_schema") == [(len(postgres.MIGRATIONS),)]
    assert query(dsn, "SELECT count(*) FROM docmill_host") == [(4,)]
    for store in stores:
        store.close()


def test_an_empty_table_of_versions_is_no_new_database(make: Make, dsn: str) -> None:
    with opened(make()):
        pass
    query(dsn, "DELETE FROM docmill_schema")
    with pytest.raises(StoreCorruptError, match="empty table docmill_schema"):
        make().open()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE docmill_job SET priority = 7",
        "UPDATE docmill_job SET busy = 7",
        "UPDATE docmill_job SET options = '{'",
        'UPDATE docmill_chunk SET ids = \'["x","y","z"]\'',
        "DELETE FROM docmill_chunk",
        "UPDATE docmill_outcome SET payload = 'x'",
        "UPDATE docmill_outcome SET settled = settled + 1",
        "DELETE FROM docmill_outcome",
        "DROP TABLE docmill_outcome",
    ],
)
def test_what_was_changed_behind_its_back_is_found(make: Make, dsn: str, damage: str) -> None:
    job = ledger()
    job.ok.append(ok(0))
    with opened(make()) as (store, _):
        store.commit([Change(job, None, mark(job))])
    query(dsn, damage)
    with pytest.raises(StoreCorruptError, match=r"the PostgreSQL database 'postgres' at .*restore a backup"):
        make().open()


def test_a_job_that_was_removed_meanwhile_is_not_taken_for_a_damaged_one(make: Make) -> None:
    job = ledger()
    with opened(make()) as (store, _):
        store.commit([Change(job, None, decided(job))])
        found = store.load("job_1")
        store.prune(["job_1"])
        assert found is not None
        with pytest.raises(JobNotFoundError):
            list(found.document_ids)


def test_removal_goes_slice_by_slice_and_what_is_left_of_it_goes_the_next_time(
    make: Make, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "SLICE", 10)
    job = ledger(document_ids=[str(at) for at in range(95)])
    job.ok += [ok(at) for at in range(95)]
    with opened(make()) as (store, _):
        store.commit([Change(job, None, mark(job))])
        delete = postgres.DELETE_OUTCOMES
        monkeypatch.setattr(postgres, "DELETE_OUTCOMES", "no SQL %s %s")
        with pytest.raises(StoreError, match="cannot be used"):
            store.prune(["job_1"])
        assert store.load("job_1") is None
        monkeypatch.setattr(postgres, "DELETE_OUTCOMES", delete)
        store.prune([])
    for table in ("outcome", "chunk", "doomed", "job"):
        assert query(dsn, f"SELECT count(*) FROM docmill_{table}") == [(0,)]


class TestResults:
    """What is found again for jobs that look for earlier results."""

    @staticmethod
    def _commit(store: PostgresStore, **results: bytes) -> None:
        job = ledger(f"job_{'_'.join(results)}", list(results), options=JobOptions(cache=True))
        job.ok += [(at, 1, 1.0, 2.0, Keyed(data, key)) for at, (key, data) in enumerate(results.items())]
        store.commit([Change(job, None, mark(job))])

    def test_a_result_is_found_by_its_key_and_a_newer_one_takes_its_place(self, make: Make) -> None:
        with opened(make()) as (store, _):
            self._commit(store, a=b"1", b=b"2")
            self._commit(store, c=b"3", a=b"4")
            assert [store.recall(key) for key in "abcd"] == [b"4", b"2", b"3", None]

    def test_a_damaged_result_is_none(self, make: Make, dsn: str) -> None:
        with opened(make()) as (store, _):
            self._commit(store, a=b"1")
            query(dsn, "UPDATE docmill_result SET payload = 'x'")
            assert store.recall("a") is None

    def test_results_go_when_they_are_old_or_too_many(self, make: Make, dsn: str) -> None:
        with opened(make(cache_bytes=25, cache_age=3600.0)) as (store, _):
            for key in "abcd":
                self._commit(store, **{key: b"0123456789"})
            query(dsn, "UPDATE docmill_result SET recorded = recorded - interval '2 hours' WHERE key = 'd'")
            store.prune([])
            assert [store.recall(key) is not None for key in "abcd"] == [False, True, True, False]


def test_what_a_text_of_the_database_cannot_have_is_spelt_out(make: Make) -> None:
    job = ledger()
    after = mark(job)._replace(summary_error="a\0b \ud800")
    with opened(make()) as (store, _):
        store.commit([Change(job, None, after)])
        assert plain(store.load("job_1")) == record(job, after._replace(summary_error="a\\x00b \\ud800"))


def test_the_driver_is_only_imported_when_the_store_is_asked_for() -> None:
    import subprocess
    import sys

    code = "import sys, docmill, docmill.stores; assert 'psycopg' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_server_that_is_down_when_the_store_is_closed_does_not_matter(cluster: Cluster, make: Make) -> None:
    store = make()
    list(store.open())
    cluster.stop("immediate")
    store.close()
    cluster.start()


def test_the_address_of_a_database_may_have_settings_of_its_own(dsn: str) -> None:
    with closing(PostgresStore(dsn + " application_name=mine connect_timeout=3")) as store:
        list(store.open())
        assert psycopg.conninfo.conninfo_to_dict(store._writer.info.dsn)["connect_timeout"] == "3"
