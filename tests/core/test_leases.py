"""Jobs that several processes share: nothing starts once a lease has ended, and what is lost goes on elsewhere."""

from math import inf

from core_bench import Bench, settled

from docmill.model import FailureCode, JobStatus


def test_nothing_starts_once_the_lease_has_ended_and_everything_once_it_is_extended() -> None:
    bench = Bench()
    job = bench.job(5, max_concurrent=1)
    bench.scheduler.extend(10.0)
    first = bench.take()
    bench.at(10.0)

    bench.ok(first)
    assert bench.take_or_none() is None
    assert bench.desk.paused

    bench.scheduler.extend(20.0)
    assert not bench.desk.paused
    assert bench.take().position == 1
    assert settled(job) == [0]


def test_the_lease_ends_for_a_lane_that_looks_before_the_watchdog_has_woken() -> None:
    bench = Bench()
    bench.job(2)
    bench.scheduler.extend(10.0)
    bench.now = 10.0

    assert bench.take_or_none() is None
    bench.scheduler.tick(bench.now)
    assert bench.desk.paused


def test_a_job_that_is_ticked_looks_at_the_lease_again() -> None:
    bench = Bench()
    job = bench.job(2, document_timeout=1.0, retry_delay=0.25)
    bench.scheduler.extend(10.0)
    bench.fails(bench.take())

    bench.at(0.25)

    assert job.alarm <= 10.0
    bench.scheduler.extend(inf)
    assert bench.take().attempt == 2


def test_a_pause_of_the_store_ends_no_lease_that_has_ended() -> None:
    bench = Bench()
    bench.job(2)
    bench.scheduler.extend(1.0)
    bench.at(1.0)

    bench.scheduler.pause(False)

    assert bench.desk.paused
    bench.scheduler.extend(1.5)
    assert not bench.desk.paused


def test_jobs_that_go_on_elsewhere_are_gone_from_here_and_what_runs_of_them_is_stopped() -> None:
    bench = Bench()
    job, other = bench.job(3, key="k"), bench.job(1)
    attempt = bench.take()

    bench.scheduler.lose([job.ledger.id, "unknown"], bench.now)

    assert (attempt.stop, attempt.released) == (FailureCode.CANCELLED, True)
    assert bench.scheduler.find(job.ledger.id) is None
    assert bench.scheduler.find_key(None, "k") is None
    assert bench.scheduler.find(other.ledger.id) is other
    assert other.status is JobStatus.PENDING
    bench.fails(attempt)
    assert settled(job) == []


def test_a_queue_that_closes_in_order_leaves_durable_jobs_as_they_are() -> None:
    bench = Bench(durable=True)
    job = bench.job(3)
    bench.commit()
    bench.take()

    bench.scheduler.leave_undecided(bench.now)

    assert not job.decided
    assert job.lives == -1
