"""Where the rules leave what has to be done outside of them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from docmill.core.agenda import Agenda
from docmill.core.turns import Turns

if TYPE_CHECKING:
    from docmill.core.attempt import Attempt
    from docmill.core.breaker import Gate
    from docmill.core.job import JobMachine

__all__ = ["Desk"]


class Desk:
    """What the jobs of a queue share, and what the runtime finds on it.

    Attributes:
        stir: whether the runtime has to look at all; one flag, so that a document costs one look.
        turns: the jobs that could start a document now.
        agenda: who has to be ticked when.
        changed: the jobs with something to record or to tell, in order.
        stops: attempts that have to be cancelled; ``Attempt.stop`` says why.
        circuits: circuits that opened, with their error and end, or closed, with neither.
        halted: whether the queue is closing, so that no attempt starts any more.
        paused: whether the store cannot record at the moment, so that no attempt starts for a while.
        solo: the job that has the process for itself, or waits until nothing else runs; None if there is none.
        solo_ended: whether there was one, so that all jobs have to look again whether they may start something.
        watched: whether somebody follows every single document, so that each one is told.
        uniform: draws a number between two others; for retry jitter.
    """

    def __init__(self, uniform: Callable[[float, float], float]) -> None:
        self.uniform = uniform
        self.stir = False
        self.turns = Turns()
        self.agenda = Agenda()
        self.changed: dict[JobMachine, None] = {}
        self.stops: list[Attempt] = []
        self.circuits: list[tuple[Gate, str | None, float | None]] = []
        self.halted = False
        self.paused = False
        self.solo: JobMachine | None = None
        self.solo_ended = False
        self.watched = False
