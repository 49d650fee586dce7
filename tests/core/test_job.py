"""What each stimulus makes of a job and of its documents (contract, sections 1 to 4)."""

from typing import Any

import pytest
from core_bench import EPOCH, Bench, codes, settled

from docmill.core.attempt import FINALIZE
from docmill.errors import PermanentError, RetryAfter
from docmill.model import FailureCode, Job, JobErrorCode, JobStatus


def shown(bench: Bench, job: Any) -> Job:
    snapshot: Job = job.snapshot(bench.now)
    return snapshot


def test_a_new_job_is_pending_with_nothing_done() -> None:
    bench = Bench()
    bench.at(7.0)
    job = shown(bench, bench.job(3, owner="ann", priority=2))

    assert (job.status, job.progress, job.processed_documents, job.total_documents) == (JobStatus.PENDING, 0, 0, 3)
    assert (job.started_at, job.completed_at, job.duration, job.drained) == (None, None, None, False)
    assert (job.estimated_time_remaining, job.error, job.error_code, job.running) == (None, None, None, [])
    assert job.created_at.timestamp() == EPOCH + 7.0


def test_the_first_attempt_makes_it_processing() -> None:
    bench = Bench()
    job = bench.job()
    bench.at(2.0)
    attempt = bench.take()

    assert (job.status, job.started) == (JobStatus.PROCESSING, 2.0)
    assert (attempt.attempt, attempt.first_started, attempt.started, attempt.budget_end) == (1, 2.0, 2.0, 32.0)
    (running,) = shown(bench, job).running
    assert (running.document_id, running.attempt) == ("d0", 1)


def test_documents_start_in_the_order_given_up_to_max_concurrent() -> None:
    """R08."""
    bench = Bench()
    bench.job(5, max_concurrent=3)

    assert [attempt.position for attempt in bench.fill()] == [0, 1, 2]


def test_a_result_is_kept_with_its_times_and_attempts() -> None:
    bench = Bench()
    job = bench.job(1, retry_delay=2.0)
    bench.at(1.0)
    bench.fails(bench.take())
    bench.at(3.0)
    retry = bench.take()
    bench.at(4.5)
    bench.ok(retry, {"pages": 3})
    (result,) = shown(bench, job).results

    assert (result.document_id, result.data, result.attempts) == ("d0", {"pages": 3}, 2)
    assert result.processing_time == 3.5
    assert result.timestamp.timestamp() == EPOCH + 4.5


def test_timestamps_are_in_order() -> None:
    """R20."""
    bench = Bench()
    bench.at(1.0)
    job = bench.job(1)
    bench.at(2.0)
    attempt = bench.take()
    bench.at(3.5)
    bench.ok(attempt)
    done = shown(bench, job)

    assert done.started_at is not None
    assert done.completed_at is not None
    assert done.created_at < done.started_at < done.completed_at
    assert done.duration == 1.5


def test_the_counters_are_the_lengths_of_the_lists() -> None:
    """R06."""
    bench = Bench()
    job = bench.job(4, retry_attempts=0)
    first, second, third, _ = bench.fill()
    bench.ok(first)
    bench.fails(second)
    bench.ok(third)
    now = shown(bench, job)

    assert (now.processed_documents, now.failed_documents) == (3, 1)
    assert (len(now.results), len(now.errors)) == (2, 1)
    assert now.progress == 75


def test_one_result_among_failures_completes_the_job() -> None:
    """R15, Q1."""
    bench = Bench()
    job = bench.job(3, retry_attempts=0)
    first, second, third = bench.fill()
    bench.fails(first)
    bench.ok(second)
    assert job.status is JobStatus.PROCESSING
    bench.fails(third)

    assert (job.status, job.error, job.error_code) == (JobStatus.COMPLETED, None, None)


def test_a_job_without_any_result_has_failed() -> None:
    """R15, Q1."""
    bench = Bench()
    job = bench.job(2, retry_attempts=0)
    for attempt in bench.fill():
        bench.fails(attempt)

    assert (job.status, job.error, job.error_code) == (
        JobStatus.FAILED,
        "All 2 documents failed",
        JobErrorCode.ALL_FAILED,
    )


