"""The gate of a job type: circuit breaker, pauses and stuck attempts (contract, section 5)."""

from math import inf, nan

import pytest
from core_bench import Bench, codes

from docmill.core import Attempt, CircuitBreaker
from docmill.core.breaker import State
from docmill.errors import PermanentError, RetryAfter, ServiceUnavailableError
from docmill.model import FailureCode, JobStatus


def guarded(
    *, failures: int = 2, cooldown: float = 10.0, trips_on: tuple[FailureCode, ...] = (), **bench: int
) -> Bench:
    return Bench(breaker=CircuitBreaker(failures=failures, cooldown=cooldown, trips_on=trips_on), **bench)


def broken_down(bench: Bench, count: int = 2, **options: float) -> list[Attempt]:
    """Start a job of ten documents with three of them at work, and open the circuit with others."""
    bench.job(10, max_concurrent=3 + count, retry_attempts=0, **options)
    attempts = bench.fill()
    for attempt in attempts[3:]:
        bench.fails(attempt, ConnectionError("refused"))
    return attempts[:3]


def test_a_breaker_has_the_defaults_of_the_contract() -> None:
    assert CircuitBreaker() == CircuitBreaker(failures=5, cooldown=10.0, trips_on=())


@pytest.mark.parametrize(
    "wrong, named",
    [
        ({"failures": 0}, "failures must be 1 or more, got 0"),
        ({"failures": -3}, "failures must be 1 or more, got -3"),
        ({"cooldown": 0}, "cooldown must be a finite number of seconds above 0, got 0"),
        ({"cooldown": inf}, "cooldown must be a finite number of seconds above 0, got inf"),
        ({"cooldown": nan}, "cooldown must be a finite number of seconds above 0, got nan"),
    ],
)
def test_a_breaker_that_cannot_be_is_refused(wrong: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        CircuitBreaker(**wrong)  # type: ignore[arg-type]


def test_a_hundred_broken_documents_in_a_row_do_not_open_the_circuit() -> None:
    bench = guarded()
    job = bench.job(100, max_concurrent=1, retry_attempts=0)
    for position in range(100):
        bench.fails(bench.take(), PermanentError("encrypted") if position % 2 else ValueError("broken"))

    assert job.status is JobStatus.FAILED
    assert bench.circuits == []


@pytest.mark.parametrize("error", [ConnectionError(), TimeoutError(), ServiceUnavailableError()])
def test_consecutive_failures_of_the_service_open_the_circuit(error: Exception) -> None:
    """R26."""
    bench = guarded(failures=2)
    bench.job(10, max_concurrent=3, retry_attempts=0)
    first, second, _ = bench.fill()
    bench.fails(first, error)
    assert bench.gate.state is State.CLOSED

    bench.fails(second, error)

    assert bench.gate.state is State.OPEN
    assert bench.circuits == [("T", type(error).__name__)]
    assert bench.fill() == []


def test_a_success_resets_the_count() -> None:
    bench = guarded(failures=2)
    bench.job(10, max_concurrent=3, retry_attempts=0)
    first, second, third = bench.fill()
    bench.fails(first, ConnectionError())
    bench.ok(second)
    bench.fails(third, ConnectionError())

    assert bench.circuits == []
    assert not bench.gate.calm


def test_a_failure_of_a_document_does_not_reset_the_count() -> None:
    bench = guarded(failures=2)
    bench.job(10, max_concurrent=3, retry_attempts=0)
    first, second, third = bench.fill()
    bench.fails(first, ConnectionError())
    bench.fails(second, ValueError())
    bench.fails(third, ConnectionError())

    assert bench.gate.state is State.OPEN


def test_a_circuit_opens_for_its_cooldown_and_then_lets_exactly_one_probe_through() -> None:
    """R26."""
    bench = guarded(cooldown=10.0)
    broken_down(bench)

    bench.at(9.999)
    assert bench.fill() == []
    bench.at(10.0)
    assert bench.gate.state is State.HALF_OPEN
    assert len(bench.fill()) == 1


def test_one_probe_is_one_over_all_jobs_of_the_type() -> None:
    """R26."""
    bench = guarded()
    broken_down(bench)
    bench.job(3)
    bench.at(10.0)

    assert len(bench.fill()) == 1


def test_another_job_type_is_not_concerned() -> None:
    bench = guarded()
    bench.scheduler.register("U")
    broken_down(bench)
    bench.job(3, type="U")

    assert len(bench.fill()) == 3


def test_a_probe_that_succeeds_closes_the_circuit() -> None:
    bench = guarded()
    broken_down(bench)
    bench.at(10.0)
    bench.ok(bench.take())

    assert bench.gate.calm
    assert bench.circuits == [("T", "ConnectionError: refused"), ("T", None)]
    assert len(bench.fill()) == 2


def test_a_probe_that_meets_the_failure_again_reopens_the_circuit_for_another_cooldown() -> None:
    bench = guarded(cooldown=10.0)
    broken_down(bench)
    bench.at(12.0)
    bench.fails(bench.take(), ConnectionError("still refused"))

    assert bench.circuits[-1] == ("T", "ConnectionError: still refused")
    bench.at(21.999)
    assert bench.take_or_none() is None
    bench.at(22.0)
    assert bench.take_or_none() is not None


def test_a_probe_at_its_budget_reopens_the_circuit() -> None:
    bench = guarded(cooldown=10.0)
    broken_down(bench, document_timeout=60.0)
    bench.at(10.0)
    probe = bench.take()
    bench.at(70.0)
    assert probe in bench.stops()
    bench.fails(probe, OSError("gone"))

    assert bench.gate.state is State.OPEN
    assert bench.gate.until == 80.0


@pytest.mark.parametrize("error", [ValueError("broken"), PermanentError("encrypted"), SystemExit()])
def test_a_probe_that_ends_uncounted_frees_the_seat_of_the_probe(error: BaseException) -> None:
    bench = guarded()
    broken_down(bench)
    bench.at(10.0)
    bench.fails(bench.take(), error)

    assert bench.gate.state is State.HALF_OPEN
    assert len(bench.fill()) == 1


def test_a_probe_that_is_cancelled_frees_the_seat_of_the_probe() -> None:
    bench = guarded()
    broken_down(bench)
    other = bench.job(3)
    bench.at(10.0)
    probe = bench.take()
    bench.cancel(probe.job, force=True)
    bench.fails(probe, OSError("gone"))

    assert [attempt.job for attempt in bench.fill()] == [other]


def test_a_late_success_from_before_the_opening_does_not_close_the_circuit() -> None:
    bench = guarded()
    early, during, later = broken_down(bench)
    bench.ok(early)
    assert bench.gate.state is State.OPEN

    bench.at(10.0)
    bench.ok(during)
    assert bench.gate.state is State.HALF_OPEN

    probe = bench.take()
    bench.ok(later)
    assert bench.gate.state is State.HALF_OPEN
    bench.ok(probe)
    assert bench.gate.state is State.CLOSED


def test_late_failures_from_before_the_opening_count_for_nothing_after_it() -> None:
    bench = guarded(failures=2)
    early, during, later = broken_down(bench)
    bench.fails(early, ConnectionError())
    bench.at(10.0)
    bench.fails(during, ConnectionError())
    assert bench.gate.state is State.HALF_OPEN

    bench.ok(bench.take())
    bench.fails(later, ConnectionError())
    assert bench.gate.calm


def test_a_late_success_does_not_reset_the_count_of_the_time_after_it() -> None:
    bench = guarded(failures=2)
    early, _, _ = broken_down(bench)
    bench.at(10.0)
    bench.ok(bench.take())
    bench.at(11.0)
    first, second = bench.fill()
    bench.fails(first, ConnectionError())
    bench.ok(early)
    bench.fails(second, ConnectionError())

    assert bench.gate.state is State.OPEN


def test_unstarted_documents_wait_with_their_budget_not_begun() -> None:
    bench = guarded(cooldown=100.0)
    broken_down(bench, document_timeout=5.0)
    bench.at(100.0)

    assert bench.take().first_started == 100.0


def test_a_document_between_two_attempts_waits_within_its_budget_and_fails_with_circuit_open() -> None:
    bench = guarded(failures=1, cooldown=100.0)
    job = bench.job(2, retry_attempts=3, retry_delay=1.0, document_timeout=30.0)
    first, second = bench.fill()
    bench.fails(first, ValueError("broken"))
    bench.fails(second, ConnectionError("refused"))

    bench.at(29.999)
    assert not job.ledger.failed
    bench.at(30.0)

    assert codes(job) == [FailureCode.CIRCUIT_OPEN, FailureCode.CIRCUIT_OPEN]
    assert [row[4].error for row in job.ledger.failed] == ["ValueError: broken", "ConnectionError: refused"]


def test_a_document_whose_circuit_closes_in_time_goes_on() -> None:
    bench = guarded(failures=1, cooldown=5.0)
    job = bench.job(1, retry_attempts=3, retry_delay=1.0, document_timeout=30.0)
    bench.fails(bench.take(), ConnectionError("refused"))
    bench.at(5.0)
    retry = bench.take()
    bench.ok(retry)

    assert (retry.attempt, retry.first_started, job.status) == (2, 0.0, JobStatus.COMPLETED)


def test_the_job_timeout_rules_while_the_circuit_is_open() -> None:
    """R14."""
    bench = guarded(cooldown=100.0)
    broken_down(bench, timeout=20.0)
    (job,) = bench.scheduler.jobs.values()
    bench.at(20.0)

    assert (job.status, job.completed) == (JobStatus.TIMEOUT, 20.0)


def test_a_pause_opens_the_circuit_for_as_long_as_the_service_says() -> None:
    bench = guarded(failures=5)
    job = bench.job(3, max_concurrent=2, retry_attempts=1)
    first, second = bench.fill()
    bench.fails(first, RetryAfter(7, "slow down"))
    bench.ok(second)

    bench.at(6.999)
    assert bench.take_or_none() is None
    bench.at(7.0)
    again = bench.take()
    assert (again.position, again.attempt, again.first_started) == (0, 2, 7.0)
    assert bench.circuits == [("T", "RetryAfter: slow down")]
    assert job.status is JobStatus.PROCESSING


def test_a_pause_without_a_breaker_is_over_for_everyone_when_it_is_over() -> None:
    bench = Bench()
    bench.job(5, max_concurrent=3)
    bench.fails(bench.fill()[0], RetryAfter(7))

    bench.at(6.999)
    assert bench.fill() == []
    bench.at(7.0)
    assert bench.gate.state is State.CLOSED
    assert bench.circuits == [("T", "RetryAfter: retry after 7 s"), ("T", None)]
    assert len(bench.fill()) == 1


@pytest.mark.parametrize("first, second, until", [(5.0, 9.0, 9.0), (9.0, 5.0, 9.0)])
def test_of_two_pauses_the_longer_one_rules(first: float, second: float, until: float) -> None:
    bench = Bench()
    bench.job(5, max_concurrent=2)
    attempts = bench.fill()
    bench.fails(attempts[0], RetryAfter(first))
    bench.fails(attempts[1], RetryAfter(second))

    bench.at(until - 0.001)
    assert bench.fill() == []
    bench.at(until)
    assert len(bench.fill()) == 2


def test_a_pause_may_end_before_the_cooldown_that_a_probe_would_have_had() -> None:
    bench = guarded(cooldown=100.0)
    broken_down(bench)
    bench.at(100.0)
    bench.fails(bench.take(), RetryAfter(3))

    assert bench.gate.until == 103.0


def test_the_budget_counts_only_if_the_breaker_names_it() -> None:
    for trips_on, state in [((), State.CLOSED), ((FailureCode.DOCUMENT_TIMEOUT,), State.OPEN)]:
        bench = guarded(failures=1, trips_on=trips_on)
        bench.job(2, max_concurrent=1, document_timeout=5.0)
        attempt = bench.take()
        bench.at(5.0)
        bench.fails(attempt, OSError("gone"))

        assert bench.gate.state is state


def left_behind(bench: Bench, count: int) -> list[Attempt]:
    """All attempts of a job that went on after their budget."""
    job = bench.job(count, max_concurrent=count, document_timeout=5.0, retry_attempts=0)
    attempts = bench.fill()
    bench.at(bench.now + 5.0)
    assert bench.stops() == attempts
    for attempt in attempts:
        bench.gives_up(attempt)
    assert codes(job) == [FailureCode.DOCUMENT_TIMEOUT] * count
    assert job.drained
    return attempts


def test_from_max_abandoned_on_no_attempt_starts() -> None:
    """R29."""
    bench = Bench(max_abandoned=3)
    left_behind(bench, 2)
    assert bench.circuits == []
    assert not bench.gate.stuck
    left_behind(bench, 1)
    bench.job(3)

    assert bench.gate.stuck
    assert bench.circuits == [("T", "3 abandoned attempts are still running")]
    assert bench.fill() == []


def test_attempts_start_again_when_the_number_has_fallen_below_it() -> None:
    """R29."""
    bench = Bench(max_abandoned=2)
    first, second = left_behind(bench, 2)
    bench.job(3)
    assert bench.ok(first) is None

    assert bench.circuits[-1] == ("T", None)
    assert bench.gate.abandoned == 1
    assert len(bench.fill()) == 3
    bench.fails(second)
    assert bench.gate.abandoned == 0
    assert bench.gate.calm


def test_a_late_result_of_an_abandoned_attempt_is_dropped() -> None:
    """R13."""
    bench = Bench()
    (stray,) = left_behind(bench, 1)
    before = [*bench.events]
    bench.ok(stray)

    assert not stray.job.ledger.ok
    assert codes(stray.job) == [FailureCode.DOCUMENT_TIMEOUT]
    assert bench.events == before


def test_a_type_far_beyond_its_limit_stays_stuck_until_enough_have_come_back() -> None:
    bench = Bench(max_abandoned=2)
    strays = left_behind(bench, 4)
    bench.job(3)
    assert len(bench.circuits) == 1
    for stray in strays[:2]:
        bench.ok(stray)
    assert bench.fill() == []

    bench.ok(strays[2])
    assert len(bench.fill()) == 3


def test_a_stuck_type_whose_circuit_is_open_is_not_said_to_be_closed() -> None:
    bench = guarded(failures=1, max_abandoned=1)
    bench.job(5, max_concurrent=2, document_timeout=5.0, retry_attempts=0)
    stray = bench.take()
    bench.at(1.0)
    other = bench.take()
    bench.at(5.0)
    bench.gives_up(stray)
    bench.fails(other, RetryAfter(100))
    bench.ok(stray)

    assert [error for _, error in bench.circuits] == [
        "1 abandoned attempts are still running",
        "RetryAfter: retry after 100 s",
    ]
    assert bench.fill() == []


def test_a_circuit_that_closes_while_the_type_is_stuck_is_told_when_it_is_not_any_more() -> None:
    bench = Bench(max_abandoned=1)
    bench.job(5, max_concurrent=2, document_timeout=5.0)
    stray, other = bench.fill()
    bench.fails(other, RetryAfter(6))
    bench.at(5.0)
    bench.gives_up(stray)
    bench.at(6.0)
    assert [error is None for _, error in bench.circuits] == [False, False]

    bench.ok(stray)
    assert [error is None for _, error in bench.circuits] == [False, False, True]


def test_a_document_between_two_attempts_of_a_stuck_type_fails_with_processor_stuck() -> None:
    bench = Bench(max_abandoned=1)
    job = bench.job(2, retry_attempts=1, retry_delay=10.0, document_timeout=30.0)
    stray = bench.take()
    bench.at(1.0)
    other = bench.take()
    bench.at(20.5)
    bench.fails(other, ValueError("broken"))
    bench.at(30.0)
    bench.gives_up(stray)
    bench.at(31.0)

    assert codes(job) == [FailureCode.DOCUMENT_TIMEOUT, FailureCode.PROCESSOR_STUCK]


def test_an_attempt_is_given_up_once_however_often_the_runtime_says_so() -> None:
    """R29: the lane and the watchdog may both find out."""
    bench = Bench()
    (stray,) = left_behind(bench, 1)
    bench.gives_up(stray)
    assert bench.gate.abandoned == 1

    bench.ok(stray)
    bench.ok(stray)
    assert bench.gate.abandoned == 0


def test_an_attempt_that_was_left_behind_unasked_counts_as_cancelled() -> None:
    bench = Bench()
    job = bench.job(1)
    bench.gives_up(bench.take())

    assert codes(job) == [FailureCode.CANCELLED]
    assert bench.gate.abandoned == 1
