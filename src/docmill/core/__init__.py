"""The rules of the contract: pure, synchronous, deterministic. Time is an argument; chance is injected.

Follow one document: ``scheduler.take`` hands it out as an ``Attempt``, ``JobMachine.succeeded`` or
``JobMachine.failed`` takes it back, ``Herald.news`` says what listeners are to hear of it. What has to be
done outside (cancel an attempt, wake at a time, tell somebody) is left on the ``Desk``.
"""

from docmill.core.attempt import Attempt
from docmill.core.breaker import CircuitBreaker, Gate
from docmill.core.desk import Desk
from docmill.core.job import JobMachine
from docmill.core.scheduler import Scheduler
from docmill.core.turns import Seats
from docmill.core.verdict import Verdict, judge

__all__ = ["Attempt", "CircuitBreaker", "Desk", "Gate", "JobMachine", "Scheduler", "Seats", "Verdict", "judge"]
