"""The pictures of states. The places of boxes and arrows are set by hand, the arrows and their words were explored.

An arrow that nobody has foreseen is drawn, too: dashed, and straight from one box to the other.
"""

from collections.abc import Iterable
from math import inf
from textwrap import wrap
from typing import Final, NamedTuple

from explore import Edge, Explored
from svg import LINE, draw, text
from world import CRASHES, DRAINED

from docmill.model import TERMINAL_STATUSES, JobStatus

__all__ = ["CIRCUIT", "DOCUMENTS", "JOBS", "circuit_svg", "documents_svg", "jobs_svg"]

USUAL: Final = (
    "start",
    "returns",
    "success",
    "last",
    "finalize",
    "settled",
    "cancel",
    "forced",
    "raises",
    "budget",
    "close",
)
"""How stimuli begin that are named before others."""

BESIDE: Final = 4
"""How far an arrow that nobody has foreseen stays away from the corner of a box."""


class Box(NamedTuple):
    """Where a state stands: its centre, width and height. A ``flag`` is no state of its own."""

    x: float
    y: float
    width: float = 116
    height: float = 44
    flag: bool = False


class Route(NamedTuple):
    """The way of an arrow, and where its words stand.

    Attributes:
        path: as in an SVG path.
        x, y: the place of the words: of the last line's if they stand above, else of the first's.
        anchor: which end of the words is at x.
        above: whether the words grow upwards.
        width: characters of a line; 0 for as many as there are.
    """

    path: str
    x: float
    y: float
    anchor: str = "start"
    above: bool = True
    width: int = 0


class Chart(NamedTuple):
    """A picture of states.

    Attributes:
        title: what it shows, in a sentence for those who cannot see it.
        size: width and height.
        boxes: the states.
        routes: the arrows that are foreseen, by their ends.
        short: words that stand for several stimuli, if all of them are there.
    """

    title: str
    size: tuple[int, int]
    boxes: dict[str, Box]
    routes: dict[tuple[str, str], Route]
    short: dict[str, frozenset[str]]


FINALIZE_FOLLOWS: Final = frozenset(
    f"last settled ({outcome}), finalize follows" for outcome in ("1 ok or more", "none ok")
)
BOTH_CLOSINGS: Final = frozenset({"close (durable)", "close (memory)"})
BOTH_CANCELS: Final = frozenset({"cancel_job", "forced cancel"})

JOBS: Final = Chart(
    "The states of a job, and what moves it from one to another.",
    (900, 456),
    {
        "PENDING": Box(80, 256),
        "PROCESSING": Box(300, 256, 124),
        "FAILED": Box(640, 136),
        "COMPLETED": Box(640, 221),
        "TIMEOUT": Box(640, 306),
        "CANCELLED": Box(640, 391),
        "drained": Box(848, 263, 76, 300, flag=True),
    },
    {
        ("PENDING", "PROCESSING"): Route("M138 256 H234", 186, 248, "middle"),
        ("PENDING", "PENDING"): Route("M40 234 C30 196 70 196 62 230", 14, 196),
        ("PENDING", "FAILED"): Route("M120 234 V46 Q120 36 130 36 H630 Q640 36 640 46 V110", 300, 30),
        ("PENDING", "CANCELLED"): Route("M80 278 V421 Q80 431 90 431 H630 Q640 431 640 421 V417", 92, 425),
        ("PROCESSING", "PROCESSING"): Route("M285 234 C270 192 330 192 315 230", 288, 196, "middle"),
        ("PROCESSING", "FAILED"): Route("M362 256 H370 Q380 256 380 246 V146 Q380 136 390 136 H578", 394, 130),
        ("PROCESSING", "COMPLETED"): Route("M362 256 H370 Q380 256 380 246 V231 Q380 221 390 221 H578", 394, 215),
        ("PROCESSING", "TIMEOUT"): Route("M362 256 H370 Q380 256 380 266 V296 Q380 306 390 306 H578", 394, 300),
        ("PROCESSING", "CANCELLED"): Route("M362 256 H370 Q380 256 380 266 V381 Q380 391 390 391 H578", 394, 385),
        ("FAILED", "drained"): Route("M700 136 H806", 702, 130),
        ("COMPLETED", "drained"): Route("M700 221 H806", 702, 215),
        ("TIMEOUT", "drained"): Route("M700 306 H806", 702, 300),
        ("CANCELLED", "drained"): Route("M700 391 H806", 702, 385),
    },
    {
        "last settled, finalize follows": FINALIZE_FOLLOWS,
        "close": BOTH_CLOSINGS,
        "crash": CRASHES,
        "cancel_job": BOTH_CANCELS,
    },
)

