"""Hosts that share a database: whose a job is, and that nobody else records it."""

import threading
import time
from contextlib import closing

import psycopg
import pytest

from docmill import JobStatus, StoreError
from docmill.ports import Change
from docmill.ports.store import KeysTaken
from docmill.stores import PostgresStore, postgres

from ..stores.support import decided, ledger, mark, new, ok, plain, record  # noqa: TID252 - the same jobs
from .support import Make, declare_dead, opened, query


def test_a_job_of_a_living_host_is_nobody_elses(make: Make) -> None:
    with opened(make()) as (one, _), opened(make()) as (two, found):
        one.commit([new(ledger())])

        assert found == []
        assert two.heartbeat().adopted == []
        assert plain(two.load("job_1")) == record(ledger(), mark(ledger()))


def test_the_jobs_of_a_host_that_was_closed_are_adopted_at_the_next_beat_of_another_one(make: Make, dsn: str) -> None:
    live, done = ledger(), ledger("job_2")
    live.ok.append(ok(0))
    done.ok += [ok(0), ok(1), ok(2)]
    with opened(make()) as (two, _):
        with opened(make()) as (one, _):
            one.commit([Change(live, None, mark(live), lives=-1), Change(done, None, decided(done), told=True)])
            assert query(dsn, "SELECT count(*) FROM docmill_host") == [(2,)]
        adopted = two.heartbeat().adopted

        assert [plain(job) for job in adopted] == [
            record(live, mark(live), lives=-1),
            record(done, decided(done), told=True),
        ]
        assert query(dsn, "SELECT DISTINCT host, epoch FROM docmill_job") == [(two._host, 2)]
        assert query(dsn, "SELECT id FROM docmill_host") == [(two._host,)]


def test_a_host_without_jobs_leaves_nothing_behind(make: Make, dsn: str) -> None:
    with opened(make()):
        assert query(dsn, "SELECT count(*) FROM docmill_host") == [(1,)]

    assert query(dsn, "SELECT count(*) FROM docmill_host") == [(0,)]


def test_a_host_that_is_not_heard_of_for_its_lease_is_dead_and_not_before(make: Make) -> None:
    silent = make()
    with closing(silent), opened(make(heartbeat=5.0, lease=10.0)) as (other, _):
        list(silent.open())
        silent.commit([new(ledger())])
        began = time.monotonic()
        while not (adopted := other.heartbeat().adopted):
            assert time.monotonic() - began < 3.0
            time.sleep(0.02)

        assert [job.id for job in adopted] == ["job_1"]
        assert time.monotonic() - began >= 0.9  # the lease of the silent one, not that of the other


def test_a_host_that_beats_is_not_dead(make: Make) -> None:
    with opened(make()) as (one, _), opened(make()) as (two, _):
        one.commit([new(ledger())])
        for _ in range(8):
            time.sleep(0.2)
            assert one.heartbeat() == ((set(), [], {}))
            assert two.heartbeat().adopted == []


