"""Contract, section 5 and R31: how many workers there are, when they are replaced, and that nothing is left of them."""

import json
import logging
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import anyio
import docmill_doings as doings
import psutil
import pytest
from anyio import create_task_group, sleep

from docmill import DocumentProcessingQueue, FailureCode, JobStatus, QueueClosedError
from docmill.engines import LocalEngine
from docmill.engines.processes.frames import Kind

from .support import CHECK, PATIENCE, is_gone, isolated, once, opened, options, pool, python, run, until, warm, workers

TARGET = """
import os, sys
{}

def check(document_id):
    return os.getpid()
"""


def in_a_worker(action: str) -> str:
    """Something that a module does only where a worker imports it."""
    return f"if sys.argv[0] == '-c':\n    {action}"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Any:
    """Makes a module that a worker can import."""

    def make(source: str, name: str = f"made_for_{abs(hash(request.node.nodeid))}") -> Any:
        tmp_path.joinpath(f"{name}.py").write_text(TARGET.format(source))
        return __import__(name)

    monkeypatch.syspath_prepend(str(tmp_path))
    return make


async def test_there_are_never_more_workers_than_allowed() -> None:
    async with opened(isolated(doings.act), max_processes=2) as queue:
        job_id = await queue.create_job([f"nap-{number}" for number in range(30)], CHECK, options(max_concurrent=20))
        most = 0
        while queue.get_job_status(job_id).status is not JobStatus.COMPLETED:
            most = max(most, queue._engine.processes, len(pool(queue).workers), queue.stats().running)
            await sleep(0.005)
        job = queue.get_job_status(job_id)

    assert most == 2
    assert len({result.data for result in job.results}) == 2


async def test_there_are_no_more_workers_than_documents() -> None:
    async with opened(isolated(doings.act), max_processes=8) as queue:
        job = await run(queue, ["pid"])
        assert queue._engine.processes == 1
        await run(queue, ["nap-1", "nap-2"])
        assert queue._engine.processes == 2

    assert job.results[0].data != os.getpid()
    assert queue._engine.processes == 0


async def test_no_worker_is_started_before_there_is_a_document() -> None:
    async with opened(isolated(doings.act)) as queue:
        await sleep(0.05)
        assert (queue._engine.processes, workers()) == (0, [])


async def test_a_job_that_may_run_one_document_at_once_has_one_worker() -> None:
    async with opened(isolated(doings.act), max_processes=4) as queue:
        job = await run(queue, [f"nap-{number}" for number in range(8)], options(max_concurrent=1))
        assert queue._engine.processes == 1

    assert len({result.data for result in job.results}) == 1


async def test_all_who_wait_for_a_worker_get_one() -> None:
    async with opened(isolated(doings.process_id), max_processes=2) as queue:
        taken = []

        async def take() -> None:
            taken.append(await pool(queue)._take_worker())

        with anyio.fail_after(PATIENCE):
            async with create_task_group() as tasks:
                for _ in range(2):
                    tasks.start_soon(take)
        assert len(set(taken)) == 2


async def test_a_worker_serves_one_document_after_another_of_several_jobs() -> None:
    async with opened(isolated(doings.process_id)) as queue:
        jobs = [await run(queue, ["a", "b", "c"]) for _ in range(3)]

    assert len({result.data for job in jobs for result in job.results}) == 1


async def test_two_job_types_share_the_workers() -> None:
    processors = {CHECK: isolated(doings.process_id), "SUM": isolated(doings.Summing(1))}
    async with opened(processors) as queue:
        one = await run(queue, ["a"])
        other = await queue.wait(await queue.create_job(["a"], "SUM"))
        assert queue._engine.processes == 1

    assert other.summary["pid"] == one.results[0].data


class Late:
    """A processor that is loaded when the first job of its type is created."""

    def __init__(self, target: Any) -> None:
        self.target = target

    def docmill_load(self) -> Any:
        return self.target


async def test_a_processor_that_comes_later_is_loaded_by_the_workers_that_are_there() -> None:
    processors = {CHECK: isolated(doings.act), "LATE": Late(isolated(doings.process_id))}
    async with opened(processors, max_processes=2) as queue:
        idle = await run(queue, ["pid"])
        busy = await queue.create_job([f"nap-{number}" for number in range(20)], CHECK, options(max_concurrent=1))
        late = await queue.wait(await queue.create_job(["a", "b"], "LATE"))
        done = await queue.wait(busy)

    known = {result.data for job in (idle, done) for result in job.results}
    assert {result.data for result in late.results} & known
    assert len(done.results) == 20


