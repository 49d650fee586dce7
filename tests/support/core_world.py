"""A world of jobs around the real rules, with a model beside each of them and an ear for every event.

The world plays the runtime: lanes, watchdog and committer, one step at a time. Every method is one step; it
does the same to the rules and to the model, and ``check`` compares the two. What a step is and how strong it
is comes from outside: from hypothesis, or from a seeded random source (``wander``).
"""

from collections import Counter
from math import inf
from random import Random
from typing import Any, Final, NamedTuple

from core_bench import EVERYTHING, TICKS_AT_ONCE, make_ledger
from core_model import Expected, Service, close

from docmill.core import Attempt, CircuitBreaker, JobMachine, Scheduler, Seats, judge
from docmill.core.attempt import FINALIZE
from docmill.core.herald import INTERVAL
from docmill.core.turns import Line
from docmill.errors import PermanentError, RetryAfter
from docmill.events import (
    DocumentCompleted,
    DocumentFailed,
    DocumentProgress,
    JobCancelled,
    JobCompleted,
    JobEvent,
    JobFailed,
    JobStarted,
    Progress,
    TerminalEvent,
)
from docmill.model import FailureCode, JobOptions, JobStatus

__all__ = ["MOODS", "SEATED", "TEMPERS", "TYPES", "Request", "World", "wander"]


class Mood(NamedTuple):
    """How an attempt fails, and what that has to mean."""

    error: BaseException
    code: FailureCode = FailureCode.PROCESSOR_ERROR
    retry: bool = True
    counted: bool = False
    pause: float | None = None


MOODS: Final = {
    "ordinary": Mood(ValueError("broken")),
    "permanent": Mood(PermanentError("encrypted"), FailureCode.PERMANENT, retry=False),
    "service": Mood(ConnectionError("refused"), counted=True),
    "exit": Mood(SystemExit(3), FailureCode.PROCESSOR_EXIT),
    "pause": Mood(RetryAfter(1.5), counted=True, pause=1.5),
    "no pause": Mood(RetryAfter(0), counted=True, pause=0.0),
}

TEMPERS: Final = ("obeys", "obeys", "obeys", "ignores", "finishes")
"""What an attempt does when it is told to stop."""

TYPES: Final[dict[str, tuple[CircuitBreaker | None, int]]] = {
    "plain": (None, 2),
    "guarded": (CircuitBreaker(failures=2, cooldown=2.0), 3),
    "touchy": (CircuitBreaker(failures=1, cooldown=0.5, trips_on=(FailureCode.DOCUMENT_TIMEOUT,)), 1),
    "seated": (CircuitBreaker(failures=2, cooldown=2.0), 3),
}

SEATED: Final = "seated"
"""The job type whose attempts need seats."""

JOB_EVENTS: Final = EVERYTHING - {"documentCompleted", "documentFailed"}


class Request(NamedTuple):
    """What a job is asked for."""

    documents: int
    type: str
    owner: str | None
    priority: int
    finalizes: bool
    options: JobOptions


