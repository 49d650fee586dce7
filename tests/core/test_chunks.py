"""Documents that travel together: who joins a chunk, what it counts as, and how each of its documents ends."""

from typing import Any

import pytest
from core_bench import Bench, codes, settled

from docmill.core import Attempt, CircuitBreaker, Seats, Verdict, judge
from docmill.core.attempt import FINALIZE
from docmill.errors import RetryAfter
from docmill.model import Cached, FailureCode, JobErrorCode, JobStatus

NEVER_SEEN = Verdict(FailureCode.WORKER_DIED, "never seen", retry=True, counted=False)


def seated(capacity: int = 4, **bench: Any) -> tuple[Bench, Seats]:
    """A bench whose attempts need seats, as they do where chunks are sent away."""
    made = Bench(**bench)
    seats = Seats(capacity)
    made.scheduler.seat("T", seats, lambda: None)
    return made, seats


def chunk_of(bench: Bench, most: int) -> list[Attempt]:
    """Start an attempt, and have up to ``most`` more documents join it."""
    leader = bench.take()
    return [leader, *leader.job.join(leader, most)]


def joined_ok(bench: Bench, *attempts: Attempt, data: Any = "data") -> None:
    """Attempts that have joined return."""
    for attempt in attempts:
        attempt.job.joined_succeeded(attempt, data, bench.now)
    bench.tell()


def give_back(bench: Bench, *attempts: Attempt, lost: bool = False) -> None:
    """The engine gives attempts back, perhaps since their chunk was lost."""
    for attempt in attempts:
        attempt.released, attempt.lost = True, lost
        attempt.job.failed(attempt, NEVER_SEEN, bench.now)
    bench.tell()


def positions(attempts: list[Attempt]) -> list[int]:
    return [attempt.position for attempt in attempts]


# Who joins.


def test_the_next_unstarted_documents_of_the_job_join() -> None:
    bench, _ = seated()
    job = bench.job(5)

    chunk = chunk_of(bench, 2)

    assert positions(chunk) == [0, 1, 2]
    assert [attempt.document_id for attempt in chunk] == ["d0", "d1", "d2"]
    assert [attempt.joined for attempt in chunk] == [False, True, True]
    assert list(job.running) == [0, 1, 2]
    assert job.waiting == 2


def test_no_more_join_than_there_are() -> None:
    bench, _ = seated()
    job = bench.job(3)

    assert positions(chunk_of(bench, 100)) == [0, 1, 2]
    assert job.waiting == 0
    assert bench.take_or_none() is None


def test_none_joins_where_none_is_asked_for() -> None:
    bench, _ = seated()
    bench.job(3)

    assert positions(chunk_of(bench, 0)) == [0]
    assert bench.take().position == 1


def test_those_that_join_share_the_start_of_the_one_that_they_join() -> None:
    bench, _ = seated()
    job = bench.job(3, document_timeout=5.0)
    leader = bench.take()
    bench.now = 0.5

    joined = job.join(leader, 2)

    assert [(attempt.started, attempt.first_started, attempt.budget_end) for attempt in joined] == [(0.0, 0.0, 5.0)] * 2
    bench.at(5.0)
    assert bench.stops() == [leader, *joined]


def test_a_retry_has_no_company() -> None:
    bench, _ = seated()
    job = bench.job(3, retry_delay=1.0)
    bench.fails(bench.take())
    bench.at(1.0)
    retry = bench.take()

    assert (retry.position, retry.attempt) == (0, 2)
    assert job.join(retry, 2) == []


def test_a_document_that_must_be_alone_has_no_company() -> None:
    bench, _ = seated()
    job = bench.job(5, max_concurrent=1)
    chunk = chunk_of(bench, 1)
    give_back(bench, *chunk[1:], chunk[0], lost=True)
    alone = bench.take()
    alone.attempt = 1

    assert alone.alone
    assert job.join(alone, 2) == []


def test_a_summary_has_no_company() -> None:
    bench, _ = seated()
    job = bench.job(1, finalizes=True)
    bench.ok(bench.take())
    summary = bench.take()

    assert summary.position == FINALIZE
    assert job.join(summary, 2) == []


