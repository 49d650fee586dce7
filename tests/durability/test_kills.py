"""A process is killed with SIGKILL, again and again: nothing it was told is lost, nothing recorded is done again."""

import json
import os
from contextlib import closing
from pathlib import Path

import pytest

from docmill import FailureCode, JobOptions, JobStatus
from docmill.model import Ledger, Mark
from docmill.ports import Change
from docmill.stores import SQLiteStore
from tests.support.lives import nursery, read

from .kills import LIFE, Kills

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="only a fork begins a life fast enough"),
]


def test_fifty_kills_lose_nothing_and_repeat_nothing_and_all_jobs_end(tmp_path: Path) -> None:
    figures = Kills(tmp_path, seed=1).run(50)

    assert figures.lost == []
    assert figures.repeated == []
    assert figures.unfinished == 0
    assert figures.kills == 50
    assert figures.facts > 100
    assert figures.documents > 100
    assert figures.jobs["COMPLETED"] > 1
    print(
        f"{figures.facts} facts, {figures.documents} starts, at work again after {max(figures.resumed):.3f} s at most"
    )


def test_a_line_that_a_kill_has_torn_is_no_fact_and_takes_none_with_it() -> None:
    assert read(b'\n{"a": 1}\n\n{"b": 2, "c"\n{"d": 4}\n\n{"e') == [{"a": 1}, {"d": 4}]


def test_the_check_finds_a_fact_that_was_lost(tmp_path: Path) -> None:
    """A file that is set back to an earlier state is what a store that forgets looks like."""
    kills = Kills(tmp_path, seed=2)
    kills.run(3)
    with (tmp_path / "facts").open("a") as facts:
        facts.write(json.dumps({"created": "job_never", "documents": ["a"], "owner": None, "key": None}) + "\n")
        facts.write(json.dumps({"outcome": next(iter(kills._created)), "document": "x", "ok": True, "told": 1}) + "\n")
    with (tmp_path / "starts").open("a") as starts:
        job_id, document = next(iter(kills._settled))
        starts.write(json.dumps({"life": 9, "job": job_id, "document": document, "at": 0.0}) + "\n")
    kills._account(9, None)
    kills._look()

    assert len(kills.figures.lost) == 2
    assert len(kills.figures.repeated) == 1


def test_the_document_that_kills_its_process_is_found_and_the_others_are_done(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    ledger = Ledger(
        id="job_1",
        document_ids=(*(f"ok-{at}" for at in range(12)), "deadly-12", *(f"ok-{at}" for at in range(13, 30))),
        type="WORK",
        options=JobOptions(max_concurrent=4),
        owner=None,
        idempotency_key=None,
        metadata={},
        priority=0,
        retry_of=None,
        created=0.0,
        wall_offset=1.7e9,
    )
    with closing(SQLiteStore(path)) as store:
        list(store.open())
        store.commit([Change(ledger, None, Mark.new())])
    codes = []
    with nursery(LIFE) as lives:
        while not codes or codes[-1]:
            pid = lives.begin(
                path=str(path), folder=str(tmp_path), number=len(codes), seed=0, create=False, backend="asyncio"
            )
            codes.append(lives.wait(pid))
            assert len(codes) < 9, "it does not end"

    with closing(SQLiteStore(path)) as store:
        (job,) = store.open()
        assert job.mark.status is JobStatus.COMPLETED
        assert [(row[0], row[4].code) for row in job.failed] == [(12, FailureCode.POISON)]
        assert len(job.ok) == 29
    assert codes == [-9, -9, -9, 0]
