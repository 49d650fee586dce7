"""Make an artifact of a release: ``python -m tests.release.power_cuts``.

It cuts the power of a simulated disk under the real SQLite store a hundred thousand times, and writes
tests/release/power_cuts.json: after how many cuts something acknowledged was lost, or the file was corrupt. The same is
done, less often, with stores that do not wait for the disk: what would find nothing there would prove nothing.
"""

import json
import multiprocessing
import os
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from tests.durability.power import HABITS, Findings, Synchronous, cut
from tests.release.durability import write

ARTIFACT = Path(__file__).with_name("power_cuts.json")

FIGURES = ("runs", "cuts", "by_habit", "acknowledged", "lost", "corrupt")

STEPS = 150
A_RUN = 1_000
"""Cuts in one recorded run."""


def one(task: tuple[int, Synchronous]) -> tuple[Synchronous, Findings]:
    seed, synchronous = task
    return synchronous, cut(seed, STEPS, A_RUN, synchronous)


def figures(findings: list[Findings]) -> dict[str, Any]:
    return {
        "runs": len(findings),
        "cuts": sum(one.cuts.total() for one in findings),
        "by_habit": {habit: sum(one.cuts[habit] for one in findings) for habit in HABITS},
        "acknowledged": sum(one.acknowledged for one in findings),
        "lost": sum(len(one.lost) for one in findings),
        "corrupt": sum(len(one.corrupt) for one in findings),
    }


def measure(runs: int) -> dict[str, Any]:
    began = time.monotonic()
    tasks: list[tuple[int, Synchronous]] = [(seed, "FULL") for seed in range(100, 100 + runs)]
    tasks += [(seed, synchronous) for synchronous in ("NORMAL", "OFF") for seed in (100, 101)]
    found: dict[str, list[Findings]] = {"FULL": [], "NORMAL": [], "OFF": []}
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        for synchronous, findings in pool.imap_unordered(one, tasks):
            found[synchronous].append(findings)
            if synchronous == "FULL":
                for problem in (findings.lost + findings.corrupt)[:5]:
                    print(problem, flush=True)
    return {name: figures(findings) for name, findings in found.items()} | {
        "seconds": round(time.monotonic() - began, 1)
    }


def main() -> None:
    parser = ArgumentParser(prog="python -m tests.release.power_cuts")
    parser.add_argument("--cuts", type=int, default=100_000, help=f"with FULL; a multiple of {A_RUN}")
    artifact = measure(parser.parse_args().cuts // A_RUN)
    ARTIFACT.write_text(json.dumps(artifact, indent=2) + "\n")
    write()
    print(json.dumps(artifact, indent=2))


if __name__ == "__main__":
    main()
