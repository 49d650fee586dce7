"""Workers that die, that are gone or that talk nonsense: every document settles once, and only the guilty fail."""

import logging
from typing import Any

import pytest
from thread_cluster import Fate, Sent, Stage, ThreadCluster

from docmill import DocumentProcessingQueue, FailureCode
from docmill.engines.remote.chunks import note

from .support import CHECK, having, ids, once, opened, options, run, taken, until


async def warmed_up(queue: DocumentProcessingQueue) -> None:
    await run(queue, ids(300, "warm"))


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("retries", [0, 2])
async def test_only_the_document_that_kills_workers_fails(exact: bool, retries: int) -> None:
    cluster = ThreadCluster(2, exact=exact)
    cluster.fate = lambda sent: Fate.LOSE if having("kill")(sent) else Fate.RUN
    documents = [*ids(20), "kill-1", *ids(20, "late")]

    async with opened(cluster) as queue:
        await warmed_up(queue)
        job = await run(queue, documents, options(max_concurrent=2, retry_attempts=retries))

    lost = [sent for sent in cluster.sent if having("kill")(sent)]
    assert len(lost[0].ids) > 1
    assert all(sent.ids == ["kill-1"] for sent in lost[1:])
    assert [(failure.document_id, failure.code, failure.error, failure.attempts) for failure in job.errors] == [
        ("kill-1", FailureCode.WORKER_DIED, "the worker died", 1 + retries)
    ]
    suspects = {*lost[0].ids} - {"kill-1"}
    assert {outcome.document_id: outcome.attempts for outcome in job.results} == {
        name: 1 + (retries > 0) if name in suspects else 1 for name in documents if name != "kill-1"
    }
    assert {name for sent in cluster.sent if sent.alone for name in sent.ids} == {*lost[0].ids}


async def test_a_single_document_is_blamed_at_once_where_the_cluster_knows_who_it_was(cluster: ThreadCluster) -> None:
    cluster.fate = lambda sent: Fate.LOSE
    async with opened(cluster) as queue:
        job = await run(queue, ["kill-1"], once())

    assert [failure.code for failure in job.errors] == [FailureCode.WORKER_DIED]
    assert len(cluster.sent) == 1


async def test_a_single_document_is_only_a_suspect_where_it_does_not() -> None:
    cluster = ThreadCluster(exact=False)
    cluster.fate = lambda sent: Fate.LOSE if len(cluster.sent) == 1 else Fate.RUN
    async with opened(cluster) as queue:
        job = await run(queue, ["ok-1"], once())

    assert [(result.data, result.attempts) for result in job.results] == [("ok-1", 1)]
    assert [sent.alone for sent in cluster.sent] == [False, True]


async def test_a_chunk_that_was_never_begun_starts_again_as_if_nothing_had_been(cluster: ThreadCluster) -> None:
    cluster.fate = lambda sent: Fate.LOSE_AT_ONCE if len(cluster.sent) < 4 else Fate.RUN
    async with opened(cluster) as queue:
        job = await run(queue, ids(5), once())

    assert [(outcome.data, outcome.attempts) for outcome in job.outcomes] == [(name, 1) for name in ids(5)]
    assert not any(sent.alone for sent in cluster.sent)


async def test_a_chunk_that_was_begun_before_its_process_was_gone_is_lost(cluster: ThreadCluster) -> None:
    def fate(sent: Sent) -> Fate:
        if len(cluster.sent) > 1:
            return Fate.RUN
        cluster.begin(sent.chunk.number)
        return Fate.LOSE_AT_ONCE

    cluster.fate = fate
    async with opened(cluster) as queue:
        job = await run(queue, ["ok-1"], options(retry_attempts=1))

    assert [(result.data, result.attempts) for result in job.results] == [("ok-1", 2)]


async def test_a_worker_that_cannot_begin_fails_every_attempt_of_its_chunk(cluster: ThreadCluster) -> None:
    cluster.fate = lambda sent: Fate.BREAK if having("ok")(sent) else Fate.RUN
    async with opened(cluster) as queue:
        await warmed_up(queue)
        job = await run(queue, ids(8), options(retry_attempts=1, max_concurrent=1))

    assert {(failure.code, failure.attempts, failure.error) for failure in job.errors} == {
        (FailureCode.WORKER_DIED, 2, "the worker could not run it: no such module")
    }
    assert len(job.errors) == 8


