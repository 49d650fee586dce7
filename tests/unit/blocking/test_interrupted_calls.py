"""What an interrupted call leaves behind, seen from inside; test_interrupts.py has real interrupts."""

import threading
from concurrent.futures import Future
from typing import Any

import anyio
import pytest

from docmill import JobOptions, JobStatus
from docmill.blocking import DocumentProcessingQueue, bridge, process_documents
from docmill.blocking.bridge import Bridge
from docmill.blocking.thread import LoopThread


async def never(document_id: str) -> str:
    if document_id == "fast":
        return document_id
    await anyio.sleep_forever()
    raise AssertionError


class Interrupted:
    """A future whose first wait is interrupted."""

    def __init__(self, future: "Future[Any]") -> None:
        self._future = future
        self.cancelled = False

    def result(self, timeout: float | None = None) -> Any:
        raise KeyboardInterrupt

    def cancel(self) -> bool:
        self.cancelled = True
        return self._future.cancel()


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Interrupt the call number ``at`` of those that wait, counted from 1."""
    begin = Bridge.begin
    made: list[Interrupted] = []

    def arrange(*at: int) -> list[Interrupted]:
        calls = iter(range(1, 1000))

        def begin_interrupted(self: Bridge, function: Any) -> Any:
            future = begin(self, function)
            if next(calls) not in at:
                return future
            made.append(Interrupted(future))
            return made[-1]

        monkeypatch.setattr(Bridge, "begin", begin_interrupted)
        return made

    return arrange


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "docmill"}


def test_a_call_that_is_interrupted_is_cancelled(backend: str, interrupt: Any) -> None:
    with DocumentProcessingQueue({"NEVER": never}, backend=backend) as queue:
        job_id = queue.create_job(["fast", "slow"], "NEVER")
        futures = interrupt(1)
        with pytest.raises(KeyboardInterrupt):
            queue.wait(job_id)
        assert [future.cancelled for future in futures] == [True]
        assert queue.get_job_status(job_id).status is JobStatus.PROCESSING
        queue.close(0.0)


def test_a_wait_may_cancel_its_job(backend: str, interrupt: Any) -> None:
    with DocumentProcessingQueue({"NEVER": never}, backend=backend) as queue:
        job_id = queue.create_job(["fast", "slow"], "NEVER")
        next(queue.outcomes(job_id))
        interrupt(1)
        job = queue.wait(job_id, on_interrupt="cancel")

    assert (job.status, job.drained, job.results[0].data) == ("CANCELLED", True, "fast")


def test_a_batch_is_cancelled_and_given_back_even_if_its_id_was_not_known_yet(backend: str, interrupt: Any) -> None:
    create = DocumentProcessingQueue.create_job

    def create_and_be_interrupted(queue: DocumentProcessingQueue, *args: Any) -> str:
        next(queue.outcomes(create(queue, *args)))
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DocumentProcessingQueue, "create_job", create_and_be_interrupted)
        job = process_documents(["fast", "slow"], never, backend=backend)

    assert (job.status, [result.data for result in job.results]) == ("CANCELLED", ["fast"])


def test_a_batch_that_is_interrupted_before_there_is_a_job_raises(backend: str) -> None:
    def interrupted(*args: Any) -> str:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DocumentProcessingQueue, "create_job", interrupted)
        with pytest.raises(KeyboardInterrupt):
            process_documents(["fast"], never, backend=backend)


def test_an_interrupted_close_goes_on_in_the_background(backend: str, interrupt: Any) -> None:
    before = threads()
    queue = DocumentProcessingQueue({"NEVER": never}, backend=backend)
    job_id = queue.create_job(["slow"], "NEVER", JobOptions(timeout=None))
    (thread,) = threads() - before
    interrupt(1)
    with pytest.raises(KeyboardInterrupt):
        queue.close(500.0)
    thread.join(20)

    assert not thread.is_alive()
    assert queue.get_job_status(job_id).status is JobStatus.CANCELLED


def test_an_interrupted_close_of_one_that_was_never_opened_is_raised(backend: str, interrupt: Any) -> None:
    queue = DocumentProcessingQueue({"NEVER": never}, backend=backend)
    interrupt(1)
    with pytest.raises(KeyboardInterrupt):
        queue.close()


def test_a_loop_whose_start_is_interrupted_ends_by_itself(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = threads()

    class Ready(Future[None]):
        def result(self, timeout: float | None = None) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr("docmill.blocking.thread.Future", Ready)
    with pytest.raises(KeyboardInterrupt):
        LoopThread(backend)
    for thread in threads() - before:
        thread.join(20)

    assert threads() <= before


def test_at_exit_every_open_queue_is_closed_and_no_other_one(backend: str) -> None:
    queue = DocumentProcessingQueue({"NEVER": never}, backend=backend)
    job_id = queue.create_job(["slow"], "NEVER")
    unopened = Bridge(backend, queue._queue.aclose)
    unopened.close_at_exit()
    assert queue.get_job_status(job_id).status is JobStatus.PROCESSING

    bridge._close_all()

    assert queue.get_job_status(job_id).status is JobStatus.CANCELLED
    queue.close()
