"""The benchmarks of worker processes: each takes a Scale and returns the rows of its table."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Any

import anyio
import attrs

from docmill_bench import report
from docmill_bench.contenders import make_ids
from docmill_bench.measuring import Row, alternate, row
from docmill_bench.processes import (
    KILLERS,
    PEERS,
    Cost,
    bare_start,
    docmill,
    docmills_calls,
    echo_asyncio,
    echo_pipe,
    echo_trio,
    kill,
    peer,
    start,
    two_processes,
)
from docmill_bench.work import count

PIPE = "a pipe, blocking"
READER = "a reader, asyncio"
LATE = "ms from the budget's end to the process's"
AIMS = "| aim | found | |\n| --- | --- | --- |"

Cores = tuple[int, int] | None


@attrs.frozen(kw_only=True)
class Scale:
    """How much is measured.

    Attributes:
        documents: that cost nothing, in one job.
        heavy: documents that keep a core busy.
        milliseconds: for which each of those does.
        kills: of each kind.
        rounds: in which each contender runs once.
    """

    documents: int
    heavy: int
    milliseconds: int
    kills: int
    rounds: int


FULL = Scale(documents=2_000, heavy=40, milliseconds=50, kills=15, rounds=5)
QUICK = Scale(documents=1_000, heavy=20, milliseconds=20, kills=5, rounds=3)
SMOKE = Scale(documents=20, heavy=4, milliseconds=1, kills=1, rounds=1)


def together(scale: Scale) -> list[Row]:
    """A document that costs nothing, one at a time, in one warm worker on the same core as its host."""
    core = min(os.sched_getaffinity(0))
    contenders = _single(scale, (core, core))
    contenders["docmill, asyncio, a new worker every 1,000"] = partial(
        anyio.run, docmill, "nothing", make_ids(scale.documents), 1, (core, core), 1_000
    )
    return _against_the_bare(alternate(contenders, scale.rounds))


def apart(scale: Scale) -> list[Row]:
    """The same with the worker on another core, which is asleep whenever the host works, and the other way round."""
    cores = sorted(os.sched_getaffinity(0))
    return _against_the_bare(alternate(_single(scale, (cores[0], cores[-1])), scale.rounds))


def _single(scale: Scale, cores: Cores) -> dict[str, Callable[[], Cost]]:
    documents = make_ids(scale.documents)
    contenders: dict[str, Callable[[], Cost]] = {
        PIPE: partial(echo_pipe, scale.documents, cores),
        READER: partial(anyio.run, echo_asyncio, scale.documents, cores),
        "a reader, trio": partial(anyio.run, echo_trio, scale.documents, cores, backend="trio"),
        "docmill, asyncio": partial(anyio.run, docmill, "nothing", documents, 1, cores),
        "docmill, trio": partial(anyio.run, docmill, "nothing", documents, 1, cores, backend="trio"),
        "docmill, in a thread": partial(anyio.run, docmill, "nothing", documents, 1, cores, None, "thread"),
    }
    for name, opened in PEERS.items():
        contenders[name] = partial(anyio.run, peer, opened, documents[: scale.documents // 2], 1, cores)
    return contenders


def _against_the_bare(samples: Mapping[str, Sequence[Cost]]) -> list[Row]:
    rows = []
    for name, costs in samples.items():
        rows += _costs(name, costs)
        for base, unit in ((PIPE, "x the pipe"), (READER, "x the reader")):
            for kind, attribute in (("time", "wall"), ("CPU", "cpu")):
                ratios = [
                    getattr(cost, attribute) / getattr(other, attribute)
                    for cost, other in zip(costs, samples[base], strict=True)
                ]
                rows.append(row(name, ratios, f"{kind}, {unit}", 2))
    return rows


def _costs(name: str, costs: Sequence[Cost]) -> list[Row]:
    return [
        row(name, [cost.wall * 1e6 for cost in costs], "time, µs", 2),
        row(name, [cost.cpu * 1e6 for cost in costs], "CPU, µs", 2),
    ]


def two(scale: Scale) -> list[Row]:
    """Documents that cost nothing in two warm workers, two at once, wherever the system puts them."""
    documents = make_ids(scale.documents)
    contenders: dict[str, Callable[[], Cost]] = {
        "docmill, asyncio": partial(anyio.run, docmill, "nothing", documents, 2),
        "docmill, trio": partial(anyio.run, docmill, "nothing", documents, 2, backend="trio"),
        "docmill, asyncio, a new worker every 1,000": partial(anyio.run, docmill, "nothing", documents, 2, None, 1_000),
    }
    for name, opened in PEERS.items():
        contenders[name] = partial(anyio.run, peer, opened, documents[: scale.documents // 2], 2)
    samples = alternate(contenders, scale.rounds)
    return [figure for name, costs in samples.items() for figure in _costs(name, costs)]


def batch(scale: Scale) -> list[Row]:
    """A batch of pure Python, which keeps one core busy for each document, on two cores."""
    documents = [f"document-{number}-{_rounds_of(scale.milliseconds)}" for number in range(scale.heavy)]

    def seconds(workers: int, isolation: str) -> float:
        cost: Cost = anyio.run(docmill, "count", documents, workers, None, None, isolation)
        return cost.wall * len(documents)

    samples = alternate(
        {
            "one thread": partial(seconds, 1, "thread"),
            "two threads": partial(seconds, 2, "thread"),
            "two worker processes": partial(seconds, 2, "process"),
            "two bare processes, half of the batch each": partial(two_processes, documents),
        },
        scale.rounds,
    )
    rows = []
    for name, spent in samples.items():
        rows.append(row(name, spent, "s", 2))
        faster = [one / other for one, other in zip(samples["one thread"], spent, strict=True)]
        rows.append(row(name, faster, "x as fast as one thread", 2))
    return rows


def _rounds_of(milliseconds: int) -> int:
    def spent() -> float:
        begin = time.process_time()
        count("document-100000")
        return time.process_time() - begin

    return int(100_000 * milliseconds / 1_000 / median(spent() for _ in range(5)))


def kills(scale: Scale) -> list[Row]:
    """A document that outlives its budget, and a document that waits for the seat."""
    rows = []
    contenders: dict[str, Callable[[], tuple[float, float]]] = {
        f"{name}, {what}": partial(anyio.run, kill, opened, how)
        for name, opened in KILLERS.items()
        for how, what in (("sleep", "time.sleep"), ("native", "native code that holds the GIL"))
    }
    for name, seconds in alternate(contenders, scale.kills).items():
        rows.append(row(name, [late * 1e3 for late, _ in seconds], LATE, 1))
        rows.append(row(name, [wait * 1e3 for _, wait in seconds], "ms from there to the next document", 1))
    return rows


def starts(scale: Scale) -> list[Row]:
    """From the first call on until it runs in a worker that was not there before."""
    contenders: dict[str, Callable[[], float]] = {"a bare interpreter": bare_start}
    for name, opened in {"docmill": docmills_calls, **PEERS}.items():
        contenders[name] = partial(anyio.run, start, opened)
    samples = alternate(contenders, scale.rounds)
    return [row(name, [second * 1e3 for second in seconds], "ms", 0) for name, seconds in samples.items()]


CASES: Mapping[str, Callable[[Scale], list[Row]]] = {
    "together": together,
    "apart": apart,
    "two": two,
    "batch": batch,
    "kills": kills,
    "starts": starts,
}


def aims(run: dict[str, Any]) -> str:
    """What was aimed at and what the run found: made from its figures, so that no verdict can outlive them."""

    def figure(case: str, what: str, unit: str, key: str = "value") -> float:
        found: float = next(one[key] for one in run["cases"][case] if (one["what"], one["unit"]) == (what, unit))
        return found

    lines = []
    for loop in ("asyncio", "trio"):
        for case in ("together", "apart"):
            for kind in ("time", "CPU"):
                ratio = figure(case, f"docmill, {loop}", f"{kind}, x the pipe")
                what = f"a document that costs nothing, {case}, {loop}, {kind}: at most 2.5 x the pipe"
                lines.append((what, f"{report.number(ratio)} x", ratio <= 2.5))
    faster = "x as fast as one thread"
    ratio = figure("batch", "two worker processes", faster)
    bare = figure("batch", "two bare processes, half of the batch each", faster)
    found = f"{report.number(ratio)} x, and two bare processes {report.number(bare)} x"
    lines.append(("the batch in two workers: at least 1.6 x as fast as in one thread", found, ratio >= 1.6))
    for what in ("time.sleep", "native code that holds the GIL"):
        late = figure("kills", f"docmill, {what}", LATE, "high")
        lines.append((f"killed, in {what}: at most 250 ms late, always", f"{report.number(late)} ms", late <= 250))
    rows = [f"| {what} | {found} | {'reached' if reached else 'missed'} |" for what, found, reached in lines]
    return "\n".join(["**aims**: What was aimed at, and what this run says of it.\n", AIMS, *rows])


def tables(run: dict[str, Any]) -> str:
    """The figures as Markdown; the aims only of a run that has everything."""
    figures = report.pivots(run, CASES)
    return f"{figures}\n{aims(run)}\n" if set(run["cases"]) == set(CASES) else figures
