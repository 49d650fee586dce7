"""What a run leaves: JSON, tables to print, and the tables of the page."""

import importlib.metadata
import os
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from docmill_bench.cases import CASES
from docmill_bench.measuring import Row

BEGIN = re.compile(r"<!-- figures: written by .* -->")
END = "<!-- end of the figures -->"

PACKAGES = ("docmill", "anyio", "attrs", "pyee", "trio", "aiometer", "huey", "taskiq")

Tables = Callable[[dict[str, Any]], str]


def describe(
    scale: Any, cases: dict[str, list[Row]], load: tuple[float, float], packages: Sequence[str] = PACKAGES
) -> dict[str, Any]:
    """Everything that is kept of a run."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "cpus": os.cpu_count(),
        "load": {"before": load[0], "after": load[1]},
        "documents": scale.documents,
        "rounds": scale.rounds,
        "versions": {name: version for name in packages if (version := _version(name))},
        "cases": cases,
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def number(value: float) -> str:
    """As a reader wants it: three digits, or more where it is whole."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def tables(run: dict[str, Any]) -> str:
    """The figures as Markdown, one table a benchmark."""
    parts = [note(run)]
    for name, rows in run["cases"].items():
        title = (CASES[name].__doc__ or name).strip()
        parts.append(f"**{name}**: {title}\n\n| what | median | lowest - highest | unit |\n|---|---|---|---|\n")
        parts[-1] += "\n".join(_line(figure) for figure in rows)
    return "\n\n".join(parts) + "\n"


def note(run: dict[str, Any]) -> str:
    """On what and how the figures of a run were taken."""
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    before, after = run["load"]["before"], run["load"]["after"]
    busy = (
        "; other work was running, so that the ratios say more than the microseconds" if max(before, after) > 3 else ""
    )
    return (
        f"{run['implementation']} {run['python']}, {run['cpus']} CPUs, load {before} before and {after} after the "
        f"run{busy}. {versions}. Jobs of {run['documents']:,} documents where nothing else is said, "
        f"{run['rounds']} rounds."
    )


def _line(figure: Row) -> str:
    spread = "" if figure["low"] == figure["high"] else f"{number(figure['low'])} - {number(figure['high'])}"
    return f"| {figure['what']} | {number(figure['value'])} | {spread} | {figure['unit']} |"


def pivot(rows: Sequence[Row]) -> str:
    """A table with a line for each thing that was measured and a column for each unit; in brackets the extremes."""
    units = list(dict.fromkeys(figure["unit"] for figure in rows))
    lines: dict[str, dict[str, str]] = {}
    for figure in rows:
        spread = "" if figure["low"] == figure["high"] else f" ({number(figure['low'])} - {number(figure['high'])})"
        lines.setdefault(figure["what"], {})[figure["unit"]] = number(figure["value"]) + spread
    table = [["", *units], ["---"] * (len(units) + 1)]
    table += [[what, *(values.get(unit, "") for unit in units)] for what, values in lines.items()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in table)


def pivots(run: dict[str, Any], cases: Mapping[str, Any]) -> str:
    """The figures as Markdown, each benchmark as a table with a column for each unit."""
    parts = [note(run)]
    for name, rows in run["cases"].items():
        parts.append(f"**{name}**: {(cases[name].__doc__ or name).strip()}\n\n{pivot(rows)}")
    return "\n\n".join(parts) + "\n"


def write_page(page: Path, run: dict[str, Any], tables: Tables = tables) -> None:
    """Put the figures between the markers of the page."""
    before, begin, _, after = _cut(page)
    page.write_text(f"{before}{begin}\n\n{tables(run)}\n{END}{after}", "utf-8")


def read_page(page: Path) -> str:
    """What stands between the markers of the page."""
    return _cut(page)[2].strip() + "\n"


def _cut(page: Path) -> tuple[str, str, str, str]:
    """A page: what is before its figures, the marker, the figures, and what follows the other marker."""
    text = page.read_text(encoding="utf-8")
    marker = BEGIN.search(text)
    assert marker is not None
    figures, _, after = text[marker.end() :].partition(END)
    return text[: marker.start()], marker[0], figures, after
