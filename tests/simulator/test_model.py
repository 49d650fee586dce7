"""The oracle by hand: what a page of arithmetic says of a few jobs."""

from docmill import FailureCode, JobOptions, JobStatus
from docmill.testing.scripts import fails, ok, permanent
from docmill.testing.simulator.model import predict


def test_the_seeds_retry_schedule() -> None:
    predicted = predict([[fails(1.0), fails(1.0), ok(seconds=1.0)]], JobOptions(), [], begin=10.0)

    assert predicted.status is JobStatus.COMPLETED
    assert predicted.starts == [(10.0, 0, 1), (13.0, 0, 2), (18.0, 0, 3)]
    assert predicted.outcomes == {0: ("ok", 3, 9.0)}
    assert predicted.decided == 19.0


def test_seats_are_filled_in_order_and_retries_go_first() -> None:
    moods = [[fails(1.0), ok(seconds=1.0)], [ok(seconds=4.0)], [ok(seconds=4.0)]]
    predicted = predict(moods, JobOptions(max_concurrent=1, retry_delay=2.0), [], begin=0.0)

    assert [start[1:] for start in predicted.starts] == [(0, 1), (1, 1), (0, 2), (2, 1)]


def test_a_job_that_runs_out_of_time_stops_what_waits() -> None:
    options = JobOptions(max_concurrent=1, timeout=5.0, retry_delay=10.0)
    predicted = predict([[fails(1.0)], [ok(seconds=7.0)], [ok()]], options, [], begin=0.0)

    assert (predicted.status, predicted.decided) == (JobStatus.TIMEOUT, 5.0)
    assert predicted.outcomes == {0: (FailureCode.JOB_STOPPED, 1, 5.0), 1: ("ok", 1, 7.0)}


def test_an_attempt_over_its_budget_and_a_wait_beyond_it_fail() -> None:
    options = JobOptions(document_timeout=5.0, retry_delay=4.0)
    predicted = predict([[ok(seconds=6.0)], [fails(1.0)], [permanent(1.0)]], options, [], begin=0.0)

    assert predicted.outcomes == {
        0: (FailureCode.DOCUMENT_TIMEOUT, 1, 5.0),
        1: (FailureCode.RETRY_BUDGET, 1, 1.0),
        2: ("permanent", 1, 1.0),
    }
    assert predicted.status is JobStatus.FAILED


def test_a_retry_without_a_seat_fails_at_the_end_of_its_budget() -> None:
    options = JobOptions(max_concurrent=1, document_timeout=5.0, retry_delay=1.0)
    predicted = predict([[fails(1.0)], [ok(seconds=4.9)], [ok()]], options, [], begin=0.0)
    assert predicted.outcomes[0] == (FailureCode.RETRY_BUDGET, 1, 5.0)


def test_the_summary_is_made_before_the_decision() -> None:
    predicted = predict([[ok(seconds=1.0)]], JobOptions(), [ok(seconds=2.0)], begin=0.0)
    assert (predicted.decided, predicted.starts) == (3.0, [(0.0, 0, 1), (1.0, -1, 1)])


def test_a_summary_may_be_too_late() -> None:
    predicted = predict([[ok(seconds=1.0)]], JobOptions(timeout=2.0), [ok(seconds=20.0)], begin=0.0)
    assert (predicted.status, predicted.decided) == (JobStatus.TIMEOUT, 2.0)