async def test_a_worker_is_replaced_after_so_many_documents() -> None:
    async with opened(isolated(doings.act), max_documents_per_worker=3) as queue:
        job = await run(queue, [f"pid-{number}" for number in range(10)], options(max_concurrent=1))

    served = [result.data for result in job.results]
    assert [served.count(pid) for pid in dict.fromkeys(served)] == [3, 3, 3, 1]


async def test_a_worker_is_replaced_after_a_memory_error_whatever_its_reason() -> None:
    async with opened(isolated(doings.act)) as queue:
        job = await run(queue, ["pid-1", "pid-2", "nomemory", "pid-3"], once(max_concurrent=1))

    first, second, _, third = job.outcomes
    assert first.data == second.data != third.data


async def test_other_failures_cost_no_worker() -> None:
    async with opened(isolated(doings.act)) as queue:
        names = ["pid-1", "value", "sysexit", "recursion", "object", "permanent", "pid-2"]
        job = await run(queue, names, once(max_concurrent=1))

    assert job.outcome("pid-1").data == job.outcome("pid-2").data


@pytest.mark.slow
async def test_a_worker_that_is_replaced_and_does_not_end_takes_nobodys_place() -> None:
    """R16: a thread that a parser has left keeps an interpreter from its end."""
    async with opened(isolated(doings.act), max_documents_per_worker=1) as queue:
        job = await run(queue, ["thread-1", "thread-2", "ok"], once(max_concurrent=1))

    assert [outcome.success for outcome in job.outcomes] == [True, True, True]


async def test_imports_do_not_count_for_the_budget(module: Any) -> None:
    made = module("import time\n" + in_a_worker("time.sleep(0.6)"))
    async with opened(isolated(made.check)) as queue:
        job = await run(queue, ["a", "b"], once(document_timeout=0.3))

    assert [outcome.success for outcome in job.outcomes] == [True, True]
    assert max(outcome.processing_time for outcome in job.outcomes) < 0.3


async def test_the_wait_for_a_worker_does_not_count_for_the_budget() -> None:
    async with opened(isolated(doings.act), max_processes=1) as queue:
        job = await run(queue, [f"nap-{number}" for number in range(20)], once(document_timeout=0.4, max_concurrent=20))

    assert len(job.results) == 20


async def test_a_processor_that_a_worker_cannot_import_fails_its_documents_at_once_and_says_why(module: Any) -> None:
    made = module(in_a_worker("raise RuntimeError('no model here')"))
    processors = {CHECK: isolated(made.check), "GOOD": isolated(doings.process_id)}
    async with opened(processors) as queue:
        job = await run(queue, ["a", "b"])
        good = await queue.wait(await queue.create_job(["a"], "GOOD"))

    assert {(failure.code, failure.attempts) for failure in job.errors} == {(FailureCode.PERMANENT, 1)}
    assert job.errors[0].error == ("the processor cannot be loaded in a worker process: RuntimeError: no model here")
    assert (job.status, good.status) == (JobStatus.FAILED, JobStatus.COMPLETED)


@pytest.mark.slow
async def test_an_import_that_kills_the_worker_fails_its_documents_and_no_others(module: Any) -> None:
    made = module(in_a_worker("os._exit(9)"))
    async with opened({CHECK: isolated(made.check), "GOOD": isolated(doings.process_id)}) as queue:
        good_id = await queue.create_job(["a", "b"], "GOOD", once())
        job = await run(queue, ["a", "b"], once())
        good = await queue.wait(good_id)

    assert {failure.code for failure in job.errors} == {FailureCode.PERMANENT}
    assert job.errors[0].error == (
        "the processor cannot be loaded in a worker process: loading it has ended 3 worker processes; "
        "the last one exited with code 9"
    )
    assert [outcome.success for outcome in good.outcomes] == [True, True]


