"""Contract, sections 4 and 5: one processor, run inline in virtual time, in a thread and in a process, means the same.

What differs is said in the tests at the end of this module, and nowhere else.
"""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docmill_doings as doings
import pytest

from docmill import CircuitBreaker, FailureCode, JobStatus, PermanentError, processor
from docmill.testing import virtual_backends

from .support import CHECK, once, opened, options, run, until

VIRTUAL = dict(virtual_backends)

LONG = 10 * doings.STAY


@pytest.fixture(params=["inline", "thread", "process"])
def way(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest, way: str) -> Any:
    return (request.param, VIRTUAL[request.param]) if way == "inline" else request.param


class Release:
    """What ends a ``stay`` in real time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self) -> None:
        self.path.touch()


@pytest.fixture
def release(tmp_path: Path) -> Iterator[Release]:
    """At the end of the test every ``stay`` ends, so that no thread is left."""
    release = Release(tmp_path / "release")
    yield release
    release()


@pytest.fixture
def told(way: str, release: Release) -> dict[str, Any]:
    return {"way": way, "release": str(release.path)}


def declared(way: str, target: Any, **declared: Any) -> Any:
    return processor(isolation="thread" if way == "thread" else "process", **declared)(target)


async def test_it_returns_what_json_can_carry(way: str) -> None:
    async with opened(declared(way, doings.act)) as queue:
        job = await run(queue, ["ok-1", "nothing"])

    assert [(outcome.data, outcome.attempts) for outcome in job.outcomes] == [("ok-1", 1), (None, 1)]
    assert job.status is JobStatus.COMPLETED


async def test_it_is_tried_again_until_it_succeeds(way: str) -> None:
    async with opened(declared(way, doings.told)) as queue:
        job = await run(queue, ["a"], options(retry_attempts=3), metadata={"act": "value", "times": 2})

    assert [(result.data, result.attempts) for result in job.results] == [("a is done", 3)]


RAISED = {
    "value": (FailureCode.PROCESSOR_ERROR, 2, "ValueError: broken"),
    "permanent": (FailureCode.PERMANENT, 1, "PermanentError: needs a password"),
    "nomemory": (FailureCode.PROCESSOR_ERROR, 2, "MemoryError"),
    "recursion": (FailureCode.PROCESSOR_ERROR, 2, "RecursionError: maximum recursion depth exceeded"),
    "sysexit": (FailureCode.PROCESSOR_EXIT, 2, "SystemExit: 3"),
    "generatorexit": (FailureCode.PROCESSOR_EXIT, 2, "GeneratorExit"),
    "group": (FailureCode.PROCESSOR_ERROR, 2, "ExceptionGroup: several (2 sub-exceptions)"),
    "single": (FailureCode.PERMANENT, 1, "PermanentError: inside of a group"),
    "mixed": (FailureCode.PROCESSOR_EXIT, 2, "BaseExceptionGroup: mixed (2 sub-exceptions)"),
    "unreadable": (FailureCode.PROCESSOR_ERROR, 2, "UnreadableError: (its message cannot be read)"),
    "unspeakable": (FailureCode.PROCESSOR_ERROR, 2, "UnspeakableError: (its message cannot be read)"),
    "unpicklable": (FailureCode.PROCESSOR_ERROR, 2, "WantsMoreError: out of reach of pickle"),
    "bidi": (FailureCode.PROCESSOR_ERROR, 2, "ValueError: a\\x1b[31m\\u202eb\\nc"),
    "long": (FailureCode.PROCESSOR_ERROR, 2, "ValueError: " + "x" * 1_988),
}


async def test_what_it_raises_fails_the_document_as_the_table_says(way: str) -> None:
    async with opened(declared(way, doings.act)) as queue:
        job = await run(queue, [*RAISED, "ok"], options(retry_attempts=1))

    assert job.outcome("ok").data == "ok"
    assert {
        failure.document_id: (failure.code, failure.attempts, failure.error.partition(" while ")[0])
        for failure in job.errors
    } == RAISED


async def test_a_class_registered_as_permanent_is_not_tried_again(way: str) -> None:
    async with opened(declared(way, doings.act, permanent=(ValueError,))) as queue:
        job = await run(queue, ["value", "group"])

    assert [(failure.code, failure.attempts) for failure in job.errors] == [(FailureCode.PERMANENT, 1)] * 2


async def test_retry_after_opens_the_circuit_and_the_document_goes_on_after_it(way: str) -> None:
    async with opened(declared(way, doings.told)) as queue:
        heard: list[Any] = []
        queue.on("circuitOpened", lambda event: heard.append(event.error))
        job = await run(queue, ["a"], metadata={"act": "later"})

    assert (job.outcomes[0].data, job.outcomes[0].attempts) == ("a is done", 2)
    assert heard == ["RetryAfter: busy"]


async def test_failures_of_the_service_open_the_circuit_and_a_probe_closes_it(way: str) -> None:
    check = declared(way, doings.act, breaker=CircuitBreaker(failures=2, cooldown=0.02))
    async with opened(check, max_workers=1) as queue:
        heard: list[str] = []
        for name in ("circuitOpened", "circuitClosed"):
            queue.on(name, lambda event, name=name: heard.append(name))
        job = await run(queue, ["down-1", "down-2", "ok-1", "ok-2"], once())

    assert [outcome.success for outcome in job.outcomes] == [False, False, True, True]
    assert heard == ["circuitOpened", "circuitClosed"]


async def test_a_hundred_broken_documents_do_not_open_the_circuit(way: str) -> None:
    async with opened(declared(way, doings.act)) as queue:
        heard: list[Any] = []
        queue.on("circuitOpened", heard.append)
        job = await run(queue, [f"value-{number}" for number in range(100)], once())

    assert (len(job.errors), heard) == (100, [])


async def test_it_is_told_what_it_works_on(way: str) -> None:
    async with opened(declared(way, doings.context_of)) as queue:
        job = await run(queue, ["a"], owner="ann", metadata={"batch": 7, "nested": {"list": [1, None]}})

    assert job.results[0].data == {
        "job_id": job.id,
        "job_type": CHECK,
        "document_id": "a",
        "attempt": 1,
        "owner": "ann",
        "metadata": {"batch": 7, "nested": {"list": [1, None]}},
    }


async def test_every_job_has_its_own_metadata_whatever_ran_before_it(way: str) -> None:
    async with opened(declared(way, doings.context_of), max_workers=1) as queue:
        ids = [await queue.create_job(["a", "b"], CHECK, metadata={"batch": batch}) for batch in range(3)]
        jobs = [await queue.wait(job_id) for job_id in ids]

    assert [[result.data["metadata"]["batch"] for result in job.results] for job in jobs] == [[0, 0], [1, 1], [2, 2]]
    assert [[result.data["job_id"] for result in job.results] for job in jobs] == [[name, name] for name in ids]


async def test_its_metadata_is_read_only(way: str) -> None:
    def check(document_id: str, context: Any) -> None:
        context.metadata["mine"] = True

    async with opened(declared(way, check)) as queue:
        job = await run(queue, ["a"], once(), metadata={"batch": 7})

    assert job.errors[0].error == "TypeError: 'mappingproxy' object does not support item assignment"


async def test_the_attempt_is_counted(way: str) -> None:
    def check(document_id: str, context: Any) -> int:
        if context.attempt < 3:
            raise ValueError(context.attempt)
        return context.attempt

    async with opened(declared(way, check)) as queue:
        job = await run(queue, ["a"])

    assert job.results[0].data == 3


async def test_it_may_ask_for_what_remains_of_its_budget(way: str) -> None:
    async with opened(declared(way, lambda document_id, context: context.remaining())) as queue:
        job = await run(queue, ["a"], options(document_timeout=1_000))

    assert 900 < job.results[0].data <= 1_000


async def test_its_reports_are_told(way: str, told: dict[str, Any], release: Release) -> None:
    def check(document_id: str, context: Any) -> None:
        context.report(0.25, "first")
        context.report(7, "beyond")
        doings.stay(document_id, context)

    async with opened(declared(way, check)) as queue:
        heard: list[Any] = []
        queue.on("documentProgress", heard.append)
        job_id = await queue.create_job(["a"], CHECK, options(document_timeout=LONG), metadata=told)
        await until(lambda: bool(heard))
        await until(lambda: queue.get_job_status(job_id).running[0].fraction == 1.0)
        (running,) = queue.get_job_status(job_id).running
        release()
        await queue.wait(job_id)

    assert (running.document_id, running.fraction, running.message) == ("a", 1.0, "beyond")
    assert {(event.document_id, event.attempt) for event in heard} == {("a", 1)}


async def test_a_report_of_no_number_is_the_processors_mistake(way: str) -> None:
    def check(document_id: str, context: Any) -> None:
        context.report({"nan": float("nan"), "half": "half", "None": None}[document_id])

    async with opened(declared(way, check)) as queue:
        job = await run(queue, ["nan", "half", "None"], once())

    assert [failure.error.rpartition(", ") for failure in job.outcomes] == [
        ("ValueError: a fraction must be a number from 0.0 to 1.0", ", ", f"got {given}")
        for given in ("nan", "'half'", "None")
    ]


async def test_a_processor_may_take_only_the_document(way: str) -> None:
    async with opened(declared(way, lambda document_id: document_id.upper())) as queue:
        job = await run(queue, ["a"])

    assert job.results[0].data == "A"


async def test_an_object_makes_a_summary_from_all_outcomes(way: str) -> None:
    async with opened(declared(way, doings.Summing(10))) as queue:
        job = await run(queue, ["aa", "broken", "bbb"], once(), owner="ann", metadata={"batch": 7})

    summary = dict(job.summary)
    assert (summary.pop("pid") == os.getpid()) is (way != "process")
    assert summary == {
        "sum": 50,
        "errors": ["ValueError: broken"],
        "document": "",
        "attempt": 1,
        "owner": "ann",
        "batch": 7,
        "has_time": True,
    }


async def test_an_async_finalize_runs_on_the_event_loop(way: str) -> None:
    async with opened(declared(way, doings.SummingOnTheLoop(10))) as queue:
        job = await run(queue, ["aa", "broken"], once())

    assert (job.results[0].data, job.summary) == (20, [True, False])


async def test_a_finalize_that_raises_leaves_the_job_completed(way: str) -> None:
    class Batch:
        def __call__(self, document_id: str) -> str:
            return document_id

        def finalize(self, outcomes: Any, context: Any) -> None:
            raise ValueError("no sum")

    async with opened(declared(way, Batch())) as queue:
        job = await run(queue, ["a"])

    assert (job.status, job.summary, job.summary_error) == (JobStatus.COMPLETED, None, "ValueError: no sum")


async def test_a_document_at_the_end_of_its_budget_fails_and_the_next_one_has_its_turn(
    way: str, told: dict[str, Any], release: Release
) -> None:
    async with opened(declared(way, doings.act), max_workers=1) as queue:
        job_id = await queue.create_job(["stay", "ok"], CHECK, options(document_timeout=0.1), metadata=told)
        job = await queue.wait(job_id, drained=True)
        release()

    failure, result = job.outcomes
    assert (failure.code, failure.attempts) == (FailureCode.DOCUMENT_TIMEOUT, 1)
    assert failure.error == "no result within the document's budget of 0.1 s"
    assert result.data == "ok"


async def test_force_cancels_what_is_running(way: str, told: dict[str, Any], release: Release) -> None:
    async with opened(declared(way, doings.act), max_workers=1) as queue:
        asked = options(document_timeout=LONG)
        job_id = await queue.create_job(["stay", "ok"], CHECK, asked, metadata=told)
        await until(lambda: queue.stats().running == 1)
        assert await queue.cancel_job(job_id, force=True)
        job = await queue.wait(job_id, drained=True)
        release()

    assert (job.status, [outcome.code for outcome in job.outcomes]) == (JobStatus.CANCELLED, [FailureCode.CANCELLED])


async def test_cancelling_lets_the_running_document_complete(way: str, told: dict[str, Any], release: Release) -> None:
    async with opened(declared(way, doings.act), max_workers=1) as queue:
        asked = options(document_timeout=LONG)
        job_id = await queue.create_job(["stay", "ok"], CHECK, asked, metadata=told)
        await until(lambda: queue.stats().running == 1)
        assert await queue.cancel_job(job_id)
        release()
        job = await queue.wait(job_id, drained=True)

    assert (job.status, [outcome.data for outcome in job.outcomes]) == (JobStatus.CANCELLED, ["stay is done"])


async def test_at_the_jobs_timeout_the_running_document_completes_and_no_other_starts(
    way: str, told: dict[str, Any], release: Release
) -> None:
    async with opened(declared(way, doings.act), max_workers=1) as queue:
        asked = options(timeout=0.1, document_timeout=LONG)
        job_id = await queue.create_job(["stay", "ok"], CHECK, asked, metadata=told)
        decided = await queue.wait(job_id)
        release()
        job = await queue.wait(job_id, drained=True)

    assert (decided.status, decided.drained, list(decided.outcomes)) == (JobStatus.TIMEOUT, False, [])
    assert (job.status, [outcome.data for outcome in job.outcomes]) == (JobStatus.TIMEOUT, ["stay is done"])


async def test_jobs_take_turns(way: str) -> None:
    async with opened(declared(way, doings.act), max_workers=1, max_threads=1) as queue:
        order: list[str] = []
        queue.on("documentCompleted", lambda event: order.append(event.document_id))
        ids = [await queue.create_job([f"ok-{job}{number}" for number in range(3)], CHECK, options()) for job in "ab"]
        for job_id in ids:
            await queue.wait(job_id)

    assert [name[3] for name in order] in (list("ababab"), list("aababb"))


async def test_a_hundred_documents_each_have_their_own_result(way: str) -> None:
    async with opened(declared(way, doings.act), max_processes=2) as queue:
        names = [f"ok-{number}" for number in range(100)]
        job = await run(queue, names, options(max_concurrent=10))

    assert [result.data for result in job.outcomes] == names


async def test_difference_a_result_is_only_json_where_it_leaves_the_process(way: str) -> None:
    """Under virtual time a processor that is declared for a process gives what it would give there."""
    async with opened(declared(way, doings.act)) as queue:
        job = await run(queue, ["tuple"])

    in_a_thread = {"pair": (1, 2), "whole": 3, 4: "four"}
    assert job.results[0].data == (in_a_thread if way == "thread" else {"pair": [1, 2], "whole": 3, "4": "four"})


async def test_difference_what_json_cannot_carry_is_a_bad_result_but_in_a_thread(way: str) -> None:
    async with opened(declared(way, doings.act)) as queue:
        job = await run(queue, ["object", "nan"])

    assert [outcome.success for outcome in job.outcomes] == [way == "thread"] * 2
    if way != "thread":
        assert {(outcome.code, outcome.attempts) for outcome in job.outcomes} == {(FailureCode.BAD_RESULT, 1)}
        assert job.outcomes[0].error.startswith("result is a object, <object object at")
        assert job.outcomes[1].error == "result is nan, for which JSON has no word; return None there"


async def test_difference_a_result_that_is_too_large_fails_but_in_a_thread(way: str) -> None:
    async with opened(declared(way, doings.act), max_result_bytes=1_000) as queue:
        job = await run(queue, ["huge"])

    (outcome,) = job.outcomes
    assert outcome.success is (way == "thread")
    if way != "thread":
        assert (outcome.code, outcome.attempts) == (FailureCode.RESULT_TOO_LARGE, 1)
        assert outcome.error.startswith("result has 5,002 bytes as JSON, over 1,000;")


async def test_difference_an_asyncio_cancellation_is_known_in_a_process_on_trio_too(
    way: str, anyio_backend_name: str
) -> None:
    async with opened(declared(way, doings.act)) as queue:
        job = await run(queue, ["cancelled"], once())

    known = way == "process" or anyio_backend_name == "asyncio"
    assert job.errors[0].code is (FailureCode.ROGUE_CANCEL if known else FailureCode.PROCESSOR_EXIT)
    assert job.errors[0].error.startswith("CancelledError")


async def test_difference_in_a_process_it_has_the_main_thread(way: str) -> None:
    def check(document_id: str) -> bool:
        return threading.current_thread() is threading.main_thread()

    async with opened(declared(way, check)) as queue:
        job = await run(queue, ["a"])

    assert job.results[0].data is (way != "thread")


async def test_difference_what_a_process_remembers_the_program_does_not_know(way: str) -> None:
    seen: list[str] = []

    def check(document_id: str) -> int:
        seen.append(document_id)
        return len(seen)

    async with opened(declared(way, check), max_workers=1) as queue:
        job = await run(queue, ["a", "b"])

    assert [result.data for result in job.results] == [1, 2]
    assert seen == ([] if way == "process" else ["a", "b"])


async def test_a_permanent_error_of_the_processors_own_class_counts(way: str) -> None:
    class LockedError(PermanentError):
        pass

    class BrokenError(Exception):
        pass

    def check(document_id: str) -> None:
        raise {"locked": LockedError, "broken": BrokenError}[document_id](document_id)

    async with opened(declared(way, check, permanent=(BrokenError,))) as queue:
        job = await run(queue, ["locked", "broken"])

    assert [failure.error for failure in job.outcomes] == ["LockedError: locked", "BrokenError: broken"]
    assert {(failure.code, failure.attempts) for failure in job.outcomes} == {(FailureCode.PERMANENT, 1)}