class TestFencing:
    """A host that was given up records nothing of what others have taken over."""

    def test_nothing_of_a_job_is_recorded_that_another_host_has_adopted(self, make: Make, dsn: str) -> None:
        job = ledger()
        with opened(make()) as (old, _), opened(make()) as (young, _):
            old.commit([new(job)])
            declare_dead(dsn, old)
            assert [one.id for one in young.heartbeat().adopted] == ["job_1"]  # or all of this proves nothing

            job.ok.append(ok(0, b'"old"'))
            assert old.commit([Change(job, mark(ledger()), mark(job))]) == {"job_1"}
            assert plain(young.load("job_1")) == record(ledger(), mark(ledger()))
            again = ledger()
            again.ok.append(ok(0, b'"young"'))
            assert young.commit([Change(again, mark(ledger()), mark(again))]) == set()
            assert plain(old.load("job_1")) == record(again, mark(again))

    def test_the_rest_of_a_commit_is_recorded(self, make: Make, dsn: str) -> None:
        lost, kept = ledger(), ledger("job_2")
        with opened(make()) as (old, _), opened(make()) as (young, _):
            old.commit([new(lost)])
            declare_dead(dsn, old)
            assert young.heartbeat().adopted
            kept.ok.append(ok(0))
            lost.ok.append(ok(0))

            assert old.commit([Change(lost, mark(ledger()), mark(lost)), Change(kept, None, mark(kept))]) == {"job_1"}
            assert plain(old.load("job_2")) == record(kept, mark(kept))
            assert old.commit([Change(lost, mark(ledger()), mark(lost))]) == set()  # it knows no more of it

    def test_a_host_that_was_asleep_learns_what_it_has_lost_and_goes_on(self, make: Make, dsn: str) -> None:
        with opened(make()) as (old, _), opened(make()) as (young, _):
            old.commit([new(ledger()), new(ledger("job_2"))])
            declare_dead(dsn, old)
            assert len(young.heartbeat().adopted) == 2
            assert query(dsn, "SELECT count(*) FROM docmill_host") == [(1,)]

            assert old.heartbeat().lost == {"job_1", "job_2"}
            assert old.commit([new(ledger("job_3"))]) == set()
            assert old.heartbeat().lost == set()
            assert query(dsn, "SELECT host FROM docmill_job WHERE id = 'job_3'") == [(old._host,)]

    def test_a_host_that_was_asleep_may_record_a_new_job_before_it_beats(self, make: Make, dsn: str) -> None:
        with opened(make()) as (old, _), opened(make()) as (young, _):
            declare_dead(dsn, old)
            young.heartbeat()
            query(dsn, "DELETE FROM docmill_host WHERE id = %s", old._host)

            assert old.commit([new(ledger())]) == set()
            assert young.heartbeat().adopted == []

    def test_a_job_that_comes_back_to_its_host_was_lost_all_the_same(self, make: Make, dsn: str) -> None:
        with opened(make()) as (old, _):
            old.commit([new(ledger())])
            with opened(make()) as (young, _):
                declare_dead(dsn, old)
                assert young.heartbeat().adopted
            beat = old.heartbeat()

        assert beat.lost == {"job_1"}
        assert [job.id for job in beat.adopted] == ["job_1"]

    def test_a_job_whose_creation_was_repeated_too_late_is_another_hosts(self, make: Make, dsn: str) -> None:
        with opened(make()) as (old, _), opened(make()) as (young, _):
            old.commit([new(ledger())])
            declare_dead(dsn, old)
            assert young.heartbeat().adopted

            assert old.commit([new(ledger())]) == {"job_1"}

    def test_only_its_host_removes_a_job(self, make: Make, dsn: str) -> None:
        with opened(make()) as (one, _), opened(make()) as (two, _):
            one.commit([new(ledger())])
            two.prune(["job_1"])
            assert one.load("job_1") is not None
            declare_dead(dsn, one)
            assert two.heartbeat().adopted
            two.prune(["job_1"])
            assert one.load("job_1") is None

    def test_what_a_sleeping_host_is_recording_is_left_alone_until_the_server_takes_it_from_it(
        self, make: Make, dsn: str
    ) -> None:
        with opened(make()) as (old, _), opened(make()) as (young, _):
            old.commit([new(ledger())])
            with closing(psycopg.connect(dsn)) as sleeper:
                sleeper.execute("SET idle_in_transaction_session_timeout = 500")
                sleeper.execute("UPDATE docmill_job SET ok = ok")
                declare_dead(dsn, old)
                assert young.heartbeat().adopted == []
                time.sleep(0.7)
                assert [job.id for job in young.heartbeat().adopted] == ["job_1"]
        assert int(1_000 * old.lease) == 1_000

    def test_a_connection_of_a_host_gives_up_its_locks_within_the_lease(self, make: Make) -> None:
        with opened(make()) as (store, _):
            found = store._writer.execute("SHOW idle_in_transaction_session_timeout").fetchone()
            assert found == {"idle_in_transaction_session_timeout": "500ms"}
            found = store._writer.execute("SHOW synchronous_commit").fetchone()
            assert found == {"synchronous_commit": "on"}