def test_a_failed_attempt_is_followed_by_others_on_the_seeds_schedule() -> None:
    """R09, R10: after 2, 4, 8 seconds, and never earlier."""
    bench = Bench()
    job = bench.job(1, retry_attempts=3, retry_delay=2.0)
    starts = []
    while not job.decided:
        attempt = bench.take_or_none()
        if attempt is None:
            bench.at(bench.now + 0.5)
        else:
            starts.append((attempt.attempt, bench.now))
            bench.fails(attempt)

    assert starts == [(1, 0.0), (2, 2.0), (3, 6.0), (4, 14.0)]
    assert codes(job) == [FailureCode.PROCESSOR_ERROR]
    (failure,) = shown(bench, job).errors
    assert (failure.error, failure.attempts, failure.processing_time) == ("ValueError: broken", 4, 14.0)


def test_without_a_delay_a_retry_is_due_at_once() -> None:
    """R10."""
    bench = Bench()
    bench.job(1, retry_delay=0.0)
    bench.fails(bench.take())
    bench.at(0.0)

    assert bench.take().attempt == 2


@pytest.mark.parametrize("error", [PermanentError("encrypted")])
def test_a_permanent_failure_is_not_tried_again(error: Exception) -> None:
    bench = Bench()
    job = bench.job(2, retry_attempts=5)
    bench.fails(bench.take(), error)

    assert codes(job) == [FailureCode.PERMANENT]


def test_a_document_between_two_attempts_holds_no_seat() -> None:
    """Q7a."""
    bench = Bench()
    bench.job(3, max_concurrent=1)
    bench.fails(bench.take())

    assert bench.take().position == 1


def test_a_retry_that_is_due_goes_before_unstarted_documents() -> None:
    """R10, Q7a."""
    bench = Bench()
    bench.job(5, max_concurrent=1, retry_delay=2.0)
    bench.fails(bench.take())
    second = bench.take()
    bench.at(2.5)

    assert bench.goes_on(second).position == 0


def test_a_wait_that_would_end_at_the_budget_is_not_begun() -> None:
    """R11, Q5."""
    for retry_delay, code in [(9.0, None), (10.0, FailureCode.RETRY_BUDGET), (11.0, FailureCode.RETRY_BUDGET)]:
        bench = Bench()
        job = bench.job(2, document_timeout=15.0, retry_delay=retry_delay)
        attempt = bench.take()
        bench.at(5.0)
        bench.fails(attempt)

        assert codes(job) == ([] if code is None else [code])


def test_an_attempt_at_its_budget_is_told_to_stop_and_settles_failed() -> None:
    """R11, Q5."""
    bench = Bench()
    job = bench.job(1, document_timeout=5.0, retry_attempts=3)
    attempt = bench.take()
    bench.at(4.999)
    assert bench.stops() == []
    bench.at(5.0)
    assert bench.stops() == [attempt]
    assert attempt.stop is FailureCode.DOCUMENT_TIMEOUT
    bench.fails(attempt, OSError("whatever it raises then"))

    assert codes(job) == [FailureCode.DOCUMENT_TIMEOUT]
    assert job.ledger.failed[0][4].error == "no result within the document's budget of 5 s"
    assert job.status is JobStatus.FAILED


def test_an_attempt_is_told_to_stop_once() -> None:
    bench = Bench()
    job = bench.job(1, document_timeout=5.0)
    attempt = bench.take()
    bench.at(5.0)
    bench.cancel(job, force=True)
    bench.at(50.0)

    assert bench.stops() == [attempt]
    assert attempt.stop is FailureCode.DOCUMENT_TIMEOUT


def test_the_budget_runs_from_the_first_attempt_waits_included() -> None:
    """R11."""
    bench = Bench()
    bench.job(1, document_timeout=10.0, retry_delay=4.0)
    bench.at(1.0)
    bench.fails(bench.take())
    bench.at(5.0)
    retry = bench.take()
    bench.at(10.999)
    assert bench.stops() == []
    bench.at(11.0)

    assert bench.stops() == [retry]


