"""Bars of rich and tqdm over a queue's events."""

import io
import sys
from typing import Any, ClassVar

import pytest
from anyio import sleep

from docmill import DocumentProcessingQueue, JobOptions, blocking
from docmill.progress import rich_progress, tqdm_progress
from docmill.stores import SQLiteStore


async def scripted(document_id: str) -> str:
    await sleep(float(document_id.split(maxsplit=1)[0]))
    if "bad" in document_id:
        raise ValueError("no good")
    return document_id


OPTIONS = JobOptions(retry_attempts=0, timeout=5.0)


async def run(queue: DocumentProcessingQueue, *documents: str) -> str:
    job_id = await queue.create_job(documents, "SCRIPT", OPTIONS)
    await queue.wait(job_id, drained=True)
    return job_id


@pytest.fixture
def queue() -> DocumentProcessingQueue:
    return DocumentProcessingQueue({"SCRIPT": scripted}, make_id=lambda _: next(names))


@pytest.fixture(autouse=True)
def _names() -> None:
    global names  # noqa: PLW0603 - one row of names for each test
    names = iter(["job_[one]", "job_two", "job_three"])


names = iter([""])


def console() -> Any:
    rich = pytest.importorskip("rich.console", reason="rich is not installed (extra demo)")
    return rich.Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)


async def test_rich_shows_a_bar_for_each_job(queue: DocumentProcessingQueue) -> None:
    screen = console()
    with rich_progress(queue, console=screen):
        async with queue:
            await run(queue, "1 a", "1 bad", "1 c")
            await run(queue, "9 late", "1 a")

    lines = screen.file.getvalue().splitlines()
    one, two = ([line for line in lines if name in line][-1] for name in ("job_[one]", "job_two"))
    assert "3/3" in one
    assert "1 failed" in one
    assert "1/2" in two
    assert "TIMEOUT" in two
    assert queue.stats().listener_failures == 0


async def test_after_the_block_nothing_is_heard(queue: DocumentProcessingQueue) -> None:
    screen = console()
    async with queue:
        with rich_progress(queue, console=screen):
            pass
        await run(queue, "1 a")

    assert "job_" not in screen.file.getvalue()


async def test_tqdm_shows_a_bar_for_each_job(queue: DocumentProcessingQueue) -> None:
    pytest.importorskip("tqdm", reason="tqdm is not installed")
    file = io.StringIO()
    with tqdm_progress(queue, file=file, mininterval=0):
        async with queue:
            await run(queue, "1 a", "1 bad", "1 c")
            job_id = await queue.create_job(["1 a", "100 never"], "SCRIPT", OPTIONS)
            await sleep(2)
            await queue.cancel_job(job_id, force=True)

    shown = file.getvalue()
    assert "job_[one]: 100%" in shown
    assert "3/3" in shown
    assert "failed=1" in shown
    assert "CANCELLED" in shown
    assert queue.stats().listener_failures == 0


class Bar:
    """A bar in the manner of tqdm."""

    made: ClassVar[list["Bar"]]

    def __init__(self, *, desc: str, total: int, unit: str) -> None:
        self.total = total
        self.n = 0
        self.closed = False
        self.made.append(self)

    def update(self, n: int) -> None:
        self.n += n

    def set_postfix(self, **figures: Any) -> None:
        """Nothing is shown."""

    set_postfix_str = set_postfix

    def close(self) -> None:
        self.closed = True


async def test_any_class_that_is_made_like_tqdm_will_do_and_every_bar_is_closed(
    queue: DocumentProcessingQueue,
) -> None:
    class Mine(Bar):
        made: ClassVar[list[Bar]] = []

    with tqdm_progress(queue, Mine):
        await queue.start()
        await run(queue, "1 a", "2 b")
        await queue.create_job(["1 a", "4 b"], "SCRIPT")
        await sleep(2)
    await queue.aclose()

    assert [(bar.n, bar.total, bar.closed) for bar in Mine.made] == [(2, 2, True), (1, 2, True)]


async def test_a_display_that_fails_is_logged_once_and_the_jobs_go_on(
    queue: DocumentProcessingQueue, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Bar):
        made: ClassVar[list[Bar]] = []

        def update(self, n: int) -> None:
            raise OSError("the terminal is gone")

    with tqdm_progress(queue, Broken):
        async with queue:
            job_id = await run(queue, "1 a", "2 b", "3 c")

    assert queue.get_job_status(job_id).status == "COMPLETED"
    assert caplog.text.count("cannot be shown any more") == 1
    assert queue.stats().listener_failures == 0


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_resumed_job_has_a_bar_too(tmp_path: Any, anyio_backend: str) -> None:
    class Mine(Bar):
        made: ClassVar[list[Bar]] = []

    def make() -> DocumentProcessingQueue:
        return DocumentProcessingQueue({"SCRIPT": scripted}, store=SQLiteStore(tmp_path / "jobs.db"))

    queue = make()
    async with queue:
        await queue.create_job(["0 a", "0.05 b"], "SCRIPT")
        await queue.aclose(0.0)
    with tqdm_progress(again := make(), Mine):
        async with again:
            await again.join()

    assert [(bar.n, bar.total) for bar in Mine.made] == [(2, 2)]


def test_a_blocking_queue_is_shown_in_the_same_way() -> None:
    class Mine(Bar):
        made: ClassVar[list[Bar]] = []

    screen = console()
    queue = blocking.DocumentProcessingQueue({"UPPER": str.upper})
    with tqdm_progress(queue, Mine), rich_progress(queue, console=screen), queue:
        queue.wait(queue.create_job(["a", "b"], "UPPER"))

    assert [(bar.n, bar.total) for bar in Mine.made] == [(2, 2)]
    assert "2/2" in screen.file.getvalue()


@pytest.mark.parametrize("show, package", [(rich_progress, "rich"), (tqdm_progress, "tqdm")])
def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, queue: DocumentProcessingQueue, show: Any, package: str
) -> None:
    for name in [package, *[name for name in sys.modules if name.startswith(f"{package}.")]]:
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(ImportError, match="pip install"), show(queue):
        pass
