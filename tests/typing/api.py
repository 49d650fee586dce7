"""The public API as a typed user would use it. Only type-checked, never run."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, assert_type

from docmill import (
    CircuitBreaker,
    CircuitClosed,
    CircuitOpened,
    DocumentCompleted,
    DocumentFailed,
    DocumentFailure,
    DocumentProcessingQueue,
    DocumentProgress,
    DocumentResult,
    Event,
    FailureCode,
    InvalidJobError,
    Job,
    JobCancelled,
    JobCompleted,
    JobErrorCode,
    JobFailed,
    JobOptions,
    JobStarted,
    JobStatus,
    Outcome,
    OwnedQueue,
    ProcessingContext,
    ProcessingJobType,
    Processor,
    Progress,
    RunningDocument,
    Stats,
    blocking,
    process_documents,
    processor,
)
from docmill.documents import Extraction, Value, standard_processors
from docmill.plugins import Plugin, discover


async def on_the_loop(document_id: str, context: ProcessingContext) -> dict[str, int]:
    assert_type(context.attempt, int)
    assert_type(context.owner, str | None)
    assert_type(context.metadata, Mapping[str, Any])
    assert_type(context.remaining(), float)
    context.report(0.5, "half")
    return {document_id: 1}


def in_a_thread(document_id: str, context: ProcessingContext) -> str:
    return document_id


async def with_one_parameter(document_id: str) -> int:
    return len(document_id)


class Measurer:
    """An object that is a processor, with a summary."""

    def __call__(self, document_id: str, context: ProcessingContext, /) -> bytes:
        return document_id.encode()

    def finalize(self, outcomes: Sequence[Outcome], context: ProcessingContext) -> int:
        return len(outcomes)


@processor
def plain(document_id: str) -> str:
    return document_id


@processor(isolation="thread", permanent=[ValueError], breaker=CircuitBreaker(3, 5.0, [OSError]), max_abandoned=2)
def declared(document_id: str, context: ProcessingContext) -> str:
    return document_id


assert_type(plain("a"), str)
kept: Callable[[str, ProcessingContext], str] = declared
unbroken: Callable[[str], Any] = processor(breaker=None)(with_one_parameter)
as_protocol: Processor = on_the_loop
as_object: Processor = Measurer()

queue = DocumentProcessingQueue(
    {
        ProcessingJobType.FULL_ANALYSIS: on_the_loop,
        ProcessingJobType.QUALITY_CHECK: in_a_thread,
        "COUNT": with_one_parameter,
        "OBJECT": Measurer(),
        "LAMBDA": lambda document_id: document_id,
    },
    max_workers=10,
)


def hear_started(event: JobStarted) -> None:
    assert_type(event.total_documents, int)


def hear_progress(event: Progress) -> None:
    assert_type(event.progress, int)
    assert_type(event.job_id, str)
    assert_type(event.owner, str | None)
    assert_type(event.seq, int)
    assert_type(event.timestamp, datetime)
    assert_type(event.estimated_time_remaining, float | None)


async def hear_completed(event: JobCompleted) -> None:
    assert_type(event.results, Sequence[DocumentResult])
    assert_type(event.duration, float)
    assert_type(event.event_id, str)


def hear_failed(event: JobFailed) -> None:
    assert_type(event.error, str)
    assert_type(event.status, JobStatus)
    assert_type(event.code, JobErrorCode)


def hear_cancelled(event: JobCancelled) -> None:
    assert_type(event.processed_documents, int)


def hear_document(event: DocumentCompleted) -> None:
    assert_type(event.document_id, str)


def hear_failure(event: DocumentFailed) -> None:
    assert_type(event.document_id, str)


def hear_report(event: DocumentProgress) -> None:
    assert_type(event.fraction, float)


def hear_opened(event: CircuitOpened) -> None:
    assert_type(event.until, datetime | None)


def hear_closed(event: CircuitClosed) -> None:
    assert_type(event.job_type, str)


def hear_error(error: BaseException) -> None: ...


assert_type(queue.on("jobStarted", hear_started), Callable[[JobStarted], Any])
assert_type(queue.on("progress", hear_progress), Callable[[Progress], Any])
assert_type(queue.on("jobCompleted", hear_completed), Callable[[JobCompleted], Any])
assert_type(queue.on("jobFailed", hear_failed), Callable[[JobFailed], Any])
assert_type(queue.on("jobCancelled", hear_cancelled), Callable[[JobCancelled], Any])
assert_type(queue.on("documentCompleted", hear_document), Callable[[DocumentCompleted], Any])
assert_type(queue.on("documentFailed", hear_failure), Callable[[DocumentFailed], Any])
assert_type(queue.on("documentProgress", hear_report), Callable[[DocumentProgress], Any])
assert_type(queue.on("circuitOpened", hear_opened), Callable[[CircuitOpened], Any])
assert_type(queue.on("circuitClosed", hear_closed), Callable[[CircuitClosed], Any])
assert_type(queue.on("error", hear_error), Callable[[BaseException], Any])
queue.on("progress", lambda update: print(update.progress))
queue.on("progress", hear_failed)  # type: ignore[call-overload]
queue.once("jobCompleted", hear_completed)
queue.remove_listener("progress", hear_progress)


@queue.on("progress")
def decorated(event: Progress) -> int:
    return event.progress


@queue.once("jobFailed")
async def decorated_once(event: JobFailed) -> None: ...


def call_decorated(event: Progress) -> None:
    assert_type(decorated(event), int)


def read(job: Job) -> None:
    assert_type(job.id, str)
    assert_type(job.document_ids, Sequence[str])
    assert_type(job.type, str)
    assert_type(job.status, JobStatus)
    assert_type(job.status.is_terminal, bool)
    assert_type(job.progress, int)
    assert_type(job.created_at, datetime)
    assert_type(job.started_at, datetime | None)
    assert_type(job.completed_at, datetime | None)
    assert_type(job.duration, float | None)
    assert_type(job.estimated_time_remaining, float | None)
    assert_type(job.results, Sequence[DocumentResult])
    assert_type(job.results[0].data, Any)
    assert_type(job.results[1:], Sequence[DocumentResult])
    assert_type(job.errors, Sequence[DocumentFailure])
    assert_type(job.errors[0].code, FailureCode)
    assert_type(job.total_documents, int)
    assert_type(job.processed_documents, int)
    assert_type(job.failed_documents, int)
    assert_type(job.error, str | None)
    assert_type(job.error_code, JobErrorCode | None)
    assert_type(job.drained, bool)
    assert_type(job.owner, str | None)
    assert_type(job.metadata, Mapping[str, Any])
    assert_type(job.options, JobOptions)
    assert_type(job.retry_of, str | None)
    assert_type(job.running, Sequence[RunningDocument])
    assert_type(job.running[0].fraction, float | None)
    assert_type(job.outcome("a"), Outcome | None)
    assert_type(job.raise_for_status(), Job)
    assert_type(job.to_records(), list[dict[str, Any]])
    for outcome in job.outcomes:
        tell_apart(outcome)
    job.status = JobStatus.FAILED  # type: ignore[misc]


def tell_apart(outcome: DocumentResult | DocumentFailure) -> None:
    if outcome.success:
        assert_type(outcome, DocumentResult)
        assert_type(outcome.processing_time, float)
    else:
        assert_type(outcome, DocumentFailure)
        assert_type(outcome.error, str)


async def use() -> None:
    async with queue as opened:
        assert_type(opened, DocumentProcessingQueue)
        job_id = await queue.create_job(
            ["a", "b"],
            ProcessingJobType.FULL_ANALYSIS,
            JobOptions(max_concurrent=5, timeout=None),
            owner="ann",
            idempotency_key="key",
            metadata={"batch": 7},
            priority=1,
        )
        assert_type(job_id, str)
        assert_type(await queue.create_job((name for name in "ab"), "COUNT"), str)
        assert_type(queue.get_job_status(job_id), Job | None)
        assert_type(await queue.load_job(job_id, owner="ann"), Job | None)
        assert_type(queue.get_all_jobs(active=True), list[Job])
        assert_type(await queue.wait(job_id, drained=True), Job)
        assert_type(await queue.cancel_job(job_id, force=True), bool)
        assert_type(await queue.retry_job(job_id, [FailureCode.PERMANENT]), str)
        assert_type(await queue.retry_job(job_id, {"permanent"}), str)
        assert_type(await queue.cleanup_old_jobs(max_age=60), int)
        assert_type(queue.stats(), Stats)
        assert_type(queue.for_owner("ann"), OwnedQueue)
        await queue.join()
        async for event in queue.events(job_id, documents=True):
            tell_events_apart(event)
        async for outcome in queue.outcomes(job_id):
            tell_apart(outcome)
        async with queue.events(owner="ann") as stream:
            assert_type(await anext(stream), Event)
    await queue.aclose(timeout=1)


def tell_events_apart(event: Event) -> None:
    assert_type(event.name, str)
    if isinstance(event, Progress):
        assert_type(event.progress, int)
    elif isinstance(event, JobCompleted):
        assert_type(event.results, Sequence[DocumentResult])


async def use_as_one_owner(mine: OwnedQueue) -> None:
    job_id = await mine.create_job(["a"], "COUNT", metadata={"n": 1})
    assert_type(mine.get_job_status(job_id), Job | None)
    assert_type(await mine.wait(job_id), Job)
    assert_type(mine.get_all_jobs(), list[Job])


async def use_the_short_form() -> None:
    assert_type(await process_documents(["a"], with_one_parameter), Job)
    assert_type(await process_documents(["a"], on_the_loop, JobOptions(), progress=hear_progress), Job)
    assert_type(await process_documents(["a"], in_a_thread, progress=False), Job)


assert_type(JobOptions.recommended("FULL_ANALYSIS", 12), JobOptions)
assert_type(InvalidJobError("no").problems, tuple[str, ...])

assert_type(discover(exclude=["a"], refresh=True), dict[str, Plugin])
assert_type(discover()["A"].docmill_load(), Processor)
DocumentProcessingQueue({**discover(), "LOOP": on_the_loop})


def use_blocking_calls() -> None:
    with blocking.DocumentProcessingQueue({"COUNT": in_a_thread}) as queue:
        job_id = queue.create_job(["a"], "COUNT")
        assert_type(queue.wait(job_id), Job)
        assert_type(queue.cancel_job(job_id), bool)
    assert_type(blocking.process_documents(["a"], in_a_thread), Job)


DocumentProcessingQueue(standard_processors("documents"))
assert_type(Extraction.from_data({}).gross_total, Value | None)