def test_finished_work_is_kept_even_if_it_was_told_to_stop() -> None:
    bench = Bench()
    job = bench.job(1, document_timeout=5.0)
    attempt = bench.take()
    bench.at(5.0)
    bench.ok(attempt)

    assert job.status is JobStatus.COMPLETED


def test_a_retry_without_a_seat_until_its_budget_ends_settles_failed() -> None:
    """R11."""
    bench = Bench()
    job = bench.job(2, max_concurrent=1, document_timeout=10.0, retry_delay=2.0)
    bench.at(1.0)
    first = bench.take()
    bench.fails(first)
    bench.at(2.0)
    bench.take()
    bench.at(10.999)
    assert codes(job) == []
    bench.at(11.0)

    assert codes(job) == [FailureCode.RETRY_BUDGET]
    assert job.ledger.failed[0][4].error == "ValueError: broken"


def test_a_pause_gives_the_document_a_fresh_budget_but_counts_its_attempts() -> None:
    bench = Bench()
    job = bench.job(1, retry_attempts=2, document_timeout=5.0)
    for count in (1, 2, 3):
        attempt = bench.take()
        assert (attempt.attempt, attempt.first_started) == (count, bench.now)
        bench.fails(attempt, RetryAfter(4))
        bench.at(bench.now + 4.0)

    assert codes(job) == [FailureCode.PROCESSOR_ERROR]
    assert job.ledger.failed[0][4].error == "RetryAfter: retry after 4 s"


def test_paused_documents_go_before_those_that_never_started() -> None:
    bench = Bench()
    bench.job(5, max_concurrent=2)
    first, second = bench.fill()
    bench.fails(second, RetryAfter(1))
    bench.fails(first, RetryAfter(1))
    bench.at(1.0)
    third, fourth = bench.fill()

    assert [(attempt.position, attempt.attempt) for attempt in (third, fourth)] == [(1, 2), (0, 2)]
    assert bench.goes_on(third).position == 2


def test_the_job_timeout_counts_from_the_first_start_and_is_neither_early_nor_late() -> None:
    """R14, Q7."""
    bench = Bench()
    job = bench.job(3, max_concurrent=1, timeout=10.0, document_timeout=60.0)
    bench.at(100.0)
    assert job.status is JobStatus.PENDING
    attempt = bench.take()
    bench.at(109.999)
    assert job.status is JobStatus.PROCESSING
    bench.at(110.0)

    assert (job.status, job.completed, job.error, job.error_code) == (
        JobStatus.TIMEOUT,
        110.0,
        "Job timeout exceeded",
        JobErrorCode.TIMEOUT,
    )
    assert not job.drained
    assert bench.stops() == []
    bench.ok(attempt)
    assert (job.status, job.drained, settled(job)) == (JobStatus.TIMEOUT, True, [0])


def test_a_job_without_a_timeout_never_times_out() -> None:
    bench = Bench()
    job = bench.job(1, timeout=None)
    attempt = bench.take()
    bench.at(10.0**6)
    bench.ok(attempt)

    assert job.status is JobStatus.COMPLETED


def test_a_job_whose_last_document_settles_too_late_has_timed_out() -> None:
    """R14: even if the settlement comes before the watchdog."""
    bench = Bench()
    job = bench.job(1, timeout=5.0)
    attempt = bench.take()
    bench.now = 5.0
    bench.ok(attempt)

    assert (job.status, settled(job)) == (JobStatus.TIMEOUT, [0])


def test_one_failure_too_many_that_comes_too_late_has_timed_out() -> None:
    """R14."""
    bench = Bench()
    job = bench.job(3, timeout=5.0, max_failures=0, retry_attempts=0)
    attempt = bench.take()
    bench.now = 5.0
    bench.fails(attempt)

    assert job.status is JobStatus.TIMEOUT


