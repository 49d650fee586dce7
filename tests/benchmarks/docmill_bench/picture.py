"""The figures as a picture that can be read on a light page and on a dark one."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from docmill_bench.measuring import Row

INK = "#768390"
OURS = {50: "#2f9e6e", 5: "#7cc7a4"}
OTHERS = {50: "#7f93b2", 5: "#b3c0d4"}
FAINT = 0.35

STYLE = {
    "font.size": 10,
    "svg.hashsalt": "docmill",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def draw(run: dict[str, Any], file: Path) -> None:
    """Draw what the run has: ratios of the peers, and the growth."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.0, 4.3), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.15, h_pad=0.08)
        wide, small = figure.subplots(1, 2, width_ratios=[2.1, 1])
        _draw_peers(wide, run["cases"].get("peers", []))
        _draw_growth(small, run["cases"].get("growth", []))
        # A picture of the same figures is the same file, whenever it is drawn.
        metadata = {"Date": None, "Creator": None} if file.suffix == ".svg" else None
        figure.savefig(file, transparent=True, metadata=metadata, dpi=160)


def _draw_peers(axes: Axes, rows: list[Row]) -> None:
    at_once = {50: 0.19, 5: -0.19}
    ratios = {concurrent: _ratios(rows, concurrent) for concurrent in at_once}
    names = sorted(ratios[50], key=lambda name: ratios[50][name], reverse=True)
    for concurrent, shift in at_once.items():
        values = [ratios[concurrent][name] for name in names]
        places = [place - shift for place in range(len(names))]
        colours = [(OURS if name == "docmill" else OTHERS)[concurrent] for name in names]
        bars = axes.barh(places, [value - 1 for value in values], 0.34, left=1, color=colours)
        # The bars of docmill, which are short, say for all what the two shades mean.
        texts = [
            f"{value:.1f}" + (f"   {concurrent} at once" if name == "docmill" else "")
            for name, value in zip(names, values, strict=True)
        ]
        axes.bar_label(bars, texts, padding=5)
    axes.set_yticks(range(len(names)), names)
    for label in axes.get_yticklabels():
        label.set_fontweight("bold" if label.get_text() == "docmill" else "normal")
    axes.set_xscale("log")
    axes.set_xlim(1, max(max(values.values()) for values in ratios.values()) * 1.45)
    axes.xaxis.set_major_locator(FixedLocator([1, 2, 5, 10, 20, 50, 100]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} x"))
    axes.set_title("CPU time a document, against a bare worker loop", loc="left", fontsize=11, pad=10)
    axes.set_xlabel("multiples of the bare loop (1 x), log scale; less is better")
    _tidy(axes, "x")


def _ratios(rows: list[Row], concurrent: int) -> dict[str, float]:
    ending = f", {concurrent} at once"
    return {
        row["what"].removesuffix(ending): row["value"]
        for row in rows
        if row["unit"] == "x L1" and row["what"].endswith(ending)
    }


def _draw_growth(axes: Axes, rows: list[Row]) -> None:
    points = [
        (int(row["what"].removeprefix("a job of ").replace(",", "")), row["value"])
        for row in rows
        if row["unit"] == "µs a document"
    ]
    sizes, values = zip(*points, strict=True)
    axes.plot(sizes, values, color=OURS[50], marker="o", linewidth=2)
    for size, value in points:
        axes.annotate(f"{value:.1f}", (size, value), (4, 7), textcoords="offset points")
    axes.set_xscale("log")
    axes.set_xlim(sizes[0] / 2, sizes[-1] * 2)
    axes.set_ylim(0, max(values) * 1.25)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(_short))
    axes.set_title("docmill as jobs grow", loc="left", fontsize=11, pad=10)
    axes.set_xlabel("documents in the job")
    axes.set_ylabel("µs of CPU a document")
    _tidy(axes, "y")


def _short(value: float, _: object = None) -> str:
    return f"{value / 1e6:g}M" if value >= 1e6 else f"{value / 1e3:g}k" if value >= 1e3 else f"{value:g}"


def _tidy(axes: Axes, grid: str) -> None:
    axes.patch.set_alpha(0.0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(axis=grid, color=INK, alpha=FAINT, linewidth=0.6)
    axes.tick_params(length=0)
