"""All jobs of a queue: finding them, whose turn it is, closing, cleaning up, taking them up again."""

from collections.abc import Callable
from typing import Any

import pytest
from core_bench import Bench, make_ledger, reopened, settled

from docmill.core import Attempt, Scheduler, Seats
from docmill.core.attempt import FINALIZE
from docmill.errors import RetryAfter
from docmill.model import FailureCode, JobErrorCode, JobStatus


def test_a_job_that_was_added_is_found_under_its_id() -> None:
    """R18."""
    bench = Bench()
    job = bench.job()

    assert bench.scheduler.find(job.ledger.id) is job
    assert [*bench.scheduler.jobs] == [job.ledger.id]


def test_an_unknown_id_is_no_job() -> None:
    """R23."""
    assert Bench().scheduler.find("job_404") is None
    assert Bench().scheduler.find("job_404", "ann") is None


def test_another_owners_job_looks_like_an_unknown_one() -> None:
    """R33."""
    bench = Bench()
    job = bench.job(owner="ann")
    nobodys = bench.job()

    assert bench.scheduler.find(job.ledger.id, "ann") is job
    assert bench.scheduler.find(job.ledger.id, "bob") is None
    assert bench.scheduler.find(nobodys.ledger.id, "bob") is None


def test_an_idempotency_key_belongs_to_its_owner() -> None:
    """R33, Q21."""
    bench = Bench()
    job = bench.job(owner="ann", key="k")

    assert bench.scheduler.find_key("ann", "k") is job
    assert bench.scheduler.find_key("bob", "k") is None
    assert bench.scheduler.find_key(None, "k") is None


def test_the_undecided_jobs_are_those_without_a_terminal_status() -> None:
    bench = Bench()
    first, second = bench.job(), bench.job()
    bench.cancel(first)

    assert [*bench.scheduler.undecided()] == [second]


def test_jobs_take_turns_document_by_document() -> None:
    """Q24: a long job does not keep a short one waiting."""
    bench = Bench()
    long, short = bench.job(100, max_concurrent=100), bench.job(3)

    assert [bench.take().job for _ in range(6)] == [long, short, long, short, long, short]


def test_a_job_at_its_limit_leaves_its_turn_to_the_others() -> None:
    """R08."""
    bench = Bench()
    narrow, wide = bench.job(10, max_concurrent=1), bench.job(10, max_concurrent=3)

    assert [attempt.job for attempt in bench.fill()] == [narrow, wide, wide, wide]


def test_a_job_may_have_no_more_attempts_at_once_than_there_are_workers() -> None:
    """R08."""
    bench = Bench(max_workers=4)
    bench.job(10, max_concurrent=8)

    assert len(bench.fill()) == 4


def test_a_lane_that_goes_on_takes_its_place_behind_who_waits() -> None:
    bench = Bench()
    first = bench.job(10, max_concurrent=1)
    attempt = bench.take()
    second = bench.job(10, max_concurrent=1)

    assert bench.ok(attempt) is None
    assert bench.take(held=first).job is second
    assert bench.take().job is first


def test_a_lane_whose_job_is_alone_goes_on_without_asking() -> None:
    bench = Bench()
    bench.job(1_000, max_concurrent=1)
    first = bench.take()
    second = bench.ok(first)

    assert second is not None
    assert (second.position, second.attempt, second.document_id) == (1, 1, "d1")
    assert bench.ok(second).position == 2  # type: ignore[union-attr]


def test_a_job_of_a_higher_priority_goes_first_whenever_it_comes() -> None:
    bench = Bench()
    low = bench.job(10, max_concurrent=10)
    first = bench.take()
    high = bench.job(2, priority=5)
    bench.ok(first)

    assert [bench.take().job for _ in range(3)] == [high, high, low]


def test_where_nothing_can_start_nothing_is_taken() -> None:
    bench = Bench()
    assert bench.take_or_none() is None
    job = bench.job(1)
    bench.take()
    assert bench.take_or_none(held=job) is None