DOCUMENTS: Final = Chart(
    "The states of a document, and what moves it from one to another.",
    (900, 385),
    {
        "UNSTARTED": Box(80, 48),
        "RUNNING": Box(400, 48, 150),
        "OK": Box(800, 48),
        "WAITING": Box(400, 308, 150),
        "FAILED": Box(800, 248),
    },
    {
        ("UNSTARTED", "RUNNING"): Route("M138 38 H321", 230, 31, "middle"),
        ("RUNNING", "UNSTARTED"): Route("M325 60 H142", 230, 78, "middle", above=False),
        ("RUNNING", "OK"): Route("M475 48 H736", 606, 41, "middle"),
        ("RUNNING", "WAITING"): Route("M350 70 V282", 342, 178, "end"),
        ("WAITING", "RUNNING"): Route("M395 286 V74", 403, 178),
        ("RUNNING", "FAILED"): Route("M455 70 V238 Q455 248 465 248 H736", 466, 240),
        ("WAITING", "FAILED"): Route("M475 308 H790 Q800 308 800 298 V274", 486, 326, above=False, width=57),
        ("WAITING", "UNSTARTED"): Route("M325 308 H90 Q80 308 80 298 V74", 92, 300),
    },
    {"close": BOTH_CLOSINGS, "cancel_job": BOTH_CANCELS},
)

CIRCUIT: Final = Chart(
    "The states of the circuit of a job type, and what moves it from one to another.",
    (900, 265),
    {"CLOSED": Box(110, 140), "OPEN": Box(450, 140), "HALF_OPEN": Box(790, 140)},
    {
        ("CLOSED", "OPEN"): Route("M168 130 H388", 280, 122, "middle"),
        ("OPEN", "CLOSED"): Route("M392 152 H172", 280, 170, "middle", above=False),
        ("OPEN", "HALF_OPEN"): Route("M508 130 H728", 620, 122, "middle"),
        ("HALF_OPEN", "OPEN"): Route("M732 152 H512", 620, 170, "middle", above=False),
        ("HALF_OPEN", "CLOSED"): Route("M790 162 V235 Q790 245 780 245 H120 Q110 245 110 235 V166", 450, 238, "middle"),
        ("CLOSED", "CLOSED"): Route("M95 118 C80 76 140 76 125 114", 110, 78, "middle"),
        ("OPEN", "OPEN"): Route("M435 118 C420 76 480 76 465 114", 450, 78, "middle"),
        ("HALF_OPEN", "HALF_OPEN"): Route("M775 118 C760 76 820 76 805 114", 790, 78, "middle"),
    },
    {},
)


def jobs_svg(explored: Explored) -> str:
    """The states of a job; the flag ``drained`` is drawn as a place of its own."""
    arrows: dict[tuple[str, str], set[Edge]] = {}
    for edge in explored.jobs:
        source, target = edge.source.removesuffix(DRAINED), edge.target.removesuffix(DRAINED)
        if source != target or JobStatus(source) not in TERMINAL_STATUSES:
            arrows.setdefault((source, target), set()).add(edge._replace(source=source, target=target))
        elif edge.source != edge.target:
            arrows.setdefault((source, "drained"), set()).add(edge)
    final = {status.value for status in TERMINAL_STATUSES}
    for status in final - {source for source, target in arrows if target == "drained"}:
        arrows[status, "drained"] = {Edge(status, "at once", "drained")}
    return _chart(JOBS, arrows, final)


def documents_svg(explored: Explored) -> str:
    """The states of a document."""
    return _chart(DOCUMENTS, _by_ends(explored.documents), {"OK", "FAILED"})


def circuit_svg(explored: Explored) -> str:
    """The states of a circuit."""
    return _chart(CIRCUIT, _by_ends(explored.circuit), set())


