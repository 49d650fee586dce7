"""The benchmarks of clusters: what is measured with two workers, and what is simulated with a thousand."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Any, Final

import anyio
import attrs

from docmill_bench import report
from docmill_bench.clusters import Clusters, Run, burn, free, make_documents, nothing, rest
from docmill_bench.measuring import Row, alternate, row
from docmill_bench.scale_model import Found, World, simulate

ENGINES: Final = ("Ray", "Dask")
BACKENDS: Final = ("asyncio", "trio")
BARE: Final = "bare processes"
SIZES: Final = (1, 10, 50, 100, 500)
RECORDED: Final = 3.5
"""µs of the host's CPU for a document that is recorded in a store, as measured apart from this."""

Rows = dict[str, list[Row]]
Say = Callable[[str], None]


@attrs.frozen(kw_only=True)
class Scale:
    """How much is measured and simulated.

    Attributes:
        chunks: of each size that are sent.
        documents: the least and the most documents of a job that cost nothing.
        heavy: documents of 100 ms; there are ten times as many of 10 ms.
        rounds: in which each contender runs once.
        repeats: the same for what takes long.
        workers: that are simulated.
        simulated: documents of each small simulation.
        jobs: of a million documents in the large one.
    """

    chunks: int
    documents: int
    heavy: int
    rounds: int
    repeats: int
    workers: int
    simulated: int
    jobs: int


FULL: Final = Scale(
    chunks=300, documents=30_000, heavy=12, rounds=5, repeats=3, workers=1_000, simulated=1_000_000, jobs=100
)
QUICK: Final = Scale(
    chunks=100, documents=10_000, heavy=8, rounds=3, repeats=2, workers=1_000, simulated=500_000, jobs=2
)
SMOKE: Final = Scale(chunks=3, documents=300, heavy=1, rounds=1, repeats=1, workers=20, simulated=5_000, jobs=1)


def own(scale: Scale, _: Clusters) -> list[Row]:
    """What docmill itself costs the host, with a cluster that costs nothing: each chunk is answered at once."""
    contenders = {
        (backend, size): partial(anyio.run, free, _documents(scale, size), size, backend=backend)
        for backend in BACKENDS
        for size in SIZES
    }
    samples = alternate(contenders, scale.rounds)
    rows = []
    for (backend, size), runs in samples.items():
        number = len(_documents(scale, size))
        rows.append(_row(_in_chunks(size), [run.host / number * 1e6 for run in runs], f"µs a document, {backend}"))
    return rows


def host(scale: Scale, clusters: Clusters) -> list[Row]:
    """Documents that cost nothing in chunks of a given size on two workers: CPU of the host, and documents a second."""
    contenders = {
        (engine, size): partial(anyio.run, clusters.run, engine, nothing, _documents(scale, size), 2, size)
        for engine in ENGINES
        for size in SIZES
    }
    rows = []
    for (engine, size), runs in alternate(contenders, scale.rounds).items():
        number = len(_documents(scale, size))
        what = f"{engine}, {_in_chunks(size)}"
        rows += [
            _row(what, [run.host / number * 1e6 for run in runs], "host, µs a document"),
            _row(what, [run.all / number * 1e6 for run in runs], "all processes, µs a document"),
            _row(what, [number / run.wall for run in runs], "documents/s"),
        ]
    return rows


def chunks(scale: Scale, clusters: Clusters) -> list[Row]:
    """Documents that sleep for 10 ms, in chunks of a given size on two workers: what a worker loses between chunks."""
    contenders = {
        (engine, size): partial(anyio.run, clusters.run, engine, rest, _slow(scale, size), 2, size)
        for engine in ENGINES
        for size in (1, 10, 50)
    }
    rows = []
    for (engine, size), runs in alternate(contenders, scale.rounds).items():
        number = len(_slow(scale, size))
        rows.append(_row(f"{engine}, {_in_chunks(size)}", [number / run.wall for run in runs], "documents/s"))
    return rows


def workers(scale: Scale, clusters: Clusters) -> list[Row]:
    """The same job on one worker and on two, chunks as the engine makes them."""
    kinds = {
        "100 ms of CPU": (burn, make_documents(scale.heavy, 100)),
        "10 ms of CPU": (burn, make_documents(10 * scale.heavy, 10)),
        "100 ms asleep": (rest, make_documents(scale.heavy, 100)),
    }
    rows = []
    for kind, (function, documents) in kinds.items():
        contenders: dict[tuple[str, int], Callable[[], float]] = {}
        for number in (1, 2):
            contenders[BARE, number] = partial(_bare, function.__name__, documents, number)
            for engine in ("Local", *ENGINES):
                contenders[engine, number] = partial(_wall, clusters, engine, function, documents, number)
        samples = alternate(contenders, scale.repeats)
        for engine in (BARE, "Local", *ENGINES):
            what = f"{kind}, {engine}"
            one, two = samples[engine, 1], samples[engine, 2]
            rows += [
                _row(what, [len(documents) / wall for wall in one], "documents/s, one worker"),
                _row(what, [len(documents) / wall for wall in two], "documents/s, two"),
                row(what, [single / double for single, double in zip(one, two, strict=True)], "x as fast", 2),
            ]
    return rows


