"""What becomes of a chunk when its time is up: the document that runs is to blame, and the others start again."""

import threading
from typing import Any

import pytest
from thread_cluster import Fate, Sent, Stage, ThreadCluster, play

from docmill import DocumentProcessingQueue, FailureCode, JobStatus

from .support import CHECK, having, ids, office, once, opened, options, run, until


async def warmed_up(queue: DocumentProcessingQueue) -> None:
    """Let the engine find out that documents take no time, so that chunks are large."""
    await run(queue, ids(300, "warm"))


def sent_with(cluster: ThreadCluster, word: str) -> list[Sent]:
    return [sent for sent in cluster.sent if having(word)(sent)]


@pytest.mark.parametrize("kills", [True, False], ids=["killed", "left behind"])
async def test_a_hung_document_fails_and_the_innocents_of_its_chunk_do_not(stage: Stage, kills: bool) -> None:
    cluster = ThreadCluster(2, kills=kills, exact=kills)
    documents = [*ids(10), "hang-1", *ids(30, "late")]

    async with opened(cluster) as queue:
        await warmed_up(queue)
        job = await run(queue, documents, options(max_concurrent=1, document_timeout=0.4))
        abandoned = queue.stats().abandoned
        begun = [document for document, _ in stage.calls]  # what is killed here goes on once it is released
        stage.release.set()
        await until(lambda: queue.stats().abandoned == 0)

    assert len(sent_with(cluster, "hang")[0].ids) > 1
    assert [(failure.document_id, failure.code, failure.attempts) for failure in job.errors] == [
        ("hang-1", FailureCode.DOCUMENT_TIMEOUT, 1)
    ]
    assert [outcome.attempts for outcome in job.outcomes] == [1] * 41
    assert all(begun.count(name) == 1 for name in ["hang-1", *ids(30, "late")])
    assert all(begun.count(name) <= 2 for name in ids(10))
    assert abandoned == (0 if kills else 1)
    number = sent_with(cluster, "hang")[0].chunk.number
    assert (number in cluster.stopped, number in cluster.abandoned) == (kills, not kills)


async def test_a_thread_that_is_stuck_is_no_slot_until_it_ends(stage: Stage) -> None:
    cluster = ThreadCluster(2, kills=False, exact=False)
    async with opened(cluster) as queue:
        job = await run(queue, ["hang-1"], once(document_timeout=0.1))
        await until(lambda: office(queue).slots == 1)
        after = await run(queue, ids(20))
        stage.release.set()
        await until(lambda: office(queue).slots == 2)

    assert [failure.code for failure in job.errors] == [FailureCode.DOCUMENT_TIMEOUT]
    assert len(after.results) == 20


async def test_with_every_thread_stuck_nothing_starts_until_one_ends(stage: Stage) -> None:
    cluster = ThreadCluster(1, kills=False, exact=False)
    async with opened(cluster) as queue:
        await run(queue, ["hang-1"], once(document_timeout=0.1))
        await until(lambda: office(queue).slots == 0)
        job_id = await queue.create_job(ids(2), CHECK)
        assert queue.get_job_status(job_id).status is JobStatus.PENDING
        stage.release.set()
        job = await queue.wait(job_id)

    assert len(job.results) == 2


async def test_a_chunk_that_no_worker_has_begun_by_its_budget_starts_again(
    cluster: ThreadCluster, stage: Stage
) -> None:
    cluster.fate = lambda sent: Fate.HOLD if len(sent_with(cluster, "slow")) == 1 else Fate.RUN
    async with opened(cluster) as queue:
        await warmed_up(queue)
        job = await run(queue, ids(8, "slow"), options(max_concurrent=1, document_timeout=0.1))

    first = sent_with(cluster, "slow")[0]
    assert len(first.ids) > 1
    assert cluster.stopped == [first.chunk.number]
    assert {(result.data, result.attempts) for result in job.results} == {(name, 1) for name in ids(8, "slow")}
    assert not any(sent.alone for sent in cluster.sent)


