"""What listeners are told of a job, in which order, and when (Q20, R02-R05, R25, R27)."""

from typing import Any

import pytest
from core_bench import EPOCH, EVERYTHING, Bench

from docmill.core.herald import INTERVAL
from docmill.errors import PermanentError
from docmill.model import JobErrorCode, JobStatus

JOB_EVENTS = EVERYTHING - {"documentCompleted", "documentFailed"}


def started(documents: int = 3, *, heard: frozenset[str] = JOB_EVENTS, **options: Any) -> tuple[Bench, Any, list[Any]]:
    bench = Bench(heard=heard)
    job = bench.job(documents, max_concurrent=10, **options)
    return bench, job, bench.fill()


def test_a_story_is_told_from_the_start_to_the_terminal_event() -> None:
    """R02, R27: the numbers rise by one."""
    bench, job, (first, second, third) = started(retry_attempts=0)
    bench.at(1.0)
    bench.ok(first)
    bench.fails(second)
    bench.at(2.0)
    bench.ok(third)

    assert bench.names() == ["jobStarted", "progress", "progress", "progress", "jobCompleted"]
    assert [event.seq for event in bench.events] == [1, 2, 3, 4, 5]
    assert [event.progress for event in bench.told("progress")] == [33, 66, 100]
    assert [event.failed_documents for event in bench.told("progress")] == [0, 1, 1]
    assert {(event.job_id, event.owner) for event in bench.events} == {(job.ledger.id, None)}
    assert bench.events[-1].timestamp.timestamp() == EPOCH + 2.0


def test_the_terminal_event_of_a_completed_job_has_its_results() -> None:
    bench, job, attempts = started()
    bench.at(1.5)
    for attempt in attempts:
        bench.ok(attempt, f"text of {attempt.document_id}")
    (event,) = bench.told("jobCompleted")

    assert event.event_id == f"{job.ledger.id}:COMPLETED"
    assert [result.data for result in event.results] == ["text of d0", "text of d1", "text of d2"]
    assert (event.total_documents, event.processed_documents, event.failed_documents) == (3, 3, 0)
    assert event.duration == 1.5


def test_a_job_that_failed_says_why() -> None:
    bench, job, attempts = started()
    for attempt in attempts:
        bench.fails(attempt, PermanentError())
    (event,) = bench.told("jobFailed")

    assert (event.status, event.code) == (JobStatus.FAILED, JobErrorCode.ALL_FAILED)
    assert event.error == "All 3 documents failed"
    assert event.event_id == f"{job.ledger.id}:FAILED"


def test_a_job_that_ran_out_of_time_says_so() -> None:
    bench, _, _ = started(timeout=5.0)
    bench.at(5.0)
    (event,) = bench.told("jobFailed")

    assert (event.status, event.code) == (JobStatus.TIMEOUT, JobErrorCode.TIMEOUT)
    assert event.error == "Job timeout exceeded"


def test_a_cancelled_job_has_one_terminal_event_and_nothing_after_it() -> None:
    """R02, R03."""
    bench, job, attempts = started()
    bench.ok(attempts[0])
    bench.cancel(job)
    bench.cancel(job, force=True)
    for attempt in attempts[1:]:
        bench.ok(attempt)
    bench.at(500.0)
    job.changed()
    bench.tell()

    assert bench.names() == ["jobStarted", "progress", "jobCancelled"]
    assert bench.events[-1].processed_documents == 1


def test_a_job_that_never_started_has_only_its_end() -> None:
    bench = Bench()
    bench.cancel(bench.job())

    assert bench.names() == ["jobCancelled"]
    assert bench.events[0].seq == 1


def test_progress_is_told_at_once_when_the_percent_changes() -> None:
    bench, _, attempts = started(10)
    for attempt in attempts[:4]:
        bench.ok(attempt)

    assert [event.progress for event in bench.told("progress")] == [10, 20, 30, 40]


