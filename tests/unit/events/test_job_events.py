"""What is told of a job, when and in which order (Q20; R02 to R05, R25)."""

import itertools
import re
from collections import Counter
from datetime import UTC
from typing import Any

import attrs
import pytest
from anyio import current_time, sleep

from docmill import (
    DocumentCompleted,
    DocumentFailed,
    DocumentProcessingQueue,
    DocumentProgress,
    Event,
    Job,
    JobCancelled,
    JobCompleted,
    JobEvent,
    JobFailed,
    JobOptions,
    ProcessingContext,
    Progress,
    TerminalEvent,
)

TERMINAL = ("jobCompleted", "jobFailed", "jobCancelled")
ALL = ("jobStarted", "progress", "documentCompleted", "documentFailed", "documentProgress", *TERMINAL)
ONE_BY_ONE = JobOptions(max_concurrent=1, timeout=None, retry_attempts=0, document_timeout=1e6)


class Scripted:
    """A processor that does what a document's id says: how long it takes, and whether it fails."""

    async def __call__(self, document_id: str, context: ProcessingContext) -> str:
        await sleep(float(re.findall(r"[\d.]+", document_id)[0]))
        if "bad" in document_id:
            raise ValueError(f"{document_id} is bad")
        return document_id.upper()


class Heard(list[Any]):
    """Events, each with the virtual time at which it was heard."""

    def __init__(self, queue: DocumentProcessingQueue, *names: str) -> None:
        super().__init__()
        self.times: list[float] = []
        for name in names:
            queue.on(name, self.keep)

    def keep(self, event: Event) -> None:
        self.append(event)
        self.times.append(current_time())

    def of(self, kind: type) -> list[Any]:
        return [event for event in self if isinstance(event, kind)]


@pytest.fixture
def queue() -> DocumentProcessingQueue:
    return DocumentProcessingQueue({"SCRIPT": Scripted()})


async def run(queue: DocumentProcessingQueue, documents: list[str], options: JobOptions = ONE_BY_ONE) -> Job:
    return await queue.wait(await queue.create_job(documents, "SCRIPT", options), drained=True)


def each(seconds: float, count: int) -> list[str]:
    return [f"{seconds} #{number}" for number in range(count)]


def has_events_in_order(events: list[JobEvent]) -> bool:
    """Consecutive numbers from 1, one terminal event, and that one last."""
    numbers = [event.seq for event in events]
    terminal = [isinstance(event, TerminalEvent) for event in events]
    return numbers == list(range(1, len(events) + 1)) and terminal == [False] * (len(events) - 1) + [True]


async def test_a_batch_is_told_from_its_start_to_its_end(queue: DocumentProcessingQueue) -> None:
    heard = Heard(queue, *ALL)
    async with queue:
        job = await run(queue, ["1.0 a", "1.0 bad", "1.0 c"])

    assert [event.name for event in heard] == [
        "jobStarted",
        "documentCompleted",
        "progress",
        "documentFailed",
        "progress",
        "documentCompleted",
        "progress",
        "jobCompleted",
    ]
    assert has_events_in_order(heard)
    assert {event.job_id for event in heard} == {job.id}
    assert [event.progress for event in heard.of(Progress)] == [33, 66, 100]


async def test_every_event_says_whose_it_is_and_when_it_was_in_utc(queue: DocumentProcessingQueue) -> None:
    heard = Heard(queue, *ALL)
    async with queue:
        job_id = await queue.create_job(["1.0 a"], "SCRIPT", owner="ann")
        job = await queue.wait(job_id)

    assert job.started_at is not None
    for event in heard:
        assert event.owner == "ann"
        assert event.timestamp.tzinfo is UTC
        assert job.created_at <= event.timestamp
    assert heard[0].timestamp == job.started_at
    assert heard[-1].timestamp == job.completed_at


