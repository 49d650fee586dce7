"""A job that one watches: in a notebook, in a terminal, and with a display that fails."""

import io
import sys
from typing import Any

import anyio
import pytest
from anyio import move_on_after, sleep

from docmill import DocumentProcessingQueue, Job, JobNotFoundError, JobOptions, ProcessingContext, blocking, notebook
from docmill.notebook import notebook_display, watch

ONE_BY_ONE = JobOptions(max_concurrent=1, retry_attempts=0, timeout=None)


async def scripted(document_id: str, context: ProcessingContext) -> str:
    context.report(0.5, "half")
    await sleep(float(document_id.split(maxsplit=1)[0]))
    if "bad" in document_id:
        raise ValueError("no good")
    return document_id


class Display:
    """IPython's display, which keeps what it was given."""

    def __init__(self) -> None:
        self.cards: list[str] = []
        self.new = 0

    def __call__(self, job: Job, *, display_id: bool) -> "Display":
        assert display_id
        self.new += 1
        self.update(job)
        return self

    def update(self, job: Job) -> None:
        self.cards.append(job._repr_html_())


class Stderr(io.StringIO):
    """A stderr that is a terminal, or is none."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Display:
    display = Display()
    monkeypatch.setattr(notebook, "notebook_display", lambda: display)
    return display


@pytest.fixture
async def queue() -> Any:
    queue = DocumentProcessingQueue({"SCRIPT": scripted})
    await queue.start()
    yield queue
    await queue.aclose(0.0)


async def start(queue: Any, *documents: str) -> str:
    job_id: str = await queue.create_job(documents, "SCRIPT", ONE_BY_ONE)
    return job_id


async def test_one_card_is_kept_up_to_date_and_ends_with_the_last_state(
    queue: DocumentProcessingQueue, display: Display
) -> None:
    job = await watch(queue, await start(queue, "1 a", "1 bad", "1 c"))

    assert (job.status, job.drained) == ("COMPLETED", True)
    assert display.new == 1
    assert display.cards[-1] == job._repr_html_()
    seen = "".join(display.cards)
    assert all(words in seen for words in ("PROCESSING", "0 of 3", "1 of 3", "2 of 3", "3 of 3", "half", "no good"))


async def test_a_card_that_looks_the_same_is_not_sent_again(queue: DocumentProcessingQueue, display: Display) -> None:
    await watch(queue, await start(queue, "1000 a"))

    assert len(display.cards) <= 4


async def test_an_owner_watches_its_own_job(queue: DocumentProcessingQueue, display: Display) -> None:
    ann = queue.for_owner("ann")
    job_id = await start(ann, "1 a")

    assert (await watch(ann, job_id)).owner == "ann"
    with pytest.raises(JobNotFoundError):
        await watch(queue.for_owner("bob"), job_id)


async def test_a_finished_job_is_shown_as_it_is(queue: DocumentProcessingQueue, display: Display) -> None:
    job_id = await start(queue, "1 a")
    await queue.wait(job_id, drained=True)
    await watch(queue, job_id)

    assert len(display.cards) == 1


@pytest.mark.parametrize("on_interrupt, status", [("cancel", "CANCELLED"), ("leave", "PROCESSING")])
async def test_an_interrupted_cell_cancels_the_job_or_leaves_it_running(
    queue: DocumentProcessingQueue, display: Display, on_interrupt: Any, status: str
) -> None:
    job_id = await start(queue, "1 a", "20 b", "1 c")
    with move_on_after(2.5) as cell:
        await watch(queue, job_id, on_interrupt=on_interrupt)

    job = queue.get_job_status(job_id)
    assert cell.cancelled_caught
    assert (job.status, job.results[0].data) == (status, "1 a")
    assert status in display.cards[-1]


async def test_a_word_that_is_none_for_an_interrupt_is_refused(queue: DocumentProcessingQueue) -> None:
    with pytest.raises(ValueError, match="cancel or leave"):
        watch(queue, "job_0", on_interrupt="stop")  # type: ignore[call-overload]


async def test_in_a_terminal_a_line_is_written_over(
    queue: DocumentProcessingQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    stderr = Stderr(terminal=True)
    monkeypatch.setattr(sys, "stderr", stderr)
    await watch(queue, await start(queue, "1 a", "1 bad"))

    lines = stderr.getvalue().split("\r")
    assert lines[1].startswith("P")
    assert any("PROCESSING  50 %" in line for line in lines)
    assert lines[-1].splitlines()[-1] == "  1 bad: ValueError: no good"
    assert lines[-1].startswith("COMPLETED 100 % (2 of 2 documents, 1 failed, took 2.0 s)")


async def test_in_a_log_only_the_end_is_written(
    queue: DocumentProcessingQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    stderr = Stderr(terminal=False)
    monkeypatch.setattr(sys, "stderr", stderr)
    await watch(queue, await start(queue, "1 a"))

    assert stderr.getvalue() == "COMPLETED 100 % (1 of 1 documents, took 1.0 s)\n"


async def test_without_a_stderr_nothing_is_written(
    queue: DocumentProcessingQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)

    assert (await watch(queue, await start(queue, "1 a"))).status == "COMPLETED"


@pytest.mark.parametrize("good", [0, 1, 2])
async def test_a_display_that_fails_is_logged_once_and_the_job_goes_on(
    queue: DocumentProcessingQueue, display: Display, caplog: pytest.LogCaptureFixture, good: int
) -> None:
    update = display.update

    def fail(job: Job) -> None:
        if len(display.cards) == good:
            raise OSError("the browser is gone")
        update(job)

    display.update = fail  # type: ignore[method-assign]
    job = await watch(queue, await start(queue, "1 a", "1 b"))

    assert job.status == "COMPLETED"
    assert caplog.text.count("cannot be shown any more") == 1


def test_outside_of_a_notebook_there_is_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)

    assert notebook_display() is None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_only_a_shell_with_a_kernel_shows_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    ipython = pytest.importorskip("IPython", reason="IPython is not installed")
    getipython = pytest.importorskip("IPython.core.getipython")
    assert notebook_display() is None

    class Shell:
        kernel = object()

    monkeypatch.setattr(getipython, "get_ipython", Shell)
    assert notebook_display() is ipython.display.display


class Interrupts(blocking.DocumentProcessingQueue):
    """A blocking queue whose user presses Ctrl-C in the wait number ``at``."""

    def __init__(self, at: int) -> None:
        super().__init__({"NEVER": never, "QUICK": str.upper})
        self.waits = 0
        self._at = at

    def wait(self, *args: Any, **options: Any) -> Job:
        self.waits += 1
        if self.waits == self._at:
            raise KeyboardInterrupt
        return super().wait(*args, **options)


async def never(document_id: str) -> None:
    await anyio.sleep_forever()


def test_a_blocking_queue_is_watched_without_await(display: Display) -> None:
    with Interrupts(0) as queue:
        job = watch(queue, queue.create_job(["a"], "QUICK"))
        with pytest.raises(JobNotFoundError):
            watch(queue, "job_0")

    assert job.status == "COMPLETED"
    assert display.cards[-1] == job._repr_html_()


def test_ctrl_c_in_a_blocking_watch_cancels_the_job_and_returns_it(display: Display) -> None:
    with Interrupts(3) as queue:
        job = watch(queue.for_owner("ann"), queue.for_owner("ann").create_job(["a"], "NEVER"))

    assert (job.status, job.drained, job.errors[0].code) == ("CANCELLED", True, "cancelled")
    assert "CANCELLED" in display.cards[-1]


def test_ctrl_c_in_a_blocking_watch_may_leave_the_job_running(display: Display) -> None:
    with Interrupts(3) as queue:
        job_id = queue.create_job(["a"], "NEVER")
        with pytest.raises(KeyboardInterrupt):
            watch(queue, job_id, on_interrupt="leave")
        assert queue.get_job_status(job_id).status == "PROCESSING"
        queue.close(0.0)

    assert "PROCESSING" in display.cards[-1]
