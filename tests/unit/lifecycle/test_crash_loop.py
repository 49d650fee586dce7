"""A job of which the process dies again and again."""

from anyio import sleep_forever
from anyio.lowlevel import checkpoint

from docmill import DocumentProcessingQueue, JobErrorCode, JobOptions, JobStatus
from docmill.testing import SimulatedDisk


async def hang(document_id: str) -> None:
    await sleep_forever()


def next_life(disk: SimulatedDisk) -> DocumentProcessingQueue:
    return DocumentProcessingQueue({"HANG": hang}, store=disk.mount())


async def crash_soon(queue: DocumentProcessingQueue) -> None:
    for _ in range(20):
        await checkpoint()
    queue._host.crash()


async def test_the_fourth_crash_fails_it_and_an_orderly_close_is_none() -> None:
    disk = SimulatedDisk()
    async with next_life(disk) as queue:
        job_id = await queue.create_job(["a"], "HANG", JobOptions(timeout=None, document_timeout=1e6))
        for _ in range(20):
            await checkpoint()
        assert queue.get_job_status(job_id).status is JobStatus.PROCESSING
        await queue.aclose(0.0)

    for crashes in range(4):
        queue = next_life(disk)
        await queue.start()
        assert queue.get_job_status(job_id).status is JobStatus.PROCESSING, f"after {crashes} crashes"
        await crash_soon(queue)

    async with next_life(disk) as queue:
        job = await queue.wait(job_id)
    assert (job.status, job.error_code) == (JobStatus.FAILED, JobErrorCode.CRASH_LOOP)