def test_a_document_that_was_told_to_stop_has_no_company() -> None:
    bench, _ = seated()
    job = bench.job(3)
    leader = bench.take()
    job.stop_running()

    assert job.join(leader, 2) == []


def test_nothing_joins_once_the_job_is_decided() -> None:
    """R07."""
    bench, _ = seated()
    job = bench.job(3)
    leader = bench.take()
    bench.cancel(job)

    assert job.join(leader, 2) == []


def test_nothing_joins_while_the_queue_closes() -> None:
    bench, _ = seated()
    job = bench.job(3)
    leader = bench.take()
    bench.scheduler.halt()

    assert job.join(leader, 2) == []


def test_nothing_joins_while_nothing_may_start() -> None:
    bench, _ = seated()
    job = bench.job(3)
    leader = bench.take()
    bench.scheduler.pause(True)
    assert job.join(leader, 2) == []

    bench.scheduler.pause(False)
    assert positions(job.join(leader, 2)) == [1, 2]


def test_a_probe_has_no_company() -> None:
    """R26: one in half-open."""
    bench, _ = seated(breaker=CircuitBreaker(failures=1, cooldown=2.0))
    job = bench.job(3, retry_attempts=0)
    bench.fails(bench.take(), ConnectionError())
    bench.at(2.0)
    probe = bench.take()
    assert job.join(probe, 2) == []

    bench.ok(probe)
    assert positions(chunk_of(bench, 2)) == [2]


def test_nothing_joins_while_so_many_attempts_are_stuck_that_nothing_starts() -> None:
    bench, _ = seated(max_abandoned=1)
    job = bench.job(3, document_timeout=1.0)
    stuck, leader = bench.take(), bench.take()
    bench.gives_up(stuck)

    assert job.join(leader, 2) == []


def test_documents_that_were_given_back_go_before_fresh_ones() -> None:
    bench, _ = seated()
    job = bench.job(6)
    leader, *joined = chunk_of(bench, 3)
    give_back(bench, *joined, leader)
    assert job.waiting == 6

    again = chunk_of(bench, 4)

    assert positions(again) == [1, 2, 3, 0, 4]
    assert [(attempt.attempt, attempt.joined) for attempt in again] == [(1, False)] + [(1, True)] * 4
    assert job.waiting == 1
    for attempt in again[1:]:
        joined_ok(bench, attempt)
    assert bench.goes_on(again[0]).position == 5


def test_no_more_of_those_that_were_given_back_join_than_are_asked_for() -> None:
    bench, _ = seated()
    bench.job(6)
    leader, *joined = chunk_of(bench, 3)
    give_back(bench, *joined, leader)

    assert positions(chunk_of(bench, 2)) == [1, 2, 3]
    assert positions(chunk_of(bench, 9)) == [0, 4, 5]


def test_one_that_was_lost_does_not_join_nor_do_those_behind_it() -> None:
    bench, _ = seated()
    bench.job(6, retry_attempts=0)
    leader, *joined = chunk_of(bench, 3)
    give_back(bench, joined[0])
    give_back(bench, joined[1], lost=True)
    give_back(bench, joined[2], leader)

    assert positions(chunk_of(bench, 1)) == [1, 4]
    assert [attempt.alone for attempt in chunk_of(bench, 9)] == [True]
    assert positions(chunk_of(bench, 9)) == [3, 0, 5]


def test_one_that_has_had_an_attempt_before_a_pause_does_not_join() -> None:
    bench, _ = seated()
    bench.job(4, max_concurrent=1)
    leader, back, busy = chunk_of(bench, 2)
    give_back(bench, back)
    bench.fails(busy, RetryAfter(5.0))
    bench.ok(leader)
    bench.at(5.0)

    assert positions(chunk_of(bench, 9)) == [1, 3]


# What a chunk counts as.


def test_a_chunk_counts_as_one_attempt_and_takes_one_seat() -> None:
    """R08."""
    bench, seats = seated()
    job = bench.job(8, max_concurrent=2)

    first, second = chunk_of(bench, 2), chunk_of(bench, 2)

    assert bench.take_or_none() is None
    assert seats.taken == 2
    assert job.startable == 0
    joined_ok(bench, *first[1:])
    assert bench.take_or_none() is None
    bench.ok(first[0])
    assert seats.taken == 1
    assert bench.take().position == 6
    assert [len(first), len(second)] == [3, 3]