class Ear:
    """Hears every event of one job, and knows which may come."""

    def __init__(self, expected: Expected) -> None:
        self.expected = expected
        self.seq = 0
        self.settled = 0
        self.percent = 0
        self.last = -inf
        self.last_report = -inf
        self.terminal: TerminalEvent | None = None
        self.documents = (0, 0)
        self.fractions: dict[tuple[str, int], float] = {}

    def hear(self, event: JobEvent, cut: tuple[int, int], now: float) -> None:
        """One event, told while users could see ``cut``: so many documents ok and failed."""
        assert self.terminal is None, "R03: an event after the terminal one"
        assert event.seq == self.seq + 1, "R27"
        assert (event.job_id, event.owner) == (self.expected.machine.ledger.id, self.expected.machine.ledger.owner)
        self.seq += 1
        match event:
            case JobStarted():
                assert event.seq == 1
                self.last = now
            case Progress():
                self._hear_progress(event, cut, now)
            case DocumentProgress():
                self._hear_report(event, now)
            case DocumentCompleted():
                ok, failed = self.documents
                assert event.outcome == self.expected.machine.ledger.result(self.expected.machine.ledger.ok[ok])
                self.documents = ok + 1, failed
            case DocumentFailed():
                ok, failed = self.documents
                assert event.outcome == self.expected.machine.ledger.failure(
                    self.expected.machine.ledger.failed[failed]
                )
                self.documents = ok, failed + 1
            case TerminalEvent():
                self._hear_terminal(event, cut)

    def _hear_progress(self, event: Progress, cut: tuple[int, int], now: float) -> None:
        expected = self.expected
        assert event.processed_documents == sum(cut), "R25"
        assert event.failed_documents == cut[1], "R25"
        assert event.processed_documents > self.settled, "R04"
        assert event.progress == 100 * sum(cut) // expected.total, "R05"
        changed = event.progress != self.percent or now >= self.last + INTERVAL or expected.decided
        assert changed, "progress is told when the percent changes or after 100 ms"
        assert close(event.estimated_time_remaining, expected.eta(*cut, now)), "R19"
        self.settled, self.percent, self.last = sum(cut), event.progress, now

    def _hear_report(self, event: DocumentProgress, now: float) -> None:
        key = event.document_id, event.attempt
        assert event.fraction >= self.fractions.get(key, 0.0)
        assert now == self.last_report or now >= self.last_report + INTERVAL
        self.fractions[key] = event.fraction
        self.last_report = now

    def _hear_terminal(self, event: TerminalEvent, cut: tuple[int, int]) -> None:
        expected = self.expected
        assert self.terminal is None, "R02"
        self.terminal = event
        assert self.settled == sum(cut), "R25: the last progress says what was settled before the decision"
        assert event.event_id == f"{event.job_id}:{expected.status}"
        assert expected.decision is not None
        ok, failed = expected.decision
        assert (event.processed_documents, event.failed_documents) == (ok + failed, failed), "Q9"
        assert event.total_documents == expected.total
        match event:
            case JobCompleted():
                assert expected.status is JobStatus.COMPLETED
                assert expected.started is not None
                assert expected.completed is not None
                assert event.duration == expected.completed - expected.started
                assert len(event.results) == ok
            case JobFailed():
                assert (event.status, event.code) == (expected.status, expected.code)
                assert expected.status in {JobStatus.FAILED, JobStatus.TIMEOUT}
            case _:
                assert isinstance(event, JobCancelled)
                assert expected.status is JobStatus.CANCELLED

    def check(self, now: float, *, watched: bool) -> None:
        """Nothing may be untold that has to be told by now."""
        expected = self.expected
        if expected.decided:
            assert self.terminal is not None, "the decision is told at once"
            return
        if expected.settled != self.settled:
            assert 100 * expected.settled // expected.total == self.percent, "a new percent is told at once"
            assert now < self.last + INTERVAL, "a change stays untold for more than 100 ms"
            assert expected.machine.alarm <= self.last + INTERVAL
        if watched:
            assert self.documents == (len(expected.ok), len(expected.failed)), "a document was not told"


