"""The circuits as listeners hear of them, against what the attempts say: R26."""

from math import inf

from anyio import current_time

from docmill.events import CircuitClosed, CircuitOpened
from docmill.testing.simulator.attempts import EPSILON, Attempts, Run
from docmill.testing.simulator.clock import SteppingClock
from docmill.testing.simulator.history import History
from docmill.testing.simulator.plan import BARE, Plan

__all__ = ["Circuits"]


class Circuit:
    """One job type's circuit in one life of the queue.

    Attributes:
        until: when it lets a probe through; None while it is closed.
        changed: when it opened or closed last.
        failures: consecutive counted failures since then.
        recent: the attempts that ended last, at one moment.
        probe: the attempt that is to show whether the service is back.
        recovered: whether a probe has succeeded since the circuit opened.
    """

    def __init__(self) -> None:
        self.until: float | None = None
        self.changed = -inf
        self.failures = 0
        self.recent: list[Run] = []
        self.probe: Run | None = None
        self.recovered = False

    def failures_before(self, now: float) -> int:
        """Those that the queue has heard of for certain: one that ends just now may come after what starts just now."""
        fresh = (run for run in self.recent if run.counted and run.started >= self.changed)
        return self.failures - sum(run.ended >= now - EPSILON for run in fresh)

    def change(self, now: float, until: float | None) -> None:
        """It opened until a time, or closed."""
        self.until, self.changed, self.failures = until, now, 0
        self.probe, self.recovered = None, False


class Circuits:
    """The circuits of all job types in the life that the queue is in."""

    def __init__(self, plan: Plan, history: History, attempts: Attempts, clock: SteppingClock) -> None:
        self.deaf = False
        self._plan = plan
        self._history = history
        self._attempts = attempts
        self._clock = clock
        self._circuits: dict[str, Circuit] = {}
        self._ending: list[Run] = []

    def reset(self, *, deaf: bool) -> None:
        """Another life begins with every circuit closed; nothing can be checked if nobody listens in it."""
        self.deaf = deaf
        self._circuits.clear()
        self._ending.clear()

    def began(self, run: Run) -> None:
        """An attempt started."""
        stuck = self._attempts.abandoned(run.type)
        self._history.expect(
            stuck < self._plan.max_abandoned, "R29", "{} started though {} attempts are abandoned", run.type, stuck
        )
        circuit, now = self._of(run.type), run.started
        if self.deaf:
            return
        if circuit.until is None:
            allowed = self._plan.breaker_failures
            self._history.expect(
                run.type == BARE or circuit.failures_before(now) < allowed,
                "R26",
                "{} did not open after {} failures",
                run.type,
                allowed,
            )
            return
        early = circuit.until - now
        self._history.expect(
            early <= EPSILON, "R26", "{} started {} s before its circuit lets a probe through", run.type, early
        )
        probe = circuit.probe
        # Without a breaker there is no probe: after a pause everyone starts, perhaps before the closing is told.
        if probe is not None and not circuit.recovered and run.type != BARE:
            self._history.expect(not probe.is_running(now), "R26", "{}: a second probe at once", run.type)
        circuit.probe = run

    def ended(self, run: Run) -> None:
        """An attempt has ended, or is going to at a certain time."""
        self._ending.append(run)

    def _catch_up(self, now: float) -> None:
        """Take in the attempts that have ended by now; what a document settled without says nothing."""
        ended = sorted((run for run in self._ending if run.ended <= now), key=lambda run: run.ended)
        for run in ended:
            self._ending.remove(run)
            if run.ended <= min(run.budget_end, run.given_up) + EPSILON:
                self._take_in(run)

    def _take_in(self, run: Run) -> None:
        circuit = self._circuits.setdefault(run.type, Circuit())
        if run.how == "ok":
            circuit.recovered = circuit.recovered or run is circuit.probe
            circuit.failures = 0 if run.started >= circuit.changed else circuit.failures
        elif run.counted and run.started >= circuit.changed and circuit.until is None:
            circuit.failures += 1
        circuit.recent = [other for other in circuit.recent if other.ended >= run.ended - EPSILON]
        circuit.recent.append(run)

    def opened(self, event: CircuitOpened) -> None:
        """Listeners were told that a circuit opened."""
        self._history.note("", "circuit opened", event.job_type)
        if self.deaf:
            return
        if event.until is None:
            stuck = self._attempts.stuck(event.job_type)
            self._history.expect(
                stuck >= self._plan.max_abandoned, "R29", "{} is stuck with {} abandoned", event.job_type, stuck
            )
            return
        circuit, now = self._of(event.job_type), current_time()
        wait = event.until.timestamp() - self._clock.wall()
        recent = [run for run in circuit.recent if run.ended >= now - EPSILON]
        pauses = [run.pause for run in recent if run.pause is not None]
        if pauses:
            paused = wait >= min(pauses) - 1e-3
            self._history.expect(paused, "R26", "{} opened for {} s, not for {}", event.job_type, wait, pauses)
        else:
            enough = circuit.failures >= self._plan.breaker_failures
            probing = circuit.until is not None and circuit.probe is not None
            justified = event.job_type != BARE and (enough or probing)
            self._history.expect(justified, "R26", "{} opened for no reason", event.job_type)
        circuit.change(now, now + wait)

    def closed(self, event: CircuitClosed) -> None:
        """Listeners were told that a circuit closed."""
        self._history.note("", "circuit closed", event.job_type)
        if self.deaf:
            return
        circuit, now = self._of(event.job_type), current_time()
        if circuit.until is None:
            return
        if event.job_type == BARE:
            self._history.expect(now >= circuit.until - 1e-3, "R26", "{} closed before its pause was over", BARE)
        else:
            self._history.expect(circuit.recovered, "R26", "{} closed without a probe that succeeded", event.job_type)
        circuit.change(now, None)

    def _of(self, job_type: str) -> Circuit:
        self._catch_up(current_time())
        return self._circuits.setdefault(job_type, Circuit())