def test_a_change_within_one_percent_is_told_100_ms_after_the_last_one() -> None:
    bench, _, attempts = started(1_000)
    bench.at(0.05)
    bench.ok(attempts[0])
    assert bench.told("progress") == []

    bench.at(INTERVAL)
    assert [event.processed_documents for event in bench.told("progress")] == [1]
    bench.at(0.125)
    bench.ok(attempts[1])
    bench.ok(attempts[2])
    bench.at(0.199)
    assert len(bench.told("progress")) == 1
    bench.at(0.201)
    assert [event.processed_documents for event in bench.told("progress")] == [1, 3]


def test_a_change_within_one_percent_is_told_in_time_whatever_else_is_due_before() -> None:
    bench, _, attempts = started(1_000, retry_delay=0.0625)
    bench.fails(attempts[0])
    bench.at(0.03125)
    bench.ok(attempts[1])
    bench.at(0.0625)
    assert bench.told("progress") == []
    bench.at(INTERVAL)

    assert [event.processed_documents for event in bench.told("progress")] == [1]


def test_after_a_quiet_time_the_next_change_is_told_at_once() -> None:
    bench, _, attempts = started(1_000)
    bench.at(5.0)
    bench.ok(attempts[0])
    assert [event.processed_documents for event in bench.told("progress")] == [1]

    bench.at(8.0)
    bench.ok(attempts[1])
    assert [event.processed_documents for event in bench.told("progress")] == [1, 2]


def test_a_change_after_news_of_something_else_in_a_quiet_time_is_told_at_once_too() -> None:
    bench, _, attempts = started(1_000, retry_delay=20.0)
    bench.at(5.0)
    bench.fails(attempts[0])
    assert bench.told("progress") == []
    bench.ok(attempts[1])

    assert [event.processed_documents for event in bench.told("progress")] == [1]


def test_a_quiet_job_wakes_nobody() -> None:
    bench, job, _ = started(1_000, timeout=None)
    bench.at(5.0)

    assert job.herald.next_alarm == float("inf")
    assert bench.desk.agenda.next == 30.0


