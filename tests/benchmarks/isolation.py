"""Measures worker processes, docmill's and others': `python tests/benchmarks/isolation.py --help`."""

import argparse
import json
import os
from pathlib import Path

from docmill_bench import isolation, report

DOCS = Path(__file__).parents[2] / "docs" / "explanation"

PACKAGES = ("docmill", "anyio", "trio", "pebble", "loky")


def main() -> None:
    parser = argparse.ArgumentParser(description="What a document in a worker process costs, and how it is ended.")
    parser.add_argument("--quick", action="store_true", help="a minute instead of five; the figures are rough")
    parser.add_argument(
        "--only", action="append", choices=isolation.CASES, metavar="NAME", help=", ".join(isolation.CASES)
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument(
        "--page",
        type=Path,
        nargs="?",
        const=DOCS / "isolation.md",
        metavar="FILE",
        help="put the figures into a page; docs/explanation/isolation.md if no file is named",
    )
    parser.add_argument("--from", type=Path, dest="source", metavar="FILE", help="take the figures of an earlier run")
    arguments = parser.parse_args()

    run = json.loads(arguments.source.read_text("utf-8")) if arguments.source else measure(arguments)
    print(isolation.tables(run))
    if arguments.json:
        arguments.json.write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if arguments.page:
        report.write_page(arguments.page, run, isolation.tables)


def measure(arguments: argparse.Namespace) -> dict:
    scale = isolation.QUICK if arguments.quick else isolation.FULL
    before = round(os.getloadavg()[0], 1)
    rows = {}
    for name in arguments.only or isolation.CASES:
        print(f"{name} ...", flush=True)
        rows[name] = isolation.CASES[name](scale)
    return report.describe(scale, rows, (before, round(os.getloadavg()[0], 1)), PACKAGES)


# Not only good manners: the workers of all contenders but docmill import this file as well.
if __name__ == "__main__":
    main()
