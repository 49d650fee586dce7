"""All jobs of a queue: which document is next, what time does to them, which may be forgotten."""

from collections.abc import Callable, Iterable
from math import inf
from typing import Any, Final

from docmill.core.attempt import Attempt
from docmill.core.breaker import DEFAULT_MAX_ABANDONED, CircuitBreaker, Gate
from docmill.core.desk import Desk
from docmill.core.job import JobMachine, MakeAttempt
from docmill.core.turns import Seats
from docmill.model import JobErrorCode, Ledger, Mark

__all__ = ["MAX_LIVES", "Scheduler"]

MAX_LIVES: Final = 4
"""How often in a row a process may die of a job before the job fails."""


class Scheduler:
    """All jobs of a queue, and the order between them.

    Attributes:
        desk: what has to be done outside of the rules.
        jobs: every retained job by its id, in the order of creation.
        gates: whether attempts may start, by job type.
        lease: until when attempts may start; after that another process may have taken over the jobs.
    """

    def __init__(
        self,
        *,
        max_workers: int,
        uniform: Callable[[float, float], float],
        make_attempt: MakeAttempt = Attempt,
        durable: bool = False,
    ) -> None:
        self.desk = Desk(uniform)
        self.jobs: dict[str, JobMachine] = {}
        self.gates: dict[str, Gate] = {}
        self.lease = inf
        self._lapsed = False
        self._keys: dict[tuple[str | None, str], JobMachine] = {}
        self._orphaned: set[str] = set()
        self._max_workers = max_workers
        self._make_attempt = make_attempt
        self._durable = durable

    def register(
        self,
        job_type: str,
        *,
        breaker: CircuitBreaker | None = None,
        max_abandoned: int = DEFAULT_MAX_ABANDONED,
    ) -> None:
        """Make a job type known. Each has its own gate."""
        self.gates[job_type] = Gate(job_type, breaker, max_abandoned, self.desk)

    def seat(self, job_type: str, seats: Seats | None, changed: Callable[[], None]) -> None:
        """Have the attempts of a job type wait for seats; ``changed`` is called when there are more or fewer."""
        self.gates[job_type].seat(seats)
        if seats is not None:
            self.desk.turns.furnish(seats, changed)

    def add(self, ledger: Ledger, *, processor: Any = None, finalizes: bool = False, risky: bool = True) -> JobMachine:
        """Take in a new job. It takes part in the turns at once.

        Args:
            ledger: what is asked for.
            processor: what runs its documents.
            finalizes: whether there is a summary to make of them.
            risky: whether they run in this process, so that one of them may kill it.
        """
        job = JobMachine(
            ledger,
            self.gates[ledger.type],
            self.desk,
            processor=processor,
            finalizes=finalizes,
            durable=self._durable,
            risky=risky,
            max_workers=self._max_workers,
            make_attempt=self._make_attempt,
        )
        self.jobs[ledger.id] = job
        if ledger.idempotency_key is not None:
            self._keys[ledger.owner, ledger.idempotency_key] = job
        job.arm(self.lease)
        return job

    def resume(
        self,
        ledger: Ledger,
        mark: Mark,
        now: float,
        *,
        active: float,
        lives: int,
        told: bool,
        obstacle: str | None = None,
        **run: Any,
    ) -> None:
        """Take up a job where a store has left it; ``run`` is what ``add`` takes.

        A job whose type has no processor any more, or one that cannot run (``obstacle`` says why), and a job
        that the process has died of four times in a row, fail.
        """
        if ledger.type not in self.gates:
            self._orphaned.add(ledger.type)
            self.register(ledger.type)
        job = self.add(ledger, **run)
        job.resume(mark, now, active=active, lives=lives, told=told)
        if ledger.type in self._orphaned:
            obstacle = f"no processor is registered for job type {ledger.type!r} any more"
        if not job.decided and obstacle is not None:
            lost = job.gate.seats is not None and job.gate.seats.broken is not None
            job.fail(obstacle, JobErrorCode.ENGINE_LOST if lost else JobErrorCode.NO_PROCESSOR, now)
        elif not job.decided and job.started is not None and job.lives >= MAX_LIVES:
            job.fail(f"the process died {lives} times without any progress", JobErrorCode.CRASH_LOOP, now)

    def find(self, job_id: str, owner: str | None = None) -> JobMachine | None:
        """The job with this id; with ``owner`` only if it is that owner's."""
        job = self.jobs.get(job_id)
        return job if job is None or owner is None or job.ledger.owner == owner else None

    def find_key(self, owner: str | None, key: str) -> JobMachine | None:
        """The job that was created with this idempotency key of this owner."""
        return self._keys.get((owner, key))

    def undecided(self) -> Iterable[JobMachine]:
        """The jobs without a terminal status, by job type."""
        return [job for gate in self.gates.values() for job in gate.jobs]

    def take(self, now: float, held: JobMachine | None) -> Attempt | None:
        """Start the next attempt, of the job whose turn it is.

        Args:
            now: seconds on the monotonic clock.
            held: the job whose attempt has just ended in this lane; it waits for its next turn like the others.
        """
        if held is not None:
            held.survey()
        if self.desk.solo_ended:
            self.see_to_solo()
        if now >= self.lease:
            self._lapse()
        while (job := self.desk.turns.next()) is not None:
            if now >= job.alarm:
                job.tick(now)
                job.arm(self.lease)
            attempt = job.start(now)
            if attempt is not None:
                return attempt
            if self.desk.solo is job:
                self._survey_all()
                self.see_to_solo()
        return None

    def see_to_solo(self) -> None:
        """Let a job whose document is to run alone do so once nothing else runs; then let the others go on."""
        desk, job = self.desk, self.desk.solo
        if job is not None:
            assert job.trail is not None
            waits = job.trail.alone is None and not job.trail.leaving
            if (job.decided and waits) or desk.halted or (waits and not job.gate.admits):
                desk.solo, desk.solo_ended = None, True
            elif waits and not any(other.running for other in self.jobs.values()):
                job.be_alone()
        if desk.solo_ended:
            desk.solo_ended = False
            self._survey_all()

    def _survey_all(self) -> None:
        for job in self.undecided():
            job.survey()
        self.desk.stir = True

    def tick(self, now: float) -> None:
        """Do everything that is due."""
        if now >= self.lease:
            self._lapse()
        for seats in self.desk.turns.seats:
            if seats.broken is not None:
                self._fail_for(seats, seats.broken, now)
        for item in self.desk.agenda.due(now):
            item.tick(now)
            if now < self.lease < inf and isinstance(item, JobMachine):
                item.arm(self.lease)  # so that it looks here before it starts anything after that

    def _fail_for(self, seats: Seats, reason: str, now: float) -> None:
        """Fail all jobs that wait for seats which will not come."""
        for job in self.undecided():
            if job.gate.seats is seats:
                job.fail(reason, JobErrorCode.ENGINE_LOST, now)

    def halt(self) -> None:
        """Start no attempt any more, but for the summary of a job whose documents are all settled."""
        self.desk.halted = True
        self._survey_all()

    def pause(self, paused: bool) -> None:
        """Start no attempt for a while, or start attempts again."""
        self.desk.paused = paused or self._lapsed
        self._survey_all()

    def extend(self, lease: float) -> None:
        """No other process takes over the jobs before ``lease``, and attempts may start until then."""
        self.lease = lease
        for job in self.undecided():
            job.arm(lease)
        if self._lapsed:
            self._lapsed = False
            self.pause(False)

    def _lapse(self) -> None:
        if not self._lapsed:
            self._lapsed = True
            self.pause(True)

    def stop_running(self) -> None:
        """Stop every attempt that is still running. Jobs in a durable store may run its document again."""
        for job in self.jobs.values():
            job.stop_running(release=self._durable and not job.decided)

    def leave_undecided(self, now: float) -> None:
        """What closing means for jobs that are not decided: in memory they are cancelled, on disk they stay."""
        for job in self.undecided():
            if self._durable:
                job.leave()
            else:
                job.cancel(now)

    def follow(self) -> None:
        """Tell of every single document from now on, since somebody listens."""
        self.desk.watched = True
        for job in self.undecided():
            job.herald.follow()

    def forget(self, now: float, max_age: float, owner: str | None = None) -> list[JobMachine]:
        """Take out the jobs that are decided, drained and decided for ``max_age`` seconds or longer.

        What only the store does not know yet of such a job is lost, and need not be known: it is removed there, too.
        """
        old = [
            job
            for job in self.jobs.values()
            if job.herald.terminal is not None
            and job.shown.drained
            and job.shown.completed is not None
            and now - job.shown.completed >= max_age
            and (owner is None or job.ledger.owner == owner)
        ]
        self._take_out(old)
        return old

    def lose(self, job_ids: Iterable[str], now: float) -> None:
        """Take out jobs that go on in another process: nothing of them starts here any more, what runs is stopped.

        Whatever still becomes of them here is neither recorded nor told. What users see of them stays as it is.
        """
        lost = [self.jobs[job_id] for job_id in job_ids if job_id in self.jobs]
        for job in lost:
            job.cancel(now)
            job.stop_running(release=True)
        self._take_out(lost)

    def _take_out(self, gone: list[JobMachine]) -> None:
        for job in gone:
            del self.jobs[job.ledger.id]
            self.desk.changed.pop(job, None)
            if job.ledger.idempotency_key is not None:
                del self._keys[job.ledger.owner, job.ledger.idempotency_key]
        self.desk.agenda.drop_stale(gone)
