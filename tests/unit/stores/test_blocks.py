"""Outcomes are kept in blocks: what goes in comes out, however it is cut, and people can read it."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.errors import StoreCorruptError
from docmill.model import Cached, FailureCode, Fault, Ledger, Mark, Row, Stored
from docmill.ports import Change
from docmill.stores import SQLiteStore, blocks

from .support import failed, ledger, mark, ok

TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
"""Surrogates and line breaks among it."""

RESULTS = st.one_of(
    st.integers(),
    TEXT,
    st.lists(TEXT),
    st.dictionaries(TEXT, TEXT),
    st.just(Stored(b"[1,\n2]")),
    st.just(Cached(b"{}")),
)


def written(job: Ledger, before: Mark | None = None, there: tuple[int, int] | None = None) -> list[blocks.Block]:
    return list(blocks.blocks(Change(job, before, mark(job)), there))


def read(job: Ledger, found: Sequence[Sequence[Any]]) -> tuple[list[Row], list[Row]]:
    return blocks.rows(job.id, len(job.ok), len(job.failed), found)


def values(rows: Sequence[Row]) -> list[Any]:
    return [row[4].read() if isinstance(row[4], Stored) else row[4] for row in rows]


@given(st.lists(RESULTS, max_size=20), st.lists(TEXT, max_size=5))
def test_what_is_written_is_read_again(results: list[Any], errors: list[str]) -> None:
    job = ledger(document_ids=[str(number) for number in range(len(results) + len(errors))])
    job.ok += [(at, at + 1, at / 3, at / 7, value) for at, value in enumerate(results)]
    faults = [Fault(FailureCode.POISON, error) for error in errors]
    job.failed += [(at, 2, 1.5, 2.5, fault) for at, fault in enumerate(faults, len(results))]

    good, bad = read(job, written(job))

    offset = job.wall_offset
    assert values(good) == [value.read() if isinstance(value, Stored) else value for value in results]
    assert [row[:4] for row in good] == [(at, at + 1, at / 3 + offset, at / 7 + offset) for at in range(len(results))]
    assert [type(row[4]) is Cached for row in good] == [type(value) is Cached for value in results]
    assert values(bad) == faults


def test_no_block_has_more_rows_or_bytes_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MOST_ROWS", 4)
    monkeypatch.setattr(blocks, "MOST_BYTES", 100)
    job = ledger(document_ids=[str(number) for number in range(9)])
    job.ok += [ok(at, b'"%s"' % (b"x" * size)) for at, size in enumerate([1, 1, 1, 1, 70, 70, 1, 300, 1])]

    found = written(job)

    assert [(block.first, block.positions) for block in found] == [
        (0, "[0, 1, 2, 3]"),
        (4, "[4]"),
        (5, "[5]"),
        (6, "[6]"),
        (7, "[7]"),
        (8, "[8]"),
    ]
    assert read(job, found)[0] == read(job, reversed(found))[0]


def test_only_what_is_new_is_written() -> None:
    job = ledger(document_ids="abcd")
    job.ok += [ok(0), ok(1)]
    before = mark(job)
    job.ok.append(ok(2))
    job.failed.append(failed(3))

    assert [(block.failed, block.first, block.positions) for block in written(job, before)] == [
        (0, 2, "[2]"),
        (1, 0, "[3]"),
    ]
    assert [(block.failed, block.first) for block in written(job, before, (3, 0))] == [(1, 0)]


def test_a_commit_that_is_made_again_with_more_adds_what_is_not_there(tmp_path: Path) -> None:
    """The answer to the first one was lost, and meanwhile more has settled."""
    job = ledger(document_ids="abcd")
    new = mark(job)
    with closing(SQLiteStore(tmp_path / "jobs.db")) as store:
        list(store.open())
        store.commit([Change(job, None, new)])
        job.ok += [ok(0), ok(1)]
        store.commit([Change(job, new, mark(job))])
        job.ok.append(ok(2))
        job.failed.append(failed(3))
        store.commit([Change(job, new, mark(job))])
    with closing(SQLiteStore(tmp_path / "jobs.db")) as store:
        (found,) = store.open()
        assert [row[0] for row in found.ok] == [0, 1, 2]
        assert [row[0] for row in found.failed] == [3]


def test_a_row_that_stands_for_another_document_than_its_place_says_is_found() -> None:
    job = ledger(document_ids="ab")
    job.ok += [ok(0), ok(1)]
    (block,) = written(job)
    with pytest.raises(StoreCorruptError, match=r"results 0 and following of job other .* checksum"):
        blocks.rows("other", 2, 0, [block])


def test_people_see_a_row_for_each_outcome(tmp_path: Path) -> None:
    job = ledger("job_1", "abcd")
    job.ok += [ok(2, b'"yes"'), (0, 0, 5.0, 6.0, Cached(b'{"total":12}'))]
    job.failed += [failed(1, "ValueError: no"), failed(3, "gone", FailureCode.PERMANENT)]
    with closing(SQLiteStore(tmp_path / "jobs.db")) as store:
        list(store.open())
        store.commit([Change(job, None, mark(job))])
    with closing(sqlite3.connect(tmp_path / "jobs.db")) as connection:
        assert connection.execute("SELECT * FROM outcome ORDER BY position").fetchall() == [
            ("job_1", 0, 0, "cached", '{"total":12}', None),
            ("job_1", 1, 3, "processor_error", None, "ValueError: no"),
            ("job_1", 2, 1, None, "yes", None),
            ("job_1", 3, 3, "permanent", None, "gone"),
        ]