def test_a_late_settlement_of_another_document_only_counts() -> None:
    bench = Bench()
    job = bench.job(1_000, max_concurrent=1, timeout=5.0, document_timeout=60.0)
    attempt = bench.take()
    bench.now = 6.0
    assert bench.ok(attempt) is None
    assert bench.take_or_none(held=job) is None

    assert (job.status, settled(job)) == (JobStatus.TIMEOUT, [0])


def test_the_budget_of_running_documents_goes_on_after_the_decision() -> None:
    """Q6: a job is drained at most one budget after its decision."""
    bench = Bench()
    job = bench.job(1, timeout=5.0, document_timeout=12.0)
    attempt = bench.take()
    bench.at(12.0)
    assert bench.stops() == [attempt]
    bench.fails(attempt)

    assert (job.status, job.drained, codes(job)) == (JobStatus.TIMEOUT, True, [FailureCode.DOCUMENT_TIMEOUT])


def test_at_the_decision_waiting_documents_settle_and_unstarted_ones_stay() -> None:
    """Q8, R07."""
    bench = Bench()
    job = bench.job(4, max_concurrent=2)
    waits, runs = bench.fill()
    bench.fails(waits)
    bench.cancel(job)

    assert settled(job) == [0]
    assert codes(job) == [FailureCode.JOB_STOPPED]
    assert job.ledger.failed[0][4].error == "ValueError: broken"
    assert bench.fill() == []
    bench.ok(runs)
    assert settled(job) == [1, 0]
    assert job.drained


def test_an_attempt_that_fails_after_the_decision_is_not_tried_again() -> None:
    """R07."""
    bench = Bench()
    job = bench.job(2)
    first, second = bench.fill()
    bench.cancel(job)
    bench.fails(first)
    bench.fails(second, RetryAfter(1))

    assert codes(job) == [FailureCode.JOB_STOPPED, FailureCode.JOB_STOPPED]
    assert job.drained


def test_only_the_first_cancel_is_true() -> None:
    """R17, Q12."""
    bench = Bench()
    job = bench.job()
    bench.take()

    assert bench.cancel(job)
    assert not bench.cancel(job)
    assert not bench.cancel(job, force=True)
    assert job.status is JobStatus.CANCELLED


def test_cancel_of_a_pending_job_and_nothing_ever_starts() -> None:
    """R07, Q12."""
    bench = Bench()
    job = bench.job()
    bench.cancel(job)
    bench.at(100.0)

    assert bench.fill() == []
    assert (job.drained, job.started, shown(bench, job).duration) == (True, None, 0.0)


def test_a_forced_cancel_stops_the_running_attempts() -> None:
    bench = Bench()
    job = bench.job(3, max_concurrent=2)
    attempts = bench.fill()
    bench.cancel(job, force=True)
    assert bench.stops() == attempts
    for attempt in attempts:
        bench.fails(attempt, OSError("gone"))

    assert codes(job) == [FailureCode.CANCELLED] * 2
    assert [row[4].error for row in job.ledger.failed] == ["cancelled while it was running"] * 2
    assert job.drained


def test_a_forced_cancel_of_a_decided_job_stops_what_is_left_and_is_false() -> None:
    """Q12."""
    bench = Bench()
    job = bench.job(1, timeout=5.0)
    attempt = bench.take()
    bench.at(5.0)

    assert not bench.cancel(job, force=True)
    assert bench.stops() == [attempt]
    assert job.status is JobStatus.TIMEOUT


@pytest.mark.parametrize("most, failures", [(0, 1), (2, 3)])
def test_one_failure_more_than_max_failures_fails_the_job(most: int, failures: int) -> None:
    """Q1."""
    bench = Bench()
    job = bench.job(10, max_concurrent=1, retry_attempts=0, max_failures=most)
    for _ in range(failures):
        assert job.status is not JobStatus.FAILED
        bench.fails(bench.take())

    assert (job.status, job.error_code) == (JobStatus.FAILED, JobErrorCode.MAX_FAILURES)
    assert job.error == f"more than {most} of 10 documents failed"
    assert bench.fill() == []