def test_a_lane_that_comes_before_the_watchdog_sees_the_time_itself() -> None:
    """R14: the job's time was over before its turn."""
    bench = Bench()
    job = bench.job(10, max_concurrent=2, timeout=5.0)
    bench.take()
    bench.now = 6.0

    assert bench.take_or_none() is None
    assert job.status is JobStatus.TIMEOUT


def test_a_retry_that_is_due_goes_first_even_if_the_lane_is_quicker_than_the_watchdog() -> None:
    """R10."""
    bench = Bench()
    job = bench.job(10, max_concurrent=1, retry_delay=2.0)
    bench.fails(bench.take())
    attempt = bench.take()
    bench.now = 3.0
    assert bench.ok(attempt) is None

    retry = bench.take(held=job)
    assert (retry.position, retry.attempt) == (0, 2)


def test_everything_that_is_due_at_one_time_is_done_by_one_tick() -> None:
    bench = Bench()
    jobs = [bench.job(timeout=5.0) for _ in range(3)]
    bench.fill()
    bench.now = 5.0
    bench.scheduler.tick(5.0)

    assert {job.status for job in jobs} == {JobStatus.TIMEOUT}


def test_a_queue_that_closes_starts_nothing_new() -> None:
    bench = Bench()
    job = bench.job(5, max_concurrent=2, retry_delay=1.0)
    first, second = bench.fill()
    bench.scheduler.halt()
    bench.fails(first)
    assert bench.ok(second) is None
    bench.at(5.0)

    assert bench.fill() == []
    assert job.status is JobStatus.PROCESSING


def test_a_job_created_while_the_queue_closes_starts_nothing() -> None:
    bench = Bench()
    bench.scheduler.halt()
    bench.job()

    assert bench.fill() == []


def test_a_queue_that_closes_still_makes_a_summary() -> None:
    """Q23."""
    bench = Bench()
    job = bench.job(1, finalizes=True)
    attempt = bench.take()
    bench.scheduler.halt()
    bench.ok(attempt)
    summary = bench.take()
    bench.ok(summary, "summary")

    assert summary.position == FINALIZE
    assert (job.status, job.summary) == (JobStatus.COMPLETED, "summary")


def test_while_the_store_cannot_record_no_attempt_starts() -> None:
    bench = Bench()
    bench.job(5, max_concurrent=2)
    first = bench.take()
    bench.scheduler.pause(True)
    assert bench.fill() == []
    assert bench.ok(first) is None

    bench.scheduler.pause(False)
    assert [attempt.position for attempt in bench.fill()] == [1, 2]


def test_closing_stops_what_still_runs_and_cancels_jobs_in_memory() -> None:
    bench = Bench()
    done = bench.job(1)
    bench.ok(bench.take())
    job = bench.job(3, max_concurrent=2)
    bench.fill()
    bench.scheduler.halt()
    bench.scheduler.stop_running()
    stops = bench.stops()
    assert {attempt.stop for attempt in stops} == {FailureCode.CANCELLED}
    for attempt in stops:
        bench.fails(attempt, OSError("gone"))
    bench.scheduler.leave_undecided(bench.now)
    bench.tell()

    assert (job.status, job.drained) == (JobStatus.CANCELLED, True)
    assert [row[4].code for row in job.ledger.failed] == [FailureCode.CANCELLED] * 2
    assert done.status is JobStatus.COMPLETED


def test_closing_leaves_durable_jobs_to_be_resumed() -> None:
    bench = Bench(durable=True)
    job = bench.job(3, max_concurrent=2, finalizes=True)
    first, second = bench.fill()
    bench.scheduler.halt()
    bench.scheduler.stop_running()
    assert bench.stops() == [first, second]
    bench.fails(first, OSError("gone"))
    bench.ok(second)
    bench.scheduler.leave_undecided(bench.now)
    bench.commit()

    assert job.status is JobStatus.PROCESSING
    assert settled(job) == [1]
    assert job.lives == -1


