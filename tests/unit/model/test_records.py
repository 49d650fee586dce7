"""A job as the rows of a table."""

import sys
from typing import Any

import pytest
from anyio import sleep

from docmill import DocumentProcessingQueue, Job, JobOptions

COLUMNS = ["document_id", "success", "data", "error", "code", "attempts", "processing_time", "timestamp", "cached"]


async def scripted(document_id: str) -> Any:
    await sleep(1.0)
    match document_id:
        case "bad":
            raise ValueError("it is bad")
        case "text":
            return "words"
        case "hostile":
            return {"error": "none", "document_id": 7, "pages": 2, 3: "three"}
    return {"pages": 1, "title": document_id}


async def run(*documents: str, timeout: float | None = None) -> Job:
    async with DocumentProcessingQueue({"SCRIPT": scripted}) as queue:
        options = JobOptions(max_concurrent=1, retry_attempts=0, timeout=timeout)
        return await queue.wait(await queue.create_job(documents, "SCRIPT", options), drained=True)


async def test_there_is_a_row_for_every_document_in_the_order_asked_for() -> None:
    rows = (await run("b", "bad", "a", "late", timeout=2.5)).to_records()

    assert [list(row) for row in rows] == [COLUMNS] * 4
    assert [row["document_id"] for row in rows] == ["b", "bad", "a", "late"]
    assert [row["success"] for row in rows] == [True, False, True, None]
    assert [(row["error"], row["code"], row["data"]) for row in rows[1:2]] == [
        ("ValueError: it is bad", "processor_error", None)
    ]
    assert rows[0]["data"] == {"pages": 1, "title": "b"}
    assert set(rows[3].values()) == {"late", None}


async def test_keys_of_results_become_columns_only_if_asked() -> None:
    job = await run("a", "bad")
    rows = job.to_records(expand=True)

    wide = ["document_id", "success", "pages", "title", *COLUMNS[3:]]
    assert [list(row) for row in rows] == [wide, wide]
    assert [(row["pages"], row["title"]) for row in rows] == [(1, "a"), (None, None)]
    assert "pages" not in job.to_records()[0]


async def test_a_key_that_is_a_column_already_does_not_hide_it() -> None:
    (row,) = (await run("hostile")).to_records(expand=True)

    assert (row["document_id"], row["error"]) == ("hostile", None)
    assert (row["data.document_id"], row["data.error"], row["pages"], row["3"]) == (7, "none", 2, "three")


async def test_results_that_are_no_dicts_stay_where_they_are() -> None:
    mixed = (await run("a", "text")).to_records(expand=True)
    plain = (await run("text")).to_records(expand=True)
    failed = (await run("bad")).to_records(expand=True)

    assert [(row["data"], row["pages"]) for row in mixed] == [(None, 1), ("words", None)]
    assert [row["data"] for row in plain] == ["words"]
    assert [list(row) for row in failed] == [COLUMNS]


async def test_a_data_frame_has_the_same_rows() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed (extra pandas)")
    job = await run("a", "bad", "text")
    frame = job.to_pandas()

    assert list(frame.columns) == COLUMNS
    assert frame["success"].tolist() == [True, False, True]
    assert frame["processing_time"].sum() == pytest.approx(3.0)
    assert str(frame["timestamp"].dt.tz) == "UTC"
    assert job.to_pandas(expand=True)["pages"].tolist()[0] == 1
    assert isinstance(frame, pandas.DataFrame)


async def test_without_pandas_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    job = await run("a")
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(ImportError, match=r"docmill\[pandas\]"):
        job.to_pandas()
