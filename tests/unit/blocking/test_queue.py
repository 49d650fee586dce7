"""The queue with blocking calls does what the async one does."""

import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

import docmill
from docmill import (
    InvalidJobError,
    Job,
    JobCompleted,
    JobNotFoundError,
    JobOptions,
    JobStatus,
    OwnedQueue,
    ProcessingContext,
    Progress,
    QueueClosedError,
    StoreCorruptError,
    blocking,
)
from docmill.blocking import DocumentProcessingQueue
from docmill.stores import SQLiteStore

ONCE = JobOptions(retry_attempts=0)


async def upper(document_id: str) -> str:
    if "bad" in document_id:
        raise ValueError(document_id)
    return document_id.upper()


async def never(document_id: str) -> None:
    await anyio.sleep_forever()


@pytest.fixture
def queue(backend: str) -> Any:
    with DocumentProcessingQueue({"UPPER": upper, "NEVER": never}, backend=backend) as queue:
        yield queue
        queue.close(0.0)


def test_a_job_is_created_waited_for_and_read(queue: DocumentProcessingQueue) -> None:
    job_id = queue.create_job(["a", "bad", "c"], "UPPER", ONCE, metadata={"month": 5}, priority=2)
    job = queue.wait(job_id, drained=True)

    assert (job.status, [result.data for result in job.results]) == ("COMPLETED", ["A", "C"])
    assert (job.metadata, job.priority) == ({"month": 5}, 2)
    assert queue.get_job_status(job_id).processed_documents == 3
    assert queue.load_job(job_id).failed_documents == 1
    assert [known.id for known in queue.get_all_jobs()] == [job_id]
    assert queue.get_all_jobs(active=True) == []
    assert queue.stats().jobs == 1


def test_what_failed_is_retried_and_what_is_old_removed(queue: DocumentProcessingQueue) -> None:
    job_id = queue.create_job(["a", "bad"], "UPPER", ONCE)
    queue.wait(job_id, drained=True)
    again = queue.retry_job(job_id, ["processor_error"])
    queue.join()

    assert queue.get_job_status(again).document_ids == ("bad",)
    assert queue.get_job_status(again).retry_of == job_id
    assert queue.cleanup_old_jobs() == 0
    assert queue.cleanup_old_jobs(0.0) == 2


def test_errors_are_raised_where_the_call_is_made(queue: DocumentProcessingQueue) -> None:
    with pytest.raises(InvalidJobError, match="UPPER"):
        queue.create_job(["a"], "LOWER")
    with pytest.raises(JobNotFoundError):
        queue.wait("job_0")
    with pytest.raises(JobNotFoundError):
        queue.events("job_0")
    assert queue.get_job_status("job_0") is None


def test_a_wait_may_have_a_limit_after_which_the_job_goes_on(queue: DocumentProcessingQueue) -> None:
    job_id = queue.create_job(["a"], "NEVER")
    with pytest.raises(TimeoutError, match=r"waited for 0\.01 s, and it has not ended; it goes on"):
        queue.wait(job_id, timeout=0.01)

    assert queue.get_all_jobs(active=True)
    assert queue.cancel_job(job_id, force=True)
    assert not queue.cancel_job(job_id)
    assert queue.wait(job_id, drained=True).errors[0].code == "cancelled"


def test_a_word_that_is_none_for_an_interrupt_is_refused(queue: DocumentProcessingQueue) -> None:
    with pytest.raises(ValueError, match="leave or cancel"):
        queue.wait("job_0", on_interrupt="stop")  # type: ignore[arg-type]


def test_an_owner_sees_only_what_is_its_own(queue: DocumentProcessingQueue) -> None:
    ann, bob = queue.for_owner("ann"), queue.for_owner("bob")
    job_id = ann.create_job(["a", "bad"], "UPPER", ONCE, idempotency_key="k", metadata={"n": 1}, priority=1)
    ann.join()

    assert ann.wait(job_id, drained=True).owner == "ann"
    assert bob.get_job_status(job_id) is bob.load_job(job_id) is None
    assert [[job.id for job in owned.get_all_jobs()] for owned in (ann, bob)] == [[job_id], []]
    assert len(list(ann.outcomes(job_id))) == 2
    assert [type(event) for event in ann.events(job_id)] == [JobCompleted]
    assert not ann.cancel_job(job_id)
    assert ann.wait(ann.retry_job(job_id), drained=True).status == "FAILED"
    with pytest.raises(JobNotFoundError):
        bob.wait(job_id)
    assert (bob.cleanup_old_jobs(0.0), ann.cleanup_old_jobs(0.0)) == (0, 2)