def _wall(clusters: Clusters, engine: str, function: Any, documents: Sequence[str], number: int) -> float:
    run: Run = anyio.run(clusters.run, engine, function, documents, number)
    return run.wall


def _bare(function: str, documents: Sequence[str], number: int) -> float:
    """Seconds for which bare processes need that know their share from the start."""
    code = (
        f"import sys; sys.path[:] = {sys.path!r}\nfrom docmill_bench.clusters import {function} as run\n"
        "documents = sys.argv[1:]\nprint(flush=True)\nsys.stdin.readline()\n"
        "for document in documents: run(document)\nprint(flush=True)"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, *documents[at::number]], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for at in range(number)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    began = time.perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    seconds = time.perf_counter() - began
    for process in processes:
        process.communicate()
    return seconds


def _documents(scale: Scale, size: int) -> list[str]:
    return make_documents(min(scale.chunks * size, scale.documents), 0)


def _slow(scale: Scale, size: int) -> list[str]:
    return make_documents(max(2 * scale.heavy, 8 * size), 10)


def _in_chunks(size: int) -> str:
    return f"{size} in a chunk"


def _row(what: str, values: Sequence[float], unit: str) -> Row:
    return row(what, values, unit, 2)


# What follows from the figures.


@attrs.frozen
class Line:
    """µs a document: ``chunk`` for each chunk, and ``document`` for each document of it."""

    chunk: float
    document: float

    def at(self, size: float) -> float:
        """For chunks of a size."""
        return self.chunk / size + self.document


ASSUMED: Final = Line(1_000.0, 10.0)
GAP: Final = 0.01
"""Costs of the large simulation: round figures, so that it comes out the same whatever a run has measured."""


def fit_line(points: Mapping[int, float]) -> Line:
    """The line with the least squares of the relative errors."""
    xx = xy = x1 = y1 = n = 0.0
    for size, value in points.items():
        weight = 1 / value**2
        inverse = 1 / size
        n += weight
        x1 += weight * inverse
        xx += weight * inverse**2
        y1 += weight * value
        xy += weight * inverse * value
    chunk = (n * xy - x1 * y1) / (n * xx - x1**2)
    return Line(chunk, (y1 - chunk * x1) / n)


def values(rows: Sequence[Row], unit: str, prefix: str = "") -> dict[int, float]:
    """The medians of one unit, by the size of the chunks."""
    return {
        int(figure["what"].removeprefix(prefix).split()[0]): figure["value"]
        for figure in rows
        if figure["unit"] == unit and figure["what"].startswith(prefix)
    }


def lines(cases: Rows) -> dict[str, Line]:
    """What a chunk and what a document costs the host."""
    found = {f"docmill, {backend}": fit_line(values(cases["own"], f"µs a document, {backend}")) for backend in BACKENDS}
    return found | {engine: fit_line(values(cases["host"], "host, µs a document", f"{engine}, ")) for engine in ENGINES}


def fit(cases: Rows) -> list[Row]:
    """The model, fitted to the figures above: a for each chunk, b for each document, and what a worker loses."""
    rows = []
    for name, line in lines(cases).items():
        rows += [_one(name, line.chunk, "a, µs a chunk"), _one(name, line.document, "b, µs a document")]
    for engine in ENGINES:
        rows.append(_one(engine, 1e3 * lost(cases, engine), "lost between two chunks, ms"))
    return rows


def lost(cases: Rows, engine: str) -> float:
    """Seconds that a worker loses between two chunks, by documents that sleep for 10 ms."""
    rates = values(cases["chunks"], "documents/s", f"{engine}, ")
    line = fit_line({size: 2e6 / rate for size, rate in rates.items()})
    return line.chunk / 1e6


def check(cases: Rows) -> list[Row]:
    """What the model says of the jobs that were measured, beside what was measured."""
    rows = []
    for engine in ENGINES:
        everything = fit_line(values(cases["host"], "all processes, µs a document", f"{engine}, "))
        line, gap = lines(cases)[engine], lost(cases, engine)
        for size, rate in values(cases["host"], "documents/s", f"{engine}, ").items():
            said = 1e6 / max(line.at(size), everything.at(size) / 2, 1e6 * gap / size / 2)
            rows += _compare(f"{engine}, at no cost, {_in_chunks(size)}", rate, said)
        for size, rate in values(cases["chunks"], "documents/s", f"{engine}, ").items():
            rows += _compare(f"{engine}, 10 ms asleep, {_in_chunks(size)}", rate, 2 * size / (size * 0.01 + gap))
    return rows