@pytest.mark.parametrize("end", ["ok", "fails", "given back", "lost", "gives up"])
def test_however_its_documents_end_the_chunk_has_one_seat_until_the_leader_has_ended(end: str) -> None:
    bench, seats = seated(1)
    job = bench.job(4, max_concurrent=1)
    leader, *joined = chunk_of(bench, 2)
    ends = {
        "ok": lambda: joined_ok(bench, *joined),
        "fails": lambda: [bench.fails(attempt) for attempt in joined],
        "given back": lambda: give_back(bench, *joined),
        "lost": lambda: give_back(bench, *joined, lost=True),
        "gives up": lambda: [bench.gives_up(attempt) for attempt in joined],
    }

    ends[end]()

    assert (seats.taken, list(job.running)) == (1, [0])
    assert bench.take_or_none() is None
    bench.ok(leader)
    assert seats.taken == 0
    assert job.startable == 1
    assert len(bench.fill()) == 1


def test_a_job_that_has_nothing_left_to_start_leaves_the_turns_when_the_last_ones_join() -> None:
    bench, _ = seated()
    bench.job(3)

    chunk_of(bench, 2)

    assert bench.desk.turns.size == 0


# How they end.


def test_each_document_of_a_chunk_has_its_own_outcome() -> None:
    bench, _ = seated()
    job = bench.job(3, retry_attempts=0)
    leader, good, bad = chunk_of(bench, 2)
    bench.now = 2.0

    joined_ok(bench, good, data="good")
    bench.fails(bad)
    bench.ok(leader, "first")

    assert [(row[0], row[1], row[2], row[3], row[4]) for row in job.ledger.ok] == [
        (1, 1, 0.0, 2.0, "good"),
        (0, 1, 0.0, 2.0, "first"),
    ]
    assert codes(job) == [FailureCode.PROCESSOR_ERROR]
    assert job.busy == 6.0
    assert job.status is JobStatus.COMPLETED
    assert bench.names()[-1] == "jobCompleted"


def test_the_job_is_decided_by_whichever_document_of_a_chunk_settles_last() -> None:
    bench, _ = seated()
    job = bench.job(2)
    leader, joined = chunk_of(bench, 1)

    bench.ok(leader)
    assert not job.decided
    joined_ok(bench, joined)

    assert job.status is JobStatus.COMPLETED
    assert job.drained


def test_progress_is_told_while_the_documents_of_a_chunk_settle() -> None:
    bench, _ = seated()
    bench.job(4)
    leader, *joined = chunk_of(bench, 3)

    for attempt in joined:
        joined_ok(bench, attempt)
    bench.ok(leader)

    assert [event.progress for event in bench.told("progress")] == [25, 50, 75, 100]


def test_a_joined_document_that_fails_is_tried_again_by_itself() -> None:
    bench, seats = seated()
    bench.job(3, retry_delay=1.0)
    leader, bad, good = chunk_of(bench, 2)
    bench.fails(bad)
    joined_ok(bench, good)
    bench.ok(leader)
    bench.at(1.0)

    retry = bench.take()

    assert (retry.position, retry.attempt, retry.joined, retry.alone) == (1, 2, False, False)
    assert seats.taken == 1


def test_the_breaker_counts_each_document_of_a_chunk() -> None:
    bench, _ = seated(breaker=CircuitBreaker(failures=3, cooldown=2.0))
    bench.job(4, retry_attempts=0)
    leader, *joined = chunk_of(bench, 3)
    for attempt in joined[:2]:
        bench.fails(attempt, ConnectionError())
    assert bench.circuits == []
    bench.fails(joined[2], ConnectionError("no answer"))
    bench.ok(leader)

    assert bench.circuits == [("T", "ConnectionError: no answer")]
    assert bench.gate.state.name == "OPEN"


