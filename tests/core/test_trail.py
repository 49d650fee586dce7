"""Documents of which the process dies (contract, section 3): reserved ahead, suspected, alone, blamed, convicted."""

from typing import Any

from core_bench import Bench, codes, reopened

from docmill.core import Attempt, JobMachine
from docmill.errors import RetryAfter
from docmill.model import FailureCode, JobErrorCode, JobStatus


def durable(documents: int = 8, *, started: bool = True, **options: Any) -> tuple[Bench, JobMachine]:
    """A job in a durable store, its first documents reserved."""
    bench = Bench(durable=True, risky=True)
    job = bench.job(documents, **{"max_concurrent": 2, "timeout": None} | options)
    if started:
        assert bench.fill() == [], "nothing starts before it is recorded that it may"
        bench.commit()
    return bench, job


def crashed(job: JobMachine, **run: Any) -> tuple[Bench, JobMachine]:
    """The next life of the process, its first commit made."""
    bench = reopened(job, risky=True, **run)
    bench.commit()
    (again,) = bench.scheduler.jobs.values()
    return bench, again


def alone(bench: Bench) -> Attempt:
    """Let a suspect have the process for itself."""
    assert bench.fill() == [], "that it runs alone is recorded first"
    bench.scheduler.see_to_solo()
    bench.commit()
    (attempt,) = bench.fill()
    return attempt


def names(attempts: list[Attempt]) -> list[str]:
    return [attempt.document_id for attempt in attempts]


def test_documents_are_reserved_ahead_of_those_that_start_and_not_all_at_once() -> None:
    bench, job = durable(20)

    assert job.shown.reserved == 4
    assert names(bench.fill()) == ["d0", "d1"]


def test_a_job_that_has_not_begun_has_reserved_nothing() -> None:
    bench = Bench(durable=True, risky=True)
    job = bench.job(3)
    bench.commit()

    assert (job.shown.reserved, job.status) == (0, JobStatus.PENDING)


def test_without_a_durable_store_nothing_waits_for_a_reservation() -> None:
    bench = Bench(risky=True)
    job = bench.job(3, max_concurrent=2)

    assert names(bench.fill()) == ["d0", "d1"]
    assert job.trail is None


def test_a_job_goes_on_while_a_commit_is_under_way_but_only_as_far_as_is_reserved() -> None:
    bench, job = durable(20)
    first, second = bench.fill()

    third = bench.goes_on(first)
    fourth = bench.goes_on(second)
    assert names([third, fourth]) == ["d2", "d3"]
    assert bench.ok(third) is None
    assert bench.take_or_none() is None

    bench.commit()
    assert names(bench.fill()) == ["d4"]
    assert job.shown.reserved > 5


def test_more_is_reserved_at_a_time_where_documents_had_to_wait() -> None:
    bench, job = durable(1_000, max_concurrent=1)
    ahead = []
    for _ in range(5):
        for attempt in bench.fill():
            following: Attempt | None = attempt
            while following is not None:
                following = bench.ok(following) or bench.take_or_none()
        bench.commit()
        ahead.append(job.shown.reserved - job.fresh)

    assert ahead == sorted(ahead)
    assert ahead[-1] >= 8 * ahead[0]


def test_after_a_crash_what_was_reserved_runs_last_and_alone() -> None:
    bench, job = durable(6)
    bench.fill()

    bench, job = crashed(job)

    fresh = bench.fill()
    assert names(fresh) == ["d4", "d5"]
    for attempt in fresh:
        bench.ok(attempt)
    bench.commit()
    for name in ("d0", "d1", "d2", "d3"):
        attempt = alone(bench)
        assert attempt.document_id == name
        assert job.shown.alone == attempt.position
        assert bench.fill() == []
        bench.ok(attempt)
        bench.commit()
    bench.commit()
    assert job.status is JobStatus.COMPLETED


def beside(bench: Bench) -> tuple[JobMachine, Attempt]:
    """Another job, in worker processes, so that it leaves no trail; its first document runs already."""
    bench._risky = False
    other = bench.job(4, owner="bob", priority=1, max_concurrent=1)
    (running,) = bench.fill()
    assert running.job is other
    return other, running


def test_a_suspect_waits_for_what_other_jobs_are_running_and_they_wait_for_it() -> None:
    _, job = durable(1)
    bench, job = crashed(job)
    other, running = beside(bench)
    bench.scheduler.see_to_solo()
    bench.commit()
    assert bench.fill() == [], "the suspect waits for the other job's document"

    assert bench.ok(running) is None, "the other job does not go on"
    suspect = alone(bench)
    assert suspect.job is job

    bench.ok(suspect)
    bench.scheduler.see_to_solo()
    assert bench.fill() == [], "it is not recorded yet that the suspect has run"
    bench.commit()
    bench.scheduler.see_to_solo()
    assert [attempt.job for attempt in bench.fill()] == [other]