def test_no_percent_is_skipped_however_many_documents_settle_between_two_looks() -> None:
    """R04, R05: each event says what was true."""
    bench, job, _ = started(250)
    told = []
    while attempts := job.running:
        bench.at(bench.now + 0.001)
        following = bench.ok(next(iter(attempts.values())))
        if following is None:
            bench.fill()
        told = [(event.progress, event.processed_documents) for event in bench.told("progress")]

    assert [percent for percent, _ in told] == [*range(1, 101)]
    assert all(percent == 100 * count // 250 for percent, count in told)
    assert told[-1] == (100, 250)


def test_the_last_progress_says_what_was_settled_before_the_decision() -> None:
    """R25: a waiting document settles at the decision; it is in the terminal event only."""
    bench, job, (waits, done, _) = started(heard=EVERYTHING)
    bench.ok(done)
    bench.fails(waits)
    bench.cancel(job)

    assert bench.told("documentFailed") == []
    assert [event.processed_documents for event in bench.told("progress")] == [1]
    assert bench.events[-1].processed_documents == 2
    assert bench.events[-1].failed_documents == 1


def test_what_was_settled_but_untold_is_told_right_before_the_terminal_event() -> None:
    """R25."""
    bench, job, attempts = started(1_000)
    bench.at(0.05)
    bench.ok(attempts[0])
    bench.cancel(job)

    assert bench.names() == ["jobStarted", "progress", "jobCancelled"]
    assert bench.told("progress")[0].processed_documents == 1


def test_progress_tells_the_time_remaining() -> None:
    """R19."""
    bench, _, attempts = started(3, timeout=6.0)
    bench.at(4.0)
    bench.ok(attempts[0])

    assert bench.told("progress")[0].estimated_time_remaining == 2.0


def test_what_nobody_hears_has_no_number() -> None:
    bench, _, attempts = started(heard=frozenset({"jobCompleted"}))
    for attempt in attempts:
        bench.ok(attempt)

    assert [(event.name, event.seq) for event in bench.events] == [("jobCompleted", 1)]


def test_every_document_is_told_in_the_order_of_settlement_to_who_hears_documents() -> None:
    bench = Bench(heard=EVERYTHING, durable=True)
    bench.scheduler.follow()
    bench.job(4, max_concurrent=4, retry_attempts=0)
    first, second, third, fourth = bench.fill()
    for moment, attempt in [(1.0, third), (2.0, first), (3.0, fourth)]:
        bench.at(moment)
        if attempt is first:
            bench.fails(attempt)
        else:
            bench.ok(attempt)
    bench.commit()

    names = ["documentCompleted", "documentFailed", "documentCompleted"]
    told = [event for event in bench.events if event.name in names]
    assert [(event.name, event.document_id) for event in told] == [*zip(names, ["d2", "d0", "d3"], strict=True)]
    assert [event.outcome.success for event in told] == [True, False, True]
    bench.ok(second)
    bench.commit()
    assert bench.told("documentCompleted")[-1].document_id == "d1"


@pytest.mark.parametrize("name, count", [("documentCompleted", 2), ("documentFailed", 1)])
def test_who_hears_only_one_kind_of_document_is_told_only_that(name: str, count: int) -> None:
    bench, _, attempts = started(3, heard=frozenset({name}), retry_attempts=0)
    bench.scheduler.follow()
    bench.ok(attempts[0])
    bench.fails(attempts[1])
    bench.ok(attempts[2])

    assert [event.name for event in bench.events if event.name == name] == [name] * count


def test_who_comes_later_hears_of_no_document_that_settled_before() -> None:
    bench, _, attempts = started(1_000)
    bench.at(0.05)
    bench.ok(attempts[0])
    bench.scheduler.follow()
    bench.heard = EVERYTHING
    bench.ok(attempts[1])

    assert [event.document_id for event in bench.told("documentCompleted")] == ["d1"]


def test_who_follows_all_documents_has_each_of_them_told_at_once() -> None:
    bench, _, attempts = started(1_000, heard=EVERYTHING)
    bench.scheduler.follow()
    bench.ok(attempts[0])
    bench.ok(attempts[1])

    assert len(bench.told("documentCompleted")) == 2


def test_who_follows_one_job_sees_every_settlement_at_once() -> None:
    bench, job, attempts = started(1_000)
    job.follow()
    for count, attempt in enumerate(attempts[:3], 1):
        bench.ok(attempt)
        assert job.shown.ok == count

    job.followers -= 1
    bench.ok(attempts[3])
    bench.ok(attempts[4])
    assert job.shown.ok == 4


def test_the_first_report_from_inside_a_document_is_told_at_once() -> None:
    bench, job, attempts = started()
    job.report(attempts[1], 0.25, "page 1 of 4", bench.now)
    bench.tell()
    (event,) = bench.told("documentProgress")

    assert (event.document_id, event.fraction, event.message, event.attempt) == ("d1", 0.25, "page 1 of 4", 1)


def test_further_reports_are_gathered_for_100_ms_and_the_last_one_is_told() -> None:
    bench, job, attempts = started()
    for fraction in (0.1, 0.2, 0.3, 0.4):
        job.report(attempts[0], fraction, "", bench.now)
        bench.tell()
    assert [event.fraction for event in bench.told("documentProgress")] == [0.1]

    bench.at(0.099)
    assert len(bench.told("documentProgress")) == 1
    bench.at(INTERVAL)
    assert [event.fraction for event in bench.told("documentProgress")] == [0.1, 0.4]


def test_a_report_never_goes_back() -> None:
    bench, job, attempts = started()
    job.report(attempts[0], 0.8, "", 0.0)
    job.report(attempts[0], 0.3, "again", 0.0)
    bench.tell()

    assert [(event.fraction, event.message) for event in bench.told("documentProgress")] == [(0.8, "again")]


def test_a_report_of_a_document_that_has_settled_meanwhile_is_not_told() -> None:
    bench, job, attempts = started()
    job.report(attempts[0], 0.1, "", 0.0)
    bench.tell()
    job.report(attempts[1], 0.5, "", 0.01)
    job.report(attempts[2], 0.5, "", 0.01)
    bench.ok(attempts[1])
    bench.at(1.0)
    job.report(attempts[1], 0.9, "", 1.0)
    bench.tell()

    assert [event.document_id for event in bench.told("documentProgress")] == ["d0", "d2"]


def test_reports_that_nobody_hears_are_dropped() -> None:
    bench, job, attempts = started(heard=frozenset({"progress"}))
    job.report(attempts[0], 0.1, "", 0.0)
    bench.tell()

    assert bench.events == []
    assert not job.reports


def test_reports_show_in_the_snapshot() -> None:
    _, job, attempts = started()
    assert [(document.fraction, document.message) for document in job.snapshot(0.0).running] == [(None, "")] * 3
    job.report(attempts[1], 0.5, "half", 0.0)

    shown = job.snapshot(0.0).running
    assert [(document.document_id, document.fraction, document.message) for document in shown] == [
        ("d0", None, ""),
        ("d1", 0.5, "half"),
        ("d2", None, ""),
    ]


def test_the_rules_do_not_spin_while_a_durable_store_makes_them_wait_for_their_news() -> None:
    """R16: what is asked for is asked for once."""
    bench = Bench(durable=True)
    job = bench.job(1_000, max_concurrent=10)
    attempts = bench.fill()
    bench.commit()
    bench.at(0.05)
    bench.ok(attempts[0])
    job.report(attempts[1], 0.5, "", 0.05)
    bench.at(5.0)
    assert bench.names() == ["jobStarted"]

    bench.commit()
    assert sorted(bench.names()) == ["documentCompleted", "documentProgress", "jobStarted", "progress"]


def test_nothing_is_shown_or_told_before_a_durable_store_has_it() -> None:
    """R22."""
    bench = Bench(durable=True)
    job = bench.job(2)
    first, second = bench.fill()
    changes = bench.gather()
    bench.ok(first)
    assert job.snapshot(0.0).status is JobStatus.PENDING
    assert bench.events == []

    bench.reveal(changes)
    assert job.snapshot(0.0).status is JobStatus.PROCESSING
    assert job.snapshot(0.0).processed_documents == 0
    bench.ok(second)
    bench.commit()
    assert job.snapshot(0.0).status is JobStatus.COMPLETED
    assert bench.names()[-2:] == ["progress", "jobCompleted"]


def test_the_terminal_event_does_not_count_what_came_after_the_decision() -> None:
    """Q9, Q10: a durable store may record late results together with the decision."""
    bench = Bench(durable=True)
    job = bench.job(3)
    first, second, _ = bench.fill()
    bench.ok(first)
    bench.cancel(job)
    bench.ok(second)
    bench.commit()

    assert bench.events[-1].processed_documents == 1
    assert job.snapshot(0.0).processed_documents == 2


def test_a_decided_job_asks_for_no_more_news() -> None:
    bench, job, attempts = started(1_000)
    bench.at(0.05)
    bench.ok(attempts[0])
    bench.fails(attempts[1])
    bench.cancel(job)
    for moment in (0.1, 0.2, 5.0):
        bench.scheduler.tick(moment)
        assert not bench.desk.changed


def test_what_settles_while_a_durable_store_is_writing_is_in_the_next_commit() -> None:
    """R21, R22."""
    bench = Bench(durable=True)
    job = bench.job(1_000, max_concurrent=2)
    first, second = bench.fill()
    writing = bench.gather()
    bench.ok(first)
    assert job in bench.desk.changed
    bench.ok(second)
    bench.reveal(writing)
    bench.commit()

    assert job.shown.ok == 2


def test_a_job_drains_even_while_its_decision_waits_for_a_durable_store() -> None:
    bench = Bench(durable=True)
    job = bench.job(3, max_concurrent=2)
    first, second = bench.fill()
    bench.cancel(job)
    bench.ok(first)
    bench.ok(second)

    assert job.drained
