"""Contract, section 5: what a worker dies of fails the attempt under which it dies, and nothing else."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docmill_doings as doings
import psutil
import pytest

from docmill import CircuitBreaker, FailureCode, JobStatus

from .support import CHECK, is_gone, isolated, once, opened, options, pool, run, until, warm

ROOM = 2**30
"""Bytes of address space that are enough for a worker, and are eaten up soon."""

DEATHS = {
    "segfault": (FailureCode.WORKER_DIED, "the worker process was killed by SIGSEGV"),
    "exit": (FailureCode.WORKER_DIED, "the worker process exited with code 7"),
    "sigkill": (FailureCode.WORKER_DIED, "the worker process was killed by SIGKILL, perhaps for want of memory"),
    "memory": (FailureCode.PROCESSOR_ERROR, "MemoryError"),
    "hang": (FailureCode.DOCUMENT_TIMEOUT, "no result within the document's budget of 0.3 s"),
    "native": (FailureCode.DOCUMENT_TIMEOUT, "no result within the document's budget of 0.3 s"),
    "regex": (FailureCode.DOCUMENT_TIMEOUT, "no result within the document's budget of 0.3 s"),
    "stop": (FailureCode.DOCUMENT_TIMEOUT, "no result within the document's budget of 0.3 s"),
    "ignoring": (FailureCode.DOCUMENT_TIMEOUT, "no result within the document's budget of 0.3 s"),
    "swallowing": (FailureCode.DOCUMENT_TIMEOUT, "no result within the document's budget of 0.3 s"),
}

SUDDEN = ("segfault", "exit", "sigkill")

ENDLESS = ("native", "stop")


@pytest.fixture
def grandchild(tmp_path: Path) -> Iterator[Path]:
    """Where a processor writes the id of a process that it has started."""
    path = tmp_path / "grandchild"
    yield path
    if path.exists() and not is_gone(pid := int(path.read_text())):
        psutil.Process(pid).kill()


def number_in(path: Path) -> int | None:
    text = path.read_text() if path.exists() else ""
    return int(text) if text else None


@pytest.mark.slow
async def test_a_death_fails_its_own_attempt_and_says_what_it_was() -> None:
    async with opened(isolated(doings.act, max_memory=ROOM), max_processes=2) as queue:
        names = [name for kind in DEATHS for name in (kind, f"ok-{kind}")]
        job = await run(queue, names, once(document_timeout=0.3))

    assert {failure.document_id: (failure.code, failure.error) for failure in job.errors} == DEATHS
    assert [result.data for result in job.results if result.document_id != result.data] == []
    assert {outcome.attempts for outcome in job.outcomes} == {1}


async def test_a_document_whose_worker_died_is_tried_again_in_another_one() -> None:
    async with opened(isolated(doings.told), max_processes=2) as queue:
        jobs = [await queue.create_job(["a"], CHECK, options(), metadata={"act": kind}) for kind in SUDDEN]
        outcomes = [(await queue.wait(job_id)).outcomes[0] for job_id in jobs]

    assert [(outcome.success, outcome.attempts) for outcome in outcomes] == [(True, 2)] * 3


async def test_a_document_that_kills_every_worker_fails_when_no_attempt_is_left() -> None:
    async with opened(isolated(doings.act)) as queue:
        job = await run(queue, ["exit", "ok"], options(retry_attempts=2))

    assert (job.outcomes[0].code, job.outcomes[0].attempts) == (FailureCode.WORKER_DIED, 3)
    assert job.outcomes[1].data == "ok"


async def test_dead_workers_do_not_open_the_circuit() -> None:
    check = isolated(doings.act, breaker=CircuitBreaker(failures=1))
    async with opened(check) as queue:
        heard: list[Any] = []
        queue.on("circuitOpened", heard.append)
        job = await run(queue, ["exit-1", "exit-2", "ok"], once())

    assert ([outcome.success for outcome in job.outcomes], heard) == ([False, False, True], [])


async def test_a_keyboard_interrupt_in_a_worker_does_not_interrupt_the_program() -> None:
    async with opened(isolated(doings.act)) as queue:
        job = await run(queue, ["interrupt", "ok"], once())

    assert (job.errors[0].code, job.errors[0].error) == (FailureCode.PROCESSOR_EXIT, "KeyboardInterrupt")
    assert job.results[0].data == "ok"


async def test_others_go_on_in_their_own_workers_while_one_dies() -> None:
    async with opened(isolated(doings.act), max_processes=2) as queue:
        names = ["hang", *(f"nap-{number}" for number in range(20))]
        job = await run(queue, names, once(document_timeout=0.5, max_concurrent=2))

    assert [(failure.document_id, failure.code) for failure in job.errors] == [("hang", FailureCode.DOCUMENT_TIMEOUT)]
    assert len({result.data for result in job.results}) <= 2


@pytest.mark.slow
async def test_the_pool_is_full_again_after_deaths() -> None:
    async with opened(isolated(doings.act), max_processes=2) as queue:
        await run(queue, ["exit-1", "exit-2", "segfault-1", "hang-1"], once(document_timeout=0.2, max_concurrent=4))
        job = await run(queue, [f"nap-{number}" for number in range(40)], once(max_concurrent=10))

        assert len({result.data for result in job.results}) == 2
        assert (len(pool(queue).workers), warm(queue), pool(queue).seats.capacity) == (2, 2, 2)
        assert (pool(queue).seats.taken, queue.stats().abandoned) == (0, 0)


@pytest.mark.parametrize("kind", ENDLESS)
async def test_force_kills_the_worker_whatever_it_does(kind: str) -> None:
    async with opened(isolated(doings.act)) as queue:
        job_id = await queue.create_job([kind], CHECK, once(document_timeout=1_000))
        await until(lambda: queue.stats().running == 1)
        (worker,) = pool(queue).workers
        assert await queue.cancel_job(job_id, force=True)
        job = await queue.wait(job_id, drained=True)
        await until(lambda: is_gone(worker.pid))
        assert queue.stats().abandoned == 0
        assert (await run(queue, ["ok"])).results[0].data == "ok"

    assert (job.status, job.outcomes[0].code) == (JobStatus.CANCELLED, FailureCode.CANCELLED)


async def test_a_worker_that_was_killed_at_the_budget_is_really_gone() -> None:
    async with opened(isolated(doings.act)) as queue:
        job_id = await queue.create_job(["native"], CHECK, once(document_timeout=0.2))
        await until(lambda: queue.stats().running == 1)
        (worker,) = pool(queue).workers
        await queue.wait(job_id, drained=True)
        await until(lambda: is_gone(worker.pid))
        await until(lambda: worker not in pool(queue).workers)

    assert queue.stats().abandoned == 0


async def test_what_a_memory_error_leaves_behind_is_not_held_against_the_next_document() -> None:
    async with opened(isolated(doings.act, max_memory=ROOM)) as queue:
        job = await run(queue, ["pid-1", "memory", "pid-2"], once(max_concurrent=1))

    before, death, after = job.outcomes
    assert death.error == "MemoryError"
    assert before.data != after.data


async def test_the_limit_of_one_processor_is_not_the_limit_of_another() -> None:
    processors = {CHECK: isolated(doings.eat_a_little, max_memory=2**29), "MORE": isolated(doings.EatALittle())}
    async with opened(processors) as queue:
        tight = await queue.wait(await queue.create_job(["a"], CHECK, once()))
        wide = await queue.wait(await queue.create_job(["a"], "MORE", once()))
        again = await queue.wait(await queue.create_job(["b"], CHECK, once()))

    assert (tight.errors[0].error, again.errors[0].error) == ("MemoryError", "MemoryError")
    assert wide.results[0].data == 2**29


async def test_a_finalize_whose_worker_dies_leaves_the_job_completed() -> None:
    async with opened(isolated(doings.FinalizeDies(1))) as queue:
        job = await run(queue, ["a"])

    assert (job.status, job.summary) == (JobStatus.COMPLETED, None)
    assert job.summary_error == "the worker process exited with code 3"


async def test_a_finalize_that_hangs_is_killed_at_its_budget() -> None:
    async with opened(isolated(doings.FinalizeHangs(1))) as queue:
        job = await run(queue, ["a"], options(document_timeout=0.3))
        again = await run(queue, ["a"], options(document_timeout=0.3))

    assert (job.status, job.summary, again.status) == (JobStatus.COMPLETED, None, JobStatus.COMPLETED)
    assert job.summary_error == "no result within the document's budget of 0.3 s"


@pytest.mark.parametrize("kind", ["childexit", "childhang", "fork"])
async def test_what_a_worker_has_started_dies_with_it(kind: str, grandchild: Path) -> None:
    async with opened(isolated(doings.act), max_documents_per_worker=1) as queue:
        job = await run(queue, [kind, "ok"], once(document_timeout=0.6), metadata={"file": str(grandchild)})
        pid = number_in(grandchild)
        assert pid is not None
        await until(lambda: is_gone(pid))

    assert job.outcome("ok").data == "ok"


async def test_what_a_worker_has_started_dies_when_the_queue_is_closed(grandchild: Path) -> None:
    async with opened(isolated(doings.act)) as queue:
        job = await run(queue, ["child"], once(), metadata={"file": str(grandchild)})
        pid = job.results[0].data
        assert not is_gone(pid)

    await until(lambda: is_gone(pid))


async def test_a_fork_of_a_worker_says_nothing_in_its_name(grandchild: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It may print: that line is the program's to read. It has no line to the host."""
    caplog.set_level(logging.INFO)
    async with opened(isolated(doings.act)) as queue:
        heard: list[Any] = []
        queue.on("documentProgress", heard.append)
        job = await run(queue, ["fork-1", "ok"], once(), metadata={"file": str(grandchild)})
        await until(lambda: any("the fork prints" in text for text in caplog.messages))
        again = await run(queue, ["ok"])

    assert (job.results[0].data, job.results[1].data) == (number_in(grandchild), "ok")
    assert again.results[0].data == "ok"
    assert heard == []
    assert "the fork logs" not in caplog.messages


