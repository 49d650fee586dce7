"""A queue whose documents run in chunks elsewhere means the same as any other."""

import asyncio
import logging
import sys
import threading
from typing import Any

import pytest
from thread_cluster import Stage, ThreadCluster, play

from docmill import (
    CircuitBreaker,
    DocumentProcessingQueue,
    FailureCode,
    InvalidJobError,
    JobStatus,
    PermanentError,
    RetryAfter,
    processor,
)
from docmill.engines.remote import dispatcher
from docmill.engines.remote.engine import RemoteEngine
from docmill.errors import InternalError
from docmill.ports import inspect_processor
from docmill.testing import virtual_backends

from .support import CHECK, ids, largest, office, once, opened, options, run, taken, until


def raises(error: BaseException) -> Any:
    def act(document_id: str, context: Any) -> Any:
        raise error

    return act


async def test_every_document_has_its_outcome_once(cluster: ThreadCluster, stage: Stage) -> None:
    stage.acts["bad"] = raises(ValueError("broken"))
    documents = ids(400) + ids(5, "bad")

    async with opened(cluster) as queue:
        job = await run(queue, documents, once(max_concurrent=4))

    assert [outcome.document_id for outcome in job.outcomes] == documents
    assert {result.document_id: result.data for result in job.results} == {name: name for name in ids(400)}
    assert [(failure.code, failure.error) for failure in job.errors] == [
        (FailureCode.PROCESSOR_ERROR, "ValueError: broken")
    ] * 5
    assert job.status is JobStatus.COMPLETED
    assert sorted(document for document, _ in stage.calls) == sorted(documents)
    assert cluster.closed.is_set()


async def test_documents_that_take_no_time_travel_together(cluster: ThreadCluster) -> None:
    async with opened(cluster) as queue:
        await run(queue, ids(2_000))

    assert len(cluster.sent) < 200
    assert largest(cluster) > 20


async def test_the_first_chunk_of_a_processor_has_one_document(cluster: ThreadCluster) -> None:
    async with opened(cluster) as queue:
        await run(queue, ids(20), options(max_concurrent=1))

    assert cluster.sent[0].ids == ["ok-0"]


async def test_it_is_told_what_a_document_is_of(cluster: ThreadCluster, stage: Stage) -> None:
    def act(document_id: str, context: Any) -> Any:
        return [context.job_id, context.job_type, context.owner, dict(context.metadata), 0 < context.remaining() <= 30]

    stage.acts["tell"] = act

    async with opened(cluster) as queue:
        job_id = await queue.create_job(["tell-1"], CHECK, owner="ann", metadata={"a": (1, 2)})
        job = await queue.wait(job_id)

    assert job.results[0].data == [job_id, CHECK, "ann", {"a": [1, 2]}, True]


async def test_a_document_is_tried_again_until_it_succeeds(cluster: ThreadCluster, stage: Stage) -> None:
    def act(document_id: str, context: Any) -> str:
        if context.attempt < 3:
            raise ValueError("not yet")
        return "at last"

    stage.acts["slow"] = act

    async with opened(cluster) as queue:
        job = await run(queue, [*ids(50), *ids(3, "slow")], options(retry_attempts=2))

    assert {(result.data, result.attempts) for result in job.outcomes[50:]} == {("at last", 3)}
    assert not job.errors


FAILURES = {
    "permanent": (PermanentError("locked"), FailureCode.PERMANENT, 1),
    "exit": (SystemExit(3), FailureCode.PROCESSOR_EXIT, 2),
    "generator": (GeneratorExit(), FailureCode.PROCESSOR_EXIT, 2),
    "interrupt": (KeyboardInterrupt(), FailureCode.PROCESSOR_EXIT, 2),
    "memory": (MemoryError(), FailureCode.PROCESSOR_ERROR, 2),
    "rogue": (asyncio.CancelledError(), FailureCode.ROGUE_CANCEL, 2),
    "group": (ExceptionGroup("two", [ValueError(), OSError()]), FailureCode.PROCESSOR_ERROR, 2),
}


