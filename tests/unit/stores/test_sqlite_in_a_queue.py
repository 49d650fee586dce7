"""A queue over an SQLite file: what goes on after it was closed, and what happens when the disk is at its end."""

import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import pytest
from anyio import Event as Signal
from anyio import fail_after, sleep, wait_all_tasks_blocked

from docmill import (
    DocumentProcessingQueue,
    Event,
    FailureCode,
    IdempotencyConflictError,
    Job,
    JobOptions,
    JobStatus,
    PermanentError,
    ProcessingContext,
    StoreCorruptError,
    StoreInUseError,
    StoreUnavailableError,
)
from docmill.runtime import committer
from docmill.stores import SQLiteStore, sqlite

from .support import mounted


class Gate:
    """A processor that lets documents through as it is told to, and has a word with some."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.open = Signal()

    async def __call__(self, document_id: str, context: ProcessingContext) -> Any:
        self.started.append(document_id)
        if document_id.startswith("slow"):
            await self.open.wait()
        if document_id.startswith("bad"):
            raise PermanentError("never")
        return {"document": document_id, "by": context.owner}

    def finalize(self, outcomes: Any, context: Any) -> Any:
        return [outcome.document_id for outcome in outcomes if outcome.success]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.db"


@pytest.fixture
def gate() -> Gate:
    return Gate()


@asynccontextmanager
async def opened(path: Path, gate: Gate | None = None) -> AsyncIterator[DocumentProcessingQueue]:
    queue = DocumentProcessingQueue({"CHECK": gate or Gate()}, store=SQLiteStore(path))
    with fail_after(20.0):
        await queue.start()
        try:
            yield queue
        finally:
            await queue.aclose(0.0)


def seen(queue: DocumentProcessingQueue, job_id: str) -> Job:
    job = queue.get_job_status(job_id)
    assert job is not None
    return job


def facts(job: Job) -> dict[str, Any]:
    """All that a snapshot says, but for how times are rounded."""
    records = [
        {name: value for name, value in record.items() if name not in {"timestamp", "processing_time"}}
        for record in job.to_records()
    ]
    names = ("id", "type", "options", "owner", "priority", "retry_of", "status", "drained", "error", "error_code")
    return {name: getattr(job, name) for name in names} | {
        "records": records,
        "metadata": dict(job.metadata),
        "summary": job.summary,
        "created": round(job.created_at.timestamp(), 3),
        "order": [result.document_id for result in job.results],
    }


async def until(condition: Callable[[], Any]) -> None:
    with fail_after(10.0):
        while not condition():  # noqa: ASYNC110 - a thread brings it about
            await sleep(0.002)


async def test_what_was_done_is_there_when_the_queue_is_opened_again(path: Path, gate: Gate) -> None:
    async with opened(path, gate) as queue:
        ids = [
            await queue.create_job(["a", "bad", "ü"], "CHECK", owner="ann", metadata={"n": [1]}, priority=3),
            await queue.create_job(["bad"], "CHECK", JobOptions(timeout=None, max_failures=5)),
        ]
        await queue.join()
        before = [facts(seen(queue, job_id)) for job_id in ids]

    async with opened(path) as queue:
        await wait_all_tasks_blocked()
        assert [facts(seen(queue, job_id)) for job_id in ids] == before
        assert [job.id for job in queue.get_all_jobs()] == ids[::-1]
        again = await queue.retry_job(ids[0], owner="ann")
        assert seen(queue, again).document_ids == ("bad",)


async def test_a_summary_is_made_of_every_outcome(path: Path) -> None:
    """Whether that is recorded already, or not yet."""
    async with opened(path) as queue:
        job = await queue.wait(await queue.create_job(["a", "bad", "ü"], "CHECK"))
        assert job.summary == ["a", "ü"]

    async with opened(path) as queue:
        assert seen(queue, job.id).summary == ["a", "ü"]


async def test_a_recorded_document_is_not_run_again_and_the_others_are(path: Path, gate: Gate) -> None:
    async with opened(path, gate) as queue:
        job_id = await queue.create_job(["a", "bad", "slow", "slow2", "b"], "CHECK", owner="ann")
        await until(lambda: seen(queue, job_id).processed_documents == 3)

    second = Gate()
    second.open.set()
    async with opened(path, second) as queue:
        job = await queue.wait(job_id)

    assert sorted(second.started) == ["slow", "slow2"]
    assert job.status is JobStatus.COMPLETED
    assert sorted(result.document_id for result in job.results) == ["a", "b", "slow", "slow2"]
    assert job.results[0].data == {"document": "a", "by": "ann"}
    assert [failure.code for failure in job.errors] == [FailureCode.PERMANENT]


async def test_a_job_has_only_its_active_time(path: Path, gate: Gate) -> None:
    async with opened(path, gate) as queue:
        job_id = await queue.create_job(["slow"], "CHECK", JobOptions(timeout=0.6))
        await until(lambda: gate.started)
        await sleep(0.3)
        assert seen(queue, job_id).status is JobStatus.PROCESSING
    with closing(sqlite3.connect(path)) as connection:
        (active,) = connection.execute("SELECT active FROM job").fetchone()
    assert 0.25 <= active < 0.6

    async with opened(path) as queue:
        job = await queue.wait(job_id)
    assert job.status is JobStatus.TIMEOUT


async def test_a_key_stands_for_its_job_after_the_queue_was_opened_again(path: Path) -> None:
    async with opened(path) as queue:
        job_id = await queue.create_job(["a"], "CHECK", owner="ann", idempotency_key="key")
        await queue.join()

    async with opened(path) as queue:
        assert await queue.create_job(["a"], "CHECK", owner="ann", idempotency_key="key") == job_id
        assert await queue.create_job(["a"], "CHECK", owner="bob", idempotency_key="key") != job_id
        with pytest.raises(IdempotencyConflictError):
            await queue.create_job(["b"], "CHECK", owner="ann", idempotency_key="key")


async def test_a_terminal_event_that_nobody_heard_is_told_at_the_next_opening_and_then_never_again(path: Path) -> None:
    async with opened(path) as queue:
        job_id = await queue.create_job(["a"], "CHECK")
        await queue.join()

    heard: list[list[Event]] = []
    for _ in range(2):
        queue = DocumentProcessingQueue({"CHECK": Gate()}, store=SQLiteStore(path))
        heard.append([])
        queue.on("jobCompleted", heard[-1].append)
        async with queue:
            await sleep(0.1)
    assert [[event.event_id for event in events] for events in heard] == [[f"{job_id}:COMPLETED"], []]


async def test_old_jobs_are_removed_from_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "SLICE", 10)
    async with opened(path) as queue:
        await queue.create_job([str(number) for number in range(95)], "CHECK")
        await queue.join()
        assert await queue.cleanup_old_jobs(0.0) == 1
        kept = await queue.create_job(["a"], "CHECK")
        await queue.join()

    async with opened(path) as queue:
        assert [job.id for job in queue.get_all_jobs()] == [kept]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM outcome").fetchone() == (1,)


async def test_an_old_job_can_be_loaded_after_it_was_read_lazily(path: Path) -> None:
    async with opened(path) as queue:
        job_id = await queue.create_job(["a", "b"], "CHECK")
        await queue.join()
    async with opened(path) as queue:
        job = seen(queue, job_id)

    assert [result.data["document"] for result in job.results] == ["a", "b"]


async def test_what_keeps_the_file_from_being_opened_is_said_where_the_queue_is_opened(path: Path) -> None:
    async with opened(path):
        with pytest.raises(StoreInUseError, match="another queue of this process"):
            await DocumentProcessingQueue({"CHECK": Gate()}, store=SQLiteStore(path)).start()
    path.write_bytes(b"no database " * 1_000)  # noqa: ASYNC240 - it is small

    queue = DocumentProcessingQueue({"CHECK": Gate()}, store=SQLiteStore(path))
    with pytest.raises(StoreCorruptError):
        await queue.create_job(["a"], "CHECK")
    assert path.read_bytes() == b"no database " * 1_000  # noqa: ASYNC240


class TestFaults:
    """Nothing is shown that is not on disk, and all goes on when the disk does."""

    @pytest.fixture(autouse=True)
    def less_patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.02)

    @pytest.fixture
    def small(self, tmp_path: Path) -> Iterator[Path]:
        with mounted(tmp_path, "4m") as folder:
            yield folder

    @staticmethod
    def eat(folder: Path) -> Path:
        filler = folder / "filler"
        with suppress(OSError):
            filler.write_bytes(bytes(2**23))
        return filler

    async def test_on_a_full_disk_nothing_starts_and_nothing_is_lost_and_then_all_goes_on(
        self, small: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        gate = Gate()
        names = [f"{number:04} {'x' * 60}" for number in range(3_000)]
        async with opened(small / "jobs.db", gate) as queue:
            job_id = await queue.create_job(names[:20], "CHECK")
            await queue.wait(job_id)
            filler = self.eat(small)
            heard: list[Event] = []
            queue.on("documentCompleted", heard.append)
            second = await self._create_soon(queue, names[20:], small)
            shown, started = len(heard), len(gate.started)
            assert shown == seen(queue, second).processed_documents
            await sleep(0.2)
            assert (len(heard), len(gate.started)) == (shown, started)

            filler.unlink()
            job = await queue.wait(second)
            assert len(job.results) == 2_980
        assert "the store cannot record; nothing new starts until it can" in caplog.text
        assert "the disk is full; make room" in str(caplog.records[0].exc_info)
        async with opened(small / "jobs.db") as queue:
            assert [len(job.results) for job in queue.get_all_jobs()] == [2_980, 20]

    @staticmethod
    async def _create_soon(queue: DocumentProcessingQueue, names: list[str], folder: Path) -> str:
        """Create a job of which the disk has no room for the outcomes, and wait for the queue to notice."""
        (folder / "filler").unlink()
        job_id = await queue.create_job(names, "CHECK")
        TestFaults.eat(folder)
        await until(lambda: queue._scheduler.desk.paused)
        await sleep(0.1)
        return job_id

    async def test_a_program_that_holds_the_file_is_waited_for(self, path: Path, gate: Gate) -> None:
        async with opened(path, gate) as queue:
            job_id = await queue.create_job(["slow", "a", "b"], "CHECK", JobOptions(max_concurrent=1))
            await until(lambda: seen(queue, job_id).status is JobStatus.PROCESSING)
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                gate.open.set()
                await until(lambda: queue._scheduler.desk.paused)
                started = list(gate.started)
                await sleep(0.1)
                assert gate.started == started
                assert seen(queue, job_id).processed_documents == 0
                other.execute("ROLLBACK")
            assert len((await queue.wait(job_id)).results) == 3

    async def test_a_file_that_stays_out_of_reach_stops_the_queue_and_its_jobs_go_on_later(
        self, path: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(committer, "PATIENCE", 0.2)
        heard: list[Event] = []
        async with opened(path, gate) as queue:
            queue.on("storeUnavailable", heard.append)
            job_id = await queue.create_job(["a", "slow"], "CHECK")
            await until(lambda: seen(queue, job_id).processed_documents == 1)
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                gate.open.set()
                for call in (
                    lambda: queue.wait(job_id),
                    lambda: queue.create_job(["b"], "CHECK"),
                    lambda: queue.cancel_job(job_id),
                ):
                    with pytest.raises(StoreUnavailableError, match="is locked by another program; close it there"):
                        await call()
            assert seen(queue, job_id).processed_documents == 1
        assert [event.name for event in heard] == ["storeUnavailable"]

        second = Gate()
        second.open.set()
        async with opened(path, second) as queue:
            assert (await queue.wait(job_id)).status is JobStatus.COMPLETED
        assert second.started == ["slow"]

    async def test_a_store_that_cannot_record_does_not_hold_up_a_close(
        self, path: Path, gate: Gate, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.CRITICAL)
        async with opened(path, gate) as queue:
            job_id = await queue.create_job(["slow"], "CHECK")
            await until(lambda: seen(queue, job_id).status is JobStatus.PROCESSING)
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                gate.open.set()
                await queue.aclose(0.1)
        async with opened(path) as queue:
            assert seen(queue, job_id).status is JobStatus.PROCESSING
