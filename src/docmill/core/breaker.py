"""Whether attempts of a job type may start: its circuit breaker, its pauses and its stuck attempts."""

from collections.abc import Sequence
from enum import Enum, auto
from math import inf
from typing import TYPE_CHECKING, Final

import attrs

from docmill.errors import RetryAfter, ServiceUnavailableError
from docmill.model import FailureCode

if TYPE_CHECKING:
    from docmill.core.attempt import Attempt
    from docmill.core.desk import Desk
    from docmill.core.job import JobMachine
    from docmill.core.turns import Seats
    from docmill.core.verdict import Verdict

__all__ = ["DEFAULT_MAX_ABANDONED", "CircuitBreaker", "Gate"]

DEFAULT_MAX_ABANDONED: Final = 8

SERVICE_FAILURES: Final = (ConnectionError, TimeoutError, RetryAfter, ServiceUnavailableError)


def _to_tuple(value: Sequence[type[BaseException] | str]) -> tuple[type[BaseException] | str, ...]:
    return tuple(value)


@attrs.frozen
class CircuitBreaker:
    """When to stop calling a service that is down, and when to try it again.

    It counts failures that speak of the service and never of a document: ConnectionError, TimeoutError,
    RetryAfter, ServiceUnavailableError, and what ``trips_on`` names.

    Attributes:
        failures: consecutive counted failures that open the circuit, 1 or more.
        cooldown: seconds until one probe is let through, above 0.
        trips_on: further exception classes, or failure codes such as ``FailureCode.DOCUMENT_TIMEOUT``.

    Raises:
        ValueError: a value is out of its range.
    """

    failures: int = 5
    cooldown: float = 10.0
    trips_on: Sequence[type[BaseException] | str] = attrs.field(default=(), converter=_to_tuple)

    def __attrs_post_init__(self) -> None:
        if self.failures < 1:
            raise ValueError(f"failures must be 1 or more, got {self.failures!r}")
        if not 0 < self.cooldown < inf:
            raise ValueError(f"cooldown must be a finite number of seconds above 0, got {self.cooldown!r}")

    def counts(self, error: BaseException) -> bool:
        """Whether an exception speaks of the service.

        Args:
            error: what a processor has raised.
        """
        named = tuple(item for item in self.trips_on if isinstance(item, type))
        return isinstance(error, SERVICE_FAILURES + named)

    def counts_code(self, code: FailureCode) -> bool:
        """Whether a failure without an exception, such as a spent budget, speaks of the service.

        Args:
            code: why the attempt failed.
        """
        return code in self.trips_on


class State(Enum):
    """The states of a circuit."""

    CLOSED = auto()
    OPEN = auto()
    HALF_OPEN = auto()


