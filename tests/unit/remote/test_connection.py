"""A cluster that is not there, goes away and comes back: nothing starts meanwhile, and nothing is lost."""

import logging
import threading
from math import inf
from typing import Any

import anyio
import pytest
from thread_cluster import Fate, Stage, ThreadCluster, play

from docmill import DocumentProcessingQueue, FailureCode, InvalidJobError, JobErrorCode, JobStatus
from docmill.engines.remote import dispatcher
from docmill.engines.remote.dispatcher import Dispatcher
from docmill.engines.remote.engine import RemoteEngine
from docmill.loops import current_loop
from docmill.ports import JudgedError, inspect_processor

from .support import CHECK, ids, office, once, opened, options, run, taken, until


async def test_documents_start_when_the_cluster_is_there(cluster: ThreadCluster, stage: Stage) -> None:
    cluster.down = ConnectionError("not yet")
    async with opened(cluster) as queue:
        job_id = await queue.create_job(ids(10), CHECK, once(document_timeout=0.5))
        for _ in range(3):
            await taken(cluster.connects)
        assert queue.get_job_status(job_id).status is JobStatus.PENDING
        assert queue._engine.slots == 0
        cluster.come_back()
        job = await queue.wait(job_id)

    assert (len(job.results), cluster.connections) == (10, 1)