def _compare(what: str, measured: float, said: float) -> list[Row]:
    return [
        _one(what, measured, "documents/s, measured"),
        _one(what, said, "documents/s, model"),
        _one(what, said / measured, "model / measured"),
    ]


def feeds(cases: Rows) -> list[Row]:
    """Workers that one core of the host can keep busy, by the model."""
    rows = []
    for engine in ENGINES:
        line = lines(cases)[engine]
        for milliseconds in (1, 10, 100, 1000):
            for chunk_seconds in (0.5, 2.0):
                size = min(1_000, max(1, int(chunk_seconds * 1e3 / milliseconds)))
                for store, extra in (("in memory", 0.0), ("recorded", RECORDED)):
                    each = line.at(size) + extra
                    what = f"{engine}, documents of {milliseconds:,} ms, chunk_seconds {chunk_seconds:g}"
                    rows.append(_one(what, round(milliseconds * 1e3 / each), f"workers, {store}"))
                    if store == "recorded":
                        rows.append(_one(what, round(1e6 / each), "documents/s, recorded"))
    return rows


def _one(what: str, value: float, unit: str) -> Row:
    return row(what, [value], unit, 0 if isinstance(value, int) else 2)


# What is simulated.


def load(scale: Scale, cases: Rows, say: Say) -> list[Row]:
    """Where the host is the limit: 1,000 workers, one job of documents that take less and less, the a and b of Ray."""
    rows = []
    line = lines(cases)["Ray"]
    for milliseconds in (200, 100, 50, 20, 10, 5, 2, 1):
        for chunk_seconds in (0.5, 2.0):
            world = _world(scale, line, lost(cases, "Ray"), milliseconds, chunk_seconds, jobs=1)
            say(f"documents of {milliseconds} ms, chunk_seconds {chunk_seconds:g} ...")
            found = simulate(world)
            what = f"{milliseconds} ms a document, chunk_seconds {chunk_seconds:g}"
            size = found.documents / found.chunks
            said = 1 / max(
                (milliseconds / 1e3 + world.overhead / size) / sum_of_speeds(world),
                world.per_chunk / size + world.per_document,
            )
            rows += [
                _one(what, round(found.rate), "documents/s"),
                _one(what, round(said), "documents/s, model"),
                _one(what, 100 * found.host / found.makespan, "% of the host's core"),
                _one(what, size, "documents in a chunk"),
            ]
    return rows


def troubles(scale: Scale, cases: Rows, say: Say) -> list[Row]:
    """What deaths and slow workers cost: 1,000 workers, documents of 50 ms, a host that costs nothing."""
    rows = []
    worlds = {
        "all is well": {"slow": 0.0, "deaths": 0.0, "spread": 0.5},
        "heavy tail of the documents": {"slow": 0.0, "deaths": 0.0},
        "and 1 % of the workers 4 x slower": {"deaths": 0.0},
        "and each worker dies once in 10 h": {"deaths": 0.1},
        "and each worker dies once in 1 h": {"deaths": 1.0},
        "and each worker dies 10 times in 1 h": {"deaths": 10.0},
    }
    for what, change in worlds.items():
        say(f"{what} ...")
        world = _world(scale, Line(0.0, 0.0), lost(cases, "Ray"), 50, 0.5, jobs=1)
        rows += _troubles(what, simulate(attrs.evolve(world, documents=scale.simulated, **change)))
    return rows


def _troubles(what: str, found: Found) -> list[Row]:
    return [
        _one(what, found.makespan, "s"),
        _one(what, found.makespan / found.ideal, "x the ideal"),
        _one(what, found.tail, "s of tail"),
        _one(what, found.died, "deaths"),
        _one(what, found.again, "documents begun twice"),
        _one(what, found.alone, "run alone"),
        _one(what, found.failed, "failed"),
    ]