def test_a_document_that_was_let_go_counts_no_attempt() -> None:
    bench = Bench(durable=True)
    job = bench.job(1, retry_attempts=1)
    attempt = bench.take()
    bench.scheduler.stop_running()
    bench.fails(attempt, OSError("gone"))

    again = bench.take()
    assert (again.position, again.attempt) == (0, 1)
    assert job.ledger.failed == []


def test_a_summary_that_was_let_go_is_to_be_made_again() -> None:
    bench = Bench(durable=True)
    bench.job(1, finalizes=True)
    bench.ok(bench.take())
    summary = bench.take()
    bench.scheduler.stop_running()
    bench.fails(summary, OSError("gone"))

    assert bench.take().position == FINALIZE


def test_what_is_let_go_by_a_job_that_is_decided_meanwhile_drains_it() -> None:
    bench = Bench(durable=True)
    job = bench.job(2)
    first, second = bench.fill()
    bench.scheduler.stop_running()
    bench.cancel(job)
    bench.fails(first, OSError("gone"))
    assert not job.drained
    bench.fails(second, OSError("gone"))

    assert job.drained
    assert settled(job) == []


def test_a_decided_durable_job_settles_what_is_stopped_when_the_queue_closes() -> None:
    bench = Bench(durable=True)
    job = bench.job(1)
    attempt = bench.take()
    bench.cancel(job)
    bench.scheduler.stop_running()
    bench.fails(attempt, OSError("gone"))

    assert [row[4].code for row in job.ledger.failed] == [FailureCode.CANCELLED]


def aged() -> Bench:
    """Jobs decided at 1, 2 and 3; one decided and not drained; one at work; one pending."""
    bench = Bench()
    for moment in (1.0, 2.0, 3.0):
        bench.at(moment)
        bench.cancel(bench.job(key=f"k{moment:g}"))
    bench.job(document_timeout=500.0, timeout=None)
    bench.fill()
    undrained = bench.job(document_timeout=500.0)
    bench.fill()
    bench.cancel(undrained)
    bench.at(4.0)
    bench.job(1)
    bench.at(100.0)
    return bench


@pytest.mark.parametrize("max_age, gone", [(99.0, 1), (98.5, 1), (98.0, 2), (97.0, 3), (0.0, 3), (99.5, 0)])
def test_cleaning_up_takes_out_exactly_what_is_decided_drained_and_old(max_age: float, gone: int) -> None:
    """R30."""
    bench = aged()
    names = [f"job_{number}" for number in range(1, gone + 1)]

    assert [job.ledger.id for job in bench.scheduler.forget(100.0, max_age)] == names
    assert [*bench.scheduler.jobs] == [f"job_{number}" for number in range(gone + 1, 7)]
    assert bench.scheduler.forget(100.0, max_age) == []


def test_the_key_of_a_job_that_was_cleaned_up_is_free_again() -> None:
    """R30."""
    bench = aged()
    bench.scheduler.forget(100.0, 99.0)

    assert bench.scheduler.find_key(None, "k1") is None
    assert bench.scheduler.find_key(None, "k2") is not None
    assert bench.scheduler.find("job_1") is None


def test_an_owner_cleans_up_only_what_is_the_owners() -> None:
    """R30, R33."""
    bench = Bench()
    anns, bobs = bench.job(owner="ann"), bench.job(owner="bob")
    bench.cancel(anns)
    bench.cancel(bobs)

    assert bench.scheduler.forget(0.0, 0.0, "ann") == [anns]
    assert bench.scheduler.forget(0.0, 0.0, "carol") == []
    assert [*bench.scheduler.jobs.values()] == [bobs]


def test_a_job_that_was_cleaned_up_wakes_nobody_and_records_nothing_any_more() -> None:
    """R30: and what the store does not have yet is not cleaned up."""
    bench = Bench(durable=True)
    job = bench.job(2, timeout=50.0)
    for attempt in bench.fill():
        bench.ok(attempt)
    assert bench.scheduler.forget(0.0, 0.0) == []
    bench.commit()
    job.told = True
    job.changed()
    assert bench.desk.agenda.next < 50.0
    bench.scheduler.forget(0.0, 0.0)

    assert not bench.desk.changed
    assert bench.desk.agenda.next == float("inf")


