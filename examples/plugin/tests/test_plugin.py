import os
from pathlib import Path
from typing import Literal

import pytest
from docmill import DocumentProcessingQueue
from docmill.plugins import discover
from docmill.testing import simulate

import docmill_text_statistics


def test_the_installed_package_provides_its_job_type() -> None:
    plugin = discover()["TEXT_STATISTICS"]

    assert plugin.distribution == "docmill-text-statistics"
    assert plugin.docmill_load() is docmill_text_statistics.text_statistics


async def test_a_queue_runs_it_in_worker_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXT_STATISTICS_ROOT", os.fspath(tmp_path))
    (tmp_path / "note.txt").write_text("This is the first of the notes.", "utf-8")

    async with DocumentProcessingQueue(discover()) as queue:
        job = await queue.wait(await queue.create_job(["note.txt", "gone.txt"], "TEXT_STATISTICS"))

    assert job.results[0].data == {"words": 7, "sentences": 1, "reading_minutes": 0.0, "language": "en"}
    assert [failure.error for failure in job.errors] == ["PermanentError: there is no such file"]
    assert job.summary["documents"] == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_in_virtual_time_it_runs_in_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: Literal["asyncio", "trio"]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "note.txt").write_text("Two words.", "utf-8")

    async def words() -> int:
        async with DocumentProcessingQueue(discover()) as queue:
            job = await queue.wait(await queue.create_job(["note.txt"], "TEXT_STATISTICS"))
            return int(job.results[0].data["words"])

    assert simulate(words, backend=backend) == 2
