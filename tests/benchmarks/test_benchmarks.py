"""The benchmarks run, and the page shows what they found; no test here looks at the time."""

import json
import math
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from docmill_bench import cases, report
from docmill_bench.measuring import alternate, ratio

DOCS = Path(__file__).parents[2] / "docs"

NEEDS = {"peers": ("aiometer", "huey", "taskiq")}


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
