"""Contract, section 5: how a processor gets into a worker process, and what is said of one that cannot."""

import functools
import logging
import os
import pickle
import sys
import tempfile
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import docmill_doings as doings
import docmill_helper
import pytest

from docmill import FailureCode, InvalidJobError, JobStatus
from docmill.engines.travel import TravelError, pack

from .elsewhere import check as check_from_elsewhere
from .elsewhere import whisper
from .support import CHECK, isolated, once, opened, python, run

IMPORTABLE = str(Path(doings.__file__).parent)

FACTOR = 3


class HereError(Exception):
    pass


def check_here(document_id: str) -> int:
    """It uses what this module has, which a worker cannot import."""
    if document_id == "broken":
        raise HereError(document_id)
    return helper_here(document_id) * FACTOR


def helper_here(text: str) -> int:
    return len(text)


class CheckHere:
    def __init__(self, factor: int) -> None:
        self.factor = factor

    def __call__(self, document_id: str, context: Any) -> int:
        return helper_here(document_id) * self.factor


class Bomb:
    """Runs code where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


async def result_of(target: Any, document_id: str = "ab", **metadata: Any) -> Any:
    async with opened(isolated(target)) as queue:
        job = await run(queue, [document_id], once(), metadata=metadata)
    (outcome,) = job.outcomes
    return outcome.data if outcome.success else outcome.error


def test_what_can_be_imported_travels_as_its_name() -> None:
    assert b"docmill_doings" in pack(doings.act)
    assert len(pack(doings.act)) < 200


def times(factor: int, document_id: str) -> int:
    return len(document_id) * factor


async def test_processors_of_every_make_get_there() -> None:
    factor, log = 7, logging.getLogger("parser")

    def uses_a_module(document_id: str) -> str:
        return docmill_helper.shout(document_id)

    makes = {
        "a function of a module that can be imported": (doings.document_id, "ab"),
        "an object of such a module": (doings.Summing(2), 4),
        "a function of a module that cannot, with what it uses": (check_here, 2 * FACTOR),
        "an object of such a module, with what it uses": (CheckHere(5), 10),
        "a partial": (functools.partial(times, 6), 12),
        "a function in a function": (uses_a_module, "AB"),
        "a lambda and what it closes over": (lambda document_id: len(document_id) * factor, 14),
        "a logger in a closure": (lambda document_id: log.name, "parser"),
    }
    async with opened({name: isolated(target) for name, (target, _) in makes.items()}) as queue:
        jobs = {name: await queue.wait(await queue.create_job(["ab"], name, once())) for name in makes}

    given = {name: job.results[0].data if job.results else job.errors[0].error for name, job in jobs.items()}
    assert given == {name: result for name, (_, result) in makes.items()}


async def test_a_function_that_uses_another_module_that_cannot_be_imported() -> None:
    """Both have to travel, or it has to be said when the job is created."""

    def check(document_id: str) -> str:
        return whisper(document_id)

    assert await result_of(check, "AB") == "ab"
    assert await result_of(check_from_elsewhere, "AB") == "ab"


async def test_a_permanent_class_that_cannot_be_imported_is_known_there() -> None:
    async with opened(isolated(check_here, permanent=(HereError,))) as queue:
        job = await run(queue, ["broken"])

    assert (job.errors[0].code, job.errors[0].error) == (FailureCode.PERMANENT, "HereError: broken")


async def test_metadata_with_a_class_that_cannot_be_imported() -> None:
    def check(document_id: str, context: Any) -> int:
        return context.metadata["check"].factor

    assert await result_of(check, check=CheckHere(9)) == 9


@pytest.mark.parametrize("make", [threading.Lock, tempfile.TemporaryFile, lambda: (number for number in range(3))])
async def test_what_cannot_travel_is_told_when_a_job_is_created(make: Any) -> None:
    held = make()
    try:
        async with opened(isolated(lambda document_id: held)) as queue:
            with pytest.raises(InvalidJobError) as refused:
                await queue.create_job(["a"], CHECK)
            assert queue.get_all_jobs() == []
            assert queue._engine.processes == 0
    finally:
        if hasattr(held, "close"):
            held.close()

    (problem,) = refused.value.problems
    assert problem.startswith("the processor test_what_cannot_travel_is_told_when_a_job_is_created.<locals>.<lambda> ")
    assert "cannot run in a worker process: it cannot be sent to a worker process: " in problem
    assert problem.endswith("and open files, locks and connections when it is called")


async def test_without_cloudpickle_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    processors = {CHECK: isolated(lambda document_id: document_id), "GOOD": isolated(doings.act)}
    async with opened(processors) as queue:
        with pytest.raises(InvalidJobError) as refused:
            await queue.create_job(["a"], CHECK)
        good = await queue.wait(await queue.create_job(["ok"], "GOOD"))

    (problem,) = refused.value.problems
    assert problem.endswith(
        "move it into a module of its own, or install cloudpickle: pip install 'docmill[cloudpickle]'"
    )
    assert good.status is JobStatus.COMPLETED


async def test_a_processor_that_cannot_travel_is_no_obstacle_to_the_others() -> None:
    lock = threading.Lock()
    processors = {CHECK: isolated(lambda document_id: lock), "GOOD": isolated(doings.Summing(1))}
    async with opened(processors) as queue:
        with pytest.raises(InvalidJobError):
            await queue.create_job(["a"], CHECK)
        good = await queue.wait(await queue.create_job(["ab"], "GOOD"))

    assert good.summary["sum"] == 2


async def test_metadata_that_cannot_travel_is_told_when_a_job_is_created() -> None:
    async with opened(isolated(doings.context_of)) as queue:
        with pytest.raises(InvalidJobError) as refused:
            await queue.create_job(["a"], CHECK, metadata={"lock": threading.Lock()})
        job = await run(queue, ["a"], metadata={"lock": "none"})

    assert refused.value.problems[0].startswith("metadata must get to a worker, but it cannot be sent ")
    assert job.status is JobStatus.COMPLETED


async def test_metadata_that_cannot_be_read_there_fails_its_job_and_no_other() -> None:
    async with opened(isolated(doings.context_of)) as queue:
        job = await run(queue, ["a"], once(), metadata={"bomb": Unreadable()})
        good = await run(queue, ["a"], once())

    assert (job.status, good.status) == (JobStatus.FAILED, JobStatus.COMPLETED)


class Unreadable:
    def __reduce__(self) -> Any:
        return os.getpgid, (-1,)


async def test_what_a_worker_gives_back_is_never_unpickled(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    error = await result_of(lambda document_id: Bomb(trace))

    assert error.startswith("result is a Bomb, ")
    assert not trace.exists()


async def test_bytes_of_a_pickle_are_no_result_either(tmp_path: Path) -> None:
    data = pickle.dumps(Bomb(tmp_path / "trace"))
    assert (await result_of(lambda document_id: data)).startswith("result is a bytes, ")


def test_a_processor_by_value_leaves_cloudpickle_as_it_was() -> None:
    import cloudpickle

    before = set(cloudpickle.list_registry_pickle_by_value())
    pack(check_here)
    with pytest.raises(TravelError):
        pack([check_here, threading.Lock()])

    assert set(cloudpickle.list_registry_pickle_by_value()) == before


def test_what_somebody_else_has_registered_stays_registered() -> None:
    import cloudpickle

    module = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(module)
    try:
        pack(check_here)
        assert __name__ in cloudpickle.list_registry_pickle_by_value()
    finally:
        cloudpickle.unregister_pickle_by_value(module)


def test_a_module_that_stands_before_another_of_its_name_travels_by_value(tmp_path: Path) -> None:
    """A worker would import the other one."""
    module = ModuleType("docmill_helper")
    module.__file__ = str(tmp_path / "docmill_helper.py")
    exec("def shout(text): return 'mine'", module.__dict__)
    was = sys.modules["docmill_helper"]
    sys.modules["docmill_helper"] = module
    try:
        data = pack(module.shout)
    finally:
        sys.modules["docmill_helper"] = was

    assert pickle.loads(data)("a") == "mine"


def test_what_a_strangers_reduce_raises_is_an_obstacle() -> None:
    class Stranger:
        def __reduce__(self) -> Any:
            raise RuntimeError("not me")

    with pytest.raises(TravelError, match="it cannot be sent to a worker process: not me"):
        pack(Stranger())


SCRIPT = """
import sys
import anyio
from docmill import DocumentProcessingQueue, processor