async def test_what_was_out_when_the_connection_broke_runs_again_and_settles_once(
    cluster: ThreadCluster, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(cluster) as queue:
        await run(queue, ids(300, "warm"))
        job_id = await queue.create_job(
            [*ids(5), "hang-1", "hang-2", *ids(100, "late")], CHECK, once(max_concurrent=4, document_timeout=60.0)
        )
        await taken(stage.hanging)
        cluster.go_away()
        await until(lambda: not queue.get_job_status(job_id).running)
        assert queue._engine.slots == 0
        stage.release.set()
        cluster.come_back()
        job = await queue.wait(job_id, drained=True)

    assert len(job.results) == 107
    assert {outcome.attempts for outcome in job.outcomes} == {1}
    assert not any(sent.alone for sent in cluster.sent)
    assert cluster.connections == 2
    assert "Threads cannot be reached: ConnectionError: no route" in caplog.messages


async def test_the_connection_may_break_again_and_again(cluster: ThreadCluster, stage: Stage) -> None:
    stage.acts["slow"] = lambda name, _: threading.Event().wait(0.002) or name
    async with opened(cluster, chunk_seconds=0.02) as queue:
        job_id = await queue.create_job(ids(300, "slow"), CHECK, options(max_concurrent=4))
        for goal in (20, 90, 160):
            await until(lambda goal=goal: queue.get_job_status(job_id).processed_documents > goal)
            cluster.go_away()
            await until(lambda: queue._engine.slots == 0)
            cluster.come_back()
        job = await queue.wait(job_id, drained=True)

    assert sorted(result.data for result in job.results) == sorted(ids(300, "slow"))
    assert {outcome.attempts for outcome in job.outcomes} == {1}
    assert cluster.connections == 4


async def test_a_summary_that_was_out_is_made_again(cluster: ThreadCluster, stage: Stage) -> None:
    async with opened(cluster, Summing()) as queue:
        job_id = await queue.create_job(ids(2), CHECK)
        await taken(stage.hanging)
        cluster.go_away()
        await until(lambda: queue._engine.slots == 0)
        stage.release.set()
        cluster.come_back()
        job = await queue.wait(job_id)

    assert (job.status, job.summary) == (JobStatus.COMPLETED, "hang-1 after all")


class Summing:
    """Makes a summary in the worker."""

    def __call__(self, document_id: str, context: Any) -> Any:
        return document_id

    def finalize(self, outcomes: Any, context: Any) -> Any:
        from thread_cluster import stage

        return stage.play("hang-1", context)


async def test_what_was_left_behind_is_not_counted_once_the_connection_is_gone(stage: Stage) -> None:
    cluster = ThreadCluster(2, kills=False, exact=False)
    async with opened(cluster) as queue:
        await run(queue, ["hang-1"], once(document_timeout=0.1))
        assert queue.stats().abandoned == 1
        cluster.go_away()
        await until(lambda: queue.stats().abandoned == 0)
        stage.release.set()
        cluster.come_back()
        job = await run(queue, ids(3))

    assert len(job.results) == 3


async def test_after_patience_jobs_fail_and_new_ones_are_refused_until_it_is_back(
    cluster: ThreadCluster, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(cluster, patience=0.0) as queue:
        begun = await queue.create_job([*ids(3), "hang-1"], CHECK, options(max_concurrent=1))
        await taken(stage.hanging)
        waits = await queue.create_job(ids(3, "never"), CHECK)
        cluster.go_away()
        lost = [await queue.wait(job_id, drained=True) for job_id in (begun, waits)]
        with pytest.raises(InvalidJobError) as caught:
            await queue.create_job(["a"], CHECK)
        cluster.come_back()
        await until(lambda: queue._engine.slots)
        job = await run(queue, ids(5))

    reason = "Threads cannot be reached: ConnectionError: no route; it was tried for 0 s"
    assert [(job.status, job.error_code, job.error) for job in lost] == [
        (JobStatus.FAILED, JobErrorCode.ENGINE_LOST, reason)
    ] * 2
    assert [len(job.results) for job in lost] == [3, 0]
    assert reason in str(caught.value)
    assert len(job.results) == 5
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == [
        "Threads cannot be reached: ConnectionError: no route, for 0 s"
    ]


async def test_a_cluster_that_never_was_there_fails_its_jobs_too(cluster: ThreadCluster) -> None:
    cluster.down = OSError("no such host")
    async with opened(cluster, patience=0.02) as queue:
        job = await run(queue, ids(3))

    assert (job.error_code, job.processed_documents) == (JobErrorCode.ENGINE_LOST, 0)


async def test_with_all_the_patience_in_the_world_nothing_fails(cluster: ThreadCluster) -> None:
    cluster.down = OSError("no such host")
    async with opened(cluster, patience=inf) as queue:
        job_id = await queue.create_job(ids(3), CHECK)
        for _ in range(20):
            await taken(cluster.connects)
        cluster.come_back()
        job = await queue.wait(job_id)

    assert job.status is JobStatus.COMPLETED


async def test_more_runs_at_once_when_the_cluster_grows(stage: Stage) -> None:
    cluster = ThreadCluster(1)
    async with opened(cluster) as queue:
        job_id = await queue.create_job(ids(3, "hang"), CHECK)
        await taken(stage.hanging)
        cluster.resize(3)
        await until(lambda: queue._engine.slots == 3)
        assert office(queue).seats.capacity == 6
        stage.release.set()
        job = await queue.wait(job_id)

    assert len(job.results) == 3


async def test_a_queue_closes_though_connecting_hangs(cluster: ThreadCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """R31: it does not wait for a farewell that is not said."""
    monkeypatch.setattr(dispatcher, "FAREWELL", 0.01)
    cluster.gate.clear()
    async with opened(cluster) as queue:
        job_id = await queue.create_job(ids(3), CHECK)
        await taken(cluster.connects)
        await queue.aclose(0.0)
        job = queue.get_job_status(job_id)

    assert (job.status, job.processed_documents) == (JobStatus.CANCELLED, 0)
    assert not cluster.closed.is_set()
    cluster.gate.set()
    assert cluster.closed.wait(20.0)


async def test_a_queue_closes_while_the_cluster_is_away(cluster: ThreadCluster) -> None:
    cluster.down = OSError("no such host")
    async with opened(cluster):
        await taken(cluster.connects)

    assert cluster.closed.is_set()


async def test_a_farewell_that_fails_is_logged_and_changes_nothing(
    cluster: ThreadCluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "docmill")

    def close() -> None:
        raise OSError("gone already")

    monkeypatch.setattr(cluster, "close", close)
    async with opened(cluster) as queue:
        await run(queue, ids(3))

    assert "Threads could not be closed" in caplog.messages


async def test_an_engine_that_is_killed_lets_go_at_once(cluster: ThreadCluster) -> None:
    engine = RemoteEngine(cluster)
    engine.open(current_loop())
    engine.kill()

    assert engine._dispatcher is not None
    await engine._dispatcher.connection.closed.wait()
    assert cluster.closed.is_set()


class Context:
    """As much of an attempt as an engine looks at."""

    job_id, job_type, owner = "job_1", CHECK, None
    document_id = "a"
    attempt = 1
    alone = False
    waiting = 0
    budget = 30.0
    stop = None

    def __init__(self, metadata: Any = None) -> None:
        self.metadata = metadata or {}
        self.given_back: list[bool] = []

    def remaining(self) -> float:
        return 30.0

    def give_back(self, *, lost: bool = False) -> None:
        self.given_back.append(lost)


async def test_a_chunk_that_comes_when_the_connection_has_just_gone_is_given_back(cluster: ThreadCluster) -> None:
    """A lane may rest between taking a document and sending it."""
    cluster.down = OSError("no such host")
    engine = RemoteEngine(cluster)
    engine.open(current_loop())
    runner = engine.bind(inspect_processor(CHECK, Summing()))
    context: Any = Context()

    with pytest.raises(Exception, match="the worker cannot be reached"):
        await runner.submit("a", context)

    assert context.given_back == [False]
    await engine.aclose()


async def test_what_turns_out_not_to_travel_fails_its_document(cluster: ThreadCluster) -> None:
    engine = RemoteEngine(cluster)
    engine.open(current_loop())
    runner = engine.bind(inspect_processor(CHECK, Summing()))
    await until(lambda: engine.slots)
    context: Any = Context({"lock": threading.Lock()})

    with pytest.raises(JudgedError, match="what a worker needs cannot be sent") as caught:
        await runner.submit("a", context)

    assert (caught.value.verdict.code, caught.value.verdict.retry) == (FailureCode.PERMANENT, False)
    assert cluster.sent == []
    await engine.aclose()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_loop_that_ends_with_chunks_out_lets_go_of_the_cluster(
    cluster: ThreadCluster, stage: Stage, backend: str
) -> None:
    async def main() -> Any:
        queue = DocumentProcessingQueue({CHECK: play}, engine=RemoteEngine(cluster))
        await run(queue, ids(300, "warm"))
        job_id = await queue.create_job([*ids(10), "hang-1", *ids(10, "late")], CHECK, options(max_concurrent=1))
        await taken(stage.hanging)
        return queue, job_id

    queue, job_id = anyio.run(main, backend=backend)

    assert cluster.closed.wait(20.0)
    assert len(cluster.sent[-1].ids) > 1
    assert queue.get_job_status(job_id).failed_documents == 0


async def test_a_chunk_that_was_given_back_is_not_sent_any_more(cluster: ThreadCluster) -> None:
    made = Dispatcher(current_loop(), cluster, 300.0)
    await until(lambda: made.slots)
    call = made.open_call([Context()])  # type: ignore[list-item]
    busy, go_on = threading.Event(), threading.Event()
    made.connection.do(lambda: (busy.set(), go_on.wait(20.0)))
    made.send(call, b"never read")
    made.close_call(call)
    go_on.set()
    await made.aclose()

    assert cluster.sent == []


async def test_the_end_of_a_budget_and_the_end_of_the_chunk_may_come_at_once(cluster: ThreadCluster) -> None:
    """What was said before the lane was cancelled still counts."""
    cluster.fate = lambda sent: Fate.HOLD
    async with opened(cluster) as queue:
        job_id = await queue.create_job(["a"], CHECK)
        await until(lambda: cluster.sent)
        call = office(queue)._calls[1]
        await queue.cancel_job(job_id)
        queue._scheduler.find(job_id).stop_running()
        call.finish(dispatcher.End.ANSWERED, b'[0.1,[["ok",1]],[]]')
        queue._host.crew.attend()
        job = await queue.wait(job_id, drained=True)

    assert [result.data for result in job.results] == [1]
    assert not [failure for failure in job.errors if failure.code is FailureCode.CANCELLED]
