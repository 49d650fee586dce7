"""How a contender is timed, and what is kept of it."""

import gc
from collections.abc import Awaitable, Callable, Mapping, Sequence
from statistics import median
from typing import Any, TypeVar

import anyio

T = TypeVar("T")

Contender = Callable[[], float]
"""Runs once and returns CPU seconds a document (or a job, or a call)."""

Row = dict[str, Any]
"""One figure: what, value, unit, low and high (of the rounds), and the value it is a ratio to, if it is one."""


def run_on(backend: str, function: Callable[..., Awaitable[float]], *arguments: Any) -> float:
    """Run a coroutine function, which times itself, on a fresh loop."""
    gc.collect()
    return anyio.run(function, *arguments, backend=backend)


def alternate(contenders: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Let each contender run once a round, each round beginning with another one."""
    names = list(contenders)
    samples: dict[str, list[T]] = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            samples[name].append(contenders[name]())
    return samples


def row(what: str, values: Sequence[float], unit: str, digits: int) -> Row:
    """The median of the rounds, with the lowest and the highest."""
    low, middle, high = (round(value, digits or None) for value in (min(values), median(values), max(values)))
    return {"what": what, "value": middle, "unit": unit, "low": low, "high": high}


def ratio(what: str, samples: Sequence[float], base: Sequence[float], unit: str) -> Row:
    """The median of the ratios within each round."""
    return row(what, [value / other for value, other in zip(samples, base, strict=True)], unit, 2)


def microseconds(what: str, samples: Sequence[float], unit: str) -> Row:
    """CPU microseconds."""
    return row(what, [value * 1e6 for value in samples], unit, 2)