@pytest.mark.slow
async def test_an_import_that_does_not_end_fails_its_documents_and_no_others(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docmill.engines.processes.pool.WARM_UP", 0.5)
    made = module("import time\n" + in_a_worker("time.sleep(3600)"))
    async with opened({CHECK: isolated(made.check), "GOOD": isolated(doings.process_id)}) as queue:
        job = await run(queue, ["a"], once())
        good = await queue.wait(await queue.create_job(["a"], "GOOD", once()))

    assert job.errors[0].code is FailureCode.PERMANENT
    assert "loading it has ended 3 worker processes; the last one was not ready within 0.5 s" in job.errors[0].error
    assert [outcome.success for outcome in good.outcomes] == [True]


@pytest.mark.parametrize("executable", ["/bin/false", "/nowhere/python"])
async def test_where_no_worker_can_start_the_documents_fail_and_the_job_ends(
    executable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    async with opened(isolated(doings.act), max_processes=2) as queue:
        job = await run(queue, ["ok-1", "ok-2", "ok-3"], options(retry_attempts=1))

    assert {(failure.code, failure.attempts) for failure in job.errors} == {(FailureCode.WORKER_DIED, 2)}
    assert "before it was ready" in job.errors[0].error
    assert ("exited with code 1" if executable == "/bin/false" else "cannot be started") in job.errors[0].error


async def test_when_workers_can_start_again_documents_succeed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(isolated(doings.act), max_processes=2) as queue:
        with monkeypatch.context() as broken:
            broken.setattr(sys, "executable", "/bin/false")
            job = await run(queue, ["ok-1", "ok-2"], once())
        again = await run(queue, [f"nap-{number}" for number in range(20)], once(max_concurrent=4))
        assert pool(queue).seats.capacity == len(pool(queue).workers) == warm(queue)

    assert job.status is JobStatus.FAILED
    assert [outcome.success for outcome in again.outcomes] == [True] * 20


async def test_what_lies_in_the_current_directory_does_not_stand_in_for_the_standard_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.joinpath("json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    monkeypatch.chdir(tmp_path)
    async with opened(isolated(doings.act)) as queue:
        job = await run(queue, ["ok"], once())

    assert [outcome.success for outcome in job.outcomes] == [True]


async def test_an_entry_of_the_path_that_is_no_text_is_passed_over_as_python_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, tmp_path])
    async with opened(isolated(doings.act)) as queue:
        job = await run(queue, ["ok"], once())

    assert [outcome.success for outcome in job.outcomes] == [True]


async def test_a_worker_has_the_programs_path_and_directory_and_no_main_module() -> None:
    async with opened(isolated(doings.surroundings)) as queue:
        data = (await run(queue, ["a"])).results[0].data

    assert data["path"] == [entry or str(Path.cwd()) for entry in sys.path]
    assert (data["cwd"], data["main"], data["boot"], data["stdin"], data["thread"]) == (
        str(Path.cwd()),
        None,
        None,
        "",
        True,
    )


async def test_metadata_of_many_bytes_gets_to_the_worker() -> None:
    async with opened(isolated(lambda document_id, context: len(context.metadata["text"]))) as queue:
        job = await run(queue, ["a", "b"], metadata={"text": "x" * 5_000_000})

    assert [result.data for result in job.results] == [5_000_000, 5_000_000]


async def test_a_worker_that_does_not_read_does_not_block_the_event_loop() -> None:
    """It is told of a new processor while it hangs, more than a socket or a pipe holds."""
    late = Late(isolated(lambda document_id, *, text="x" * 3_000_000: len(text)))
    async with opened({CHECK: isolated(doings.act), "LATE": late}, max_processes=2) as queue:
        stuck = await queue.create_job(["hang"], CHECK, once(document_timeout=1.0))
        await until(lambda: queue.stats().running == 1)
        job = await queue.wait(await queue.create_job(["a"], "LATE"))
        assert queue.get_job_status(stuck).status is JobStatus.PROCESSING
        assert (await queue.wait(stuck)).errors[0].code is FailureCode.DOCUMENT_TIMEOUT

    assert job.results[0].data == 3_000_000


def saying(data: bytes, *, numbered: bool = False) -> dict[str, Any]:
    return {"say": data.hex(), "numbered": numbered}


def frame_of(kind: int, body: object, *, numbered: bool = False) -> dict[str, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return saying(struct.pack(">IB", len(data), kind) + data, numbered=numbered)


def answer(kind: int, body: object) -> dict[str, Any]:
    """What belongs to the call that is running."""
    return frame_of(kind, body, numbered=True)


NONSENSE = {
    "noise": saying(bytes(range(255, 191, -1))),
    "a huge length": saying(b"\xff\xff\xff\xff\x06"),
    "an unknown kind": frame_of(99, None),
    "a kind that only the host uses": frame_of(Kind.CALL, [0, "a", 1, 1.0]),
    "a log record of the wrong shape": frame_of(Kind.LOG, ["name"]),
    "a log record that is no JSON": frame_of(Kind.LOG, b"{"),
    "a log record that is too deep": frame_of(Kind.LOG, b"[" * 100_000),
    "a report of nothing": frame_of(Kind.REPORT, b""),
    "a report of the wrong shape": answer(Kind.REPORT, {"half": True}),
    "a report of no number": answer(Kind.REPORT, [float("nan"), ""]),
    "an answer of another call": frame_of(Kind.RESULT, b"\xff\xff\xff\xff7"),
    "a result of nothing": frame_of(Kind.RESULT, b""),
    "a result that is no JSON": answer(Kind.RESULT, b"\x80\x04."),
    "a result that is no text": answer(Kind.RESULT, b'"\xff"'),
    "a result that is too deep": answer(Kind.RESULT, b"[" * 100_000),
    "a verdict of the wrong shape": answer(Kind.FAILED, [1]),
    "a verdict that is empty": answer(Kind.FAILED, []),
    "a verdict that is a number": answer(Kind.FAILED, 7),
    "a verdict with an unknown code": answer(Kind.FAILED, ["unheard_of", "", True, True, None, False]),
    "a verdict with a code that is a list": answer(Kind.FAILED, [[], "", True, True, None, False]),
    "a verdict that only the host can give": answer(Kind.FAILED, ["cancelled", "", True, True, None, False]),
    "a pause in words": answer(Kind.FAILED, ["processor_error", "", True, True, "soon", False]),
    "an endless pause": answer(Kind.FAILED, ["processor_error", "", True, True, float("inf"), False]),
    "a pause of no number": answer(Kind.FAILED, ["processor_error", "", True, True, float("nan"), False]),
    "a negative pause": answer(Kind.FAILED, ["processor_error", "", True, True, -1e9, False]),
}


@pytest.mark.slow
async def test_a_worker_that_talks_nonsense_fails_its_own_attempt() -> None:
    async with opened(isolated(doings.act), max_processes=2) as queue:
        jobs = {
            name: await queue.create_job(["saywait"], CHECK, once(document_timeout=3.0), metadata=data)
            for name, data in NONSENSE.items()
        }
        innocent = await queue.create_job([f"nap-{number}" for number in range(30)], CHECK, once())
        outcomes = {name: (await queue.wait(job_id)).outcomes[0] for name, job_id in jobs.items()}
        others = await queue.wait(innocent)
        again = await run(queue, [f"nap-{number}" for number in range(10)], once())
        assert (pool(queue).seats.taken, pool(queue).seats.capacity) == (0, 2)

    assert {name: outcome.code for name, outcome in outcomes.items()} == dict.fromkeys(
        NONSENSE, FailureCode.WORKER_DIED
    )
    assert all(outcome.success for job in (others, again) for outcome in job.outcomes)


async def test_the_error_of_a_worker_that_talks_nonsense_is_a_sentence() -> None:
    async with opened(isolated(doings.act)) as queue:
        job = await run(queue, ["saywait"], once(document_timeout=3.0), metadata=NONSENSE["an unknown kind"])

    assert job.errors[0].error == (
        "the worker process said what it must not say (ValueError: a frame of kind 99) and was killed"
    )


async def test_a_verdict_is_made_safe_to_show() -> None:
    texts = [["a list"], "a novel " * 1_000, "a\x1b[31m\u202eb\nc"]
    async with opened(isolated(doings.act), max_processes=3) as queue:
        ids = [
            await queue.create_job(
                ["saywait"], CHECK, once(document_timeout=3.0), metadata=answer(Kind.FAILED, verdict)
            )
            for verdict in [["processor_error", text, True, False, None, True] for text in texts]
        ]
        failures = [(await queue.wait(job_id)).errors[0] for job_id in ids]

    assert {failure.code for failure in failures} == {FailureCode.PROCESSOR_ERROR}
    a_list, a_novel, a_riddle = [failure.error for failure in failures]
    assert (a_list, len(a_novel), a_riddle) == ("['a list']", 2_000, "a\\x1b[31m\\u202eb\\nc")


async def test_a_pause_of_an_age_of_the_world_ends_no_queue() -> None:
    async with opened({CHECK: isolated(doings.act), "OTHER": isolated(doings.Summing(1))}) as queue:
        pausing = answer(Kind.FAILED, ["processor_error", "", True, True, 1e300, True])
        job_id = await queue.create_job(["saywait"], CHECK, options(document_timeout=3.0), metadata=pausing)
        other = await queue.wait(await queue.create_job(["ab"], "OTHER"))
        await queue.cancel_job(job_id, force=True)

    assert other.status is JobStatus.COMPLETED


async def test_a_worker_that_says_twice_that_it_is_ready_is_handed_one_document_at_a_time() -> None:
    ready = frame_of(Kind.LOADED, b"")
    async with opened(isolated(doings.act)) as queue:
        await run(queue, ["say"], once(document_timeout=1.0), metadata=ready)
        job = await run(queue, [f"ok-{number}" for number in range(20)], once(document_timeout=1.0, max_concurrent=5))

    assert [outcome.success and outcome.data == outcome.document_id for outcome in job.outcomes] == [True] * 20


async def test_a_second_answer_is_not_the_next_documents() -> None:
    async with opened(isolated(doings.act)) as queue:
        await run(queue, ["say"], once(document_timeout=1.0), metadata=answer(Kind.RESULT, "forged"))
        job = await run(queue, [f"ok-{number}" for number in range(20)], once(document_timeout=1.0, max_concurrent=1))

    assert [outcome.success and outcome.data == outcome.document_id for outcome in job.outcomes] == [True] * 20


@pytest.mark.parametrize("kind", ["native", "stop"])
async def test_closing_kills_a_worker_that_hangs(kind: str) -> None:
    async with opened(isolated(doings.act)) as queue:
        job_id = await queue.create_job([kind], CHECK, once(document_timeout=1_000))
        await until(lambda: queue.stats().running == 1)
        (worker,) = pool(queue).workers
        await queue.aclose(timeout=0.01)
        assert is_gone(worker.pid)

    assert queue.get_job_status(job_id).status is JobStatus.CANCELLED


async def test_closing_while_workers_start_leaves_nothing() -> None:
    async with opened(isolated(doings.act), max_processes=3) as queue:
        job_id = await queue.create_job(["ok-1", "ok-2", "ok-3"], CHECK, once())
        await until(lambda: queue._engine.processes == 3)
        await queue.aclose(timeout=0)
        assert (queue._engine.processes, workers()) == (0, [])

    assert queue.get_job_status(job_id).status is JobStatus.CANCELLED


async def test_closing_ends_a_worker_whose_import_does_not(module: Any) -> None:
    made = module("import time\n" + in_a_worker("time.sleep(3600)"))
    async with opened(isolated(made.check)) as queue:
        await queue.create_job(["a"], CHECK, once())
        await until(lambda: queue._engine.processes == 1)
        await queue.aclose(timeout=0)
        assert (queue._engine.processes, workers()) == (0, [])


async def test_closing_waits_for_what_is_running() -> None:
    async with opened(isolated(doings.act)) as queue:
        job_id = await queue.create_job(["nap"], CHECK, once())
        await until(lambda: queue.stats().running == 1)
        await queue.aclose()
        assert queue.get_job_status(job_id).status is JobStatus.COMPLETED
        with pytest.raises(QueueClosedError):
            await queue.create_job(["nap"], CHECK)


async def test_a_worker_that_is_told_to_end_may_clean_up(tmp_path: Path, module: Any) -> None:
    trace = tmp_path / "trace"
    made = module(f"import atexit, pathlib\natexit.register(lambda: pathlib.Path({str(trace)!r}).touch())")
    try:
        async with opened(isolated(made.check)) as queue:
            await run(queue, ["a"])
        assert trace.exists()
    finally:
        made.atexit.unregister(made)


async def test_two_queues_have_workers_of_their_own() -> None:
    async with opened(isolated(doings.process_id)) as one, opened(isolated(doings.process_id)) as other:
        first, second = await run(one, ["a"]), await run(other, ["a"])
        await one.aclose()
        again = await run(other, ["b"])

    assert first.results[0].data != second.results[0].data == again.results[0].data


async def test_cancelling_who_opened_the_queue_leaves_nothing() -> None:
    async def program() -> None:
        async with opened(isolated(doings.act)) as queue:
            await run(queue, ["hang"], once(document_timeout=1_000))

    async with create_task_group() as tasks:
        tasks.start_soon(program)
        await until(lambda: bool(workers()))
        await sleep(0.3)
        tasks.cancel_scope.cancel()

    assert workers() == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_event_loop_that_ends_without_closing_the_queue_leaves_nothing(backend: str) -> None:
    """The fixture of every test looks for what is left."""

    async def program() -> None:
        queue = DocumentProcessingQueue({CHECK: isolated(doings.act)}, engine=LocalEngine(max_processes=2))
        await queue.create_job(["ok", "native"], CHECK, once(document_timeout=1_000))
        await until(lambda: queue.stats().running == 1 and queue.get_all_jobs()[0].processed_documents == 1)

    anyio.run(program, backend=backend)


HOST = """
    import sys
    import anyio
    import docmill_doings as doings
    from docmill import DocumentProcessingQueue, JobOptions, processor
    from docmill.engines import LocalEngine

    async def main():
        check = processor(isolation="process")(doings.act)
        async with DocumentProcessingQueue({"CHECK": check}, engine=LocalEngine(max_processes=1)) as queue:
            job = await queue.wait(await queue.create_job(["pid"], "CHECK"))
            print(job.results[0].data, flush=True)
            await queue.wait(await queue.create_job([sys.argv[1]], "CHECK", JobOptions(document_timeout=1000)))

    anyio.run(main, backend=sys.argv[2])
"""


@pytest.mark.parametrize("kind, backend", [("native", "asyncio"), ("ignoring", "trio")])
def test_a_worker_ends_with_its_host_however_that_ends(kind: str, backend: str) -> None:
    command = [sys.executable, "-c", dedent(HOST), kind, backend]
    path = os.pathsep.join([str(Path(doings.__file__).parent), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": path}) as host:
        assert host.stdout is not None
        worker = psutil.Process(int(host.stdout.readline()))
        os.kill(host.pid, signal.SIGKILL)

    worker.wait(PATIENCE)
    assert not worker.is_running()


def test_output_without_end_of_what_has_outlived_a_worker_does_not_hold_up_the_program() -> None:
    code = """
        import os, subprocess
        import anyio
        from docmill import DocumentProcessingQueue, JobOptions, processor

        @processor(isolation="process")
        def check(document_id):
            subprocess.Popen(["yes"], start_new_session=True)
            os._exit(3)

        async def main():
            async with DocumentProcessingQueue({"CHECK": check}) as queue:
                options = JobOptions(retry_attempts=0)
                job = await queue.wait(await queue.create_job(["a"], "CHECK", options))
                print(job.errors[0].code)

        anyio.run(main)
    """
    command = [sys.executable, "-c", dedent(code)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=15, check=False)

    assert (ended.stdout, ended.returncode) == ("worker_died\n", 0)


async def test_a_record_that_is_larger_than_a_result_may_be_costs_no_worker(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> int:
        logging.getLogger("parser").warning("x" * 200_000)
        return os.getpid()

    async with opened(isolated(check), max_result_bytes=1_000) as queue:
        job = await run(queue, ["a", "b"], once(max_concurrent=1))

    assert len({outcome.success and outcome.data for outcome in job.outcomes}) == 1
    assert job.outcomes[0].success


async def test_workers_that_are_idle_and_die_are_replaced_when_they_are_needed() -> None:
    async with opened(isolated(doings.process_id)) as queue:
        first = (await run(queue, ["a"])).results[0].data
        os.kill(first, signal.SIGKILL)
        await until(lambda: queue._engine.processes == 0)
        assert (warm(queue), pool(queue).seats.capacity) == (0, 0)
        second = await run(queue, ["b"])

    assert second.results[0].attempts == 1
    assert second.results[0].data != first


async def test_a_document_that_is_handed_to_a_worker_that_has_just_died_fails_its_attempt() -> None:
    async with opened(isolated(doings.process_id)) as queue:
        first = (await run(queue, ["a"])).results[0].data
        job_id = await queue.create_job(["b"], CHECK, options(retry_attempts=1))
        os.kill(first, signal.SIGKILL)
        job = await queue.wait(job_id)

    assert job.results[0].data != first


def test_a_program_with_a_worker_exits_without_a_word() -> None:
    for backend in ("asyncio", "trio"):
        code = f"""
            import os
            import anyio
            from docmill import DocumentProcessingQueue, processor

            @processor(isolation="process")
            def check(document_id):
                return document_id.upper()

            async def main():
                async with DocumentProcessingQueue({{"CHECK": check}}) as queue:
                    job = await queue.wait(await queue.create_job(["a", "b"], "CHECK"))
                    print([result.data for result in job.outcomes])

            anyio.run(main, backend="{backend}")
        """
        ended = python(code)
        assert (ended.stdout, ended.stderr, ended.returncode) == ("['A', 'B']\n", "", 0)