def test_documents_that_are_given_up_count_as_failures_too() -> None:
    bench = Bench()
    job = bench.job(3, max_concurrent=1, max_failures=0, document_timeout=10.0, retry_delay=1.0)
    bench.fails(bench.take())
    bench.at(0.5)
    bench.take()
    bench.at(10.0)

    assert (job.status, job.error_code) == (JobStatus.FAILED, JobErrorCode.MAX_FAILURES)


def test_the_estimate_is_none_then_a_figure_then_nothing() -> None:
    """R19, Q16: the seed's mean(5000, 4500) = 4750 with one left."""
    bench = Bench()
    job = bench.job(3, max_concurrent=1)
    assert shown(bench, job).estimated_time_remaining is None
    first = bench.take()
    bench.at(5.0)
    second = bench.goes_on(first)
    bench.at(9.5)
    third = bench.goes_on(second)
    assert shown(bench, job).estimated_time_remaining == 4.75
    assert shown(bench, job).progress == 66
    bench.ok(third)
    assert shown(bench, job).estimated_time_remaining == 0.0


def test_a_job_that_was_cancelled_has_no_time_remaining() -> None:
    """R19."""
    bench = Bench()
    job = bench.job(3)
    bench.ok(bench.take())
    bench.cancel(job)

    assert shown(bench, job).estimated_time_remaining == 0.0


def test_a_summary_is_made_after_the_last_settlement_and_before_the_decision() -> None:
    """Q23."""
    bench = Bench()
    job = bench.job(2, finalizes=True)
    first, second = bench.fill()
    bench.ok(first)
    assert bench.take_or_none() is None
    bench.ok(second)
    assert (job.status, shown(bench, job).progress) == (JobStatus.PROCESSING, 100)
    bench.at(3.0)
    summary = bench.take()
    assert (summary.position, summary.document_id, summary.budget_end) == (FINALIZE, "", 33.0)
    assert bench.take_or_none() is None
    bench.ok(summary, {"pages": 7})

    assert (job.status, shown(bench, job).summary) == (JobStatus.COMPLETED, {"pages": 7})
    assert settled(job) == [0, 1]


@pytest.mark.parametrize("error", [ValueError("broken"), ConnectionError("refused")])
def test_a_summary_that_fails_is_not_tried_again_and_the_job_is_completed(error: Exception) -> None:
    """Q23."""
    bench = Bench()
    job = bench.job(1, finalizes=True)
    bench.ok(bench.take())
    bench.fails(bench.take(), error)
    done = shown(bench, job)

    assert (done.status, done.summary) == (JobStatus.COMPLETED, None)
    assert done.summary_error == f"{type(error).__name__}: {error}"


def test_a_summary_has_one_budget_of_a_document() -> None:
    """Q23."""
    bench = Bench()
    job = bench.job(1, finalizes=True, document_timeout=5.0)
    bench.ok(bench.take())
    bench.at(2.0)
    summary = bench.take()
    bench.at(7.0)
    assert bench.stops() == [summary]
    bench.gives_up(summary)

    assert job.status is JobStatus.COMPLETED
    assert job.summary_error == "no result within the document's budget of 5 s"


def test_without_a_result_the_summary_is_made_and_the_job_has_failed_all_the_same() -> None:
    bench = Bench()
    job = bench.job(1, finalizes=True, retry_attempts=0)
    bench.fails(bench.take())
    bench.ok(bench.take(), "summary")

    assert (job.status, job.error_code) == (JobStatus.FAILED, JobErrorCode.ALL_FAILED)


@pytest.mark.parametrize("ends", ["cancel", "timeout"])
def test_after_cancel_and_timeout_no_summary_is_made(ends: str) -> None:
    """Q23, R07."""
    bench = Bench()
    job = bench.job(1, finalizes=True, timeout=5.0)
    bench.ok(bench.take())
    if ends == "cancel":
        bench.cancel(job)
    bench.at(5.0)

    assert job.decided
    assert job.drained
    assert bench.fill() == []