async def test_a_fork_that_returns_from_the_processor_is_nobodys_answer() -> None:
    async with opened(isolated(doings.act)) as queue:
        job = await run(queue, ["forkreturns", "ok-1", "ok-2"], once(max_concurrent=1))

    assert [outcome.data for outcome in job.outcomes] == ["the worker's result", "ok-1", "ok-2"]


async def test_a_fork_of_a_fork_of_a_worker_keeps_its_files() -> None:
    async with opened(isolated(doings.act)) as queue:
        job = await run(queue, ["forkfork", "ok"], once(max_concurrent=1))

    assert [outcome.data for outcome in job.outcomes] == [0, "ok"]


async def test_a_thread_that_a_document_has_left_reports_nothing_for_the_next_one() -> None:
    async with opened(isolated(doings.act)) as queue:
        heard: list[Any] = []
        queue.on("documentProgress", heard.append)
        await run(queue, ["late", *(f"nap-{number}" for number in range(5))], once(max_concurrent=1))

    assert heard == []


async def test_the_programs_that_a_processor_starts_do_not_inherit_the_line_to_the_host() -> None:
    async with opened(isolated(doings.children_inherit)) as queue:
        job = await run(queue, ["a"], once())

    assert "socket:" not in job.results[0].data


@pytest.mark.slow
async def test_twenty_deaths_among_two_hundred_documents_harm_nobody() -> None:
    kinds = ["segfault", "exit", "sigkill", "memory", "hang", "native"]
    names = [f"{kinds[at // 10 % 6]}-{at}" if at % 10 == 5 else f"ok-{at}" for at in range(200)]
    async with opened(isolated(doings.act, max_memory=ROOM), max_processes=2) as queue:
        job = await run(queue, names, once(document_timeout=0.3, max_concurrent=10))

    kind_of = {outcome.document_id: outcome.document_id.partition("-")[0] for outcome in job.outcomes}
    assert len(job.outcomes) == 200
    assert [name for name, kind in kind_of.items() if kind == "ok" and not job.outcome(name).success] == []
    assert all(job.outcome(name).code is DEATHS[kind][0] for name, kind in kind_of.items() if kind != "ok")
    assert len(job.errors) == 20