def test_a_job_is_not_cleaned_up_before_its_end_was_told() -> None:
    """R02, R30: a listener may clean up while others have not heard it yet."""
    bench = Bench(durable=True)
    job = bench.job(1)
    bench.ok(bench.take())
    job.recorded(job.gather())
    assert bench.scheduler.forget(0.0, 0.0) == []

    bench.commit()
    assert bench.scheduler.forget(0.0, 0.0) == [job]


def test_retry_jitter_is_drawn_from_the_source_that_the_host_gives() -> None:
    drawn: list[tuple[float, float]] = []

    def uniform(least: float, most: float) -> float:
        drawn.append((least, most))
        return 0.5

    bench = Bench(uniform=uniform)
    bench.job(1, jitter=True, retry_delay=4.0)
    bench.fails(bench.take())
    assert drawn == [(0.0, 4.0)]
    bench.at(0.499)
    assert bench.take_or_none() is None
    bench.at(0.5)
    assert bench.take().attempt == 2


def test_a_retry_that_the_dice_bring_forward_is_in_time() -> None:
    bench = Bench(uniform=lambda least, most: most / 4)
    job = bench.job(1, jitter=True, retry_delay=20.0, document_timeout=30.0)
    attempt = bench.take()
    bench.at(12.0)
    bench.fails(attempt)
    assert not job.decided
    bench.at(17.0)
    assert bench.take().attempt == 2


def test_the_host_may_make_the_attempts() -> None:
    made: list[tuple[int, str, float]] = []

    def make(job: Any, position: int, document_id: str, now: float) -> Any:
        made.append((position, document_id, now))
        return Attempt(job, position, document_id, now)

    scheduler = Scheduler(max_workers=5, uniform=lambda least, most: most, make_attempt=make)
    scheduler.register("T")
    job = scheduler.add(make_ledger(2), processor="processor", finalizes=True)
    first = scheduler.take(1.0, None)
    assert first is not None
    second = job.succeeded(first, None, 2.0)
    assert job.processor == "processor"
    if second is None:
        second = scheduler.take(2.0, job)
    assert second is not None
    job.succeeded(second, None, 3.0)
    scheduler.take(3.0, job)

    assert made == [(0, "d0", 1.0), (1, "d1", 2.0), (FINALIZE, "", 3.0)]
    assert repr(first) == "<Attempt 1 of document 0 of job_1>"


def test_a_recorded_document_never_runs_again_and_the_others_are_unstarted() -> None:
    """R12: a resumed job goes on with a fresh budget for what was running or waiting."""
    bench = Bench(durable=True)
    job = bench.job(5, max_concurrent=4, retry_attempts=1, retry_delay=10.0)
    waits, done, bad, _ = bench.fill()
    bench.at(2.0)
    bench.ok(done)
    bench.fails(bad, RetryAfter(0))
    bench.fails(waits)
    bench.at(2.5)
    again = bench.take()
    assert (again.position, again.attempt) == (2, 2)
    bench.fails(again)
    bench.commit()

    after = reopened(job, now=100.0)
    (resumed,) = after.scheduler.jobs.values()
    attempts = after.fill()
    assert [(attempt.position, attempt.attempt, attempt.first_started) for attempt in attempts] == [
        (0, 1, 100.0),
        (3, 1, 100.0),
        (4, 1, 100.0),
    ]
    assert settled(resumed) == [1, 2]
    for attempt in attempts:
        after.ok(attempt)
    after.commit()
    assert resumed.status is JobStatus.COMPLETED
    assert after.names()[-1] == "jobCompleted"


