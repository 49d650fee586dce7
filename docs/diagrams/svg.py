"""What all pictures have in common: the sheet, the colours for a light page and a dark one, and the words on it."""

from collections.abc import Iterable
from html import escape
from typing import Final

__all__ = ["LINE", "draw", "text"]

STYLE: Final = """
  text { font: 11px system-ui, "Segoe UI", Helvetica, Arial, "DejaVu Sans", sans-serif; fill: #1f2328 }
  .paper { fill: #ffffff } .box { fill: #f1f4f7; stroke: #59636e } .final { fill: none; stroke: #59636e }
  .flag { fill: none; stroke: #59636e; stroke-dasharray: 4 3 } .name { font-weight: 600; font-size: 13px }
  .line { fill: none; stroke: #7d8590; stroke-width: 1.3 } .tip { fill: #7d8590 } .faint { fill: #59636e }
  .new { fill: none; stroke: #cf222e; stroke-width: 1.6; stroke-dasharray: 5 3 } .band { fill: #f1f4f7 }
  .dot { fill: #0969da } .self { fill: #d1d9e0 } .code { font-family: ui-monospace, "DejaVu Sans Mono", monospace }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .paper { fill: #0d1117 } .box { fill: #1c232c; stroke: #9198a1 } .band { fill: #171d25 }
    .final, .flag { stroke: #9198a1 } .faint { fill: #9198a1 } .dot { fill: #58a6ff } .self { fill: #30363d }
    .new { stroke: #ff7b72 }
  }
"""
"""How the pictures look, on a light page and on a dark one."""

TIP: Final = (
    '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse"'
    ' orient="auto"><path class="tip" d="M0 0 L8 4 L0 8 z"/></marker>'
)

LINE: Final = 14
"""Height of a line of text."""


def text(x: float, y: float, words: str, *, anchor: str = "start", kind: str = "", turn: bool = False) -> str:
    """Words. ``anchor`` says which end of them is at ``x``, ``kind`` how they look; those that ``turn`` go upwards."""
    attributes = f'x="{x:g}" y="{y:g}"'
    attributes += "" if anchor == "start" else f' text-anchor="{anchor}"'
    attributes += f' class="{kind}"' if kind else ""
    attributes += f' transform="rotate(-90 {x:g} {y:g})"' if turn else ""
    return f"<text {attributes}>{escape(words, quote=False)}</text>"


def draw(title: str, size: tuple[int, int], parts: Iterable[str]) -> str:
    """A picture of these parts. The title is for those who cannot see it, the size its width and height."""
    width, height = size
    head = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" {head}>',
            f"<title>{escape(title, quote=False)}</title>",
            f"<style>{STYLE}</style>",
            f"<defs>{TIP}</defs>",
            f'<rect class="paper" width="{width}" height="{height}" rx="8"/>',
            *parts,
            "</svg>\n",
        )
    )