def test_a_joined_success_resets_what_the_breaker_has_counted() -> None:
    bench, _ = seated(breaker=CircuitBreaker(failures=2, cooldown=2.0))
    bench.job(3, retry_attempts=0)
    leader, bad, good = chunk_of(bench, 2)
    bench.fails(bad, ConnectionError())
    joined_ok(bench, good)
    bench.fails(leader, ConnectionError())

    assert bench.circuits == []


def test_a_joined_result_from_the_cache_says_nothing_about_the_service() -> None:
    bench, _ = seated(breaker=CircuitBreaker(failures=2, cooldown=2.0))
    bench.job(3, retry_attempts=0)
    leader, bad, kept = chunk_of(bench, 2)
    bench.fails(bad, ConnectionError())
    joined_ok(bench, kept, data=Cached(b"1"))
    bench.fails(leader, ConnectionError())

    assert len(bench.circuits) == 1


def test_a_pause_that_one_document_asks_for_leaves_the_others_of_its_chunk_alone() -> None:
    bench, _ = seated()
    job = bench.job(3)
    leader, busy, good = chunk_of(bench, 2)
    bench.fails(busy, RetryAfter(5.0))
    joined_ok(bench, good)
    bench.ok(leader)
    assert settled(job) == [2, 0]
    assert bench.take_or_none() is None

    bench.at(5.0)
    again = bench.take()
    assert (again.position, again.attempt, again.first_started) == (1, 2, 5.0)


def test_too_many_failures_in_a_chunk_decide_the_job_and_the_rest_of_it_is_recorded() -> None:
    """Q10."""
    bench, seats = seated()
    job = bench.job(5, retry_attempts=0, max_failures=0)
    leader, bad, good, back = chunk_of(bench, 3)

    bench.fails(bad)
    assert (job.status, job.error_code, job.drained) == (JobStatus.FAILED, JobErrorCode.MAX_FAILURES, False)
    joined_ok(bench, good)
    give_back(bench, back)
    assert not job.drained
    bench.ok(leader)

    assert job.drained
    assert settled(job) == [2, 0, 1]
    assert seats.taken == 0
    assert bench.take_or_none() is None
    assert len(bench.told("jobFailed")) == 1


def test_a_cancelled_job_drains_when_the_last_document_of_its_chunk_is_given_back() -> None:
    bench, _ = seated()
    job = bench.job(3)
    leader, *joined = chunk_of(bench, 2)
    bench.cancel(job)
    bench.ok(leader)
    assert not job.drained

    give_back(bench, *joined)

    assert job.drained
    assert settled(job) == [0]


def test_forced_cancel_stops_every_document_of_a_chunk() -> None:
    bench, seats = seated()
    job = bench.job(3)
    chunk = chunk_of(bench, 2)

    bench.cancel(job, force=True)

    assert bench.stops() == chunk
    for attempt in reversed(chunk):
        bench.fails(attempt)
    assert codes(job) == [FailureCode.CANCELLED] * 3
    assert (job.drained, seats.taken) == (True, 0)


def test_a_joined_document_that_does_not_stop_is_left_behind_and_comes_back() -> None:
    bench, seats = seated(max_abandoned=1)
    job = bench.job(2, document_timeout=1.0)
    leader, hung = chunk_of(bench, 1)
    bench.at(1.0)

    bench.gives_up(hung)
    give_back(bench, leader)

    assert codes(job) == [FailureCode.DOCUMENT_TIMEOUT]
    assert (bench.gate.abandoned, bench.gate.stuck, seats.taken) == (1, True, 0)
    joined_ok(bench, hung)
    joined_ok(bench, hung)
    assert (bench.gate.abandoned, bench.gate.stuck) == (0, False)
    assert settled(job) == [1]


def test_a_leader_whose_call_goes_on_may_be_unstarted_and_counted_as_left_behind() -> None:
    bench, seats = seated()
    job = bench.job(1, document_timeout=1.0)
    leader = bench.take()
    bench.at(1.0)
    leader.released = leader.lost = True

    bench.gives_up(leader)

    assert (bench.gate.abandoned, seats.taken, codes(job)) == (1, 0, [])
    again = bench.take()
    assert (again.attempt, again.alone, again.first_started) == (2, True, 1.0)
    job.came_back(leader)
    assert bench.gate.abandoned == 0


# Given back, and lost.