GARBAGE = {
    "no JSON": b"\xff\xfe",
    "nothing": b"",
    "no outcomes": b"[0.1,[],[]]",
    "too many": b'[0.1,[["ok",1],["ok",2],["ok",3],["ok",4],["ok",5],["ok",6],["ok",7],["ok",8],["ok",9]],[]]',
    "not a number": b'[NaN,[["ok",1]],[]]',
    "infinite": b'[1e999,[["ok",1]],[]]',
    "before it began": b'[-5,[["ok",1]],[]]',
    "no data": b'[0.1,[["ok"]],[]]',
    "no JSON for data": b'[0.1,[["ok",Infinity]],[]]',
    "a code of ours": b'[0.1,[["failed","circuit_open","x",true,false,null]],[]]',
    "a code that is a list": b'[0.1,[["failed",["x"],"x",true,false,null]],[]]',
    "a pause that is none": b'[0.1,[["failed","processor_error","x",true,false,-3]],[]]',
    "too deep": b'[0.1,[["ok",' + b"[" * 100_000 + b"]" * 100_000 + b"]],[]]",
    "logs that are none": b'[0.1,[["ok",1]],[[1]]]',
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
async def test_a_worker_that_answers_nonsense_is_taken_for_dead(cluster: ThreadCluster, garbage: bytes) -> None:
    cluster.fate = lambda sent: garbage if having("odd")(sent) and not sent.alone else Fate.RUN
    async with opened(cluster) as queue:
        await warmed_up(queue)
        job = await run(queue, ids(8, "odd"), options(max_concurrent=1, retry_attempts=3))
        after = await run(queue, ids(50))

    assert sum(len(sent.ids) > 1 for sent in cluster.sent if having("odd")(sent)) >= 1
    assert len({outcome.document_id for outcome in job.outcomes}) == 8
    assert all(failure.code is FailureCode.WORKER_DIED for failure in job.errors)
    assert all("gave an answer that cannot be read" in failure.error for failure in job.errors)
    assert len(after.results) == 50


async def test_an_answer_that_comes_twice_counts_once(cluster: ThreadCluster) -> None:
    cluster.fate = lambda sent: Fate.TWICE
    async with opened(cluster) as queue:
        job = await run(queue, ids(60))

    assert len(job.results) == 60
    assert {outcome.attempts for outcome in job.outcomes} == {1}


NOTES = {
    "no JSON": b"\xff",
    "not a note": b"[1]",
    "a fraction that is none": b'[1,0,[[0,NaN,"x"]],[],""]',
    "a fraction in words": b'[1,0,[[0,"nan","x"]],[],""]',
    "no number": b'["x",0,[],[],""]',
}


@pytest.mark.parametrize("nonsense", NOTES.values(), ids=NOTES.keys())
async def test_a_note_that_cannot_be_read_is_logged_and_changes_nothing(
    cluster: ThreadCluster, nonsense: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    def fate(sent: Sent) -> Fate:
        cluster.listener.noted(nonsense)
        return Fate.RUN

    cluster.fate = fate
    async with opened(cluster) as queue:
        job = await run(queue, ["ok-1"])

    assert [result.data for result in job.results] == ["ok-1"]
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        "a worker of Threads told something unreadable"
    ]


async def test_a_note_of_a_chunk_that_nobody_waits_for_changes_nothing(cluster: ThreadCluster) -> None:
    def fate(sent: Sent) -> Fate:
        cluster.listener.noted(note(99, 0, [(0, 0.5, "")]))
        cluster.listener.noted(note(sent.chunk.number, None))
        cluster.listener.noted(note(sent.chunk.number, 0, [(5, 0.5, ""), (-1, 0.5, "")]))
        return Fate.HOLD

    cluster.fate = fate
    heard: list[Any] = []
    async with opened(cluster) as queue:
        queue.on("documentProgress", heard.append)
        job_id = await queue.create_job(["a"], CHECK)
        await until(lambda: cluster.sent)
        cluster.listener.answered(1, b'[0.1,[["ok",1]],[]]')
        cluster.listener.noted(note(1, 0, [(0, 0.5, "")]))
        job = await queue.wait(job_id)

    assert (job.results[0].data, heard) == (1, [])


async def test_a_chunk_that_is_begun_twice_has_lost_its_first_worker(cluster: ThreadCluster) -> None:
    def fate(sent: Sent) -> Fate:
        if len(cluster.sent) > 1:
            return Fate.RUN
        cluster.begin(sent.chunk.number, 0)
        cluster.begin(sent.chunk.number)  # notes may come in another order than they were sent
        cluster.begin(sent.chunk.number, run="another")
        return Fate.HOLD

    cluster.fate = fate
    async with opened(cluster) as queue:
        job = await run(queue, ["a"], options(retry_attempts=0))
        await until(lambda: cluster.stopped)

    assert [failure.error for failure in job.errors] == [
        "the worker was replaced by another one, which began with the same documents again"
    ]
    assert cluster.stopped == [1]


async def test_what_was_left_behind_comes_back_when_its_worker_dies(stage: Stage) -> None:
    cluster = ThreadCluster(2, kills=False, exact=False)
    async with opened(cluster) as queue:
        await run(queue, ["hang-1"], once(document_timeout=0.1))
        assert queue.stats().abandoned == 1
        cluster.listener.lost(1, "died")
        await until(lambda: queue.stats().abandoned == 0)
        cluster.listener.lost(1, "died")
        stage.release.set()
        job = await run(queue, ids(3))

    assert len(job.results) == 3


async def test_what_comes_too_late_is_dropped(stage: Stage) -> None:
    """Q11."""
    cluster = ThreadCluster(2, kills=False, exact=False)
    async with opened(cluster) as queue:
        job_id = await queue.create_job(["hang-1"], CHECK, once(document_timeout=0.1))
        await taken(stage.hanging)
        await queue.wait(job_id)
        stage.release.set()
        await until(lambda: queue.stats().abandoned == 0)
        job = queue.get_job_status(job_id)

    assert [outcome.data for outcome in job.results] == []
    assert [failure.code for failure in job.errors] == [FailureCode.DOCUMENT_TIMEOUT]


@pytest.mark.parametrize("exact", [True, False])
async def test_a_worker_that_is_taken_away_is_nobodys_fault_where_deaths_are_told_apart(exact: bool) -> None:
    cluster = ThreadCluster(3, exact=exact)

    def fate(sent: Sent) -> Fate:
        if not sent.alone and not exact:
            return Fate.LOSE
        if sum(earlier.alone for earlier in cluster.sent) > 1:
            return Fate.RUN
        cluster.begin(sent.chunk.number, 0, "once")
        assert cluster.listener is not None
        cluster.listener.gone(sent.chunk.number, "is gone")
        return Fate.HOLD

    cluster.fate = fate
    async with opened(cluster) as queue:
        job = await run(queue, ["ok-1"], once())

    assert [failure.code for failure in job.errors] == ([FailureCode.WORKER_DIED] if exact else [])
    assert [sent.alone for sent in cluster.sent] == ([False] if exact else [False, True, True])