async def test_what_a_processor_raises_fails_its_document_and_no_other(cluster: ThreadCluster, stage: Stage) -> None:
    for word, (error, _, _) in FAILURES.items():
        stage.acts[word] = raises(error)
    documents = [*ids(30), *FAILURES, *ids(30, "fine")]

    async with opened(cluster) as queue:
        job = await run(queue, documents, options(retry_attempts=1))

    assert {failure.document_id: (failure.code, failure.attempts) for failure in job.errors} == {
        word: (code, attempts) for word, (_, code, attempts) in FAILURES.items()
    }
    assert len(job.results) == 60


async def test_what_cannot_be_a_result_fails_where_it_was_made(cluster: ThreadCluster, stage: Stage) -> None:
    stage.acts |= {
        "bytes": lambda *_: b"raw",
        "nan": lambda *_: float("nan"),
        "large": lambda *_: "x" * 2_000,
    }

    async with opened(cluster, max_result_bytes=1_000) as queue:
        job = await run(queue, ["bytes-1", "nan-1", "large-1", "ok-1"])

    assert {failure.document_id: (failure.code, failure.attempts) for failure in job.errors} == {
        "bytes-1": (FailureCode.BAD_RESULT, 1),
        "nan-1": (FailureCode.BAD_RESULT, 1),
        "large-1": (FailureCode.RESULT_TOO_LARGE, 1),
    }
    assert [result.data for result in job.results] == ["ok-1"]


async def test_retry_after_pauses_the_type_and_the_document_goes_on_after_it(
    cluster: ThreadCluster, stage: Stage
) -> None:
    def act(document_id: str, context: Any) -> str:
        if context.attempt == 1:
            raise RetryAfter(0.05)
        return "later"

    stage.acts["busy"] = act
    heard: list[str] = []

    async with opened(cluster) as queue:
        queue.on("circuitOpened", lambda event: heard.append(event.error))
        job = await run(queue, [*ids(20), "busy-1"])

    assert (job.outcomes[-1].data, job.outcomes[-1].attempts) == ("later", 2)
    assert len(heard) == 1
    assert heard[0].startswith("RetryAfter")


async def test_failures_of_the_service_open_the_circuit_and_a_probe_closes_it(
    cluster: ThreadCluster, stage: Stage
) -> None:
    up: list[int] = []

    def act(document_id: str, context: Any) -> str:
        if not up:
            raise ConnectionError("no answer")
        return "up"

    stage.acts["call"] = act
    heard: list[str] = []

    def opens(event: Any) -> None:
        heard.append("opened")
        up.append(1)

    guarded = processor(breaker=CircuitBreaker(failures=2, cooldown=0.05))(play_guarded)
    async with opened(cluster, guarded) as queue:
        queue.on("circuitOpened", opens)
        queue.on("circuitClosed", lambda event: heard.append("closed"))
        job = await run(queue, ids(12, "call"), options(max_concurrent=1, retry_attempts=5))

    assert heard == ["opened", "closed"]
    assert len(job.results) == 12


def play_guarded(document_id: str, context: Any) -> Any:
    from thread_cluster import stage

    return stage.play(document_id, context)


async def test_progress_is_heard_while_a_document_runs(cluster: ThreadCluster, stage: Stage) -> None:
    def act(document_id: str, context: Any) -> str:
        context.report(0.5, "half way")
        return stage.hang(document_id, context)

    stage.acts["report"] = act
    heard: list[tuple[str, float, str]] = []
    told = threading.Semaphore(0)

    def hear(event: Any) -> None:
        heard.append((event.document_id, event.fraction, event.message))
        told.release()

    async with opened(cluster) as queue:
        queue.on("documentProgress", hear)
        job_id = await queue.create_job(["report-1"], CHECK)
        await taken(told)
        running = queue.get_job_status(job_id).running
        stage.release.set()
        job = await queue.wait(job_id)

    assert heard == [("report-1", 0.5, "half way")]
    assert [(document.document_id, document.fraction) for document in running] == [("report-1", 0.5)]
    assert job.results[0].data == "report-1 after all"


