"""The figures of a job: percent, the next percent, and the time remaining."""

from math import ceil, inf

__all__ = ["percent", "remaining_time", "settled_at_percent"]


def percent(settled: int, total: int) -> int:
    """Percent of documents settled, rounded down: 66 for 2 of 3."""
    return 100 * settled // total


def settled_at_percent(value: int, total: int) -> int:
    """The least number of settled documents at which ``percent`` is ``value`` or more."""
    return -(-value * total // 100)


def remaining_time(
    *, busy: float, settled: int, left: int, max_concurrent: int, now: float, deadline: float = inf
) -> float | None:
    """Seconds until the last document is likely to settle, in whole milliseconds.

    The mean processing time of the settled documents, times the rounds that are left at full concurrency,
    and never more than the time to the deadline of the job. None before the first settlement.
    """
    if not left:
        return 0.0
    if not settled:
        return None
    estimate = busy / settled * ceil(left / max_concurrent)
    return round(max(0.0, min(estimate, deadline - now)), 3)