async def test_an_event_cannot_be_changed_by_the_listener_that_hears_it_first(queue: DocumentProcessingQueue) -> None:
    errors: list[BaseException] = []
    queue.on("progress", lambda event: setattr(event, "progress", 0))
    queue.on("error", errors.append)
    heard = Heard(queue, "progress")
    async with queue:
        await run(queue, ["1.0 a"])

    assert [event.progress for event in heard] == [100]
    assert [type(error) for error in errors] == [attrs.exceptions.FrozenInstanceError]


async def test_the_numbers_of_the_seeds_example_are_told(queue: DocumentProcessingQueue) -> None:
    """R19: two of three documents took 5,000 and 4,500 ms; one is left, so 4,750 ms remain."""
    heard = Heard(queue, "progress")
    async with queue:
        await run(queue, ["5.0 one", "4.5 two", "6.0 three"])

    second = heard[1]
    assert second.progress == 66
    assert second.processed_documents == 2
    assert second.total_documents == 3
    assert second.failed_documents == 0
    assert second.estimated_time_remaining == 4.75


async def test_a_completed_job_tells_its_counters_results_and_duration(queue: DocumentProcessingQueue) -> None:
    heard = Heard(queue, *TERMINAL)
    async with queue:
        job = await run(queue, ["1.0 a", "2.0 bad", "3.0 c"])

    (event,) = heard
    assert isinstance(event, JobCompleted)
    assert (event.total_documents, event.processed_documents, event.failed_documents) == (3, 3, 1)
    assert event.duration == pytest.approx(6.0)
    assert [result.data for result in event.results] == ["1.0 A", "3.0 C"]
    assert event.event_id == f"{job.id}:COMPLETED"


async def test_a_job_whose_documents_all_fail_tells_why(queue: DocumentProcessingQueue) -> None:
    heard = Heard(queue, *ALL)
    async with queue:
        job = await run(queue, ["1.0 bad", "2.0 bad"])

    event = heard[-1]
    assert isinstance(event, JobFailed)
    assert event.error == "All 2 documents failed"
    assert event.status == "FAILED"
    assert event.code == "all_failed"
    assert (event.total_documents, event.processed_documents, event.failed_documents) == (2, 2, 2)
    assert event.event_id == f"{job.id}:FAILED"
    assert [event.progress for event in heard.of(Progress)] == [50, 100]


async def test_a_job_that_runs_out_of_time_fails_with_the_words_of_the_seed(queue: DocumentProcessingQueue) -> None:
    heard = Heard(queue, *TERMINAL)
    async with queue:
        began = current_time()
        job = await run(queue, ["4.0 a", "4.0 b", "4.0 c"], JobOptions(max_concurrent=1, timeout=10.0))

    (event,) = heard
    assert isinstance(event, JobFailed)
    assert event.error == "Job timeout exceeded"
    assert event.status == "TIMEOUT"
    assert event.code == "timeout"
    assert (event.total_documents, event.processed_documents, event.failed_documents) == (3, 2, 0)
    assert event.event_id == f"{job.id}:TIMEOUT"
    assert heard.times == [began + 10.0]
    assert job.processed_documents == 3


async def test_a_cancelled_job_tells_its_counters_at_once_and_nothing_after(queue: DocumentProcessingQueue) -> None:
    """R03, Q10: the attempt that runs on is recorded, and nobody is told."""
    heard = Heard(queue, *ALL)
    async with queue:
        job_id = await queue.create_job(["1.0 a", "1.0 b", "1.0 c"], "SCRIPT", ONE_BY_ONE)
        await sleep(1.5)
        assert await queue.cancel_job(job_id)
        at_once = list(heard)
        job = await queue.wait(job_id, drained=True)

    assert heard == at_once
    event = heard[-1]
    assert isinstance(event, JobCancelled)
    assert (event.total_documents, event.processed_documents, event.failed_documents) == (3, 1, 0)
    assert event.event_id == f"{job_id}:CANCELLED"
    assert job.processed_documents == 2
    assert has_events_in_order(heard)