async def test_what_is_logged_in_a_worker_is_logged_here(
    cluster: ThreadCluster, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    def act(document_id: str, context: Any) -> None:
        logging.getLogger("parser").warning("page %d\nis odd\x1b[31m", 3)

    stage.acts["log"] = act

    async with opened(cluster) as queue:
        await run(queue, ["log-1"])

    records = [record for record in caplog.records if record.pathname == "(worker)"]
    assert [(record.name, record.levelno, record.getMessage()) for record in records] == [
        ("parser", logging.WARNING, "page 3\nis odd\\x1b[31m")
    ]


async def test_what_nobody_wants_to_hear_is_not_logged(
    cluster: ThreadCluster, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """The level of the root goes along; that of a single logger is seen to here."""

    def act(document_id: str, context: Any) -> None:
        logging.getLogger("parser").warning("unheard")
        logging.getLogger("parser").error("heard")

    stage.acts["log"] = act
    async with opened(cluster) as queue:
        caplog.set_level(logging.ERROR, "parser")
        await run(queue, ["log-1"])
        dispatcher.log_records([("parser", logging.WARNING, "unheard")])

    assert "heard" in caplog.messages
    assert "unheard" not in caplog.messages


async def play_async(document_id: str, context: Any) -> Any:
    from thread_cluster import stage

    await asyncio.sleep(0)
    return stage.play(document_id, context)


async def test_async_processors_run_on_an_asyncio_loop_of_the_worker(cluster: ThreadCluster, stage: Stage) -> None:
    stage.acts["bad"] = raises(ValueError("broken"))
    stage.acts["loop"] = lambda *_: type(asyncio.get_running_loop()).__module__.partition(".")[0]

    async with opened(cluster, play_async) as queue:
        job = await run(queue, [*ids(50), "loop-1", "bad-1"], once())

    assert job.outcomes[50].data == "asyncio"
    assert [failure.error for failure in job.errors] == ["ValueError: broken"]
    assert len(job.results) == 51


class Summing:
    """Makes a summary in the worker."""

    def __call__(self, document_id: str, context: Any) -> Any:
        return play(document_id, context)

    def finalize(self, outcomes: Any, context: Any) -> Any:
        from thread_cluster import stage

        stage.play("finalize", context)
        return [threading.current_thread().name, [outcome.data for outcome in outcomes], context.document_id]


class SummingOnTheLoop(Summing):
    """Makes a summary on the loop of the queue."""

    async def finalize(self, outcomes: Any, context: Any) -> Any:
        return [threading.current_thread().name, len(outcomes)]


async def test_a_sync_summary_is_made_in_a_worker(cluster: ThreadCluster) -> None:
    async with opened(cluster, Summing()) as queue:
        job = await run(queue, ids(3))

    assert (job.status, job.summary) == (JobStatus.COMPLETED, ["worker", ids(3), ""])


class AsyncSumming:
    """Makes a summary as its documents are made: on a loop."""

    async def __call__(self, document_id: str, context: Any) -> Any:
        return document_id

    async def finalize(self, outcomes: Any, context: Any) -> Any:
        return [threading.current_thread().name, len(outcomes)]


async def test_an_async_summary_is_made_where_its_kind_runs(cluster: ThreadCluster) -> None:
    async with opened(cluster, AsyncSumming()) as queue:
        job = await run(queue, ids(3))

    assert job.status is JobStatus.COMPLETED
    assert job.summary[1] == 3


async def test_a_summary_that_fails_is_the_end_of_it(cluster: ThreadCluster, stage: Stage) -> None:
    stage.acts["finalize"] = raises(ValueError("no sum"))

    async with opened(cluster, Summing()) as queue:
        job = await run(queue, ids(3))

    assert (job.status, job.summary, job.summary_error) == (JobStatus.COMPLETED, None, "ValueError: no sum")


async def test_several_processors_share_the_cluster(cluster: ThreadCluster) -> None:
    async with opened(cluster, {"PLAY": play, "ASYNC": play_async}) as queue:
        jobs = [await queue.create_job(ids(50), job_type) for job_type in ("PLAY", "ASYNC", "PLAY")]
        done = [await queue.wait(job_id, drained=True) for job_id in jobs]

        assert office(queue).seats.taken == 0
    assert [len(job.results) for job in done] == [50, 50, 50]


async def test_a_small_job_does_not_wait_for_a_large_one(stage: Stage) -> None:
    """Q24: chunks of the jobs take turns."""
    cluster = ThreadCluster(1)
    stage.acts["work"] = lambda *_: threading.Event().wait(0.002)
    async with opened(cluster, chunk_seconds=0.02) as queue:
        large = await queue.create_job(ids(600, "work"), CHECK, options(max_concurrent=50))
        small = await queue.create_job(ids(3), CHECK, options())
        await queue.wait(small)
        left = queue.get_job_status(large)
        await queue.cancel_job(large, force=True)
        await queue.wait(large, drained=True)

    assert left.processed_documents < 300


async def test_a_job_of_a_higher_priority_goes_first(stage: Stage) -> None:
    cluster = ThreadCluster(1)
    async with opened(cluster) as queue:
        first = await queue.create_job(["hang-1"], CHECK)
        await taken(stage.hanging)
        low = await queue.create_job(ids(30, "low"), CHECK)
        high = await queue.create_job(ids(30, "high"), CHECK, priority=1)
        stage.release.set()
        for job_id in (first, low, high):
            await queue.wait(job_id)

    order = [document.partition("-")[0] for document, _ in stage.calls[1:]]
    # A chunk of the low one was at hand already when the high one came.
    assert order.index("high") <= 2
    assert set(order[order.index("high") : order.index("high") + 30]) == {"high"}


async def test_cancel_lets_the_chunks_that_were_sent_complete(cluster: ThreadCluster, stage: Stage) -> None:
    async with opened(cluster) as queue:
        job_id = await queue.create_job(ids(5, "hang"), CHECK, options(max_concurrent=1))
        await taken(stage.hanging)
        assert await queue.cancel_job(job_id)
        stage.release.set()
        job = await queue.wait(job_id, drained=True)

    assert job.status is JobStatus.CANCELLED
    assert [result.document_id for result in job.results] == ["hang-0"]
    assert cluster.stopped == []


async def test_forced_cancel_kills_what_runs(cluster: ThreadCluster, stage: Stage) -> None:
    async with opened(cluster) as queue:
        job_id = await queue.create_job(ids(5, "hang"), CHECK, options(max_concurrent=2))
        for _ in range(2):
            await taken(stage.hanging)
        await queue.cancel_job(job_id, force=True)
        job = await queue.wait(job_id, drained=True)
        assert queue.stats().abandoned == 0
        after = await run(queue, ids(2))

    assert {failure.code for failure in job.errors} == {FailureCode.CANCELLED}
    assert len(cluster.stopped) == 2
    assert len(after.results) == 2


async def test_forced_cancel_leaves_behind_what_cannot_be_killed(stage: Stage) -> None:
    cluster = ThreadCluster(1, kills=False, exact=False)
    async with opened(cluster) as queue:
        job_id = await queue.create_job(["hang-1"], CHECK)
        await taken(stage.hanging)
        await queue.cancel_job(job_id, force=True)
        job = await queue.wait(job_id, drained=True)
        abandoned = queue.stats().abandoned
        await until(lambda: cluster.abandoned == [1])
        stage.release.set()
        after = await run(queue, ids(2))
        assert queue.stats().abandoned == 0

    assert ([failure.code for failure in job.errors], abandoned) == ([FailureCode.CANCELLED], 1)
    assert len(after.results) == 2


async def test_the_cache_is_asked_for_each_document_and_spares_its_way(
    cluster: ThreadCluster, stage: Stage, tmp_path: Any
) -> None:
    from docmill.stores import SQLiteStore

    known = processor(version="1", fingerprint=content)(play)
    async with opened(cluster, known, store=SQLiteStore(tmp_path / "jobs.db")) as queue:
        first = await run(queue, ids(6), options(cache=True))
        second = await run(queue, [*ids(6), "new-1"], options(cache=True))

    assert len(first.results) == 6
    assert [outcome.data for outcome in second.outcomes] == [*ids(6), "new-1"]
    assert len(stage.calls) == 7
    assert largest(cluster) == 1


def content(document_id: str, context: Any) -> bytes:
    return document_id.encode()


class Locked:
    """Holds what no pickle can hold."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __call__(self, document_id: str, context: Any) -> str:
        return document_id


class Large:
    """Holds a model."""

    def __init__(self) -> None:
        self.model = "x" * 2**21

    def __call__(self, document_id: str, context: Any) -> str:
        return document_id


@pytest.mark.parametrize(
    "target, problem",
    [
        (Locked(), "cannot run on Threads: it cannot be sent to a worker process: "),
        (Large(), "bytes as a pickle, and 1,048,576 are allowed"),
    ],
)
async def test_a_processor_that_cannot_travel_is_named_when_a_job_is_created(
    cluster: ThreadCluster, target: Any, problem: str
) -> None:
    async with opened(cluster, {CHECK: target, "PLAY": play}) as queue:
        with pytest.raises(InvalidJobError) as caught:
            await queue.create_job(["a"], CHECK)
        other = await queue.wait(await queue.create_job(["a"], "PLAY"))

    assert problem in str(caught.value)
    assert len(other.results) == 1


async def test_a_processor_that_cannot_travel_cannot_be_called_either(cluster: ThreadCluster) -> None:
    async with opened(cluster) as queue:
        runner = queue._engine.bind(inspect_processor(CHECK, Locked()))

        with pytest.raises(InternalError):
            await runner.submit("a", None)


async def test_metadata_that_cannot_travel_is_named_when_a_job_is_created(cluster: ThreadCluster) -> None:
    async with opened(cluster) as queue:
        with pytest.raises(InvalidJobError, match="metadata must get to a worker, but it cannot be sent"):
            await queue.create_job(["a"], CHECK, metadata={"lock": threading.Lock()})


async def test_without_cloudpickle_the_message_says_what_to_do(
    cluster: ThreadCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    async with opened(cluster) as queue:
        with pytest.raises(InvalidJobError, match=r"pip install 'docmill\[cloudpickle\]'"):
            await queue.create_job(["a"], CHECK)


async def test_a_queue_that_closes_lets_chunks_end_first(cluster: ThreadCluster, stage: Stage) -> None:
    async with opened(cluster) as queue:
        job_id = await queue.create_job(ids(30), CHECK, options(max_concurrent=1))
        await queue.wait(job_id)

    assert queue.get_job_status(job_id).drained
    assert cluster.stopped == []


async def test_a_queue_that_closes_at_once_stops_the_chunks_that_are_out(cluster: ThreadCluster, stage: Stage) -> None:
    async with opened(cluster) as queue:
        job_id = await queue.create_job(ids(5, "hang"), CHECK, options(max_concurrent=2))
        for _ in range(2):
            await taken(stage.hanging)
        await queue.aclose(0.0)
        job = queue.get_job_status(job_id)

    assert (job.status, job.drained) == (JobStatus.CANCELLED, True)
    assert cluster.closed.is_set()


@pytest.mark.parametrize(
    "settings, problem",
    [
        ({"chunk_seconds": 0}, "chunk_seconds must be a finite number of seconds above 0, got 0"),
        ({"chunk_seconds": float("inf")}, "chunk_seconds must be"),
        ({"chunk_seconds": float("nan")}, "chunk_seconds must be"),
        ({"max_result_bytes": 0}, "max_result_bytes must be a whole number of bytes, 1 or more, got 0"),
        ({"max_result_bytes": 1.5}, "max_result_bytes must be"),
        ({"patience": -1}, "patience must be a number of seconds, 0 or more, got -1"),
        ({"patience": float("nan")}, "patience must be"),
    ],
)
def test_a_setting_out_of_its_range_is_refused(cluster: ThreadCluster, settings: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        RemoteEngine(cluster, **settings)


def test_an_engine_that_was_never_opened_has_no_slots_and_closes(cluster: ThreadCluster) -> None:
    engine = RemoteEngine(cluster)

    asyncio.run(engine.aclose())
    engine.kill()

    assert engine.slots == 0


async def test_an_engine_says_how_much_can_run_at_once(cluster: ThreadCluster) -> None:
    async with opened(cluster) as queue:
        await run(queue, ids(1))
        assert queue._engine.slots == 2


@pytest.mark.parametrize("anyio_backend", virtual_backends, ids=lambda backend: backend[0])
async def test_under_virtual_time_it_is_refused(cluster: ThreadCluster) -> None:
    queue = DocumentProcessingQueue({CHECK: play}, engine=RemoteEngine(cluster))

    with pytest.raises(RuntimeError, match="Threads runs in real time and cannot be used under virtual time"):
        await queue.start()

    await queue.aclose()
