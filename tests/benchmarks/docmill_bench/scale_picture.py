"""The figures of clusters as pictures that can be read on a light page and on a dark one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from docmill_bench import scale
from docmill_bench.picture import FAINT, INK, STYLE

COLOURS: Final = {"docmill, asyncio": "#2f9e6e", "Ray": "#4f83cc", "Dask": "#d9822b"}
SHADES: Final = {scale.BARE: "#7f93b2", "Local": "#2f9e6e", "Ray": "#4f83cc", "Dask": "#d9822b"}
SECONDS: Final = {"0.5": "#7cc7a4", "2": "#2f9e6e"}


def draw(run: dict[str, Any], folder: Path) -> None:
    """Draw what was measured, and what was simulated."""
    with mpl.rc_context(STYLE):
        for name, paint in (("scale-host.svg", _draw_host), ("scale-load.svg", _draw_load)):
            figure = Figure(figsize=(9.0, 4.3), layout="constrained")
            figure.get_layout_engine().set(w_pad=0.15, h_pad=0.08)
            paint(figure, run["cases"])
            # A picture of the same figures is the same file, whenever it is drawn.
            figure.savefig(folder / name, transparent=True, metadata={"Date": None, "Creator": None})


def _draw_host(figure: Figure, cases: scale.Rows) -> None:
    left, right = figure.subplots(1, 2)
    lines = scale.lines(cases)
    curve = [10 ** (step / 20) for step in range(55)]
    for name, colour in COLOURS.items():
        rows, unit, prefix = (
            (cases["own"], "µs a document, asyncio", "")
            if name.startswith("docmill")
            else (cases["host"], "host, µs a document", f"{name}, ")
        )
        points = scale.values(rows, unit, prefix)
        label = "docmill itself" if name.startswith("docmill") else f"with {name}"
        left.plot(points.keys(), points.values(), "o", color=colour, label=label)
        left.plot(curve, [lines[name].at(size) for size in curve], color=colour, linewidth=1.5)
    left.axhline(30, color=INK, linewidth=1, linestyle="--")
    left.annotate("30 µs", (500, 30), (-20, 4), textcoords="offset points")
    _log(left, "x", (1, 10, 50, 100, 500))
    _log(left, "y", (5, 10, 30, 100, 1_000))
    left.set_title("CPU of the host; points measured, lines fitted", loc="left", fontsize=11, pad=10)
    left.set_xlabel("documents in a chunk")
    left.set_ylabel("µs a document")
    left.legend(frameon=False)
    _tidy(left)
    _draw_workers(right, cases["workers"])


def _draw_workers(axes: Axes, rows: Sequence[dict[str, Any]]) -> None:
    kinds = list(dict.fromkeys(row["what"].rpartition(", ")[0] for row in rows))
    for at, (engine, colour) in enumerate(SHADES.items()):
        values = [
            row["value"] for row in rows if row["unit"] == "x as fast" and row["what"].rpartition(", ")[2] == engine
        ]
        places = [place + 0.2 * (at - 1.5) for place in range(len(kinds))]
        bars = axes.bar(places, values, 0.18, color=colour, label=engine)
        axes.bar_label(bars, [f"{value:.2f}" for value in values], padding=3, fontsize=8, rotation=90)
    axes.axhline(1, color=INK, linewidth=1)
    axes.set_ylim(0, 2.9)
    axes.set_xticks(range(len(kinds)), [kind.replace(" of ", "\nof ").replace(" asleep", "\nasleep") for kind in kinds])
    axes.set_title("Two workers against one", loc="left", fontsize=11, pad=10)
    axes.set_ylabel("x as fast")
    axes.legend(frameon=False, ncols=2, loc="upper left", fontsize=9)
    _tidy(axes)


def _draw_load(figure: Figure, cases: scale.Rows) -> None:
    left, right = figure.subplots(1, 2)
    for seconds, colour in SECONDS.items():
        for axes, unit in ((left, "documents/s"), (right, "% of the host's core")):
            points = _by_cost(cases["load"], unit, seconds)
            axes.plot(points.keys(), points.values(), "o", color=colour, label=f"chunk_seconds {seconds}")
        model = _by_cost(cases["load"], "documents/s, model", seconds)
        left.plot(model.keys(), model.values(), color=colour, linewidth=1.5)
    _log(left, "y", (1_000, 2_000, 5_000, 10_000, 20_000, 50_000))
    left.set_title("1,000 workers; points simulated, lines by the model", loc="left", fontsize=11, pad=10)
    left.set_ylabel("documents a second")
    right.set_title("The core of the host", loc="left", fontsize=11, pad=10)
    right.set_ylabel("% busy")
    right.set_ylim(0, 105)
    for axes in (left, right):
        _log(axes, "x", (1, 2, 5, 10, 20, 50, 100, 200))
        axes.set_xlabel("ms of work in a document")
        axes.legend(frameon=False)
        _tidy(axes)


def _by_cost(rows: Sequence[dict[str, Any]], unit: str, seconds: str) -> dict[int, float]:
    ending = f", chunk_seconds {seconds}"
    return {
        int(row["what"].split()[0]): row["value"]
        for row in rows
        if row["unit"] == unit and row["what"].endswith(ending)
    }


def _log(axes: Axes, which: str, ticks: Sequence[int]) -> None:
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))


def _tidy(axes: Axes) -> None:
    axes.patch.set_alpha(0.0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=INK, alpha=FAINT, linewidth=0.6)
    axes.tick_params(length=0)