class World:
    """Jobs, their rules, the models beside them, and the runtime that plays between.

    Args:
        lanes: attempts at once, over all jobs.

    Attributes:
        happened: how often what happened, so that nobody believes a test in which nothing does.
    """

    def __init__(self, lanes: int = 4) -> None:
        self.now = 0.0
        self.happened: Counter[str] = Counter()
        self.scheduler = Scheduler(max_workers=lanes, uniform=lambda least, most: most)
        self.services: dict[str, Service] = {}
        for job_type, (breaker, max_abandoned) in TYPES.items():
            self.scheduler.register(job_type, breaker=breaker, max_abandoned=max_abandoned)
            self.services[job_type] = Service(breaker, max_abandoned, self.happened)
        self.seats = Seats(1)
        self.scheduler.seat(SEATED, self.seats, lambda: None)
        self.jobs: dict[JobMachine, Expected] = {}
        self.ears: dict[JobMachine, Ear] = {}
        self.tempers: dict[Attempt, str] = {}
        self.led_by: dict[Attempt, Attempt] = {}
        self.strays: list[Attempt] = []
        self.passed_over: dict[JobMachine, Counter[Any]] = {}
        self.heard = JOB_EVENTS
        self.watched = False
        self.paused = False
        self._lanes = lanes
        self._names = 0
        self._circuits: dict[str, list[bool]] = {job_type: [] for job_type in TYPES}

    # What may be asked of the world.

    @property
    def desk(self) -> Any:
        return self.scheduler.desk

    @property
    def running(self) -> list[Attempt]:
        """The attempts at work that somebody still waits for."""
        return [attempt for expected in self.jobs.values() for attempt in expected.running.values()]

    @property
    def undecided(self) -> list[JobMachine]:
        return [job for job, expected in self.jobs.items() if not expected.decided]

    def ready(self) -> set[JobMachine]:
        """The jobs that could start something, as the model sees it."""
        return {
            job
            for job, expected in self.jobs.items()
            if expected.may_start(self.now, halted=self.desk.halted, paused=self.paused) and self.has_seat(job)
        }

    def has_seat(self, job: JobMachine) -> bool:
        """Whether there is a place for one more attempt of a job."""
        return job.ledger.type != SEATED or self._seated < self.seats.capacity

    @property
    def _seated(self) -> int:
        return sum(attempt.job.ledger.type == SEATED and not attempt.joined for attempt in self.running)

    # Steps.

    def create(self, request: Request) -> JobMachine:
        """Create a job."""
        self._names += 1
        name = f"job_{self._names}"
        ledger = make_ledger(
            request.documents,
            id=name,
            type=request.type,
            owner=request.owner,
            key=name,
            priority=request.priority,
            created=self.now,
            options=request.options,
        )
        job = self.scheduler.add(ledger, finalizes=request.finalizes)
        limit = min(request.options.max_concurrent, self._lanes)
        expected = Expected(
            job, self.services[request.type], finalizes=request.finalizes, limit=limit, happened=self.happened
        )
        self.jobs[job], self.ears[job] = expected, Ear(expected)
        self.attend()
        return job

    def take(self, temper: str = "obeys", held: JobMachine | None = None) -> Attempt | None:
        """A lane looks for work."""
        if held is None and sum(not attempt.joined for attempt in self.running) >= self._lanes:
            return None
        due = [job for job in self.jobs if job.alarm <= self.now]
        ready = self.ready().difference(due)
        attempt: Attempt | None = self.scheduler.take(self.now, held)
        for job in due:
            if job.alarm > self.now:  # the scheduler came by and has ticked it
                self.tick_model(job)
        if due:
            self.passed_over.clear()  # what came to a ticked job's turn cannot be told from here
        if attempt is not None:
            self.tick_model(attempt.job)
            self._see_that_it_was_its_turn(attempt.job, ready)
            self._started(attempt, temper)
        self.attend()
        return attempt

    def join(self, leader: Attempt, most: int, temper: str = "obeys") -> None:
        """Somebody sends more documents along with one that has just started."""
        joined = leader.job.join(leader, most)
        self.jobs[leader.job].join(leader, most, joined, halted=self.desk.halted, paused=self.paused)
        for attempt in joined:
            self.tempers[attempt] = temper
            self.led_by[attempt] = leader
        self.attend()

    @property
    def free_to_end(self) -> list[Attempt]:
        """The attempts at work that may end now: the leader of a chunk is the last one of it."""
        running = self.running
        led = {self.led_by[attempt] for attempt in running if attempt.joined}
        return [attempt for attempt in running if attempt not in led]

    @property
    def leaders(self) -> list[Attempt]:
        """The attempts that have just started, so that others may join them."""
        return [attempt for attempt in self.running if attempt.started == self.now and not attempt.joined]

    def give_back(self, attempt: Attempt, temper: str = "obeys", *, lost: bool = False) -> None:
        """The engine gives an attempt back, perhaps since its chunk was lost."""
        attempt.released, attempt.lost = True, lost
        attempt.job.failed(attempt, judge(OSError("never seen"), (), None), self.now)
        self.passed_over.pop(attempt.job, None)
        self.jobs[attempt.job].give_back(attempt, lost=lost)
        self._goes_on(attempt, temper)

    def _goes_on(self, attempt: Attempt, temper: str) -> None:
        """The lane of an attempt looks for the next; one that has joined has none of its own."""
        if attempt.joined:
            self.attend()
        else:
            self.take(temper, held=attempt.job)

    def _succeeded(self, attempt: Attempt, data: str) -> Attempt | None:
        if attempt.joined:
            attempt.job.joined_succeeded(attempt, data, self.now)
            return None
        following: Attempt | None = attempt.job.succeeded(attempt, data, self.now)
        return following

    def succeed(self, attempt: Attempt, temper: str = "obeys") -> None:
        """An attempt returns, and its lane goes on to the next."""
        job = attempt.job
        following = self._succeeded(attempt, f"data of {attempt.document_id}")
        self.jobs[job].succeed(attempt, self.now)
        if following is None:
            self._goes_on(attempt, temper)
        else:
            self.happened["went on at once"] += 1
            assert following.job is job
            # The watchdog has not ticked a job whose alarm has just gone off.
            others = {other for other in self.ready() - {job} if other.alarm > self.now}
            assert not others, "it was another job's turn"
            self._started(following, temper)
            self.attend()

    def fail(self, attempt: Attempt, mood: Mood, temper: str = "obeys") -> None:
        """An attempt raises, and its lane goes on to the next."""
        job = attempt.job
        breaker = job.gate.breaker
        job.failed(attempt, judge(mood.error, (), breaker), self.now)
        self.passed_over.pop(job, None)
        counted = mood.counted and breaker is not None
        self.jobs[job].fail(attempt, self.now, mood.code, retry=mood.retry, counted=counted, pause=mood.pause)
        self._goes_on(attempt, temper)

    def come_back(self, attempt: Attempt) -> None:
        """An abandoned attempt ends after all."""
        self.happened["came back"] += 1
        self.strays.remove(attempt)
        assert self._succeeded(attempt, "too late") is None
        self.services[attempt.job.ledger.type].came_back()
        self.attend()

    def report(self, attempt: Attempt, fraction: float) -> None:
        """A processor says how far it is."""
        attempt.job.report(attempt, fraction, "words", self.now)
        self.happened["report"] += 1
        self.attend()
        if attempt.position != FINALIZE:
            assert attempt.fraction is not None
            assert attempt.fraction >= fraction

    def cancel(self, job: JobMachine, *, force: bool = False) -> bool:
        """Somebody cancels a job."""
        expected = self.jobs[job]
        first = job.cancel(self.now, force=force)
        assert first == (not expected.decided), "R17"
        if first:
            expected.decide(JobStatus.CANCELLED, self.now)
        if force:
            self.happened["forced"] += bool(expected.running)
        self.attend()
        return first

    def resize(self, change: int) -> None:
        """The engine has more seats, or fewer, perhaps fewer than are taken."""
        self.happened["more seats" if change > 0 else "fewer seats"] += 1
        self.seats.resize(max(change, -self.seats.capacity))
        self.attend()

    def watch(self) -> None:
        """Somebody begins to listen to every document."""
        if not self.watched:
            self.watched, self.heard = True, EVERYTHING
            self.scheduler.follow()
            for job, expected in self.jobs.items():
                self.ears[job].documents = (len(expected.ok), len(expected.failed))

    def pause(self, paused: bool) -> None:
        """The store cannot record, or can again."""
        self.paused = paused
        self.scheduler.pause(paused)
        self.attend()

    def halt(self) -> None:
        """The queue begins to close."""
        self.scheduler.halt()
        self.attend()

    def forget(self, max_age: float) -> None:
        """Old jobs are cleaned up."""
        old = [
            job
            for job, expected in self.jobs.items()
            if expected.completed is not None and not expected.running and self.now - expected.completed >= max_age
        ]
        assert self.scheduler.forget(self.now, max_age) == old, "R30"
        self.happened["forgotten"] += len(old)
        for job in old:
            name = job.ledger.id
            assert self.scheduler.find(name) is None, "R23"
            assert self.scheduler.find_key(job.ledger.owner, name) is None
            del self.jobs[job]

    def advance(self, seconds: float) -> None:
        """Time goes by, and the watchdog wakes at every alarm."""
        until = self.now + seconds
        while (alarm := self.desk.agenda.next) <= until:
            self.now = max(self.now, alarm)
            self.attend()
        self.now = until

    def advance_to_alarm(self) -> None:
        """Time goes by until something is due."""
        if self.desk.agenda.next < inf:
            self.advance(max(0.0, self.desk.agenda.next - self.now))

    def oversleep(self, seconds: float) -> None:
        """Time goes by, and the loop is blocked meanwhile: the next step comes before the watchdog."""
        self.now += seconds
        for expected in self.jobs.values():
            expected.late = True
        for ear in self.ears.values():
            ear.last = max(ear.last, self.now - INTERVAL)

    # What the runtime does after each of them.

    def attend(self) -> None:
        """Do what is due and what the rules have left on the desk."""
        for _ in range(TICKS_AT_ONCE):
            self.flush()
            stops, self.desk.stops = self.desk.stops, []
            for attempt in sorted(stops, key=lambda attempt: not attempt.joined):
                self._stop(attempt)
            if not stops and self.desk.agenda.next > self.now:
                ready = self.ready()
                self.passed_over = {job: passed for job, passed in self.passed_over.items() if job in ready}
                return
            self.scheduler.tick(self.now)
            self.tick_model()
        raise AssertionError(f"the rules spin at {self.now}")

    def tick_model(self, only: JobMachine | None = None) -> None:
        """Let the model see the time."""
        for job, expected in self.jobs.items():
            if only is None or job is only:
                service = expected.service
                later = Service(service.breaker, service.max_abandoned, Counter())
                later.__dict__ |= {**service.__dict__, "announced": [], "happened": Counter()}
                later.tick(self.now)
                expected.tick(self.now, {service.refusal, later.refusal})
        if only is None:
            for service in self.services.values():
                service.tick(self.now)
            for attempt in self.running:
                budget_end = attempt.first_started + attempt.job.ledger.options.document_timeout
                assert self.now < budget_end or attempt.stop is not None, "R11: it runs past its budget"

    def flush(self) -> None:
        """Tell what has changed."""
        while self.desk.changed:
            changed = list(self.desk.changed)
            self.desk.changed.clear()
            for job in changed:
                job.recorded(job.gather())
                expected = self.jobs[job]
                cut = expected.before or (len(expected.ok), len(expected.failed))
                for event in job.herald.news(job.shown, self.now, self.heard):
                    self.happened[event.name] += 1
                    self.ears[job].hear(event, cut, self.now)
        circuits, self.desk.circuits = self.desk.circuits, []
        for gate, error, _ in circuits:
            self._circuits[gate.job_type].append(error is not None)
            self.passed_over.clear()  # who left and came back at one moment has a new place

    def _started(self, attempt: Attempt, temper: str) -> None:
        self.happened["attempt"] += 1
        self.tempers[attempt] = temper
        self.jobs[attempt.job].start(attempt, self.now, halted=self.desk.halted, paused=self.paused)

    def _stop(self, attempt: Attempt) -> None:
        """An attempt is told to stop, and does what its temper is."""
        expected = self.jobs[attempt.job]
        assert expected.running[attempt.position] is attempt
        code = attempt.stop
        in_time = self.now < attempt.first_started + attempt.job.ledger.options.document_timeout
        assert code is not None
        assert code is FailureCode.CANCELLED or not in_time, "R11: stopped before its budget has ended"
        temper = self.tempers[attempt]
        self.happened[f"told to stop, {temper}"] += 1
        if temper == "finishes":
            following = self._succeeded(attempt, "just in time")
            expected.succeed(attempt, self.now)
            if following is not None:
                self._started(following, "obeys")
        else:
            self._stopped(attempt, expected, code, abandoned=temper == "ignores")
        attempt.job.survey()

    def _stopped(self, attempt: Attempt, expected: Expected, code: FailureCode, *, abandoned: bool) -> None:
        breaker = expected.service.breaker
        counted = breaker is not None and code in breaker.trips_on
        if abandoned:
            self.strays.append(attempt)
            attempt.job.abandon(attempt, self.now)
            expected.service.left_behind()
        else:
            attempt.job.failed(attempt, judge(OSError("gone"), (), breaker), self.now)
        expected.fail(attempt, self.now, code, retry=False, counted=counted, pause=None)

    def _see_that_it_was_its_turn(self, job: JobMachine, ready: set[JobMachine]) -> None:
        """Q24: strict priorities; within one, nobody is passed over twice while ready."""
        owner, priority = job.ledger.owner, job.ledger.priority
        if job in ready:
            assert priority == max(other.ledger.priority for other in ready), "a higher priority goes first"
        for other in ready - {job}:
            # Lines take turns with one another, so that this holds within each of them.
            if other.ledger.priority == priority and other.gate.seats is job.gate.seats:
                passed = self.passed_over.setdefault(other, Counter())
                passed[job if other.ledger.owner == owner else (owner,)] += 1
                assert max(passed.values()) <= 1, "passed over twice"
        self.passed_over.pop(job, None)
        for other, passed in self.passed_over.items():
            alike = other.gate.seats is job.gate.seats
            if alike and (other.ledger.owner, other.ledger.priority) == (owner, priority):
                for whose in [whose for whose in passed if isinstance(whose, tuple)]:
                    del passed[whose]  # its owner had a turn, so that the other owners may have theirs

    # What has to hold after every step.

    def check(self) -> None:
        """Compare the rules with the model."""
        for job, expected in self.jobs.items():
            expected.check(self.now)
            self.ears[job].check(self.now, watched=self.watched)
            ledger = job.ledger
            assert self.scheduler.find(ledger.id, ledger.owner) is job, "R18"
            assert self.scheduler.find(ledger.id, "somebody else") is None, "R33"
        for job_type, service in self.services.items():
            gate = self.scheduler.gates[job_type]
            service.check(gate)
            assert set(gate.jobs) == {job for job in self.undecided if job.gate is gate}
            assert self._circuits[job_type] == service.announced
            assert service.abandoned == sum(attempt.job.gate is gate for attempt in self.strays), "R29"
        assert self.seats.taken == self._seated, "a seat is taken for every attempt that runs, and for no other"
        waiting = _in_line(self.desk.turns._hall) + (_in_line(self.seats.line) if self.seats.free else [])
        assert self.desk.turns.size == len(waiting)
        assert set(waiting) == self.ready(), "the turns hold exactly the jobs that could start something"
        assert list(self.scheduler.jobs.values()) == list(self.jobs)

    def wind_down(self) -> None:
        """R16: once faults stop, everything ends and drains in a bounded number of steps."""
        self.pause(False)
        if not self.seats.capacity:
            self.resize(1)
        for attempt in [*self.strays]:
            self.come_back(attempt)
        self.check()
        if self.desk.halted:
            self._close()
        else:
            self._finish()
        self.check()
        assert not self.undecided, "R16: not everything ended"
        assert all(job.drained for job in self.jobs), "R16: not everything drained"
        assert not self.desk.turns.size

    def _finish(self) -> None:
        left = 100 + sum(3 * expected.total + 40 for expected in self.jobs.values())
        while self.undecided or self.running:
            left -= 1
            assert left > 0, "R16: it does not end"
            while self.take() is not None:
                left -= 1
                assert left > 0, "R16: it does not end"
            if running := self.free_to_end:
                for attempt in running:
                    self.succeed(attempt)
            else:
                assert self.desk.agenda.next < inf, "R16: nothing runs, and nobody will wake anybody"
                self.advance_to_alarm()

    def _close(self) -> None:
        """Close as the queue does: let what runs run, then stop it, then cancel what is left."""
        for attempt in self.running:
            if self.jobs[attempt.job].running.get(attempt.position) is attempt:
                self.tempers[attempt] = "obeys"
        self.scheduler.stop_running()
        self.attend()
        self.check()
        undecided = self.undecided
        self.scheduler.leave_undecided(self.now)
        for job in undecided:
            self.jobs[job].decide(JobStatus.CANCELLED, self.now)
        self.attend()


