"""One batch in one blocking call."""

import io
import sys
from typing import Any

import pytest

from docmill import InvalidJobError, JobOptions, Progress
from docmill.blocking import process_documents


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_batch_is_processed_and_comes_back_as_a_finished_job(backend: str) -> None:
    job = process_documents(["a", "b"], str.upper, backend=backend)

    assert job.raise_for_status() is job
    assert job.drained
    assert job.options.timeout is None
    assert {result.data for result in job.results} == {"A", "B"}


def test_options_are_passed_on_and_checked() -> None:
    assert process_documents(["a"], str.upper, JobOptions(max_concurrent=1)).options.max_concurrent == 1
    with pytest.raises(InvalidJobError):
        process_documents([], str.upper)


async def test_it_works_inside_of_a_running_loop(backend: str) -> None:
    assert process_documents(["a"], str.upper, backend=backend).status == "COMPLETED"


def test_a_callable_for_progress_hears_it() -> None:
    heard: list[Progress] = []
    process_documents(["a", "b"], str.upper, progress=heard.append)

    assert heard[-1].progress == 100


@pytest.mark.parametrize("progress, shown", [(True, True), (False, False)])
def test_a_terminal_gets_a_line_if_it_is_wanted(monkeypatch: Any, progress: bool, shown: bool) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    process_documents(["a"], str.upper, progress=progress)

    assert terminal.getvalue().endswith("100 % (1 of 1)\n") == shown
