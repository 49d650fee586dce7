"""A queue as one owner sees it waits for, and cleans up, nothing of anybody else's."""

from anyio import current_time, sleep

from docmill import DocumentProcessingQueue


async def seconds(document_id: str) -> None:
    await sleep(float(document_id))


async def test_an_owner_waits_for_their_own_jobs_only() -> None:
    """R33."""
    async with DocumentProcessingQueue({"SECONDS": seconds}) as queue:
        mine = queue.for_owner("ann")
        await mine.create_job(["2"], "SECONDS")
        await queue.for_owner("bob").create_job(["9"], "SECONDS")
        began = current_time()
        await mine.join()

        assert current_time() - began == 2.0


async def test_an_owner_cleans_up_their_own_jobs_only() -> None:
    """R30, R33."""
    async with DocumentProcessingQueue({"SECONDS": seconds}) as queue:
        mine = queue.for_owner("ann")
        await mine.create_job(["2"], "SECONDS")
        others = await queue.for_owner("bob").create_job(["2"], "SECONDS")
        await queue.join()

        assert await mine.cleanup_old_jobs(0.0) == 1
        assert [job.id for job in queue.get_all_jobs()] == [others]