def test_progress_does_not_fall_over_a_crash_and_nothing_is_told_twice() -> None:
    """R04."""
    bench = Bench(durable=True)
    job = bench.job(3, max_concurrent=1)
    bench.ok(bench.take())
    bench.commit()
    after = reopened(job)
    (resumed,) = after.scheduler.jobs.values()
    after.commit()
    assert resumed.snapshot(0.0).progress == 33
    assert after.names() == []

    after.ok(after.take())
    after.commit()
    assert [event.name for event in after.events] == ["documentCompleted", "progress"]
    assert after.told("progress")[0].progress == 66


def test_the_job_timeout_counts_active_time_over_all_lives() -> None:
    """R14, Q7: downtime is free."""
    bench = Bench(durable=True)
    job = bench.job(5, max_concurrent=1, timeout=10.0, document_timeout=60.0)
    bench.take()
    bench.at(6.0)
    bench.commit()
    assert job.active(6.0) == 6.0

    after = reopened(job, now=1_000.0, active=6.0)
    (resumed,) = after.scheduler.jobs.values()
    assert after.take() is not None
    after.at(1_003.999)
    assert resumed.status is JobStatus.PROCESSING
    assert resumed.active(1_003.0) == 9.0
    after.at(1_004.0)
    assert resumed.status is JobStatus.TIMEOUT
    assert resumed.active(2_000.0) == 10.0


def test_a_pending_job_has_not_been_active() -> None:
    bench = Bench()
    assert bench.job().active(50.0) == 0.0


def test_a_resumed_job_without_a_timeout_has_none() -> None:
    bench = Bench(durable=True)
    job = bench.job(2, timeout=None)
    bench.take()
    bench.commit()
    after = reopened(job)
    (resumed,) = after.scheduler.jobs.values()
    assert after.desk.agenda.next == float("inf")
    assert resumed.status is JobStatus.PROCESSING


def test_a_crash_between_the_last_settlement_and_the_decision_decides_at_once() -> None:
    bench = Bench(durable=True)
    job = bench.job(1, finalizes=True)
    bench.ok(bench.take())
    bench.commit()
    assert job.shown.status is JobStatus.PROCESSING

    after = reopened(job)
    after.commit()
    (resumed,) = after.scheduler.jobs.values()
    assert resumed.status is JobStatus.COMPLETED
    assert after.names() == ["jobCompleted"]


def test_a_summary_that_was_not_made_before_the_crash_is_made_after_it() -> None:
    bench = Bench(durable=True)
    job = bench.job(1, finalizes=True)
    bench.ok(bench.take())
    bench.commit()

    after = reopened(job, finalizes=True)
    after.ok(after.take(), "summary")
    (resumed,) = after.scheduler.jobs.values()
    assert (resumed.status, resumed.summary) == (JobStatus.COMPLETED, "summary")


def test_a_terminal_event_that_nobody_has_heard_is_told_again_with_the_same_id() -> None:
    """R02: at least once over all lives."""
    bench = Bench(durable=True)
    job = bench.job(1)
    bench.ok(bench.take())
    bench.commit()
    (before,) = bench.told("jobCompleted")

    after = reopened(job, told=False)
    after.commit()
    (again,) = after.told("jobCompleted")
    assert again.event_id == before.event_id
    assert [result.data for result in again.results] == ["data"]


def test_a_terminal_event_that_was_heard_is_there_but_not_told_again() -> None:
    bench = Bench(durable=True)
    job = bench.job(1)
    bench.ok(bench.take())
    bench.commit()
    after = reopened(job, told=True)
    after.commit()
    (resumed,) = after.scheduler.jobs.values()

    assert after.names() == []
    assert resumed.herald.terminal is not None
    assert resumed.herald.terminal.event_id == f"{job.ledger.id}:COMPLETED"


@pytest.mark.parametrize("started", [False, True])
def test_a_resumed_job_whose_type_has_no_processor_any_more_fails(started: bool) -> None:
    bench = Bench(durable=True)
    job = bench.job(1)
    if started:
        bench.take()
    bench.commit()
    after = reopened(job, types=())
    after.commit()
    (resumed,) = after.scheduler.jobs.values()

    assert (resumed.status, resumed.error_code) == (JobStatus.FAILED, JobErrorCode.NO_PROCESSOR)
    assert resumed.error == "no processor is registered for job type 'T' any more"
    assert after.names() == ["jobFailed"]


