"""A bench for the rules: the real scheduler, a clock that is turned by hand, and an ear for what is told.

It does what the runtime does, in the same order, but nothing runs by itself: a test takes an attempt, says
how it ended, and turns the clock.
"""

from itertools import count
from typing import TYPE_CHECKING, Any

from docmill.core import Attempt, CircuitBreaker, JobMachine, Scheduler, judge
from docmill.model import FailureCode, JobOptions, Ledger, Mark

if TYPE_CHECKING:
    from docmill.events import JobEvent

__all__ = ["EPOCH", "EVERYTHING", "TICKS_AT_ONCE", "Bench", "codes", "make_ledger", "reopened", "settled"]

EPOCH = 1_700_000_000.0
"""The wall clock at second 0 of the bench."""

EVERYTHING = frozenset(
    {
        "jobStarted",
        "progress",
        "documentCompleted",
        "documentFailed",
        "documentProgress",
        "jobCompleted",
        "jobFailed",
        "jobCancelled",
    }
)

TICKS_AT_ONCE = 10
"""Ticks at one moment after which the rules are said to spin."""


def make_ledger(
    documents: int = 3,
    *,
    id: str = "job_1",
    type: str = "T",
    owner: str | None = None,
    key: str | None = None,
    priority: int = 0,
    created: float = 0.0,
    options: JobOptions | None = None,
) -> Ledger:
    """A ledger as create_job makes it, its documents named d0, d1 and so on."""
    return Ledger(
        id=id,
        document_ids=tuple(f"d{position}" for position in range(documents)),
        type=type,
        options=JobOptions() if options is None else options,
        owner=owner,
        idempotency_key=key,
        metadata={},
        priority=priority,
        retry_of=None,
        created=created,
        wall_offset=EPOCH,
    )


