"""The simulator: the real queue under virtual time, with faults drawn from a seed, and checkers that never sleep.

A run is drawn whole from its seed: first which faults exist in it and how strong they are, then what happens
when. Jobs are created, cancelled, retried and cleaned up; processors fail, hang and misbehave; the store fails
and is slow; the process crashes between commits and right at them; listeners raise; the wall clock jumps. Then
the faults are switched off, and everything must come to its end. Meanwhile every attempt, event and snapshot is
checked against the contract, and runs without faults against a model that predicts them exactly.
"""

from docmill.testing.simulator.history import History, Line, Violation
from docmill.testing.simulator.plan import Plan, Store, draw
from docmill.testing.simulator.run import Report, run_plan, run_seed
from docmill.testing.simulator.story import tell
from docmill.testing.simulator.totals import Totals, reliability_line

__all__ = [
    "History",
    "Line",
    "Plan",
    "Report",
    "Store",
    "Totals",
    "Violation",
    "draw",
    "reliability_line",
    "run_plan",
    "run_seed",
    "tell",
]