async def test_a_job_cancelled_before_its_turn_tells_only_that() -> None:
    queue = DocumentProcessingQueue({"SCRIPT": Scripted()}, max_workers=1)
    heard = Heard(queue, *ALL)
    async with queue:
        await queue.create_job(["5.0 long"], "SCRIPT")
        waiting = await queue.create_job(["1.0 a"], "SCRIPT")
        await sleep(1.0)
        await queue.cancel_job(waiting)
        await queue.join()

    (event,) = [event for event in heard if event.job_id == waiting]
    assert isinstance(event, JobCancelled)
    assert event.seq == 1


async def test_documents_that_wait_for_a_retry_are_in_the_counters_of_the_decision_and_are_not_told_singly(
    queue: DocumentProcessingQueue,
) -> None:
    """Q8, Q9: decide, settle the waiting documents, build the event; no documentFailed for them."""
    heard = Heard(queue, *ALL)
    options = JobOptions(max_concurrent=3, retry_attempts=2, retry_delay=20.0)
    async with queue:
        job_id = await queue.create_job(["1.0 a", "1.0 bad"], "SCRIPT", options)
        await sleep(2.0)
        assert await queue.cancel_job(job_id)

    event = heard[-1]
    assert (event.processed_documents, event.failed_documents) == (2, 1)
    assert heard.of(DocumentFailed) == []
    assert [event.progress for event in heard.of(Progress)] == [50]


async def test_progress_before_a_decision_says_what_was_settled_before_it(queue: DocumentProcessingQueue) -> None:
    """R25: what the decision itself settles shows in the terminal event only."""
    heard = Heard(queue, "progress", *TERMINAL)
    options = JobOptions(max_concurrent=4, retry_attempts=1, retry_delay=20.0, timeout=5.0)
    async with queue:
        await run(queue, ["1.0 a", "2.0 bad", "3.0 c", "2.0 bad too"], options)

    assert [(event.name, event.processed_documents) for event in heard] == [
        ("progress", 1),
        ("progress", 2),
        ("jobFailed", 4),
    ]


async def test_the_percent_never_falls_and_is_100_only_at_the_last(queue: DocumentProcessingQueue) -> None:
    """R04, R05."""
    heard = Heard(queue, "progress", "jobCompleted")
    async with queue:
        await run(queue, [*each(0.3, 7), "0.1 bad"], JobOptions(max_concurrent=3, retry_attempts=1, retry_delay=0.2))

    percents = [event.progress for event in heard.of(Progress)]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert percents.count(100) == 1
    for event in heard.of(Progress):
        assert event.progress == 100 * event.processed_documents // event.total_documents
    assert [event.name for event in heard[-2:]] == ["progress", "jobCompleted"]


async def test_a_change_of_the_percent_is_told_at_once(queue: DocumentProcessingQueue) -> None:
    heard = Heard(queue, "progress")
    async with queue:
        began = current_time()
        await run(queue, each(0.01, 10))

    assert [event.progress for event in heard] == list(range(10, 101, 10))
    assert heard.times == [pytest.approx(began + 0.01 * number) for number in range(1, 11)]


async def test_without_a_change_of_the_percent_progress_is_told_every_100_ms(queue: DocumentProcessingQueue) -> None:
    """A document in 40 ms, and one percent is 25 of them, so the 100 ms rule tells most."""
    heard = Heard(queue, "progress")
    async with queue:
        began = current_time()
        await run(queue, each(0.04, 2_500))

    moments = [began, *heard.times]
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    same = [
        later - earlier
        for (earlier, one), (later, other) in zip(
            zip(heard.times, heard, strict=True), list(zip(heard.times, heard, strict=True))[1:], strict=False
        )
        if one.progress == other.progress
    ]
    assert max(gaps) <= 0.1 + 1e-6
    assert min(same) >= 0.1 - 1e-6
    assert [event.progress for event in heard][-1] == 100


async def test_no_change_stays_untold_for_more_than_100_ms(queue: DocumentProcessingQueue) -> None:
    """One document settles right after a word of progress, and the next one takes long."""
    heard = Heard(queue, "progress")
    documents = ["1.0 a", "0.03 b", "50.0 c", *each(0.01, 500)]
    async with queue:
        began = current_time()
        await run(queue, documents, JobOptions(max_concurrent=1, timeout=None, document_timeout=100.0))

    assert heard[0].processed_documents == 1
    assert heard.times[0] == pytest.approx(began + 1.0)
    assert heard[1].processed_documents == 2
    assert heard.times[1] == pytest.approx(began + 1.1)
    assert heard[2].processed_documents >= 3


