"""Make an artifact of a release: ``python -m tests.release.kills``.

It kills a process with a durable queue over SQLite a thousand times, and writes tests/release/kills.json: how much of
what the process had been told was lost, how much of what was recorded was done again, and how soon after the start of a
process its documents are at work again.
"""

import json
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from tests.durability.kills import Kills
from tests.release.durability import write

ARTIFACT = Path(__file__).with_name("kills.json")

FIGURES = ("kills", "facts", "lost", "documents_started", "repeated", "jobs", "unfinished", "resume_ms", "seconds")

A_FILE = 100
"""Kills that one file has to survive."""


def measure(kills: int) -> dict[str, Any]:
    began = time.monotonic()
    runs = []
    for seed in range(kills // A_FILE):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(Kills(Path(folder), seed).run(A_FILE))
        for problem in runs[-1].lost + runs[-1].repeated:
            print(f"seed {seed}: {problem}")
    resumed = sorted(seconds * 1_000 for run in runs for seconds in run.resumed)
    figures = {
        "kills": sum(run.kills for run in runs),
        "facts": sum(run.facts for run in runs),
        "lost": sum(len(run.lost) for run in runs),
        "documents_started": sum(run.documents for run in runs),
        "repeated": sum(len(run.repeated) for run in runs),
        "jobs": sum(run.jobs.total() for run in runs),
        "unfinished": sum(run.unfinished for run in runs),
        "resume_ms": {
            name: round(resumed[min(int(len(resumed) * share), len(resumed) - 1)], 1)
            for name, share in (("median", 0.5), ("p99", 0.99), ("max", 1.0))
        },
        "seconds": round(time.monotonic() - began, 1),
    }
    return {name: figures[name] for name in FIGURES}


def main() -> None:
    parser = ArgumentParser(prog="python -m tests.release.kills")
    parser.add_argument("--kills", type=int, default=1_000, help=f"a multiple of {A_FILE}")
    artifact = {"sqlite": measure(parser.parse_args().kills)}
    ARTIFACT.write_text(json.dumps(artifact, indent=2) + "\n")
    write()
    print(json.dumps(artifact, indent=2))


if __name__ == "__main__":
    main()
