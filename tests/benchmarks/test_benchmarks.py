"""The benchmarks run, and the page shows what they found; no test here looks at the time."""

import json
import math
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from docmill_bench import cases, isolation, report
from docmill_bench.measuring import alternate, ratio

DOCS = Path(__file__).parents[2] / "docs"

NEEDS = {"peers": ("aiometer", "huey", "taskiq")}

POOLS = ("loky", "pebble")


@pytest.mark.parametrize("name", cases.CASES)
def test_a_benchmark_gives_figures(name: str) -> None:
    for package in NEEDS.get(name, ()):
        pytest.importorskip(package)
    rows = cases.CASES[name](cases.SMOKE)
    assert rows
    for row in rows:
        assert set(row) == {"what", "value", "unit", "low", "high"}
        assert row["low"] <= row["value"] <= row["high"]
        assert math.isfinite(row["value"])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="it pins processes to cores and reads their CPU clocks")
@pytest.mark.parametrize("name", sorted(set(isolation.CASES) - {"apart"}))  # which is `together` on other cores
@pytest.mark.filterwarnings("default")  # those of other people's pools
def test_a_benchmark_of_worker_processes_gives_figures(name: str) -> None:
    if name != "batch":
        for package in POOLS:
            pytest.importorskip(package)
    rows = isolation.CASES[name](isolation.SMOKE)
    assert rows
    for row in rows:
        assert row["low"] <= row["value"] <= row["high"]
        assert math.isfinite(row["value"])


def test_each_contender_runs_once_a_round_and_takes_its_turn_at_being_first() -> None:
    ran: list[str] = []
    samples = alternate({"a": lambda: ran.append("a") or 2.0, "b": lambda: ran.append("b") or 1.0}, 2)
    assert ran == ["a", "b", "b", "a"]
    assert samples == {"a": [2.0, 2.0], "b": [1.0, 1.0]}


def test_a_ratio_is_the_median_of_the_ratios_within_the_rounds() -> None:
    assert ratio("a", [2.0, 30.0, 8.0], [1.0, 10.0, 2.0], "x") == {
        "what": "a",
        "value": 3.0,
        "unit": "x",
        "low": 2.0,
        "high": 4.0,
    }


def test_the_page_shows_the_figures_of_the_run() -> None:
    run = json.loads((DOCS / "performance.json").read_text("utf-8"))
    assert set(run["cases"]) == set(cases.CASES)
    assert report.read_page(DOCS / "performance.md") == report.tables(run)


def test_the_page_on_worker_processes_shows_the_figures_of_its_run() -> None:
    run = json.loads((DOCS / "explanation" / "isolation.json").read_text("utf-8"))
    assert set(run["cases"]) == set(isolation.CASES)
    assert report.read_page(DOCS / "explanation" / "isolation.md") == isolation.tables(run)


def test_a_pivot_has_a_line_for_each_thing_and_a_column_for_each_unit() -> None:
    rows = [
        {"what": "a", "value": 2.0, "unit": "s", "low": 1.0, "high": 3.0},
        {"what": "b", "value": 4, "unit": "s", "low": 4, "high": 4},
        {"what": "a", "value": 0.5, "unit": "x", "low": 0.5, "high": 0.5},
    ]
    assert report.pivot(rows).splitlines() == [
        "|  | s | x |",
        "| --- | --- | --- |",
        "| a | 2.00 (1.00 - 3.00) | 0.50 |",
        "| b | 4 |  |",
    ]


def test_the_aims_on_worker_processes_follow_the_figures() -> None:
    run = json.loads((DOCS / "explanation" / "isolation.json").read_text("utf-8"))
    for row in run["cases"]["batch"]:
        row["value"] = 1.59
    assert "1.59 x, and two bare processes 1.59 x | missed |" in isolation.aims(run)
    for row in run["cases"]["batch"]:
        row["value"] = 1.6
    assert "1.60 x, and two bare processes 1.60 x | reached |" in isolation.aims(run)