class Bench:
    """The rules, a clock and an ear.

    Args:
        breaker: of the job type "T".
        max_abandoned: of the job type "T".
        max_workers: attempts at once, over all jobs.
        durable: whether nothing is told before ``commit``.
        risky: whether documents may kill the process, so that they leave a trail in a durable store.
        heard: the names of the events that somebody listens to.

    Attributes:
        now: the time; ``at`` turns it.
        events: what was told, in order.
        circuits: pairs of job type and error text of circuits that opened, or None if they closed.
    """

    def __init__(
        self,
        *,
        breaker: CircuitBreaker | None = None,
        max_abandoned: int = 8,
        max_workers: int = 50,
        durable: bool = False,
        risky: bool = False,
        heard: frozenset[str] = EVERYTHING,
        uniform: Any = lambda least, most: most,
    ) -> None:
        self.scheduler = Scheduler(max_workers=max_workers, uniform=uniform, durable=durable)
        self.scheduler.register("T", breaker=breaker, max_abandoned=max_abandoned)
        self.now = 0.0
        self.events: list[JobEvent] = []
        self.circuits: list[tuple[str, str | None]] = []
        self.heard = heard
        self._durable = durable
        self._risky = risky
        self._ids = count(1)

    @property
    def desk(self) -> Any:
        return self.scheduler.desk

    @property
    def gate(self) -> Any:
        return self.scheduler.gates["T"]

    def job(
        self,
        documents: int = 3,
        *,
        type: str = "T",
        owner: str | None = None,
        key: str | None = None,
        priority: int = 0,
        finalizes: bool = False,
        **options: Any,
    ) -> JobMachine:
        """Create a job; what is not named is an option of it."""
        ledger = make_ledger(
            documents,
            id=f"job_{next(self._ids)}",
            type=type,
            owner=owner,
            key=key,
            priority=priority,
            created=self.now,
            options=JobOptions(**options),
        )
        job = self.scheduler.add(ledger, finalizes=finalizes, risky=self._risky)
        self.tell()
        return job

    def take(self, held: JobMachine | None = None) -> Attempt:
        """Start the next attempt; there has to be one."""
        attempt = self.take_or_none(held)
        assert attempt is not None, "there is nothing to start"
        return attempt

    def take_or_none(self, held: JobMachine | None = None) -> Attempt | None:
        attempt = self.scheduler.take(self.now, held)
        self.tell()
        return attempt

    def fill(self) -> list[Attempt]:
        """Start everything that may start."""
        attempts = []
        while (attempt := self.take_or_none()) is not None:
            attempts.append(attempt)
        return attempts

    def ok(self, attempt: Attempt, data: Any = "data") -> Attempt | None:
        """An attempt returns; what is given back is the one that its lane runs next without asking."""
        following = attempt.job.succeeded(attempt, data, self.now)
        if following is None:
            attempt.job.survey()
        self.tell()
        return following

    def goes_on(self, attempt: Attempt, data: Any = "data") -> Attempt:
        """An attempt returns; what is given back is what its lane runs next, and there has to be something."""
        following = attempt.job.succeeded(attempt, data, self.now)
        self.tell()
        return self.take(held=attempt.job) if following is None else following

    def fails(self, attempt: Attempt, error: BaseException | None = None) -> None:
        """An attempt raises."""
        error = ValueError("broken") if error is None else error
        attempt.job.failed(attempt, judge(error, (), attempt.job.gate.breaker), self.now)
        self.tell()

    def gives_up(self, attempt: Attempt) -> None:
        """The runtime cannot stop an attempt."""
        attempt.job.abandon(attempt, self.now)
        self.tell()

    def cancel(self, job: JobMachine, *, force: bool = False) -> bool:
        first = job.cancel(self.now, force=force)
        self.tell()
        return first

    def at(self, moment: float) -> None:
        """Turn the clock, and stop at every alarm on the way."""
        while (alarm := self.desk.agenda.next) <= moment:
            self.now = max(self.now, alarm)
            self._tick()
        self.now = moment

    def _tick(self) -> None:
        for _ in range(TICKS_AT_ONCE):
            self.scheduler.tick(self.now)
            self.tell()
            if self.desk.agenda.next > self.now:
                return
        raise AssertionError(f"the rules spin at {self.now}")

    def tell(self) -> None:
        """Record and tell what has changed, as the committer does for a store in memory."""
        while not self._durable and self.desk.changed:
            self.reveal(self.gather())
        circuits, self.desk.circuits = self.desk.circuits, []
        self.circuits += [(gate.job_type, error) for gate, error, _ in circuits]

    def gather(self) -> list[tuple[JobMachine, Mark]]:
        """What is to be recorded now."""
        changes = [(job, job.gather()) for job in self.desk.changed]
        self.desk.changed.clear()
        return changes

    def reveal(self, changes: list[tuple[JobMachine, Mark]]) -> None:
        """Show and tell what was recorded."""
        for job, mark in changes:
            job.recorded(mark)
            self.events += job.herald.news(mark, self.now, self.heard)

    def commit(self) -> None:
        """Record everything in a durable store, and tell it."""
        while self.desk.changed:
            self.reveal(self.gather())

    def stops(self) -> list[Attempt]:
        """The attempts that the rules want to be stopped, since the last call."""
        stops, self.desk.stops = self.desk.stops, []
        return stops

    def names(self) -> list[str]:
        """The names of what was told."""
        return [event.name for event in self.events]

    def told(self, name: str) -> list[Any]:
        """What was told under one name."""
        return [event for event in self.events if event.name == name]


def codes(job: JobMachine) -> list[FailureCode]:
    """The codes of the documents that failed, in the order of settlement."""
    return [row[4].code for row in job.ledger.failed]


def settled(job: JobMachine) -> list[int]:
    """The positions of the documents that are settled: the ok ones, then the failed ones."""
    return [row[0] for row in (*job.ledger.ok, *job.ledger.failed)]


def reopened(
    job: JobMachine, *, types: tuple[str, ...] = ("T",), now: float = 0.0, lives: int = 1, **run: Any
) -> Bench:
    """The next life of the process, after a crash: a bench with what a store has kept of a job.

    Args:
        job: the job of the life before; ``shown`` says what was recorded of it.
        types: the job types with a processor.
        now: the time in the new life.
        lives: how many lives in a row have not got the job any further.
        run: what the job is run with; ``told`` says whether its end was heard.
    """
    run.setdefault("risky", False)
    bench = Bench(durable=True, risky=run["risky"])
    for name in {*bench.scheduler.gates} - set(types):
        del bench.scheduler.gates[name]
    bench.now = now
    old, mark = job.ledger, job.shown
    ledger = make_ledger(
        len(old.document_ids), id=old.id, type=old.type, owner=old.owner, key=old.idempotency_key, options=old.options
    )
    ledger.ok += old.ok[: mark.ok]
    ledger.failed += old.failed[: mark.failed]
    told = run.pop("told", False)
    active = run.pop("active", job.active(job.completed or 0.0))
    bench.scheduler.resume(ledger, mark, now, active=active, lives=lives, told=told, **run)
    return bench
