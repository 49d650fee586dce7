"""The seed's retry schedule."""

from itertools import islice

import pytest

from docmill.core.retries import doubling, wait_before


@pytest.mark.parametrize("attempt, seconds", [(2, 2.0), (3, 4.0), (4, 8.0), (5, 16.0)])
def test_a_wait_is_the_delay_and_doubles_from_attempt_to_attempt(attempt: int, seconds: float) -> None:
    """R10: retry_delay * 2^(n-2)."""
    assert wait_before(attempt, 2.0, 4) == seconds


def test_without_a_delay_no_wait_is_ever_long() -> None:
    assert [wait_before(attempt, 0.0, 3) for attempt in (2, 3, 4)] == [0.0, 0.0, 0.0]


def test_a_hundred_retries_have_a_hundred_waits() -> None:
    assert wait_before(101, 1.0, 100) == 2.0**99


def test_doubling_stops_at_the_most_it_may_be() -> None:
    assert list(islice(doubling(0.05, 0.3), 5)) == [0.05, 0.1, 0.2, 0.3, 0.3]
