"""A job of which the process dies again and again, though no document can be blamed for it."""

from anyio import get_cancelled_exc_class, sleep_forever
from anyio.lowlevel import checkpoint

from docmill import DocumentProcessingQueue, JobErrorCode, JobOptions, JobStatus
from docmill.testing import SimulatedDisk


async def hang(document_id: str) -> None:
    await sleep_forever()


def next_life(disk: SimulatedDisk) -> DocumentProcessingQueue:
    return DocumentProcessingQueue({"HANG": hang}, store=disk.mount())


async def crash_at_once(queue: DocumentProcessingQueue) -> None:
    """Before any document has started, so that none can be blamed for it."""
    queue._host.crash()
    for _ in range(5):
        await checkpoint()


async def test_the_fourth_crash_fails_it_and_an_orderly_close_is_none() -> None:
    disk = SimulatedDisk()
    async with next_life(disk) as queue:
        job_id = await queue.create_job(["a"], "HANG", JobOptions(timeout=None, document_timeout=1e6))
        for _ in range(20):
            await checkpoint()
        assert queue.get_job_status(job_id).status is JobStatus.PROCESSING
        await queue.aclose(0.0)

    await see_that_the_fourth_crash_fails(job_id, disk)


async def test_an_orderly_close_is_no_crash_even_if_a_document_settles_at_the_last_moment() -> None:
    async def stubborn(document_id: str) -> str:
        try:
            await sleep_forever()
        except get_cancelled_exc_class():
            if document_id == "a":
                return "saved"
            raise

    disk = SimulatedDisk()
    async with DocumentProcessingQueue({"HANG": stubborn}, store=disk.mount()) as queue:
        job_id = await queue.create_job(["a", "b"], "HANG", JobOptions(timeout=None, document_timeout=1e6))
        for _ in range(20):
            await checkpoint()
        await queue.aclose(0.0)
    assert len(disk.records[job_id].ok) == 1

    await see_that_the_fourth_crash_fails(job_id, disk)


async def see_that_the_fourth_crash_fails(job_id: str, disk: SimulatedDisk) -> None:
    for crashes in range(4):
        queue = next_life(disk)
        await queue.start()
        assert queue.get_job_status(job_id).status is JobStatus.PROCESSING, f"after {crashes} crashes"
        await crash_at_once(queue)

    async with next_life(disk) as queue:
        job = await queue.wait(job_id, drained=True)
    assert (job.status, job.error_code) == (JobStatus.FAILED, JobErrorCode.CRASH_LOOP)