def test_it_opens_by_itself_with_the_first_job(backend: str) -> None:
    queue = DocumentProcessingQueue({"UPPER": upper}, backend=backend)
    job = queue.wait(queue.create_job(["a"], "UPPER"))
    queue.close()
    queue.close()

    assert job.results[0].data == "A"


def test_before_it_is_opened_there_is_nothing_to_see(backend: str) -> None:
    queue = DocumentProcessingQueue({"UPPER": upper}, backend=backend)

    assert queue.get_all_jobs() == []
    assert queue.cleanup_old_jobs() == 0
    with pytest.raises(JobNotFoundError):
        queue.wait("job_0")


def test_after_it_was_closed_reads_work_and_nothing_new_is_taken(backend: str) -> None:
    with DocumentProcessingQueue({"UPPER": upper}, backend=backend) as queue:
        job_id = queue.create_job(["a"], "UPPER")
        queue.wait(job_id, drained=True)

    assert queue.wait(job_id).results[0].data == "A"
    assert queue.load_job(job_id).id == queue.get_job_status(job_id).id == job_id
    assert [outcome.document_id for outcome in queue.outcomes(job_id)] == ["a"]
    assert list(queue.events()) == []
    with pytest.raises(QueueClosedError):
        queue.create_job(["a"], "UPPER")
    with pytest.raises(QueueClosedError):
        queue.start()


def test_one_that_was_closed_before_it_was_opened_stays_closed(backend: str) -> None:
    queue = DocumentProcessingQueue({"UPPER": upper}, backend=backend)
    queue.aclose()

    with pytest.raises(QueueClosedError):
        queue.create_job(["a"], "UPPER")


def test_closing_cancels_what_does_not_end_and_frees_those_who_wait(backend: str) -> None:
    queue = DocumentProcessingQueue({"NEVER": never}, backend=backend)
    job_id = queue.create_job(["a"], "NEVER")
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(queue.wait, job_id)
        listening = threads.submit(list, queue.events())
        queue.close(0.0)

    assert waiting.exception() is None or isinstance(waiting.exception(), QueueClosedError)
    assert listening.result()[-1].name == "jobCancelled"
    assert queue.get_job_status(job_id).status is JobStatus.CANCELLED


def test_after_an_error_in_the_block_running_attempts_are_not_waited_for(backend: str) -> None:
    queue = DocumentProcessingQueue({"NEVER": never}, backend=backend)
    with pytest.raises(ZeroDivisionError), queue:  # noqa: PT012 - the block is what is tested
        job_id = queue.create_job(["a"], "NEVER")
        raise ZeroDivisionError

    assert queue.get_job_status(job_id).status is JobStatus.CANCELLED