@pytest.mark.parametrize("kills", [True, False], ids=["killed", "left behind"])
async def test_a_chunk_that_was_begun_but_nobody_knows_where_it_is_makes_suspects_of_all(kills: bool) -> None:
    cluster = ThreadCluster(3, kills=kills, exact=kills)

    def fate(sent: Sent) -> Fate:
        if len(sent_with(cluster, "odd")) > 1 or not having("odd")(sent):
            return Fate.RUN
        cluster.begin(sent.chunk.number)
        return Fate.HOLD

    cluster.fate = fate
    async with opened(cluster) as queue:
        await warmed_up(queue)
        job = await run(queue, ids(12, "odd"), options(max_concurrent=1, document_timeout=0.2))
        first = sent_with(cluster, "odd")[0]
        assert queue.stats().abandoned == (0 if kills else 1)
        cluster.listener.answered(first.chunk.number, b"too late")
        await until(lambda: queue.stats().abandoned == 0)

    assert len(first.ids) > 1
    assert {result.document_id: result.attempts for result in job.results} == {
        name: 2 if name in first.ids else 1 for name in ids(12, "odd")
    }
    again = [sent for sent in cluster.sent if sent.alone]
    assert sorted(name for sent in again for name in sent.ids) == sorted(first.ids)


@pytest.mark.parametrize("place", [7, -1])
async def test_a_place_that_is_not_in_the_chunk_is_not_believed(cluster: ThreadCluster, place: int) -> None:
    def fate(sent: Sent) -> Fate:
        if len(cluster.sent) > 1:
            return Fate.RUN
        cluster.begin(sent.chunk.number)
        cluster.begin(sent.chunk.number, place)
        return Fate.HOLD

    cluster.fate = fate
    async with opened(cluster) as queue:
        job = await run(queue, ["a"], once(document_timeout=0.1))

    assert [failure.code for failure in job.errors] == [FailureCode.DOCUMENT_TIMEOUT]


async def test_what_runs_longer_than_its_slice_gives_the_rest_back(cluster: ThreadCluster, stage: Stage) -> None:
    stage.acts["slow"] = lambda *_: threading.Event().wait(0.05)
    async with opened(cluster, chunk_seconds=0.02) as queue:
        await warmed_up(queue)
        job = await run(queue, ids(12, "slow"), options(max_concurrent=1))

    assert [outcome.attempts for outcome in job.outcomes] == [1] * 12
    assert all(stage.count(name) == 1 for name in ids(12, "slow"))
    assert len(sent_with(cluster, "slow")[0].ids) > 1


class Summing:
    """Makes a summary in the worker."""

    def __call__(self, document_id: str, context: Any) -> Any:
        return play(document_id, context)

    def finalize(self, outcomes: Any, context: Any) -> Any:
        from thread_cluster import stage

        return stage.play("finalize-1", context)


async def test_a_summary_that_hangs_ends_at_its_budget(cluster: ThreadCluster, stage: Stage) -> None:
    stage.acts["finalize"] = stage.hang
    async with opened(cluster, Summing()) as queue:
        job = await run(queue, ids(2), options(document_timeout=0.1))

    assert (job.status, job.summary) == (JobStatus.COMPLETED, None)
    assert job.summary_error == "no result within the document's budget of 0.1 s"


def is_summary(sent: Sent) -> bool:
    return sent.chunk.outcomes is not None


@pytest.mark.parametrize("fate", [Fate.HOLD, Fate.LOSE_AT_ONCE], ids=["waits", "gone"])
async def test_a_summary_that_was_not_begun_is_made_again(cluster: ThreadCluster, fate: Fate) -> None:
    cluster.fate = lambda sent: fate if sum(map(is_summary, cluster.sent)) == 1 and is_summary(sent) else Fate.RUN
    async with opened(cluster, Summing()) as queue:
        job = await run(queue, ids(2), options(document_timeout=0.1))

    assert (job.status, job.summary) == (JobStatus.COMPLETED, "finalize-1")


@pytest.mark.parametrize("fate", [Fate.LOSE, Fate.BREAK, b"nonsense"], ids=["lost", "broken", "garbage"])
async def test_a_summary_whose_worker_dies_is_not_made(cluster: ThreadCluster, fate: Fate | bytes) -> None:
    cluster.fate = lambda sent: fate if is_summary(sent) else Fate.RUN
    async with opened(cluster, Summing()) as queue:
        job = await run(queue, ids(2))

    assert (job.status, job.summary) == (JobStatus.COMPLETED, None)
    assert job.summary_error.startswith("the worker ")
    assert sum(map(is_summary, cluster.sent)) == 1
