"""The benchmark of reading runs; no test looks at its figures."""

from pathlib import Path

import pytest

from tests.benchmarks.reading import BASE, measure, table

from .making import sheet, show


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # those of other people's parsers
def test_the_benchmark_of_reading_gives_figures_and_leaves_out_what_nobody_can_open(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(sheet(show(72, 700, "Total")))
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.7")

    rows, files, pages = measure(tmp_path, rounds=1)

    assert (files, pages) == (1, 1)
    assert [row.ratio for row in rows if row.name == BASE] == [1.0]
    assert all(row.low <= row.speed <= row.high for row in rows)
    assert table(rows).count("\n") == len(rows) + 1
