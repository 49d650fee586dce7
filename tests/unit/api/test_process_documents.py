"""process_documents: one batch, in one call."""

import io
import sys
from typing import Any

import pytest
from anyio import current_time, move_on_after, sleep

from docmill import InvalidJobError, JobOptions, ProcessingContext, Progress, process_documents


async def scripted(document_id: str, context: ProcessingContext) -> str:
    await sleep(float(document_id.split(maxsplit=1)[0]))
    if "bad" in document_id:
        raise ValueError(document_id)
    return document_id.upper()


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True


async def test_a_batch_is_processed_and_comes_back_as_a_finished_job() -> None:
    job = await process_documents(["1.0 a", "2.0 b"], scripted)

    assert job.raise_for_status() is job
    assert job.drained
    assert [result.data for result in job.results] == ["1.0 A", "2.0 B"]


async def test_failures_are_in_the_job_not_raised() -> None:
    job = await process_documents(["1.0 a", "1.0 bad"], scripted, JobOptions(retry_attempts=0))

    assert (job.status, job.failed_documents) == ("COMPLETED", 1)


async def test_a_sync_processor_and_one_with_a_single_parameter_will_do() -> None:
    assert (await process_documents(["a"], str.upper)).results[0].data == "A"
    assert (await process_documents(["a"], lambda name: name * 2)).results[0].data == "aa"


async def test_it_has_no_job_timeout_unless_one_is_asked_for() -> None:
    documents = [f"29.0 #{number}" for number in range(60)]
    job = await process_documents(documents, scripted)
    assert job.options.timeout is None
    assert job.status == "COMPLETED"
    assert job.duration == pytest.approx(60 / 5 * 29.0)

    job = await process_documents(documents, scripted, JobOptions())
    assert job.status == "TIMEOUT"


async def test_it_returns_only_after_the_last_attempt() -> None:
    began = current_time()
    job = await process_documents(["4.0 a", "9.0 b"], scripted, JobOptions(timeout=5.0))

    assert (job.status, job.drained) == ("TIMEOUT", True)
    assert current_time() - began == pytest.approx(9.0)


async def test_a_callable_for_progress_hears_it() -> None:
    heard: list[Progress] = []
    await process_documents(["1.0 a", "2.0 b"], scripted, progress=heard.append)

    assert [event.progress for event in heard] == [50, 100]


async def test_an_async_callable_for_progress_hears_it_too() -> None:
    heard: list[int] = []

    async def listen(event: Progress) -> None:
        heard.append(event.progress)

    await process_documents(["1.0 a", "2.0 b"], scripted, progress=listen)

    assert heard == [50, 100]


async def test_a_cancelled_caller_stops_the_batch_its_running_attempts_included() -> None:
    ended: list[str] = []

    async def processor(document_id: str, context: ProcessingContext) -> None:
        try:
            await sleep(25.0)
        finally:
            ended.append(document_id)

    began = current_time()
    with move_on_after(2.0):
        await process_documents(["a", "b", "c"], processor, JobOptions(max_concurrent=2))

    assert current_time() - began == pytest.approx(2.0)
    assert sorted(ended) == ["a", "b"]


@pytest.mark.parametrize("documents", [[], "doc-1", ["a", "a"], [5]])
async def test_documents_that_cannot_be_a_job_are_refused(documents: Any) -> None:
    with pytest.raises(InvalidJobError, match="document_ids"):
        await process_documents(documents, scripted)


@pytest.mark.parametrize("processor", [None, 5, "scripted", lambda: None, lambda a, b, c: None])
async def test_a_processor_that_cannot_be_called_is_refused(processor: Any) -> None:
    with pytest.raises(TypeError, match="the processor for"):
        await process_documents(["a"], processor)


async def test_on_a_terminal_progress_is_one_line_that_ends_with_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    await process_documents(["1.0 a", "2.0 bad", "3.0 c"], scripted, JobOptions(retry_attempts=0))

    assert terminal.getvalue() == ("\r 33 % (1 of 3)\r 66 % (2 of 3, 1 failed)\r100 % (3 of 3, 1 failed)\n")


async def test_without_a_terminal_or_without_progress_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await process_documents(["1.0 a"], scripted)
    written = capsys.readouterr()
    assert (written.out, written.err) == ("", "")

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    await process_documents(["1.0 a"], scripted, progress=False)
    assert terminal.getvalue() == ""


async def test_without_a_stderr_at_all_the_batch_is_processed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under pythonw, where sys.stderr is None."""
    monkeypatch.setattr(sys, "stderr", None)

    assert (await process_documents(["1.0 a"], scripted)).status == "COMPLETED"


async def test_a_batch_that_stops_early_leaves_the_terminal_on_a_new_line(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    await process_documents(["1.0 a", "2.0 b", "9.0 c"], scripted, JobOptions(max_concurrent=1, timeout=5.0))

    assert terminal.getvalue().endswith("\n")
