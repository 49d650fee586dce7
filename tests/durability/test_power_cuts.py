"""The power is cut at any moment of a recorded run of the real store: with FULL nothing acknowledged is lost."""

import pytest

from .power import HABITS, Findings, Synchronous, cut
from .strace import needs_strace

pytestmark = [pytest.mark.slow, needs_strace]

STEPS = 120


def cuts(number: int, synchronous: Synchronous = "FULL", *, seed: int = 1) -> Findings:
    findings = cut(seed, STEPS, number, synchronous)
    assert findings.cuts.total() == number
    assert set(findings.cuts) == set(HABITS)
    return findings


def test_with_full_no_power_cut_loses_or_corrupts_anything() -> None:
    findings = [cuts(250, seed=seed) for seed in (1, 2)]

    assert [problem for one in findings for problem in one.lost + one.corrupt] == []
    assert sum(one.acknowledged for one in findings) > 500 * STEPS / 4


def test_with_normal_a_power_cut_loses_what_was_acknowledged_and_corrupts_nothing() -> None:
    """So the simulation does cut, and the difference between the two is what the documentation says it is."""
    findings = cuts(80, "NORMAL")

    assert len(findings.lost) > 3
    assert findings.corrupt == []


def test_without_any_flush_a_power_cut_corrupts_the_file_and_that_is_found_on_opening() -> None:
    findings = cuts(40, "OFF")

    assert len(findings.corrupt) > 3
