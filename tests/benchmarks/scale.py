"""Measures docmill on clusters, and simulates large ones: `python tests/benchmarks/scale.py --help`."""

import argparse
import json
import os
from pathlib import Path

from docmill_bench import report, scale
from docmill_bench.clusters import Clusters, go_inside

DOCS = Path(__file__).parents[2] / "docs" / "explanation"

PACKAGES = ("docmill", "anyio", "trio", "ray", "distributed")


def main() -> None:
    parser = argparse.ArgumentParser(description="What a document on a cluster costs, and what a large one would do.")
    parser.add_argument("--quick", action="store_true", help="some minutes instead of half an hour; figures are rough")
    parser.add_argument("--simulate", action="store_true", help="only simulate, with the costs of an earlier run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--plot", action="store_true", help="draw the figures as docs/explanation/scale-*.svg")
    parser.add_argument(
        "--page",
        type=Path,
        nargs="?",
        const=DOCS / "scale.md",
        metavar="FILE",
        help="put the figures into a page; docs/explanation/scale.md if no file is named",
    )
    parser.add_argument("--from", type=Path, dest="source", metavar="FILE", help="take the figures of an earlier run")
    arguments = parser.parse_args()

    if not arguments.source and not arguments.simulate:
        go_inside()
    size = scale.QUICK if arguments.quick else scale.FULL
    if arguments.source or arguments.simulate:
        run = json.loads((arguments.source or DOCS / "scale.json").read_text("utf-8"))
    else:
        run = measure(size, arguments.json)
    if arguments.simulate or not arguments.source:
        simulate(run, size)
    print(scale.tables(run))
    _keep(run, arguments.json)
    if arguments.plot:
        from docmill_bench.scale_picture import draw

        draw(run, DOCS)
    if arguments.page:
        report.write_page(arguments.page, run, scale.tables)


def _keep(run: dict, file: Path | None) -> None:
    if file:
        file.write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def measure(size: scale.Scale, file: Path | None) -> dict:
    before = round(os.getloadavg()[0], 1)
    cases = {}
    with Clusters() as clusters:
        for name, case in scale.MEASURED.items():
            print(f"{name} ...", flush=True)
            cases[name] = case(size, clusters)
            run = report.describe(size, cases, (before, round(os.getloadavg()[0], 1)), PACKAGES)
            _keep(run, file)
    return run


def simulate(run: dict, size: scale.Scale) -> None:
    """Add what follows from the figures and what is simulated with them."""
    cases = run["cases"]
    for name, derive in scale.DERIVED.items():
        cases[name] = derive(cases)
    for name, case in scale.SIMULATED.items():
        print(f"{name} ...", flush=True)
        cases[name] = case(size, cases, lambda text: print(f"  {text}", flush=True))


# Not only good manners: the workers of a cluster import this file as well.
if __name__ == "__main__":
    main()