def test_a_store_that_cannot_be_opened_says_so_and_leaves_nothing_open(backend: str, tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    path.write_bytes(b"this is no database, however long one looks at it" * 100)
    queue = DocumentProcessingQueue({"UPPER": upper}, store=SQLiteStore(path), backend=backend)
    before = threading.active_count()
    with pytest.raises(StoreCorruptError):
        queue.start()

    assert threading.active_count() == before
    with pytest.raises(StoreCorruptError):
        queue.create_job(["a"], "UPPER")


def test_jobs_in_a_durable_store_are_there_in_the_next_queue(backend: str, tmp_path: Path) -> None:
    def make() -> DocumentProcessingQueue:
        return DocumentProcessingQueue({"UPPER": upper}, store=SQLiteStore(tmp_path / "jobs.db"), backend=backend)

    with make() as queue:
        job_id = queue.create_job(["a"], "UPPER")
        queue.wait(job_id)
    with make() as queue:
        assert queue.wait(job_id).results[0].data == "A"


def test_many_threads_may_use_it_at_once(queue: DocumentProcessingQueue) -> None:
    def run(number: int) -> Job:
        job_id = queue.create_job([f"{number} {letter}" for letter in "abc"], "UPPER")
        assert len(list(queue.outcomes(job_id))) == 3
        return queue.wait(job_id, drained=True)

    with ThreadPoolExecutor(8) as threads:
        jobs = list(threads.map(run, range(40)))

    assert {job.status for job in jobs} == {"COMPLETED"}
    assert len(queue.get_all_jobs()) == 40


def test_threads_that_open_it_at_once_open_it_once(backend: str) -> None:
    queue = DocumentProcessingQueue({"UPPER": upper}, backend=backend)
    with ThreadPoolExecutor(8) as threads:
        job_ids = list(threads.map(lambda name: queue.create_job([name], "UPPER"), "abcdefgh"))
    queue.join()
    queue.close()

    assert {queue.get_job_status(job_id).status for job_id in job_ids} == {"COMPLETED"}


async def test_it_works_inside_of_a_running_loop(backend: str) -> None:
    with DocumentProcessingQueue({"UPPER": upper}, backend=backend) as queue:
        job = queue.wait(queue.create_job(["a", "b"], "UPPER"))

    assert [result.data for result in job.results] == ["A", "B"]


def test_listeners_hear_in_the_thread_of_the_queue_and_may_read_but_not_wait(
    queue: DocumentProcessingQueue,
) -> None:
    heard: list[Any] = []

    @queue.on("progress")
    def listen(event: Progress) -> None:
        heard.append((threading.current_thread(), queue.get_job_status(event.job_id).progress))
        queue.wait(event.job_id)

    queue.on("error", heard.append)
    queue.wait(queue.create_job(["a"], "UPPER"))

    (thread, progress), error = heard
    assert thread is not threading.current_thread()
    assert progress == 100
    assert isinstance(error, RuntimeError)
    assert "would wait for ever" in str(error)


def test_an_async_listener_runs_on_the_loop_of_the_queue(queue: DocumentProcessingQueue) -> None:
    there = threading.Event()

    async def listen(event: JobCompleted) -> None:
        await checkpoint()
        there.set()

    queue.once("jobCompleted", listen)
    queue.wait(queue.create_job(["a"], "UPPER"))

    assert there.wait(10)


def test_a_listener_that_was_removed_hears_nothing(queue: DocumentProcessingQueue) -> None:
    heard: list[Any] = []
    queue.on("jobCompleted", heard.append)
    queue.once("jobStarted")(heard.append)
    queue.remove_listener("jobCompleted", heard.append)
    queue.remove_listener("jobCompleted", heard.append)
    queue.wait(queue.create_job(["a"], "UPPER"))

    assert [event.name for event in heard] == ["jobStarted"]
    with pytest.raises(ValueError, match="no event"):
        queue.on("finished")(heard.append)


def test_the_context_of_the_caller_is_that_of_its_processors(backend: str) -> None:
    request: ContextVar[str] = ContextVar("request")
    request.set("r-7")

    async def read(document_id: str, context: ProcessingContext) -> str:
        return request.get()

    with DocumentProcessingQueue({"READ": read}, backend=backend) as queue:
        assert queue.wait(queue.create_job(["a"], "READ")).results[0].data == "r-7"


def test_a_backend_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="asyncio, trio"):
        DocumentProcessingQueue({"UPPER": upper}, backend="curio")


def parameters(function: Any) -> dict[str, Any]:
    return dict(inspect.signature(function).parameters)


@pytest.mark.parametrize(
    "blocking_class, async_class, more",
    [
        (DocumentProcessingQueue, docmill.DocumentProcessingQueue, {"backend", "timeout", "on_interrupt"}),
        (blocking.OwnedQueue, OwnedQueue, {"timeout", "on_interrupt"}),
    ],
)
def test_every_call_of_the_async_queue_is_there_with_the_same_parameters(
    blocking_class: Any, async_class: Any, more: set[str]
) -> None:
    names = [name for name in dir(async_class) if not name.startswith("_")]
    assert "create_job" in names
    for name in [*names, "__init__"]:
        if isinstance(getattr(async_class, name), property):
            assert isinstance(getattr(blocking_class, name), property), name
            continue
        theirs, ours = parameters(getattr(async_class, name)), parameters(getattr(blocking_class, name))
        assert theirs.items() <= ours.items() or (name, str(ours)) == (name, str(theirs)), name
        assert ours.keys() - theirs.keys() <= more, name