def _in_line(line: Line) -> list[JobMachine]:
    return [job for owners in line._waiting.values() for jobs in owners.values() for job in jobs]


def draw_request(random: Random) -> Request:
    """What a job might be asked for."""
    documents = random.choice((1, 2, 3, 5, 8, 150))
    options = JobOptions(
        max_concurrent=random.choice((1, 2, 4)),
        timeout=random.choice((None, 1.0, 6.0, 30.0)),
        retry_attempts=random.choice((0, 1, 2, 3)),
        retry_delay=random.choice((0.0, 0.25, 1.0)),
        document_timeout=random.choice((0.5, 2.0, 4.0)),
        max_failures=random.choice((None, None, None, 0, 2)),
    )
    return Request(
        documents,
        random.choice(("plain", "guarded", "touchy", SEATED, SEATED)),
        random.choice((None, "ann", "bob")),
        random.choice((0, 0, 0, 1)),
        random.random() < 0.3,
        options,
    )


def wander(seed: int, steps: int) -> Counter[str]:
    """One life of a world, drawn from a seed; without hypothesis, so that it starts at once."""
    random = Random(seed)
    world = World(random.choice((1, 2, 4)))
    mortal = random.random() < 0.3
    for _ in range(steps):
        _step(world, random, mortal=mortal)
        world.check()
    world.wind_down()
    return world.happened