def _by_ends(edges: Iterable[Edge]) -> dict[tuple[str, str], set[Edge]]:
    arrows: dict[tuple[str, str], set[Edge]] = {}
    for edge in edges:
        arrows.setdefault((edge.source, edge.target), set()).add(edge)
    return arrows


def _chart(chart: Chart, arrows: dict[tuple[str, str], set[Edge]], final: set[str]) -> str:
    lines, words = [], []
    for ends, edges in sorted(arrows.items()):
        route = chart.routes.get(ends)
        kind = "line" if route else "new"
        route = route or _unforeseen(*(chart.boxes[end] for end in ends))
        lines.append(f'<path class="{kind}" d="{route.path}" marker-end="url(#tip)"/>')
        words += _words(route, _labels(edges, chart.short))
    boxes = [part for name, box in chart.boxes.items() for part in _box(name, box, final=name in final)]
    return draw(chart.title, chart.size, [*lines, *words, *boxes])


def _labels(edges: set[Edge], short: dict[str, frozenset[str]]) -> list[str]:
    """The words at an arrow: its stimuli, and the codes where documents fail; those with the same codes together."""
    codes: dict[str, set[str]] = {}
    for edge in edges:
        codes.setdefault(edge.stimulus, set()).add(edge.code)
    for word, several in short.items():
        if several <= codes.keys() and len({frozenset(codes[stimulus]) for stimulus in several}) == 1:
            for stimulus in several:
                codes[word] = codes.pop(stimulus)
    together: dict[tuple[str, ...], list[str]] = {}
    for stimulus in sorted(codes, key=_rank):
        together.setdefault(tuple(sorted(codes[stimulus] - {""})), []).append(stimulus)
    labels: list[str] = []
    for ends, stimuli in together.items():
        labels += [f"{', '.join(stimuli)}: {', '.join(ends)}"] if ends else stimuli
    return labels


def _rank(stimulus: str) -> tuple[int, str]:
    """Where a stimulus stands among the others: the usual ones first."""
    ranks = [number for number, beginning in enumerate(USUAL) if stimulus.startswith(beginning)]
    return min(ranks, default=len(USUAL)), stimulus


def _words(route: Route, labels: list[str]) -> list[str]:
    if route.width:
        labels = [line for label in labels for line in wrap(label, route.width)]
    first = route.y - LINE * (len(labels) - 1) if route.above else route.y
    return [text(route.x, first + LINE * number, label, anchor=route.anchor) for number, label in enumerate(labels)]


def _unforeseen(source: Box, target: Box) -> Route:
    """A straight arrow from one box to another, or a loop at its corner, with its words in the middle."""
    if source == target:
        x, y = source.x + source.width / 2, source.y - source.height / 2
        return Route(f"M{x - 30} {y} C{x - 30} {y - 40} {x + 40} {y} {x} {y + 12}", x, y - 28, "middle")
    (x1, y1), (x2, y2) = _border(source, target), _border(target, source)
    return Route(f"M{x1:.0f} {y1:.0f} L{x2:.0f} {y2:.0f}", (x1 + x2) / 2, (y1 + y2) / 2 - BESIDE, "middle")


def _border(box: Box, other: Box) -> tuple[float, float]:
    """Where the line to another box leaves a box."""
    dx, dy = other.x - box.x, other.y - box.y
    reach = min(
        (box.width / 2 + BESIDE) / abs(dx) if dx else inf,
        (box.height / 2 + BESIDE) / abs(dy) if dy else inf,
    )
    return box.x + dx * reach, box.y + dy * reach


def _box(name: str, box: Box, *, final: bool) -> list[str]:
    x, y = box.x - box.width / 2, box.y - box.height / 2
    kind = "flag" if box.flag else "box"
    parts = [f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{box.width:g}" height="{box.height:g}" rx="8"/>']
    if final:
        inner = f'x="{x + 4:g}" y="{y + 4:g}" width="{box.width - 8:g}" height="{box.height - 8:g}"'
        parts.append(f'<rect class="final" {inner} rx="5"/>')
    return [*parts, text(box.x, box.y + 5, name, anchor="middle", kind="name")]
