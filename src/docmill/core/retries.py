"""How long a document waits before its next attempt."""

from functools import lru_cache
from itertools import islice

import backoff

__all__ = ["wait_before"]


@lru_cache(maxsize=256)
def _waits(retry_delay: float, retry_attempts: int) -> tuple[float, ...]:
    values = backoff.expo(base=2, factor=retry_delay)
    next(values)  # the generator's first value is None: it waits for a send() that we do not need
    return tuple(islice(values, retry_attempts))


def wait_before(attempt: int, retry_delay: float, retry_attempts: int) -> float:
    """Seconds to wait before attempt 2, 3, ...: ``retry_delay`` * 1, * 2, * 4 and so on (the seed's schedule)."""
    return _waits(retry_delay, retry_attempts)[attempt - 2]
