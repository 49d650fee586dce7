"""Measures docmill: `python tests/benchmarks/run.py --help`."""

import argparse
import json
import os
from pathlib import Path

from docmill_bench import cases, report

DOCS = Path(__file__).parents[2] / "docs"


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU time a document, as ratios within one run.")
    parser.add_argument("--quick", action="store_true", help="a minute instead of five; the figures are rough")
    parser.add_argument("--only", action="append", choices=cases.CASES, metavar="NAME", help=", ".join(cases.CASES))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the figures, as .svg or .png")
    parser.add_argument(
        "--page",
        type=Path,
        nargs="?",
        const=DOCS / "performance.md",
        metavar="FILE",
        help="put the figures into a page; docs/performance.md if no file is named",
    )
    parser.add_argument("--from", type=Path, dest="source", metavar="FILE", help="take the figures of an earlier run")
    arguments = parser.parse_args()

    run = json.loads(arguments.source.read_text("utf-8")) if arguments.source else measure(arguments)
    print(report.tables(run))
    if arguments.json:
        arguments.json.write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if arguments.plot:
        from docmill_bench.picture import draw

        draw(run, arguments.plot)
    if arguments.page:
        report.write_page(arguments.page, run)


def measure(arguments: argparse.Namespace) -> dict:
    scale = cases.QUICK if arguments.quick else cases.FULL
    before = round(os.getloadavg()[0], 1)
    rows = {}
    for name in arguments.only or cases.CASES:
        print(f"{name} ...", flush=True)
        rows[name] = cases.CASES[name](scale)
    return report.describe(scale, rows, (before, round(os.getloadavg()[0], 1)))


if __name__ == "__main__":
    main()