def test_what_is_given_back_was_never_started() -> None:
    bench, _ = seated()
    job = bench.job(3, document_timeout=5.0, max_concurrent=1)
    leader, *joined = chunk_of(bench, 2)
    bench.at(4.0)
    give_back(bench, *joined)
    bench.ok(leader)

    again = bench.goes_on(bench.take())

    assert (again.position, again.attempt, again.first_started, again.budget_end) == (2, 1, 4.0, 9.0)
    assert not again.alone
    assert job.join(again, 1) == []


def test_a_retry_that_is_given_back_keeps_its_number() -> None:
    bench, _ = seated()
    bench.job(1, retry_delay=1.0)
    bench.fails(bench.take())
    bench.at(1.0)
    give_back(bench, bench.take())

    assert bench.take().attempt == 2


def test_what_is_lost_has_had_an_attempt_and_is_alone_from_then_on() -> None:
    bench, _ = seated()
    bench.job(4, retry_delay=1.0, retry_attempts=3, max_concurrent=4)
    chunk = chunk_of(bench, 1)
    give_back(bench, *reversed(chunk), lost=True)

    second, first = bench.take(), bench.take()
    assert [(attempt.position, attempt.attempt, attempt.alone) for attempt in (second, first)] == [
        (1, 2, True),
        (0, 2, True),
    ]
    innocent = bench.take()
    assert (innocent.position, innocent.alone) == (2, False)

    bench.fails(second)
    bench.at(2.0)
    retry = bench.take()
    assert (retry.position, retry.attempt, retry.alone) == (1, 3, True)


def test_the_last_attempt_is_not_lost_with_a_chunk() -> None:
    """R09: another document may be to blame."""
    bench, _ = seated()
    bench.job(2, retry_attempts=0, max_concurrent=1)
    chunk = chunk_of(bench, 1)
    give_back(bench, *reversed(chunk), lost=True)

    again = bench.take()

    assert (again.attempt, again.alone) == (1, True)
    give_back(bench, again, lost=True)
    assert bench.take().position == 0
    bench.fails(again)


def test_what_is_lost_again_and_again_never_has_more_attempts_than_it_may() -> None:
    bench, _ = seated()
    bench.job(1, retry_attempts=2)
    numbers = []
    for _ in range(5):
        attempt = bench.take()
        numbers.append(attempt.attempt)
        give_back(bench, attempt, lost=True)

    assert numbers == [1, 2, 3, 3, 3]


def test_the_death_of_a_worker_with_one_document_fails_its_attempt() -> None:
    bench, _ = seated()
    job = bench.job(1, retry_attempts=0)
    leader = bench.take()
    job.failed(leader, Verdict(FailureCode.WORKER_DIED, "the worker died", retry=True, counted=False), 0.0)
    bench.tell()

    assert codes(job) == [FailureCode.WORKER_DIED]
    assert job.status is JobStatus.FAILED


def test_a_probe_that_is_given_back_makes_room_for_another_one() -> None:
    """R26. Otherwise nothing of its type would ever start again."""
    bench, _ = seated(breaker=CircuitBreaker(failures=1, cooldown=2.0))
    job = bench.job(2, retry_attempts=1, max_concurrent=1, retry_delay=10.0)
    bench.fails(bench.take(), ConnectionError())
    bench.at(2.0)
    give_back(bench, bench.take())

    probe = bench.take()
    assert bench.gate.state.name == "HALF_OPEN"
    bench.ok(probe)

    assert bench.gate.state.name == "CLOSED"
    assert settled(job) == [1]


def test_a_summary_that_is_given_back_is_made_again() -> None:
    bench, seats = seated()
    job = bench.job(1, finalizes=True)
    bench.ok(bench.take())
    give_back(bench, bench.take(), lost=True)
    assert (seats.taken, job.decided) == (0, False)

    again = bench.take()
    assert (again.position, again.alone) == (FINALIZE, False)
    bench.ok(again, "sum")

    assert (job.status, job.summary) == (JobStatus.COMPLETED, "sum")


