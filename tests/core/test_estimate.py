"""Percent and time remaining, to the figures of the seed."""

from math import inf

import pytest

from docmill.core.estimate import percent, remaining_time, settled_at_percent


@pytest.mark.parametrize(
    "settled, total, shown",
    [(0, 3, 0), (1, 3, 33), (2, 3, 66), (3, 3, 100), (199, 200, 99), (999_999, 1_000_000, 99), (1, 1, 100)],
)
def test_progress_is_rounded_down(settled: int, total: int, shown: int) -> None:
    """R05."""
    assert percent(settled, total) == shown


def test_100_percent_means_all_and_nothing_else() -> None:
    """R05."""
    for total in (1, 3, 7, 99, 100, 101, 1_000):
        assert [settled for settled in range(total + 1) if percent(settled, total) == 100] == [total]


def test_the_next_percent_comes_with_the_least_number_that_shows_it() -> None:
    for total in (1, 3, 7, 100, 250, 1_001):
        for value in range(101):
            first = settled_at_percent(value, total)
            assert percent(first, total) >= value
            assert first == 0 or percent(first - 1, total) < value


@pytest.mark.parametrize(
    "busy, settled, left, max_concurrent, deadline, expected",
    [
        pytest.param(9.5, 2, 1, 1, inf, 4.75, id="the seed: mean(5000, 4500) = 4750, one left"),
        pytest.param(9.5, 2, 1, 5, inf, 4.75, id="one round, however many seats"),
        pytest.param(10.0, 5, 7, 3, inf, 6.0, id="three rounds for seven documents in three seats"),
        pytest.param(10.0, 5, 6, 3, inf, 4.0, id="two full rounds"),
        pytest.param(10.0, 5, 7, 3, 105.0, 5.0, id="never more than to the job's deadline"),
        pytest.param(10.0, 5, 7, 3, 99.0, 0.0, id="and never less than nothing"),
        pytest.param(0.0, 0, 7, 3, inf, None, id="unknown before the first"),
        pytest.param(0.0, 0, 0, 3, inf, 0.0, id="nothing left"),
        pytest.param(1.0, 3, 1, 1, inf, 0.333, id="whole milliseconds"),
        pytest.param(2.0, 3, 1, 1, inf, 0.667, id="rounded, not cut"),
    ],
)
def test_the_time_remaining_is_the_mean_times_the_rounds_left(
    busy: float, settled: int, left: int, max_concurrent: int, deadline: float, expected: float | None
) -> None:
    """R19."""
    estimate = remaining_time(
        busy=busy, settled=settled, left=left, max_concurrent=max_concurrent, now=100.0, deadline=deadline
    )
    assert estimate == expected
