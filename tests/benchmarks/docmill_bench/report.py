"""What a run leaves: JSON, tables to print, and the tables of the page."""

import importlib.metadata
import os
import platform
import re
from pathlib import Path
from typing import Any

from docmill_bench.cases import CASES, Scale
from docmill_bench.measuring import Row

BEGIN = "<!-- figures: written by run.py --page, from performance.json -->"
END = "<!-- end of the figures -->"

PACKAGES = ("docmill", "anyio", "attrs", "pyee", "trio", "aiometer", "huey", "taskiq")


def describe(scale: Scale, cases: dict[str, list[Row]], load: tuple[float, float]) -> dict[str, Any]:
    """Everything that is kept of a run."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "cpus": os.cpu_count(),
        "load": {"before": load[0], "after": load[1]},
        "documents": scale.documents,
        "rounds": scale.rounds,
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
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
    parts = [_note(run)]
    for name, rows in run["cases"].items():
        title = (CASES[name].__doc__ or name).strip()
        parts.append(f"**{name}**: {title}\n\n| what | median | lowest - highest | unit |\n|---|---|---|---|\n")
        parts[-1] += "\n".join(_line(figure) for figure in rows)
    return "\n\n".join(parts) + "\n"


def _note(run: dict[str, Any]) -> str:
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


def write_page(page: Path, run: dict[str, Any]) -> None:
    """Put the figures between the markers of the page."""
    text = page.read_text(encoding="utf-8")
    block = f"{BEGIN}\n\n{tables(run)}\n{END}"
    page.write_text(re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: block, text, flags=re.DOTALL), "utf-8")


def read_page(page: Path) -> str:
    """What stands between the markers of the page."""
    text = page.read_text(encoding="utf-8")
    return text.split(BEGIN)[1].split(END)[0].strip() + "\n"
