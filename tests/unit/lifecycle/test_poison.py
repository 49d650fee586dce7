"""A document of which the process dies (contract, section 3): it is found, blamed, and the others go on."""

from typing import TYPE_CHECKING, Any

import pytest
from anyio import sleep, sleep_forever
from anyio.lowlevel import checkpoint

from docmill import DocumentProcessingQueue, FailureCode, Job, JobOptions, JobStatus, processor
from docmill.testing import SimulatedDisk, virtual_backends

if TYPE_CHECKING:
    from collections.abc import Callable

OPTIONS = JobOptions(max_concurrent=3, timeout=None, document_timeout=1e6)


@pytest.fixture(params=virtual_backends)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


class Killer:
    """A processor in which some documents kill the process.

    Attributes:
        started: the documents that were started, in order, over all lives.
        crowds: what ran together with each document, itself included.
        most: the most that ran at once.
    """

    def __init__(self, *killers: str) -> None:
        self.started: list[str] = []
        self.running: set[str] = set()
        self.crowds: dict[str, set[str]] = {}
        self.most = 0
        self.killers = killers
        self.crash: Callable[[], None] = lambda: None

    async def __call__(self, document_id: str) -> str:
        self.started.append(document_id)
        self.running.add(document_id)
        for name in self.running:
            self.crowds.setdefault(name, set()).update(self.running)
        self.crowds[document_id] = set(self.running)
        self.most = max(self.most, len(self.running))
        await sleep(1.0)
        if document_id in self.killers:
            self.crash()
            await sleep_forever()
        self.running.discard(document_id)
        return document_id


async def live(disk: SimulatedDisk, killer: Killer, *jobs: list[str]) -> list[Job]:
    """One life of the process: to the crash, or until everything is done."""
    dead = False

    def crash() -> None:
        nonlocal dead
        if not dead:
            dead = True
            queue._host.crash()

    killer.crash = crash
    killer.running.clear()
    queue = DocumentProcessingQueue({"KILL": killer, "OTHER": killer}, store=disk.mount())
    await queue.start()
    for number, names in enumerate(jobs):
        await queue.create_job(names, "OTHER" if number else "KILL", OPTIONS)
    while not dead and any(not job.drained for job in queue.get_all_jobs()):  # noqa: ASYNC110 - until it crashes
        await sleep(0.25)
    found = queue.get_all_jobs()[::-1]
    if not dead:
        await queue.aclose()
    for _ in range(10):
        await checkpoint()
    return found


async def lives(disk: SimulatedDisk, killer: Killer, *jobs: list[str]) -> tuple[int, list[Job]]:
    """All lives of the process, and what has become of the jobs."""
    found = await live(disk, killer, *jobs)
    count = 1
    while any(not job.drained for job in found):
        count += 1
        assert count < 9, "it does not end"
        found = await live(disk, killer)
    return count, found


async def test_the_document_that_kills_the_process_is_blamed_and_no_other() -> None:
    killer = Killer("c")

    count, (job,) = await lives(SimulatedDisk(), killer, ["a", "b", "c", "d", "e", "f", "g", "h"])

    assert job.status is JobStatus.COMPLETED
    assert [(failure.document_id, failure.code) for failure in job.errors] == [("c", FailureCode.POISON)]
    assert job.errors[0].error == "the process died twice while this document ran alone"
    assert sorted(result.document_id for result in job.results) == ["a", "b", "d", "e", "f", "g", "h"]
    assert killer.started.count("c") == 3
    assert count == 4


async def test_suspects_run_last_and_alone_in_the_whole_process() -> None:
    killer = Killer("b")
    disk = SimulatedDisk()
    await live(disk, killer, list("abcdefghijkl"), ["1", "2", "3", "4", "5", "6", "7", "8", "9"])
    killer.crowds.clear()
    before = len(killer.started)

    await live(disk, killer)

    again = killer.started[before:]
    suspects = [name for name in again if name in set(killer.started[:before])]
    fresh = [name for name in again if name not in suspects and name.isalpha()]
    assert fresh, "something was left that nobody suspects"
    assert again.index(fresh[-1]) < min(again.index(name) for name in suspects if name.isalpha())
    assert all(killer.crowds[name] == {name} for name in suspects)


async def test_several_that_kill_are_all_found() -> None:
    killer = Killer("a", "d")

    _, (job,) = await lives(SimulatedDisk(), killer, list("abcde"))

    assert {failure.document_id: failure.code for failure in job.errors} == {
        "a": FailureCode.POISON,
        "d": FailureCode.POISON,
    }
    assert len(job.results) == 3


async def test_a_job_of_nothing_but_a_killer_fails() -> None:
    _, (job,) = await lives(SimulatedDisk(), Killer("a"), ["a"])

    assert (job.status, job.error_code) == (JobStatus.FAILED, "all_failed")
    assert job.errors[0].code is FailureCode.POISON


async def test_other_jobs_go_on_between_two_suspects() -> None:
    killer = Killer("b")
    disk = SimulatedDisk()
    await live(disk, killer, list("abcdef"))
    queue = DocumentProcessingQueue({"KILL": Killer(), "OTHER": Killer()}, store=disk.mount())
    async with queue:
        other = await queue.create_job([str(number) for number in range(40)], "OTHER", OPTIONS)
        await queue.join()
        first, second = queue.get_all_jobs()[::-1]

    assert second.id == other
    assert first.status is second.status is JobStatus.COMPLETED
    assert first.completed_at < second.completed_at


async def test_an_orderly_close_makes_nobody_a_suspect() -> None:
    disk = SimulatedDisk()
    killer = Killer()
    async with DocumentProcessingQueue({"KILL": killer}, store=disk.mount()) as queue:
        await queue.create_job(list("abcdef"), "KILL", OPTIONS)
        await sleep(0.5)
        await queue.aclose(0.0)
    killer.running.clear()
    killer.most = 0

    async with DocumentProcessingQueue({"KILL": killer}, store=disk.mount()) as queue:
        await queue.join()

    assert killer.most == 3


async def test_a_job_that_has_not_begun_has_no_suspects() -> None:
    disk = SimulatedDisk()
    killer = Killer()
    queue = DocumentProcessingQueue({"KILL": killer}, store=disk.mount(), max_workers=3)
    await queue.start()
    await queue.create_job(list("abcdef"), "KILL", OPTIONS, priority=1)
    waiting = await queue.create_job(list("uvwxyz"), "KILL", OPTIONS)
    await sleep(0.5)
    assert queue.get_job_status(waiting).status is JobStatus.PENDING
    queue._host.crash()
    for _ in range(10):
        await checkpoint()

    assert disk.records[waiting].mark.reserved == 0


async def test_documents_in_worker_processes_are_never_suspects() -> None:
    @processor(isolation="process")
    def work(document_id: str) -> str:
        return document_id

    disk = SimulatedDisk()
    queue = DocumentProcessingQueue({"KILL": work}, store=disk.mount())
    await queue.start()
    job_id = await queue.create_job(list("abc"), "KILL", OPTIONS)
    assert disk.records[job_id].mark.reserved == 0
    await queue.wait(job_id)
    assert disk.records[job_id].mark.reserved == 0
    await queue.aclose()
