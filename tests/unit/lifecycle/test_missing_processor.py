"""Jobs of a durable store whose type has no processor any more."""

from anyio import sleep

from docmill import DocumentProcessingQueue, JobErrorCode
from docmill.testing import SimulatedDisk


async def answer(document_id: str) -> str:
    await sleep(5.0)
    return document_id


async def test_each_of_them_fails_and_says_why_and_the_others_go_on() -> None:
    """R16: not only the first one that is found."""
    disk = SimulatedDisk()
    first_life = DocumentProcessingQueue({"OLD": answer, "KEPT": answer}, store=disk.mount())
    await first_life.start()
    old = [await first_life.create_job([f"old-{number}"], "OLD") for number in range(3)]
    kept = await first_life.create_job(["kept"], "KEPT")
    first_life._host.crash()

    async with DocumentProcessingQueue({"KEPT": answer}, store=disk.mount()) as queue:
        for job_id in old:
            job = await queue.wait(job_id, drained=True)
            assert (job.status, job.error_code) == ("FAILED", JobErrorCode.NO_PROCESSOR)
            assert "'OLD'" in job.error
        assert (await queue.wait(kept)).status == "COMPLETED"
