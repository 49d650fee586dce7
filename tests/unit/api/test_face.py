"""What `import docmill` gives: exactly the documented names, quickly, and nothing else."""

import importlib
import importlib.resources
import inspect
import json
import subprocess
import sys
from typing import Any

import pytest

import docmill
from docmill import DocumentProcessingQueue, blocking

DOCUMENTED = [
    "DocumentProcessingQueue",
    "ProcessingJobType",
    "JobOptions",
    "JobStatus",
    "Job",
    "DocumentResult",
    "DocumentFailure",
    "Progress",
    "JobStarted",
    "JobCompleted",
    "JobFailed",
    "JobCancelled",
    "DocumentCompleted",
    "DocumentFailed",
    "DocumentProgress",
    "CircuitOpened",
    "CircuitClosed",
    "ProcessingContext",
    "Processor",
    "processor",
    "process_documents",
    "CircuitBreaker",
    "FailureCode",
    "OwnedQueue",
    "DocmillError",
    "InvalidJobError",
    "JobNotFoundError",
    "JobStateError",
    "IdempotencyConflictError",
    "QueueClosedError",
    "ForkedQueueError",
    "PluginError",
    "StoreError",
    "StoreUnavailableError",
    "StoreCorruptError",
    "StoreReadOnlyError",
    "StoreInUseError",
    "StoreVersionError",
    "PermanentError",
    "RetryAfter",
    "ServiceUnavailableError",
]

WHERE_NAMES_COME_FROM = ("batch", "core", "errors", "events", "model", "ports", "queue")


def order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, as linters sort them."""
    if name.isupper():
        return 0, name
    return (1 if name[0].isupper() else 2), name


def existing() -> set[str]:
    names = set()
    for module in WHERE_NAMES_COME_FROM:
        names |= set(importlib.import_module(f"docmill.{module}").__all__)
    return names


def test_all_is_sorted_and_has_no_name_twice() -> None:
    assert list(docmill.__all__) == sorted(set(docmill.__all__), key=order)


def test_a_star_import_gives_exactly_all() -> None:
    given: dict[str, Any] = {}
    exec("from docmill import *", given)

    assert set(given) - {"__builtins__"} == set(docmill.__all__)


def test_every_public_name_of_the_package_that_is_no_module_is_exported() -> None:
    public = {name for name, value in vars(docmill).items() if name[0] != "_" and not inspect.ismodule(value)}

    assert public == set(docmill.__all__)


@pytest.mark.parametrize("name", sorted(set(DOCUMENTED) & existing()))
def test_a_documented_name_is_exported(name: str) -> None:
    assert name in docmill.__all__


def test_every_error_and_every_event_is_exported() -> None:
    for module in ("errors", "events"):
        missing = set(importlib.import_module(f"docmill.{module}").__all__) - set(docmill.__all__)
        assert not missing, module


def test_every_exported_class_and_function_has_a_docstring_of_its_own() -> None:
    for name in docmill.__all__:
        value = getattr(docmill, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, name
            assert not value.__doc__.startswith(f"{name}("), name


def test_every_public_method_of_the_queue_has_a_docstring() -> None:
    for kind in (docmill.DocumentProcessingQueue, docmill.OwnedQueue, docmill.Job):
        for name, value in inspect.getmembers(kind):
            if name[0] != "_" and (inspect.isfunction(value) or isinstance(value, property)):
                assert inspect.getdoc(value), f"{kind.__name__}.{name}"


def test_the_package_says_that_it_is_typed() -> None:
    assert importlib.resources.files("docmill").joinpath("py.typed").is_file()


def test_the_version_of_the_distribution_can_be_asked_for() -> None:
    assert importlib.metadata.version("docmill")


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules that a fresh `import docmill` brings in."""
    program = (
        "import sys, json; before = set(sys.modules); import docmill; "
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return set(json.loads(done.stdout))


def test_the_import_needs_nothing_beyond_the_four_dependencies_and_theirs(loaded: set[str]) -> None:
    outside = {name.split(".")[0] for name in loaded} - set(sys.stdlib_module_names) - {"docmill"}

    assert outside <= {"anyio", "attr", "attrs", "backoff", "idna", "pyee", "sniffio", "typing_extensions"}


@pytest.mark.parametrize(
    "name",
    ["trio", "uvloop", "numpy", "pandas", "rich", "pytest", "hypothesis", "sqlite3", "multiprocessing", "http.server"],
)
def test_the_import_does_not_bring_in(loaded: set[str], name: str) -> None:
    assert name not in loaded


def test_the_import_does_not_bring_in_the_parts_that_are_asked_for_by_path(loaded: set[str]) -> None:
    assert not {name for name in loaded if name.startswith(("docmill.testing", "docmill.asgi", "docmill.blocking"))}


def test_the_job_types_are_known_before_the_queue_is_open() -> None:
    queue = DocumentProcessingQueue({"CHECK": len, "SUM": len})
    assert sorted(queue.job_types) == ["CHECK", "SUM"]
    assert sorted(blocking.DocumentProcessingQueue({"CHECK": len}).job_types) == ["CHECK"]