def test_nobody_can_report_from_inside_a_summary() -> None:
    bench = Bench()
    job = bench.job(1, finalizes=True)
    bench.ok(bench.take())
    job.report(bench.take(), 0.5, "", 0.0)

    assert not job.reports
    assert bench.told("documentProgress") == []


def test_an_outcome_stays_what_it_is_whatever_comes_later() -> None:
    """R13."""
    bench = Bench()
    job = bench.job(1)
    attempt = bench.take()
    bench.ok(attempt, "first")
    bench.ok(attempt, "second")
    bench.fails(attempt)

    assert [row[4] for row in job.ledger.ok] == ["first"]
    assert job.ledger.failed == []


def test_a_steady_job_has_only_fresh_documents_to_consider() -> None:
    bench = Bench()
    job = bench.job(1_000, max_concurrent=2, retry_delay=1.0)
    assert not job.steady
    first, _ = bench.fill()
    assert job.steady
    bench.fails(first)
    assert job.steady
    bench.at(1.0)
    assert not job.steady
    bench.take()
    assert job.steady


def test_a_lane_does_not_go_on_by_itself_where_something_else_may_come_first() -> None:
    bench = Bench()
    bench.scheduler.register("U")
    bench.job(1_000, max_concurrent=2)
    first, second = bench.fill()
    following = bench.ok(first)
    assert following is not None
    bench.job(1, type="U")
    assert bench.ok(second) is None
    bench.fill()
    bench.now = 400.0
    assert bench.ok(following) is None


def test_a_lane_goes_on_within_the_budget_of_the_next_document() -> None:
    bench = Bench()
    bench.job(1_000, max_concurrent=1, document_timeout=5.0, timeout=None)
    attempt = bench.take()
    bench.at(3.0)
    following = bench.goes_on(attempt)
    bench.at(3.01)
    after = bench.ok(following)
    assert after is not None
    assert (after.first_started, after.budget_end) == (3.01, 8.01)
    bench.at(8.0)
    assert bench.stops() == []
    bench.at(8.01)
    assert bench.stops() == [after]


def test_a_lane_that_finishes_at_the_last_moment_goes_on_and_the_next_budget_has_its_alarm() -> None:
    """R11: with a budget shorter than the time between two words of progress."""
    bench = Bench()
    bench.job(1_000, max_concurrent=1, document_timeout=0.03125, timeout=None)
    attempt = bench.take()
    bench.at(0.03125)
    assert bench.stops() == [attempt]
    following = bench.ok(attempt)
    assert following is not None
    assert bench.desk.agenda.next == 0.0625
    bench.at(0.0625)
    assert bench.stops() == [following]


def test_a_lane_that_goes_on_with_the_last_document_leaves_nothing_to_start() -> None:
    """R12: not even a summary, since documents are still at work."""
    bench = Bench()
    job = bench.job(3, max_concurrent=3)
    first, second = bench.take(), bench.take()
    following = job.succeeded(first, "data", bench.now)
    if following is None:
        following = bench.take(held=job)
    assert following.position == 2

    assert bench.take_or_none() is None
    bench.ok(second)
    bench.ok(following)
    assert (job.status, settled(job)) == (JobStatus.COMPLETED, [0, 1, 2])


@pytest.mark.parametrize("year", [-1, 0, 1])
def test_a_step_of_the_wall_clock_by_a_year_changes_no_duration_and_no_decision(year: int) -> None:
    """R34: the rules know one clock, and a job takes the difference to the wall clock once."""
    bench = Bench()
    before, after = bench.job(1, timeout=5.0), bench.job(1, timeout=5.0)
    after.ledger.wall_offset += year * 365 * 86_400.0
    for attempt in bench.fill():
        bench.at(bench.now + 2.0)
        bench.ok(attempt)
    first, second = shown(bench, before), shown(bench, after)

    assert (first.status, second.status) == (JobStatus.COMPLETED, JobStatus.COMPLETED)
    assert (first.duration, second.duration) == (2.0, 4.0)
    assert second.results[0].processing_time == 4.0
    assert second.created_at == second.started_at < second.completed_at  # type: ignore[operator]