async def test_when_nothing_changes_nothing_is_told(queue: DocumentProcessingQueue) -> None:
    heard = Heard(queue, "progress")
    async with queue:
        job_id = await queue.create_job(["1.0 a", "20.0 b"], "SCRIPT", ONE_BY_ONE)
        await sleep(20.0)
        assert [event.processed_documents for event in heard] == [1]
        await queue.wait(job_id)

    assert [event.processed_documents for event in heard] == [1, 2]


async def test_documents_settled_in_the_same_moment_are_one_word_of_progress_each_at_most(
    queue: DocumentProcessingQueue,
) -> None:
    heard = Heard(queue, *ALL)
    async with queue:
        await run(queue, each(1.0, 8), JobOptions(max_concurrent=8))

    assert has_events_in_order(heard)
    assert len(heard.of(DocumentCompleted)) == 8
    assert heard.of(Progress)[-1].progress == 100
    counted = Counter(event.processed_documents for event in heard.of(Progress))
    assert max(counted.values()) == 1


async def test_single_documents_are_told_only_when_somebody_listens(queue: DocumentProcessingQueue) -> None:
    heard = Heard(queue, "jobStarted", "progress", "jobCompleted")
    async with queue:
        await run(queue, each(1.0, 4))

    assert has_events_in_order(heard)
    assert len(heard) == 6


async def test_who_listens_to_single_documents_late_hears_only_what_settles_from_then_on(
    queue: DocumentProcessingQueue,
) -> None:
    async with queue:
        job_id = await queue.create_job(each(1.0, 6), "SCRIPT", ONE_BY_ONE)
        await sleep(2.5)
        heard = Heard(queue, "documentCompleted")
        await queue.wait(job_id)

    assert [event.document_id for event in heard] == ["1.0 #2", "1.0 #3", "1.0 #4", "1.0 #5"]


async def test_who_listens_late_costs_those_who_listened_before_nothing(queue: DocumentProcessingQueue) -> None:
    early = Heard(queue, "documentCompleted")
    async with queue:
        job_id = await queue.create_job(each(1.0, 4), "SCRIPT", ONE_BY_ONE)
        await sleep(2.5)
        late = Heard(queue, "documentCompleted")
        await queue.wait(job_id)

    assert [event.document_id for event in early] == each(1.0, 4)
    assert list(late) == early[2:]


async def test_a_document_event_carries_the_outcome(queue: DocumentProcessingQueue) -> None:
    heard = Heard(queue, "documentCompleted", "documentFailed")
    async with queue:
        job = await run(queue, ["1.0 a", "2.0 bad"])

    completed, failed = heard
    assert isinstance(completed, DocumentCompleted)
    assert isinstance(failed, DocumentFailed)
    assert completed.outcome == job.results[0]
    assert failed.outcome == job.errors[0]
    assert (completed.document_id, failed.document_id) == ("1.0 a", "2.0 bad")


async def test_a_document_event_is_told_in_the_order_of_settlement_failures_among_the_others(
    queue: DocumentProcessingQueue,
) -> None:
    heard = Heard(queue, "documentCompleted", "documentFailed")
    async with queue:
        await run(queue, ["3.0 a", "1.0 b", "2.0 bad"], JobOptions(max_concurrent=3, retry_attempts=0))

    assert [event.document_id for event in heard] == ["1.0 b", "2.0 bad", "3.0 a"]


