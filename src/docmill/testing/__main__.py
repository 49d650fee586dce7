"""Run the simulator: ``python -m docmill.testing --runs 1000 --backend trio``.

It prints one line of JSON with the totals, and exits with 1 if an invariant was violated; ``failing`` in the line
names the seeds. ``--seed N`` replays one run and tells its story.
"""

import json
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from itertools import pairwise

from docmill.testing.simulator import Store, Totals, run_seed, tell

STORES: dict[str, tuple[Store, ...]] = {
    "memory": ("memory",),
    "simulated": ("simulated",),
    "sqlite": ("sqlite",),
    "sqlite-file": ("sqlite-file",),
    "both": ("memory", "simulated"),
    "all": ("memory", "simulated", "sqlite", "sqlite-file"),
}
"""What each choice stands for: several take turns."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit status."""
    options = _parser().parse_args(arguments)
    if options.seed is not None:
        return _replay(options)
    totals = _run(options) if options.processes == 1 else _run_in_processes(options)
    _print(json.dumps({"backend": options.backend, "store": options.store} | totals.as_dict()))
    return 1 if totals.violations else 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m docmill.testing", description="Simulate docmill's queue with faults.")
    parser.add_argument("--runs", type=int, default=1000, help="how many runs")
    parser.add_argument("--first-seed", type=int, default=0, help="the seed of the first run")
    parser.add_argument("--backend", choices=("asyncio", "trio"), default="asyncio")
    parser.add_argument(
        "--store", choices=tuple(STORES), default="both", help="both, all: they take turns; sqlite is in memory"
    )
    parser.add_argument("--seed", type=int, help="replay the run of this seed, and tell its story")
    parser.add_argument("--job", help="with --seed: tell of this job only")
    parser.add_argument("--processes", type=int, default=1, help="how many processes share the runs")
    return parser


def _run(options: Namespace) -> Totals:
    totals = Totals()
    stores = STORES[options.store]
    for seed in range(options.first_seed, options.first_seed + options.runs):
        totals.add(run_seed(seed, backend=options.backend, store=stores[seed % len(stores)]))
    return totals


def _run_in_processes(options: Namespace) -> Totals:
    count = options.processes
    bounds = [options.first_seed + options.runs * number // count for number in range(count + 1)]
    common = [sys.executable, "-m", "docmill.testing", "--backend", options.backend, "--store", options.store]
    children = [
        subprocess.Popen(  # noqa: S603 - it runs this module again
            [*common, "--first-seed", str(first), "--runs", str(end - first)], stdout=subprocess.PIPE, text=True
        )
        for first, end in pairwise(bounds)
    ]
    answers = [json.loads(child.communicate()[0]) for child in children]
    return Totals().merge(
        Totals(**{name: value for name, value in answer.items() if name not in ("backend", "store")})
        for answer in answers
    )


def _replay(options: Namespace) -> int:
    stores = STORES[options.store]
    report = run_seed(options.seed, backend=options.backend, store=stores[options.seed % len(stores)])
    for line in tell(report, options.job):
        _print(line)
    return 1 if report.violations else 0


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