def test_documents_of_a_chunk_that_is_stopped_at_the_close_of_a_durable_queue_are_unstarted() -> None:
    bench, seats = seated(durable=True)
    job = bench.job(3)
    bench.commit()
    chunk = chunk_of(bench, 2)
    bench.scheduler.halt()
    bench.scheduler.stop_running()
    for attempt in reversed(chunk):
        attempt.job.failed(attempt, judge(OSError(), (), None), bench.now)

    assert (job.running, settled(job), seats.taken, job.decided) == ({}, [], 0, False)


# Seats that come and go.


def test_without_seats_everything_waits_and_budgets_do_not_begin() -> None:
    bench, seats = seated(2)
    bench.job(2, document_timeout=1.0)
    leader, joined = chunk_of(bench, 1)
    seats.resize(-2)
    give_back(bench, joined, leader)
    assert seats.free is False
    bench.at(100.0)
    assert bench.take_or_none() is None

    seats.resize(2)
    assert bench.take().first_started == 100.0


def test_an_engine_that_gives_up_fails_the_jobs_that_wait_for_its_seats() -> None:
    bench, seats = seated(0)
    bench.scheduler.register("LOCAL")
    other = Seats(1)
    bench.scheduler.register("OTHER")
    bench.scheduler.seat("OTHER", other, lambda: None)
    waits = bench.job(2)
    jobs = [bench.job(1, type="LOCAL"), bench.job(1, type="OTHER")]

    seats.give_up("the cluster cannot be reached")
    bench.scheduler.tick(bench.now)
    bench.tell()

    assert (waits.status, waits.error_code) == (JobStatus.FAILED, JobErrorCode.ENGINE_LOST)
    assert waits.error == "the cluster cannot be reached"
    assert waits.drained
    assert [event.code for event in bench.told("jobFailed")] == [JobErrorCode.ENGINE_LOST]
    assert not any(job.decided for job in jobs)


def test_a_job_that_was_begun_fails_with_its_engine_and_keeps_what_it_has() -> None:
    bench, seats = seated(1)
    job = bench.job(4, max_concurrent=1)
    leader, good, back = chunk_of(bench, 2)
    joined_ok(bench, good)
    give_back(bench, back, leader)
    seats.resize(-1)

    seats.give_up("gone")
    bench.scheduler.tick(bench.now)
    bench.tell()

    assert (job.status, job.error_code, settled(job), job.drained) == (
        JobStatus.FAILED,
        JobErrorCode.ENGINE_LOST,
        [1],
        True,
    )


def test_an_engine_that_has_given_up_fails_new_jobs_until_it_has_seats_again() -> None:
    bench, seats = seated(0)
    told: list[str | None] = []
    seats.changed = lambda: told.append(seats.broken)
    seats.give_up("gone")
    late = bench.job(1)
    bench.scheduler.tick(bench.now)
    assert late.error_code is JobErrorCode.ENGINE_LOST

    seats.resize(2)
    job = bench.job(1)
    bench.scheduler.tick(bench.now)
    bench.ok(bench.take())

    assert job.status is JobStatus.COMPLETED
    assert told == ["gone", None]


def test_a_job_that_is_taken_up_when_its_engine_has_given_up_says_so() -> None:
    bench, seats = seated(0, durable=True)
    seats.give_up("gone")
    old = Bench(durable=True).job(2)

    bench.scheduler.resume(old.ledger, old.mark(), 0.0, active=0.0, lives=0, told=False, obstacle="gone")

    (job,) = bench.scheduler.jobs.values()
    assert (job.error, job.error_code) == ("gone", JobErrorCode.ENGINE_LOST)


def test_a_job_that_is_taken_up_and_cannot_run_on_an_engine_that_is_there_has_no_processor() -> None:
    bench, _ = seated(1, durable=True)
    old = Bench(durable=True).job(2)

    bench.scheduler.resume(old.ledger, old.mark(), 0.0, active=0.0, lives=0, told=False, obstacle="too large")

    (job,) = bench.scheduler.jobs.values()
    assert (job.error, job.error_code) == ("too large", JobErrorCode.NO_PROCESSOR)


def test_fewer_seats_do_not_mean_that_the_engine_is_back() -> None:
    _, seats = seated(2)
    seats.give_up("gone")

    seats.resize(-1)

    assert seats.broken == "gone"
