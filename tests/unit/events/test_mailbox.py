"""Events that wait for somebody slow: in order, and never many of them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from docmill import DocumentCompleted, DocumentProgress, DocumentResult, JobCancelled, JobStarted, Progress
from docmill.emitter import Mailbox

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def head(job_id: str, seq: int) -> dict[str, Any]:
    return {"job_id": job_id, "owner": None, "seq": seq, "timestamp": NOW}


def progress(job_id: str, seq: int) -> Progress:
    return Progress(
        **head(job_id, seq),
        progress=seq,
        processed_documents=seq,
        total_documents=100,
        failed_documents=0,
        estimated_time_remaining=None,
    )


def completed(job_id: str, seq: int) -> DocumentCompleted:
    outcome = DocumentResult(document_id=f"doc-{seq}", data=None, processing_time=0.0, timestamp=NOW, attempts=1)
    return DocumentCompleted(**head(job_id, seq), document_id=f"doc-{seq}", outcome=outcome)


def report(job_id: str, seq: int, document_id: str) -> DocumentProgress:
    return DocumentProgress(**head(job_id, seq), document_id=document_id, fraction=0.5, message="", attempt=1)


def cancelled(job_id: str, seq: int) -> JobCancelled:
    return JobCancelled(
        **head(job_id, seq),
        total_documents=1,
        processed_documents=0,
        failed_documents=0,
        event_id=f"{job_id}:CANCELLED",
    )


def numbers(mailbox: Mailbox) -> list[int]:
    return [mailbox.pop().seq for _ in range(len(mailbox))]


async def test_what_is_put_in_first_comes_out_first() -> None:
    mailbox = Mailbox()
    for event in (
        JobStarted(**head("a", 1), total_documents=1),
        completed("a", 2),
        progress("a", 3),
        cancelled("a", 4),
    ):
        mailbox.put(event)

    assert numbers(mailbox) == [1, 2, 3, 4]
    assert not mailbox


async def test_newer_progress_takes_the_place_at_the_end_and_the_older_one_is_gone() -> None:
    mailbox = Mailbox()
    for event in (progress("a", 1), completed("a", 2), progress("a", 3), completed("a", 4)):
        mailbox.put(event)

    assert numbers(mailbox) == [2, 3, 4]


async def test_progress_of_jobs_and_reports_of_documents_coalesce_each_for_themselves() -> None:
    mailbox = Mailbox()
    for event in (
        progress("a", 1),
        progress("b", 1),
        report("a", 2, "x"),
        report("a", 3, "y"),
        report("a", 4, "x"),
        progress("a", 5),
    ):
        mailbox.put(event)

    assert numbers(mailbox) == [1, 3, 4, 5]


async def test_only_outcomes_of_documents_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docmill.emitter.mailbox.CAPACITY", 3)
    mailbox = Mailbox()
    dropped = 0
    for seq in range(1, 11):
        dropped += mailbox.put(cancelled(f"job-{seq}", seq))
        dropped += mailbox.put(completed("a", 100 + seq))

    assert dropped == 7
    assert numbers(mailbox) == [1, 2, 3, 4, 5, 6, 7, 8, 108, 9, 109, 10, 110]


async def test_what_was_taken_out_does_not_count_against_the_capacity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docmill.emitter.mailbox.CAPACITY", 2)
    mailbox = Mailbox()
    for seq in range(1, 8):
        assert mailbox.put(completed("a", seq)) == 0
        assert mailbox.pop().seq == seq


async def test_who_waits_is_woken_by_the_next_event() -> None:
    mailbox = Mailbox()
    woken: list[int] = []

    async def wait() -> None:
        await mailbox.wait()
        woken.append(len(mailbox))

    async with create_task_group() as tasks:
        tasks.start_soon(wait)
        for _ in range(3):
            await checkpoint()
        assert woken == []
        mailbox.put(cancelled("a", 1))

    assert woken == [1]
