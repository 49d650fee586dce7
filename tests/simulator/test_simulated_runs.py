"""Thousands of runs with faults drawn from their seeds, and not one violation of the contract."""

import json
import os
import subprocess
import sys
from typing import Any

import attrs
import pytest

from docmill.testing.simulator import Report, draw, run_plan, run_seed
from docmill.testing.simulator.plan import HARMLESS

RUNS = 5_000

DATABASE_RUNS = 400

PROCESSES = str(os.cpu_count() or 1)

backends = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "docmill.testing", *arguments]


@pytest.mark.slow
@backends
def test_five_thousand_runs_violate_nothing(backend: str) -> None:
    answer = subprocess.run(
        command("--runs", str(RUNS), "--backend", backend, "--processes", PROCESSES),
        capture_output=True,
        text=True,
        check=False,
    )
    totals = json.loads(answer.stdout)

    assert totals["failing"] == []
    assert totals["runs"] == RUNS
    assert totals["documents"] > 10 * RUNS
    assert totals["crashes"] > RUNS / 10
    assert totals["store_faults"] > RUNS / 10


@pytest.mark.slow
@backends
def test_runs_on_a_database_violate_nothing(backend: str) -> None:
    answer = subprocess.run(
        command("--runs", str(DATABASE_RUNS), "--backend", backend, "--store", "sqlite", "--processes", PROCESSES),
        capture_output=True,
        text=True,
        check=False,
    )
    totals = json.loads(answer.stdout)

    assert totals["failing"] == []
    assert totals["runs"] == DATABASE_RUNS
    assert totals["crashes"] > DATABASE_RUNS / 10


@backends
@pytest.mark.parametrize("store", ["memory", "simulated"])
def test_runs_in_this_process_violate_nothing(backend: Any, store: Any) -> None:
    for seed in range(100_000, 100_150):
        report = run_seed(seed, backend=backend, store=store)
        assert report.violations == [], seed


DISK, MEMORY = "simulated", "memory"

ONCE_ACCUSED = [
    pytest.param("asyncio", 8093, DISK, id="a clean-up that waits for an outage, while jobs grow old"),
    pytest.param("asyncio", 10903, DISK, id="a clean-up that waits for a commit that is tried again"),
    pytest.param("asyncio", 17275, DISK, id="a clean-up that waits for an outage and for one seat"),
    pytest.param("asyncio", 20133, DISK, id="a clean-up that waits, and two jobs that grow old"),
    pytest.param("asyncio", 25031, DISK, id="a clean-up that waits in a life in which nobody listens"),
    pytest.param("asyncio", 97455, DISK, id="a clean-up just before a job is told of that a crash loop has failed"),
    pytest.param("asyncio", 20178, MEMORY, id="a probe that is stopped by force and does not end"),
    pytest.param("asyncio", 85245, DISK, id="a probe that is stopped by force in a shield, and the next one later"),
    pytest.param("asyncio", 85716, MEMORY, id="a probe that is stopped by force in a thread"),
    pytest.param(
        "asyncio", 317892, MEMORY, id="the failure that opens a circuit at the moment at which another attempt begins"
    ),
    pytest.param("trio", 308467, DISK, id="several attempts after a pause without a breaker, before its end is told"),
    pytest.param("asyncio", 66957, DISK, id="ends that are told after the slow commit of a reopening"),
    pytest.param("asyncio", 74771, DISK, id="a key of a job that was cleaned up, now of another request"),
    pytest.param("asyncio", 81813, DISK, id="a key of another request, over a crash"),
    pytest.param("asyncio", 81129, DISK, id="a job that is first heard of by its slow jobStarted"),
    pytest.param("asyncio", 93097, DISK, id="a job that a step of the clock has made old for the hourly clean-up"),
]


@pytest.mark.parametrize("backend,seed,store", ONCE_ACCUSED)
def test_what_the_checkers_once_took_for_a_violation_is_none(backend: Any, seed: int, store: Any) -> None:
    assert run_seed(seed, backend=backend, store=store).violations == []


PRINT_DIGESTS = """
from docmill.testing.simulator import run_seed
for backend in ("asyncio", "trio"):
    for seed in range(20):
        report = run_seed(seed, backend=backend, store=("memory", "simulated")[seed % 2])
        print(backend, seed, report.history.digest)
"""


def test_the_same_seed_has_the_same_history_in_every_process() -> None:
    """R32."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", PRINT_DIGESTS],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for hash_seed in ("0", "1", "4711")
    ]
    digests = [child.communicate()[0] for child in children]

    assert len(digests[0].splitlines()) == 40
    assert digests[0] == digests[1] == digests[2]


@backends
@pytest.mark.parametrize("store", ["sqlite", "sqlite-file"])
def test_a_run_has_the_same_history_on_every_durable_store(backend: Any, store: Any) -> None:
    for seed in range(20):
        expected = run_seed(seed, backend=backend, store="simulated").history.digest
        assert run_seed(seed, backend=backend, store=store).history.digest == expected, seed


def test_another_seed_has_another_history() -> None:
    assert len({run_seed(seed).history.digest for seed in range(10)}) == 10


@backends
@pytest.mark.parametrize("store", ["memory", "simulated"])
def test_listeners_that_raise_and_are_slow_change_nothing(backend: Any, store: Any) -> None:
    plans = [plan for plan in (draw(seed, store=store) for seed in range(150)) if not plan.traits]
    assert len(plans) > 20
    for plan in plans:
        disturbed = run_plan(attrs.evolve(plan, traits=HARMLESS), backend=backend)
        assert disturbed.violations == [], plan.seed
        assert attempts_of(disturbed) == attempts_of(run_plan(plan, backend=backend)), plan.seed


def attempts_of(report: Report) -> list[str]:
    """What happened to documents; virtual times differ in their last digit when somebody else wakes the loop."""
    lines = (line for line in report.history.lines if line.what in ("began", "ended", "waited"))
    return sorted(repr((round(line.at, 6), *line[1:])) for line in lines)