def test_of_several_hosts_each_adopts_jobs_that_no_other_one_has(make: Make, dsn: str) -> None:
    with opened(make()) as (old, _):
        old.commit([new(ledger(f"job_{number}")) for number in range(200)])
        stores = [make() for _ in range(4)]
        for store in stores:
            list(store.open())
        declare_dead(dsn, old)
        adopted: list[list[str]] = [[] for _ in stores]

        def beat(number: int) -> None:
            for _ in range(3):
                adopted[number] += [job.id for job in stores[number].heartbeat().adopted]

        threads = [threading.Thread(target=beat, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for store in stores:
            store.close()

    ids = [job_id for some in adopted for job_id in some]
    assert sorted(ids) == sorted(f"job_{number}" for number in range(200))


def test_a_host_with_a_name_takes_up_at_once_what_it_left_when_it_died(make: Make, dsn: str) -> None:
    first = make(name="web-1", lease=60.0)
    list(first.open())
    first.commit([new(ledger())])
    with opened(make(name="web-2", lease=60.0)) as (_, found):
        assert found == []
    with opened(make(name="web-1", lease=60.0)) as (_, found):
        assert [job.id for job in found] == ["job_1"]
        assert first.commit([Change(ledger(), mark(ledger()), mark(ledger(), reserved=1))]) == {"job_1"}
    first.close()


def test_a_prune_that_takes_long_does_not_look_like_death(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "SLICE", 1)
    job = ledger(document_ids=[str(at) for at in range(40)])
    job.ok += [ok(at) for at in range(40)]
    with opened(make()) as (one, _), opened(make()) as (two, _):
        one.commit([Change(job, None, decided(job)), new(ledger("job_2"))])
        slow = type(one)._writer.fget

        def writer(store: PostgresStore) -> object:
            time.sleep(0.03)
            return slow(store)  # type: ignore[misc]

        monkeypatch.setattr(PostgresStore, "_writer", property(writer))
        pruning = threading.Thread(target=one.prune, args=(["job_1"],))
        pruning.start()
        began = time.monotonic()
        while pruning.is_alive():
            assert two.heartbeat().adopted == []
        assert time.monotonic() - began > 1.0


class TestKeys:
    """An idempotency key stands for one job of an owner, whichever host created it."""

    def test_the_job_that_another_host_has_created_is_named_and_nothing_is_recorded(self, make: Make) -> None:
        with opened(make()) as (one, _), opened(make()) as (two, _):
            one.commit([new(ledger(owner="ann", idempotency_key="key"))])
            with pytest.raises(KeysTaken) as caught:
                two.commit([new(ledger("job_2", owner="ann", idempotency_key="key")), new(ledger("job_3"))])

            assert caught.value.taken == {"job_2": "job_1"}
            assert two.load("job_3") is None

    def test_a_creation_is_repeated_if_its_reply_was_lost(self, make: Make) -> None:
        with opened(make()) as (store, _):
            store.commit([new(ledger(idempotency_key="key"))])
            store._jobs.clear()

            assert store.commit([new(ledger(idempotency_key="key"))]) == set()
            assert store.commit([Change(ledger(), mark(ledger()), mark(ledger(), reserved=2))]) == set()
            assert plain(store.load("job_1"))["mark"].reserved == 2

    def test_hosts_that_create_the_same_at_once_agree_on_one_job(self, make: Make) -> None:
        stores = [make() for _ in range(4)]
        for store in stores:
            list(store.open())
        ids = set()
        barrier = threading.Barrier(4)

        def create(number: int) -> None:
            barrier.wait()
            for key in range(20):
                try:
                    stores[number].commit([new(ledger(f"job_{number}_{key}", idempotency_key=str(key)))])
                    ids.add(f"job_{number}_{key}")
                except KeysTaken as error:
                    ids.add(error.taken[f"job_{number}_{key}"])

        threads = [threading.Thread(target=create, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for store in stores:
            store.close()
        assert len(ids) == 20

    def test_hosts_that_wait_for_one_another_in_a_circle_come_through(self, make: Make, dsn: str) -> None:
        with opened(make()) as (one, _), opened(make()) as (two, _):
            with closing(psycopg.connect(dsn)) as other:
                one.commit([new(ledger("job_1")), new(ledger("job_2"))])
                other.execute("SET deadlock_timeout = '5s'")
                other.execute("SELECT 1 FROM docmill_job WHERE id = 'job_2' FOR UPDATE")
                changes = [
                    Change(ledger(job_id), mark(ledger()), mark(ledger(), reserved=1)) for job_id in ("job_1", "job_2")
                ]
                committing = threading.Thread(target=one.commit, args=(changes,))
                committing.start()
                time.sleep(0.2)
                other.execute("SELECT 1 FROM docmill_job WHERE id = 'job_1' FOR UPDATE")
                other.rollback()
                committing.join()
            assert plain(two.load("job_2"))["mark"].reserved == 1


class TestCancels:
    """Any host may ask for a job to be cancelled; its own one cancels it."""

    def test_the_first_who_asks_may_be_why_and_the_host_learns_it_with_its_next_beat(self, make: Make) -> None:
        with opened(make()) as (one, _), opened(make()) as (two, _):
            one.commit([new(ledger()), new(ledger("job_2"))])

            assert two.ask_to_cancel("job_1", force=False) is True
            assert two.ask_to_cancel("job_1", force=False) is False
            assert one.heartbeat().cancels == {"job_1": False}
            assert two.ask_to_cancel("job_1", force=True) is False
            assert one.heartbeat().cancels == {"job_1": True}
            assert two.heartbeat().cancels == {}

    def test_what_is_decided_cannot_be_cancelled_and_yet_be_stopped_while_it_is_not_drained(self, make: Make) -> None:
        running, over = ledger(), ledger("job_2")
        with opened(make()) as (one, _), opened(make()) as (two, _):
            one.commit([Change(running, None, decided(running, JobStatus.TIMEOUT, drained=False))])
            one.commit([Change(over, None, decided(over))])

            assert two.ask_to_cancel("job_1", force=True) is False
            assert two.ask_to_cancel("job_2", force=True) is False
            assert two.ask_to_cancel("job_3", force=True) is False
            assert one.heartbeat().cancels == {"job_1": True}

    def test_whether_the_request_was_why_is_recorded_with_the_decision(self, make: Make) -> None:
        jobs = [ledger(), ledger("job_2")]
        with opened(make()) as (one, _), opened(make()) as (two, _):
            one.commit([new(job) for job in jobs])
            for job in jobs:
                assert two.ask_to_cancel(job.id, force=False)
            one.grant("job_2")
            one.commit([Change(job, mark(job), decided(job, JobStatus.CANCELLED)) for job in jobs])

            found = [two.load(job.id) for job in jobs]
            assert [job.granted for job in found if job is not None] == [False, True]

    def test_a_request_outlives_the_host_of_the_job(self, make: Make, dsn: str) -> None:
        with opened(make()) as (one, _), opened(make()) as (two, _):
            one.commit([new(ledger())])
            two.ask_to_cancel("job_1", force=True)
            declare_dead(dsn, one)

            beat = two.heartbeat()
            assert [job.id for job in beat.adopted] == ["job_1"]
            assert beat.cancels == {"job_1": True}


def test_a_beat_may_leave_adoption_to_others(make: Make) -> None:
    with opened(make()) as (two, _):
        with opened(make()) as (one, _):
            one.commit([new(ledger())])
        assert two.heartbeat(adopt=False).adopted == []
        assert len(two.heartbeat().adopted) == 1


def test_an_outcome_that_is_recorded_while_a_job_is_read_does_not_disturb_the_reader(make: Make) -> None:
    job = ledger()
    job.ok.append(ok(0))
    with opened(make()) as (one, _), opened(make()) as (two, _):
        one.commit([Change(job, None, mark(job))])
        found = two.load("job_1")
        job.ok.append(ok(1))
        one.commit([Change(job, mark(job)._replace(ok=1), mark(job))])

        assert found is not None
        assert len(list(found.ok)) == 1


def test_a_key_that_vanishes_while_it_is_looked_for_is_an_error_to_try_again(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(make()) as (store, _):
        monkeypatch.setattr(postgres, "INSERT_JOBS", postgres.INSERT_JOBS.replace("RETURNING", "RETURNING 'x' ||"))
        with pytest.raises(StoreError, match="while it was looked at; try again"):
            store._look_for(store._writer, [new(ledger(idempotency_key="key"))])