async def test_reports_from_inside_a_document_are_told_at_once_and_then_every_100_ms() -> None:
    async def chatty(document_id: str, context: ProcessingContext) -> None:
        for step in range(50):
            context.report(step / 50, f"step {step}")
            await sleep(0.01)

    queue = DocumentProcessingQueue({"CHATTY": chatty})
    heard = Heard(queue, "documentProgress")
    async with queue:
        began = current_time()
        await queue.wait(await queue.create_job(["a"], "CHATTY"))

    first = heard[0]
    assert isinstance(first, DocumentProgress)
    assert (first.document_id, first.fraction, first.message, first.attempt) == ("a", 0.0, "step 0", 1)
    assert heard.times[0] == began
    gaps = [later - earlier for earlier, later in zip(heard.times, heard.times[1:], strict=False)]
    assert 4 <= len(gaps) <= 5
    assert min(gaps) >= 0.1 - 1e-6
    assert [event.fraction for event in heard] == sorted(event.fraction for event in heard)


async def test_a_report_that_nobody_listens_to_takes_no_number() -> None:
    async def chatty(document_id: str, context: ProcessingContext) -> None:
        context.report(0.5)
        await sleep(1.0)

    queue = DocumentProcessingQueue({"CHATTY": chatty})
    heard = Heard(queue, "jobStarted", "progress", "jobCompleted")
    async with queue:
        await queue.wait(await queue.create_job(["a", "b"], "CHATTY", ONE_BY_ONE))

    assert has_events_in_order(heard)


async def test_a_batch_with_a_summary_is_at_100_before_it_is_made_and_completed_after() -> None:
    """Q23: finalize runs while the job is PROCESSING at 100."""
    seen: list[Any] = []

    class Summing(Scripted):
        async def finalize(self, outcomes: Any, context: ProcessingContext) -> int:
            await sleep(5.0)
            (job,) = queue.get_all_jobs()
            seen.append((job.status, job.progress, [event.name for event in heard]))
            return len(outcomes)

    queue = DocumentProcessingQueue({"SCRIPT": Summing()})
    heard = Heard(queue, "progress", *TERMINAL)
    async with queue:
        job = await run(queue, ["1.0 a", "1.0 b"])

    assert seen == [("PROCESSING", 100, ["progress", "progress"])]
    assert job.summary == 2
    assert [event.name for event in heard] == ["progress", "progress", "jobCompleted"]
    assert heard.times[2] - heard.times[1] == pytest.approx(5.0)


async def test_too_many_failures_are_told_as_a_failed_job(queue: DocumentProcessingQueue) -> None:
    heard = Heard(queue, *ALL)
    async with queue:
        await run(
            queue,
            ["1.0 bad 1", "1.0 bad 2", "1.0 c"],
            JobOptions(max_concurrent=1, retry_attempts=0, max_failures=1),
        )

    event = heard[-1]
    assert isinstance(event, JobFailed)
    assert (event.status, event.code) == ("FAILED", "max_failures")
    assert event.error == "more than 1 of 3 documents failed"
    assert has_events_in_order(heard)


@pytest.mark.parametrize("name", TERMINAL)
async def test_exactly_one_terminal_event_per_job(queue: DocumentProcessingQueue, name: str) -> None:
    """R02: whatever else happens to the job afterwards."""
    heard = Heard(queue, *TERMINAL)
    documents = {"jobCompleted": ["1.0 a"], "jobFailed": ["1.0 bad"], "jobCancelled": ["9.0 a"]}[name]
    async with queue:
        job_id = await queue.create_job(documents, "SCRIPT", ONE_BY_ONE)
        await sleep(2.0)
        await queue.cancel_job(job_id)
        await queue.cancel_job(job_id, force=True)
        await queue.wait(job_id, drained=True)
        await sleep(500.0)

    assert [event.name for event in heard] == [name]


async def test_events_of_two_jobs_are_numbered_each_by_itself(queue: DocumentProcessingQueue) -> None:
    heard = Heard(queue, *ALL)
    async with queue:
        one = await queue.create_job(each(1.0, 3), "SCRIPT", ONE_BY_ONE)
        two = await queue.create_job(each(0.7, 3), "SCRIPT", ONE_BY_ONE)
        await queue.join()

    for job_id in (one, two):
        assert has_events_in_order([event for event in heard if event.job_id == job_id])