def _step(world: World, random: Random, *, mortal: bool) -> None:
    temper = random.choice(TEMPERS)
    running = world.running
    act = random.choices(
        ("create", "take", "attempt", "time", "back", "seats", "cancel", "rare"),
        (3, 8, 16, 6, 1, 1, 0.3 if mortal else 0, 0.3),
    )[0]
    if act == "create" and len(world.undecided) < 4 and not world.desk.halted:
        world.create(draw_request(random))
    elif act == "take":
        attempt = world.take(temper)
        if attempt is not None and random.random() < 0.3 and attempt in world.leaders:
            world.join(attempt, random.choice((0, 1, 3, 20)), temper)
    elif act == "attempt" and running:
        _attempt_step(world, random, random.choice(world.free_to_end), temper)
    elif act == "time":
        _time_step(world, random)
    elif act == "back" and world.strays:
        world.come_back(random.choice(world.strays))
    elif act == "seats":
        world.resize(random.choice((-1, 1, 1, 2)))
    elif act == "cancel" and world.jobs:
        world.cancel(random.choice([*world.jobs]), force=random.random() < 0.5)
    elif act == "rare":
        _rare_step(world, random)


def _attempt_step(world: World, random: Random, attempt: Attempt, temper: str) -> None:
    act = random.choices(("succeed", "fail", "report", "oversleep", "give back", "lose"), (9, 6, 1, 0.3, 0.5, 0.5))[0]
    if act == "succeed":
        world.succeed(attempt, temper)
    elif act == "fail":
        world.fail(attempt, MOODS[random.choice((*MOODS, "ordinary", "service"))], temper)
    elif act == "report":
        world.report(attempt, random.choice((0.0, 0.5, 1.0)))
    elif act in {"give back", "lose"}:
        world.give_back(attempt, temper, lost=act == "lose")
    else:
        world.oversleep(random.choice((0.5, 4.0)))
        world.succeed(attempt, temper)


def _time_step(world: World, random: Random) -> None:
    if random.random() < 0.7:
        world.advance_to_alarm()
    else:
        world.advance(random.choice((0.0625, 0.25, 1.0)))


def _rare_step(world: World, random: Random) -> None:
    act = random.choice(("forget", "forget", "watch", "pause", "halt"))
    if act == "forget":
        world.forget(random.choice((0.0, 2.0)))
    elif act == "watch":
        world.watch()
    elif act == "pause":
        world.pause(not world.paused)
    elif random.random() < 0.3:
        world.halt()
