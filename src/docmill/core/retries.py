"""How long a document waits before its next attempt."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

import backoff

__all__ = ["doubling", "wait_before"]


def doubling(first: float, most: float | None = None) -> Iterator[float]:
    """``first``, then twice as long each time, but never longer than ``most``."""
    values = backoff.expo(base=2, factor=first, max_value=most)
    next(values)  # the generator's first value is None: it waits for a send() that we do not need
    return values


@lru_cache(maxsize=256)
def _waits(retry_delay: float, retry_attempts: int) -> tuple[float, ...]:
    return tuple(islice(doubling(retry_delay), retry_attempts))


def wait_before(attempt: int, retry_delay: float, retry_attempts: int) -> float:
    """Seconds to wait before attempt 2, 3, ...: ``retry_delay`` * 1, * 2, * 4 and so on (the seed's schedule)."""
    return _waits(retry_delay, retry_attempts)[attempt - 2]
