"""The Python blocks of README.md and docs/ run, one after another, as a reader meets them."""

import ast
import inspect
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FunctionType
from unittest import SkipTest

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from postgres import Cluster, find_binaries
from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser, SkipParser

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").rglob("*.md"))]


class NotebookEvaluator:
    """Runs a block as a notebook does: it may ``await``, on one loop that lives as long as the document.

    A block that awaits nothing runs outside that loop, so that it may start one of its own.
    """

    def __init__(self, portal: BlockingPortal) -> None:
        self._portal = portal

    def __call__(self, example: Example) -> None:
        lines_above = "\n" * (example.line + example.parsed.line_offset)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(lines_above + example.parsed, example.path, "exec", flags, dont_inherit=True)
        block = FunctionType(code, example.namespace)
        if code.co_flags & inspect.CO_COROUTINE:
            self._portal.call(block)
        else:
            block()


@pytest.fixture
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal("asyncio") as portal:
        yield portal


def parse(path: Path, portal: BlockingPortal) -> Document:
    return Document.parse(str(path), CodeBlockParser("python", NotebookEvaluator(portal)), SkipParser())


@pytest.fixture
def database() -> Iterator[str | None]:
    """The address of a database; None if there is no PostgreSQL server on this machine."""
    binaries = find_binaries()
    if binaries is None:
        yield None
        return
    server = Cluster(binaries)
    try:
        server.start()
        yield server.dsn
    finally:
        server.close()


@pytest.fixture
def readers_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which a reader may be, with what the pages take for granted."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "invoices").symlink_to(ROOT / "examples" / "documents")
    return tmp_path


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
@pytest.mark.usefixtures("readers_machine")
def test_every_python_block_runs(
    path: Path, portal: BlockingPortal, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "DATABASE_URL" in path.read_text() and (address := request.getfixturevalue("database")) is not None:
        monkeypatch.setenv("DATABASE_URL", address)
    document = parse(path, portal)
    document.namespace["__name__"] = "__main__"
    for example in document.examples():
        with suppress(SkipTest):
            example.evaluate()


def test_the_readme_has_a_block_to_run(portal: BlockingPortal) -> None:
    examples = parse(README, portal).examples()
    assert any(isinstance(example.region.evaluator, NotebookEvaluator) for example in examples)