def test_a_decided_job_whose_type_has_no_processor_any_more_stays_as_it_was() -> None:
    bench = Bench(durable=True)
    job = bench.job(1)
    bench.cancel(job)
    bench.commit()
    after = reopened(job, types=(), told=True)
    (resumed,) = after.scheduler.jobs.values()

    assert resumed.status is JobStatus.CANCELLED


def test_lives_without_progress_are_counted_until_something_settles() -> None:
    bench = Bench(durable=True)
    job = bench.job(3)
    bench.take()
    bench.commit()
    assert job.lives == 0

    after = reopened(job, lives=2)
    (resumed,) = after.scheduler.jobs.values()
    assert resumed.lives == 2
    after.ok(after.take())
    assert resumed.lives == 0


def test_an_orderly_end_is_not_counted_as_a_life_without_progress() -> None:
    bench = Bench(durable=True)
    job = bench.job(3)
    bench.take()
    bench.commit()
    after = reopened(job, lives=3)
    after.scheduler.leave_undecided(0.0)
    (resumed,) = after.scheduler.jobs.values()

    assert resumed.lives == -1
    assert resumed in after.desk.changed


def seated(capacity: int, call: Callable[[], None] = lambda: None) -> tuple[Bench, Seats]:
    bench, seats = Bench(), Seats(capacity, call)
    bench.scheduler.seat("T", seats, lambda: None)
    return bench, seats


def test_no_more_attempts_start_than_their_engine_has_seats() -> None:
    bench, seats = seated(2)
    bench.job(5, max_concurrent=4)

    first, _ = bench.fill()

    assert (seats.taken, seats.capacity) == (2, 2)
    bench.goes_on(first)
    assert seats.taken == 2
    assert bench.take_or_none() is None


def test_a_job_whose_engine_has_no_seat_is_pending_and_its_budgets_have_not_begun() -> None:
    bench, seats = seated(0)
    job = bench.job(1, document_timeout=5.0, timeout=9.0)
    assert bench.fill() == []

    bench.at(100.0)
    assert job.status is JobStatus.PENDING
    seats.resize(1)
    (attempt,) = bench.fill()

    assert attempt.started == 100.0
    assert job.status is JobStatus.PROCESSING


def test_a_seat_is_free_again_however_an_attempt_ends() -> None:
    bench, seats = seated(4)
    bench.job(4, max_concurrent=4, retry_attempts=0)
    good, bad, abandoned, released = bench.fill()
    bench.desk.halted = True

    bench.ok(good)
    assert seats.taken == 3
    bench.fails(bad, ValueError("broken"))
    assert seats.taken == 2
    bench.gives_up(abandoned)
    assert seats.taken == 1
    released.released = True
    bench.fails(released, OSError("gone"))
    assert seats.taken == 0


def test_a_job_could_start_as_many_attempts_as_it_has_documents_left_and_may_run() -> None:
    bench, seats = seated(9)
    job = bench.job(5, max_concurrent=3)
    assert job.startable == 3

    first, *_ = bench.fill()
    assert job.startable == 0
    seats.resize(-9)
    bench.ok(first)

    assert job.startable == 1


def test_a_job_with_nothing_but_its_summary_left_could_start_one_attempt() -> None:
    bench, seats = seated(1)
    job = bench.job(1, finalizes=True)
    (attempt,) = bench.fill()
    seats.resize(-1)

    bench.ok(attempt)

    assert job.startable == 1
    assert seats.line.demand(5) == 1


def test_a_resumed_job_with_an_obstacle_fails_and_says_which() -> None:
    bench = reopened(Bench().job(2), obstacle="the plugin is broken")

    (job,) = bench.scheduler.jobs.values()
    assert (job.status, job.error) == (JobStatus.FAILED, "the plugin is broken")
    assert job.error_code is JobErrorCode.NO_PROCESSOR
