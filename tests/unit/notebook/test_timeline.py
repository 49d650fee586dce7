"""A picture of where a job's time went."""

import sys
from typing import Any

import pytest
from anyio import sleep

from docmill import DocumentProcessingQueue, Job, JobOptions, PermanentError, ProcessingContext
from docmill.timeline import plot_timeline


async def scripted(document_id: str, context: ProcessingContext) -> None:
    await sleep(float(document_id.split(maxsplit=1)[0]))
    if "again" in document_id and context.attempt == 1:
        raise ValueError("once more")
    if "bad" in document_id:
        raise PermanentError("no good")


async def seen(*documents: str, after: float = 1000.0, workers: int = 2) -> Job:
    async with DocumentProcessingQueue({"SCRIPT": scripted}, max_workers=workers) as queue:
        options = JobOptions(timeout=None, max_concurrent=workers, retry_delay=1.0)
        job_id = await queue.create_job(documents, "SCRIPT", options)
        await sleep(after)
        job = queue.get_job_status(job_id)
        await queue.aclose(0.0)
    assert job is not None
    return job


@pytest.fixture
def axes() -> Any:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed (extra plot)")
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    yield plt.subplots()[1]
    plt.close("all")


def bars(axes: Any) -> list[tuple[float, float, float]]:
    """(begin, end, row) of each bar."""
    found = []
    for collection in axes.collections:
        for path in collection.get_paths():
            box = path.get_extents()
            found.append((round(float(box.x0), 2), round(float(box.x1), 2), round(float(box.y0), 2)))
    return found


def legend(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


async def test_each_document_is_a_bar_in_a_row_that_is_free(axes: Any) -> None:
    job = await seen("3 a", "1 b", "1 c", "4 d")

    assert plot_timeline(job, axes) is axes
    assert sorted(bars(axes)) == [(0, 1, 0), (0, 3, 1), (1, 2, 0), (2, 6, 0)]
    assert legend(axes) == ["ok"]


async def test_attempts_and_failures_are_told_apart(axes: Any) -> None:
    plot_timeline(await seen("1 a", "1 again", "2 bad"), axes)

    assert legend(axes) == ["ok", "ok, more than one attempt", "failed"]
    assert [text.get_text().strip() for text in axes.texts] == ["2x"]
    assert (0, 3, 1) in bars(axes)
    assert "3 of 3 documents, 1 failed, COMPLETED" in axes.get_title()


async def test_a_running_job_shows_what_is_at_work(axes: Any) -> None:
    plot_timeline(await seen("2 a", "1 b", "9 c", after=2.5), axes)

    assert legend(axes) == ["ok", "at work"]
    assert sorted(bars(axes)) == [(0, 1, 0), (0, 2, 1), (1, 2, 0)]


async def test_one_that_has_not_begun_is_empty(axes: Any) -> None:
    async with DocumentProcessingQueue({"SCRIPT": scripted}, max_workers=1) as queue:
        await queue.create_job(["5 first"], "SCRIPT")
        await sleep(1)
        job = queue.get_job_status(await queue.create_job(["1 a"], "SCRIPT"))
    assert job is not None
    plot_timeline(job, axes)

    assert bars(axes) == []
    assert axes.get_legend() is None


async def test_the_wait_for_its_turn_is_grey(axes: Any) -> None:
    async with DocumentProcessingQueue({"SCRIPT": scripted}, max_workers=1) as queue:
        await queue.create_job(["5 first"], "SCRIPT")
        job = await queue.wait(await queue.create_job(["1 a"], "SCRIPT"))
    plot_timeline(job, axes)

    assert legend(axes) == ["ok", "waiting for its turn"]
    assert (5, 6, 0) in bars(axes)


async def test_a_document_that_took_no_time_is_still_to_be_seen(axes: Any) -> None:
    plot_timeline(await seen("0 a", "10 b"), axes)

    assert min(bars(axes))[:2] == (0, 0.04)


@pytest.mark.parametrize("worst", [0, 20])
async def test_a_large_job_is_drawn_as_the_number_of_documents_at_work(axes: Any, worst: int) -> None:
    documents = [f"1 {'bad' if number < worst else ''} {number}" for number in range(2_000)]
    plot_timeline(await seen(*documents, workers=10), axes)

    assert len(axes.collections) == (2 if worst else 1)
    path = axes.collections[0].get_paths()[0]
    assert len(path.vertices) < 2_000
    assert 9.9 < path.get_extents().y1 < 10.1
    assert legend(axes) == (["ok", "failed"] if worst else ["ok"])


async def test_new_axes_are_made_if_none_are_given(axes: Any) -> None:
    assert plot_timeline(await seen("1 a")) is not axes


async def test_without_matplotlib_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    job = await seen("1 a")
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(ImportError, match=r"docmill\[plot\]"):
        plot_timeline(job)
