"""The study of clusters: its simulation keeps what the rules promise, and its page shows what was found."""

import json
import math
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from docmill_bench import report, scale
from docmill_bench.scale_model import JOB_TYPE, World, simulate

from docmill.core import Attempt, Scheduler, Seats
from docmill.model import JobOptions, Ledger

DOCS = Path(__file__).parents[2] / "docs" / "explanation"


@pytest.mark.slow
def test_a_million_documents_on_fifty_workers_settle_once_although_workers_die() -> None:
    world = World(workers=50, jobs=1, documents=1_000_000, drawn=20_000, seconds=0.005, deaths=20.0, slow=0.02)

    found = simulate(world)

    assert found.documents == 1_000_000
    assert found.failed == 0
    assert found.died > 10
    assert 0 < found.again < found.alone < 10_000
    assert 1.0 < found.makespan / found.ideal < 1.2
    assert found.most < 50_000


def test_a_simulation_is_the_same_whenever_it_runs() -> None:
    world = World(workers=20, jobs=3, documents=3_000, deaths=500.0, per_chunk=0.001, per_document=0.00001)

    one, other = simulate(world), simulate(world)

    assert one.died > 0
    for measured in ("core", "wall"):
        setattr(other, measured, getattr(one, measured))
    assert one == other


def test_a_host_that_is_too_slow_is_what_a_simulated_cluster_waits_for() -> None:
    world = World(workers=100, jobs=1, documents=50_000, seconds=0.001, spread=0.5, slow=0.0, deaths=0.0)
    slow = World(
        workers=100, jobs=1, documents=50_000, seconds=0.001, spread=0.5, slow=0.0, deaths=0.0, per_document=0.001
    )

    assert simulate(world).rate > 20_000
    assert 800 < simulate(slow).rate < 1_000


def test_a_look_at_the_time_looks_at_the_chunks_and_not_at_all_of_their_documents() -> None:
    looks = 0

    class Seen(Attempt):
        @property
        def budget_end(self) -> float:
            nonlocal looks
            looks += 1
            return super().budget_end

    scheduler = Scheduler(max_workers=10, uniform=lambda low, _: low, make_attempt=Seen)
    scheduler.register(JOB_TYPE)
    scheduler.seat(JOB_TYPE, Seats(10), lambda: None)
    ledger = Ledger(
        id="job",
        document_ids=[str(number) for number in range(1_000)],
        type=JOB_TYPE,
        options=JobOptions(max_concurrent=10),
        owner=None,
        idempotency_key=None,
        metadata={},
        priority=0,
        retry_of=None,
        created=0.0,
        wall_offset=0.0,
    )
    job = scheduler.add(ledger)
    while (attempt := scheduler.take(0.0, None)) is not None:
        job.join(attempt, 99)
    assert len(job.running) == 1_000

    job.tick(1.0)

    assert looks <= 2 * 10

    job.tick(30.0)

    assert len(scheduler.desk.stops) == 1_000


def test_a_line_is_fitted_to_figures_that_lie_on_one() -> None:
    line = scale.fit_line({size: 100 / size + 7 for size in (1, 10, 50)})

    assert line.chunk == pytest.approx(100)
    assert line.document == pytest.approx(7)


def test_what_docmill_itself_costs_is_measured_without_a_cluster() -> None:
    rows = scale.own(scale.SMOKE, None)

    assert len(rows) == len(scale.SIZES) * len(scale.BACKENDS)
    for row in rows:
        assert 0 < row["low"] <= row["value"] <= row["high"]
        assert math.isfinite(row["value"])


def test_the_page_shows_the_figures_of_the_run_and_of_the_simulation() -> None:
    run = json.loads((DOCS / "scale.json").read_text("utf-8"))

    assert list(run["cases"]) == list(scale.CASES)
    assert report.read_page(DOCS / "scale.md") == scale.tables(run)


def test_what_follows_from_the_figures_is_what_the_page_says() -> None:
    cases = json.loads((DOCS / "scale.json").read_text("utf-8"))["cases"]

    for name, derive in scale.DERIVED.items():
        assert derive(cases) == cases[name]


def test_the_pictures_are_those_of_the_figures(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from docmill_bench.scale_picture import draw

    run = json.loads((DOCS / "scale.json").read_text("utf-8"))
    draw(run, tmp_path)

    assert {file.name for file in tmp_path.iterdir()} == {"scale-host.svg", "scale-load.svg"}
    for file in tmp_path.iterdir():
        assert (DOCS / file.name).read_text("utf-8").count("<path") == file.read_text("utf-8").count("<path")


def test_the_aims_follow_the_figures() -> None:
    run = json.loads((DOCS / "scale.json").read_text("utf-8"))
    for row in run["cases"]["workers"]:
        if row["unit"] == "x as fast":
            row["value"] = 1.59
    assert "1.59 x | missed |" in scale.aims(run)
    for row in run["cases"]["workers"]:
        if row["unit"] == "x as fast":
            row["value"] = 1.6
    assert "1.60 x | reached |" in scale.aims(run)