def large(scale: Scale, cases: Rows, say: Say) -> list[Row]:
    """Jobs of a million documents of 50 ms, one after another, on 1,000 workers, with costs that are assumed."""
    world = attrs.evolve(_world(scale, ASSUMED, GAP, 50, 2.0, jobs=scale.jobs), documents=scale.simulated)
    found = simulate(world, say)
    what = f"{found.documents:,} documents"
    return [
        _one("a, assumed", ASSUMED.chunk, "µs a chunk"),
        _one("b, assumed", ASSUMED.document, "µs a document"),
        _one("g, assumed", 1e3 * GAP, "ms between two chunks"),
        _one("chunk_seconds", world.chunk_seconds, "s"),
        _one("deaths of a worker", world.deaths, "an hour"),
        _one(f"{what}, settled", found.documents - found.failed, "documents"),
        _one(f"{what}, failed", found.failed, "documents"),
        _one("chunks", found.chunks, "chunks"),
        _one("documents that were out at once, at most", found.most, "documents"),
        _one("from the first to the last", found.makespan / 60, "virtual minutes"),
        _one("that, and what an even spread of the work would take", found.makespan / found.ideal, "x"),
        row("tail of a job: nothing is left to start, and not all has ended", found.tails, "s", 2),
        _one("deaths of workers", found.died, "deaths"),
        _one("documents that were begun twice, since their worker died", found.again, "documents"),
        _one("documents that had to run alone after that", found.alone, "documents"),
        _one("the host's core is busy", 100 * found.host / found.makespan, "% of the time"),
        _one("the host", found.host / 3600, "CPU hours"),
        _one("the workers", found.ideal * sum_of_speeds(world) / 3600, "CPU hours"),
        _one("the rules alone, really measured", found.core / found.documents * 1e6, "µs a document"),
        _one("the simulation", found.wall / 60, "real minutes"),
    ]


def sum_of_speeds(world: World) -> float:
    """How many workers at full speed all of them are worth."""
    slow = int(world.slow * world.workers)
    return world.workers - slow + slow / world.slower


def _world(scale: Scale, line: Line, gap: float, milliseconds: float, chunk_seconds: float, *, jobs: int) -> World:
    # Seconds of work, so that cheap documents make as long a run as dear ones.
    documents = min(scale.simulated, max(20_000, int(scale.simulated * 10 / milliseconds)))
    return World(
        workers=scale.workers,
        jobs=jobs,
        documents=documents,
        seconds=milliseconds / 1e3,
        chunk_seconds=chunk_seconds,
        overhead=max(0.0, gap),
        per_chunk=line.chunk / 1e6,
        per_document=line.document / 1e6,
    )


MEASURED: Final = {"own": own, "host": host, "chunks": chunks, "workers": workers}
DERIVED: Final = {"fit": fit, "check": check, "feeds": feeds}
SIMULATED: Final = {"load": load, "troubles": troubles, "large": large}
CASES: Final[dict[str, Callable[..., list[Row]]]] = {**MEASURED, **DERIVED, **SIMULATED}

AIMS: Final = "| aim | found | |\n| --- | --- | --- |"


def tables(run: dict[str, Any]) -> str:
    """The figures as Markdown, and what was aimed at."""
    parts = [report.note(run)]
    for name, rows in run["cases"].items():
        table = _list(rows) if name == "large" else report.pivot(rows)
        parts.append(f"**{name}**: {(CASES[name].__doc__ or name).strip()}\n\n{table}")
    return "\n\n".join([*parts, aims(run)]) + "\n"


def _list(rows: Sequence[Row]) -> str:
    """A table with a line for each figure."""
    lines_ = ["| what | found | |", "| --- | --- | --- |"]
    for figure in rows:
        spread = (
            ""
            if figure["low"] == figure["high"]
            else f" ({report.number(figure['low'])} - {report.number(figure['high'])})"
        )
        lines_.append(f"| {figure['what']} | {report.number(figure['value'])}{spread} | {figure['unit']} |")
    return "\n".join(lines_)


def aims(run: dict[str, Any]) -> str:
    """What was aimed at, and what a run says of it."""
    cases = run["cases"]
    lines_ = ["**aims**: What was aimed at, and what this run says of it.\n", AIMS]
    for engine in ENGINES:
        value = _find(cases["host"], f"{engine}, {_in_chunks(50)}", "host, µs a document")
        lines_.append(
            _aim(f"{engine}, 50 in a chunk: at most 30 µs of the host's CPU a document", value, "µs", value <= 30)
        )
    for kind, least in (("100 ms of CPU", 1.6), ("100 ms asleep", 1.9)):
        bare = _find(cases["workers"], f"{kind}, {BARE}", "x as fast")
        for engine in ("Local", *ENGINES):
            value = _find(cases["workers"], f"{kind}, {engine}", "x as fast")
            text = f"{kind}, {engine}, two workers against one: at least {least} x ({BARE}: {report.number(bare)} x)"
            lines_.append(_aim(text, value, "x", value >= least))
    return "\n".join(lines_)


def _aim(text: str, value: float, unit: str, reached: bool) -> str:
    return f"| {text} | {report.number(value)} {unit} | {'reached' if reached else 'missed'} |"


def _find(rows: Sequence[Row], what: str, unit: str) -> float:
    value: float = median(figure["value"] for figure in rows if figure["what"] == what and figure["unit"] == unit)
    return value
