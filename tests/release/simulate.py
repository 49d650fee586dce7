"""Make the artifact of a release: ``python -m tests.release.simulate --runs 100000``.

It simulates so many runs on each backend, writes tests/release/simulation.json, and puts the sentence that follows
from it between the markers ``<!-- reliability -->`` and ``<!-- /reliability -->`` of README.md.
"""

import json
import os
import re
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

from docmill.testing.simulator import reliability_line

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
ARTIFACT = Path(__file__).with_name("simulation.json")

MARKED = re.compile(r"(<!-- reliability -->\n)(.*?)(\n<!-- /reliability -->)", re.DOTALL)

FIGURES = ("runs", "jobs", "documents", "crashes", "store_faults", "virtual_hours", "violations")


def simulate(backend: str, runs: int) -> dict[str, float]:
    processes = str(os.cpu_count() or 1)
    answer = subprocess.run(
        [sys.executable, "-m", "docmill.testing", "--backend", backend, "--runs", str(runs), "--processes", processes],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    totals = json.loads(answer.stdout)
    for failing in totals["failing"]:
        print(backend, failing, file=sys.stderr)
    return {name: totals[name] for name in FIGURES}


def main() -> None:
    parser = ArgumentParser(prog="python -m tests.release.simulate")
    parser.add_argument("--runs", type=int, default=100_000, help="how many runs on each backend")
    runs = parser.parse_args().runs
    artifact = {"backends": {backend: simulate(backend, runs) for backend in ("asyncio", "trio")}}
    ARTIFACT.write_text(json.dumps(artifact, indent=2) + "\n")
    line = reliability_line(artifact)
    README.write_text(MARKED.sub(lambda match: match[1] + line + match[3], README.read_text()))
    print(line)


if __name__ == "__main__":
    main()
