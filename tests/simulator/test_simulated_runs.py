"""Thousands of runs with faults drawn from their seeds, and not one violation of the contract."""

import json
import os
import subprocess
import sys
from typing import Any

import attrs
import pytest

from docmill.testing.simulator import draw, run_plan, run_seed

RUNS = 5_000

backends = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "docmill.testing", *arguments]


@pytest.mark.slow
@backends
def test_five_thousand_runs_violate_nothing(backend: str) -> None:
    answer = subprocess.run(
        command("--runs", str(RUNS), "--backend", backend, "--processes", str(os.cpu_count() or 1)),
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


@backends
@pytest.mark.parametrize("durable", [False, True], ids=["memory", "simulated"])
def test_runs_in_this_process_violate_nothing(backend: Any, durable: bool) -> None:
    for seed in range(100_000, 100_150):
        report = run_seed(seed, backend=backend, durable=durable)
        assert report.violations == [], seed


PRINT_DIGESTS = """
from docmill.testing.simulator import run_seed
for backend in ("asyncio", "trio"):
    for seed in range(20):
        print(backend, seed, run_seed(seed, backend=backend, durable=bool(seed % 2)).history.digest)
"""


def test_the_same_seed_has_the_same_history_in_every_process() -> None:
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


def test_another_seed_has_another_history() -> None:
    assert len({run_seed(seed).history.digest for seed in range(10)}) == 10


@backends
def test_listeners_that_raise_change_nothing_else(backend: Any) -> None:
    for seed in range(40):
        plan = draw(seed, durable=False)
        disturbed = attrs.evolve(plan, traits=plan.traits | {"raising_listeners"})
        quiet = attrs.evolve(plan, traits=plan.traits - {"raising_listeners"})
        faults = frozenset(("raising_listeners",))
        assert disturbed.traits - quiet.traits == faults
        assert seen(disturbed, backend) == seen(quiet, backend), seed


def seen(plan: Any, backend: Any) -> list[Any]:
    return sorted(map(repr, run_plan(plan, backend=backend).history.lines))