print("main runs", __name__)

class BrokenError(Exception):
    pass

@processor(isolation="process", permanent=(BrokenError,))
def check(document_id):
    if document_id == "broken":
        raise BrokenError("it is")
    return len(document_id) * factor()

def factor():
    return 3

async def main():
    async with DocumentProcessingQueue({"CHECK": check}) as queue:
        job = await queue.wait(await queue.create_job(["ab", "broken"], "CHECK"))
        print([result.data for result in job.results], [(failure.code.value, failure.error) for failure in job.errors])

"""

SAID = "main runs __main__\n[6] [('permanent', 'BrokenError: it is')]\n"


@pytest.mark.parametrize(
    "guard, backend", [("if __name__ == '__main__':\n    ", "asyncio"), ("", "trio")], ids=["guarded", "unguarded"]
)
def test_a_script_with_its_processor_in_main(guard: str, backend: str, tmp_path: Path) -> None:
    """Workers never run it a second time, so that it needs no guard."""
    path = tmp_path / "script.py"
    path.write_text(f"{SCRIPT}{guard}anyio.run(main, backend='{backend}')\n")
    ended = python(f"import subprocess, sys\nsys.exit(subprocess.call([sys.executable, '-W', 'error', {str(path)!r}]))")

    assert (ended.stdout, ended.stderr, ended.returncode) == (SAID, "", 0)


def test_a_program_on_the_command_line() -> None:
    ended = python(f"{SCRIPT}anyio.run(main)\n")

    assert (ended.stdout, ended.stderr, ended.returncode) == (SAID, "", 0)


def test_a_cell_of_a_notebook() -> None:
    """A cell is executed in a ``__main__`` that has no file; a later cell replaces what an earlier one has defined."""
    code = f"""
        import sys, types
        main = types.ModuleType("__main__")
        sys.modules["__main__"] = main
        exec({SCRIPT!r}, main.__dict__)
        exec("def factor(): return 100", main.__dict__)
        exec("anyio.run(main)", main.__dict__)
    """
    ended = python(code)

    assert ended.stdout == SAID.replace("[6]", "[200]")
    assert (ended.stderr, ended.returncode) == ("", 0)


def test_a_module_that_a_program_finds_beside_it(tmp_path: Path) -> None:
    tmp_path.joinpath("beside.py").write_text("def check(document_id):\n    return __name__\n")
    code = """
        import anyio
        import beside
        from docmill import DocumentProcessingQueue, processor

        async def main():
            check = processor(isolation="process")(beside.check)
            async with DocumentProcessingQueue({"CHECK": check}) as queue:
                job = await queue.wait(await queue.create_job(["a"], "CHECK"))
                print(job.outcomes[0].data)

        anyio.run(main)
    """
    ended = python(code, cwd=tmp_path)

    assert (ended.stdout, ended.stderr, ended.returncode) == ("beside\n", "", 0)