def test_the_process_has_to_die_twice_while_a_document_runs_alone() -> None:
    bench, job = durable(1)
    bench.fill()

    bench, job = crashed(job)
    alone(bench)
    bench, job = crashed(job, lives=2)
    assert job.trail is not None
    assert job.trail.blamed == (0,)
    alone(bench)
    bench, job = crashed(job, lives=3)

    assert codes(job) == [FailureCode.POISON]
    assert (job.status, job.error_code) == (JobStatus.FAILED, JobErrorCode.ALL_FAILED)


def test_who_was_blamed_runs_after_the_other_suspects() -> None:
    bench, job = durable(4)
    bench.fill()
    bench, job = crashed(job)
    assert alone(bench).document_id == "d0"

    bench, job = crashed(job, lives=2)

    assert alone(bench).document_id == "d1"
    assert job.trail is not None
    assert [*job.trail.suspects] == [2, 3, 0]


def test_a_conviction_counts_for_max_failures_though_others_are_left() -> None:
    bench, job = durable(4, max_failures=0)
    bench.fill()
    for lives, killer in ((1, "d0"), (2, "d1"), (3, "d0")):
        bench, job = crashed(job, lives=lives)
        while (attempt := alone(bench)).document_id != killer:
            bench.ok(attempt)
            bench.commit()
            bench.commit()

    bench, job = crashed(job, lives=4)

    assert job.left == 1
    assert (job.status, job.error_code) == (JobStatus.FAILED, JobErrorCode.MAX_FAILURES)


def test_a_job_that_is_cancelled_while_it_waits_for_the_process_waits_no_longer() -> None:
    _, job = durable(1)
    bench, job = crashed(job)
    beside(bench)
    assert bench.desk.solo is job

    bench.cancel(job)
    bench.scheduler.see_to_solo()

    assert bench.desk.solo is None


def test_a_suspect_that_fails_is_still_alone_in_its_next_attempt() -> None:
    bench, job = durable(1, retry_delay=1.0)
    bench.fill()
    bench, job = crashed(job)
    bench.fails(alone(bench))
    bench.commit()
    assert job.shown.alone is None

    bench.at(1.0)

    attempt = alone(bench)
    assert (attempt.attempt, job.shown.alone) == (2, 0)


def test_a_suspect_whose_service_wants_a_pause_is_still_alone_after_it() -> None:
    bench, job = durable(1)
    bench.fill()
    bench, job = crashed(job)
    bench.fails(alone(bench), RetryAfter(1.0))
    bench.commit()

    bench.at(1.0)

    assert alone(bench).attempt == 2


def test_a_suspect_does_not_wait_for_the_process_while_its_service_is_down() -> None:
    bench, job = durable(1)
    bench.fill()
    bench, job = crashed(job)
    _, running = beside(bench)
    assert bench.desk.solo is job

    bench.fails(running, RetryAfter(5.0))
    bench.scheduler.see_to_solo()

    assert bench.desk.solo is None
    assert job.trail is not None
    assert job.trail.alone is None


def test_a_job_that_is_cancelled_gives_the_process_back() -> None:
    bench, job = durable(1)
    bench.fill()
    bench, job = crashed(job)
    other = bench.job(1, owner="bob")
    attempt = alone(bench)
    bench.cancel(job)
    bench.scheduler.see_to_solo()
    assert bench.fill() == []

    bench.ok(attempt)
    for _ in range(3):
        bench.scheduler.see_to_solo()
        bench.commit()
        bench.fill()

    assert bench.desk.solo is None
    assert other.running


def test_a_close_does_not_wait_for_solitude() -> None:
    bench, job = durable(1)
    bench.fill()
    bench, job = crashed(job)
    bench.fill()
    assert bench.desk.solo is job

    bench.scheduler.halt()
    bench.scheduler.see_to_solo()

    assert bench.desk.solo is None


def test_after_an_orderly_end_nobody_is_suspected() -> None:
    bench, job = durable(6)
    bench.fill()

    bench, job = crashed(job, lives=0)

    assert names(bench.fill()) == ["d0", "d1"]


def test_a_summary_waits_until_it_is_recorded_that_the_last_suspect_has_run() -> None:
    bench, job = durable(1)
    bench.fill()
    bench, job = crashed(job, finalizes=True)
    bench.ok(alone(bench))

    assert bench.fill() == []
    bench.commit()
    bench.scheduler.see_to_solo()
    bench.commit()
    (summary,) = bench.fill()
    assert summary.document_id == ""