class Gate:
    """Whether attempts of one job type may start. Everything that decides it is in this class.

    Only the probe of a half-open circuit closes it: an attempt that began before the circuit changed
    says nothing about the service of now.

    Attributes:
        calm: closed, nothing counted, nothing stuck and no seat needed, so that nobody has to ask any further.
        jobs: the undecided jobs of the type, in the order in which they came.
        seats: what its attempts need to run; None where there is room for all that may run.
        alarm: when ``tick`` is due; the desk's agenda keeps it.
    """

    def __init__(self, job_type: str, breaker: CircuitBreaker | None, max_abandoned: int, desk: "Desk") -> None:
        self.job_type = job_type
        self.breaker = breaker
        self.max_abandoned = max_abandoned
        self.jobs: dict[JobMachine, None] = {}
        self.seats: Seats | None = None
        self.calm = True
        self.state = State.CLOSED
        self.abandoned = 0
        self.alarm = inf
        self.until = inf
        self._desk = desk
        self._failures = 0
        self._changed_at = -inf
        self._probe: Attempt | None = None

    @property
    def stuck(self) -> bool:
        """Whether so many attempts were abandoned that no more may start."""
        return self.abandoned >= self.max_abandoned

    @property
    def admits(self) -> bool:
        """Whether an attempt may start now."""
        if self.stuck or self.state is State.OPEN:
            return False
        return self.state is State.CLOSED or self._probe is None

    @property
    def takes_many(self) -> bool:
        """Whether an attempt may have company in its chunk: not a probe."""
        return self.state is State.CLOSED and not self.stuck

    @property
    def code(self) -> FailureCode:
        """Why nothing starts, for a document whose budget ends meanwhile."""
        return FailureCode.PROCESSOR_STUCK if self.stuck else FailureCode.CIRCUIT_OPEN

    def seat(self, seats: "Seats | None") -> None:
        """From now on, an attempt needs a seat."""
        self.seats = seats
        self._settle_calm()

    def entered(self, attempt: "Attempt") -> None:
        """An attempt started."""
        if self.seats is not None:
            self.seats.take()
        if self.state is State.HALF_OPEN:
            self._probe = attempt
            self._survey()

    def succeeded(self, attempt: "Attempt", now: float) -> None:
        """An attempt ended well."""
        self._leave(attempt)
        if attempt is self._probe:
            self._close(now)
        elif self.state is State.CLOSED and attempt.started >= self._changed_at:
            self._failures = 0
        self._settle_calm()

    def skipped(self, attempt: "Attempt") -> None:
        """An attempt ended well without a call of the processor, which says nothing about its service."""
        self.released(attempt)

    def released(self, attempt: "Attempt") -> None:
        """An attempt was taken back as if it had never begun; if it was the probe, another one has to be."""
        self._leave(attempt)
        if attempt is self._probe:
            self._probe = None
            self._survey()

    def failed(self, attempt: "Attempt", verdict: "Verdict", now: float) -> None:
        """An attempt ended badly, for whatever reason."""
        self._leave(attempt)
        if verdict.pause is not None:
            self._open(now, max(now + verdict.pause, self.until if self.state is State.OPEN else now), verdict.error)
        elif attempt is self._probe:
            self._probe_failed(verdict, now)
        elif self.breaker and verdict.counted and self.state is State.CLOSED and attempt.started >= self._changed_at:
            self._failures += 1
            if self._failures >= self.breaker.failures:
                self._open(now, now + self.breaker.cooldown, verdict.error)
        self._settle_calm()

    def _leave(self, attempt: "Attempt") -> None:
        """Give the seat of an attempt to another one; one that has joined sits on that of its leader."""
        if self.seats is not None and not attempt.joined:
            self.seats.leave()

    def _probe_failed(self, verdict: "Verdict", now: float) -> None:
        assert self.breaker is not None  # without one a circuit is never half-open
        if verdict.counted or verdict.code is FailureCode.DOCUMENT_TIMEOUT:
            self._open(now, now + self.breaker.cooldown, verdict.error)
        else:
            self._probe = None
            self._survey()

    def left_behind(self) -> None:
        """An attempt was abandoned: its document settled without it."""
        self.abandoned += 1
        if self.abandoned == self.max_abandoned:
            self._desk.circuits.append((self, f"{self.abandoned} abandoned attempts are still running", None))
            self._survey()
        self._settle_calm()

    def came_back(self) -> None:
        """An abandoned attempt ended after all."""
        was_stuck = self.stuck
        self.abandoned -= 1
        if was_stuck and not self.stuck:
            if self.state is State.CLOSED:
                self._desk.circuits.append((self, None, None))
            self._survey()
        self._settle_calm()

    def tick(self, now: float) -> None:
        """The time that ``alarm`` named has come: let a probe through, or everyone where there is no breaker."""
        if now < self.until:
            self._desk.agenda.arm(self, self.until)
        elif self.breaker is None:
            self._close(now)
        else:
            self._change(State.HALF_OPEN, now)
        self._settle_calm()

    def _open(self, now: float, until: float, error: str) -> None:
        self.until = until
        self._change(State.OPEN, now)
        self._desk.circuits.append((self, error, until))
        self._desk.agenda.arm(self, until)

    def _close(self, now: float) -> None:
        self._change(State.CLOSED, now)
        if not self.stuck:
            self._desk.circuits.append((self, None, None))

    def _change(self, state: State, now: float) -> None:
        self.state = state
        self._changed_at = now
        self._failures = 0
        self._probe = None
        self._survey()

    def _survey(self) -> None:
        for job in self.jobs:
            job.survey()
        self._desk.stir = True

    def _settle_calm(self) -> None:
        self.calm = self.state is State.CLOSED and not self._failures and not self.stuck and self.seats is None
