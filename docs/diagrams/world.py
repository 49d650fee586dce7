"""A small world: one job in the real rules, and everything that may happen to it."""

from collections.abc import Iterable
from math import inf
from typing import Final, NamedTuple

from cluster import CHUNK_LOST, OF_CLUSTERS, Cluster

from docmill.core import Attempt, CircuitBreaker, JobMachine, Scheduler, judge
from docmill.core.attempt import FINALIZE
from docmill.core.breaker import State
from docmill.core.scheduler import MAX_LIVES
from docmill.errors import PermanentError, RetryAfter
from docmill.model import Cached, FailureCode, JobOptions, Ledger

__all__ = [
    "CRASHES",
    "DRAINED",
    "NOT_ITS_TURN",
    "OF_JOBS",
    "Look",
    "Setting",
    "Stimulus",
    "World",
]

RAISED: Final = {
    "raises": ValueError("broken"),
    "raises PermanentError": PermanentError("encrypted"),
    "raises RetryAfter": RetryAfter(2.0),
    "raises ConnectionError": ConnectionError("refused"),
}
"""How an attempt may fail; the first two say nothing about a service."""

ENDINGS: Final = ("returns", "returns from the cache", *RAISED, CHUNK_LOST)
PROBES: Final = {
    "returns": "probe succeeds",
    "returns from the cache": "probe answered by the cache",
    "budget ends": "probe reaches its budget",
    CHUNK_LOST: "probe given back",
}
DRAINED: Final = ", drained"
CRASHES: Final = frozenset({"crash", "opened without processor"})
"""The process dies, and the next one takes up what was recorded; after the second, it does not know the job type."""

OF_JOBS: Final = CRASHES | {"start", "cancel_job", "forced cancel", "close", *OF_CLUSTERS}
"""The stimuli that are told to a job and not to one of its documents."""

NOT_ITS_TURN: Final = "budget ends before its turn"
"""What the end of the budget is to a document of a chunk that another one of it has kept waiting."""

TYPE: Final = "T"
TICKS_AT_ONCE: Final = 10


class Stimulus(NamedTuple):
    """Something that happens: to the attempt of a document, or to the job."""

    name: str
    position: int | None = None


class Setting(NamedTuple):
    """What a world begins as.

    Attributes:
        options: of the only job.
        documents: how many it has.
        stimuli: what may happen beyond a start and an attempt that returns.
        durable: whether a store keeps the job over crashes and closings.
        stubborn: whether attempts go on that are told to stop.
        breaker: of the job type.
        finalizes: whether a summary is made at the end.
        max_abandoned: abandoned attempts from which on nothing starts.
        seats: the chunks that a cluster runs at once; 0 if documents run here.
    """

    options: JobOptions
    documents: int
    stimuli: tuple[str, ...]
    durable: bool = False
    stubborn: bool = False
    breaker: CircuitBreaker | None = None
    finalizes: bool = False
    max_abandoned: int = 8
    seats: int = 0


class Look(NamedTuple):
    """What can be seen of a world at one moment."""

    job: JobMachine
    status: str
    decided: bool
    documents: tuple[str, ...]
    ok: int
    failed: int
    running: int
    finalizing: bool
    circuit: State


class World:
    """One job in the real scheduler. Whatever happens is recorded before the next thing does.

    Attributes:
        job: the job.
        now: the time.
        ended: whether nothing can happen any more, since the queue was closed and has kept nothing.
        circuit_stimulus: what happened last, as the circuit sees it; empty if it did not concern it.
        kept_waiting: the documents whose chunk ended before it was their turn, the last time that anything happened.
        lives: how often in a row the process has died without progress, as the store counts.
        path: what has happened.
        seen: what can be seen now.
    """

    def __init__(self, setting: Setting, path: Iterable[Stimulus] = ()) -> None:
        self.setting = setting
        self.now = 0.0
        self.ended = False
        self.path: tuple[Stimulus, ...] = ()
        self._strays: list[Attempt] = []
        self.kept_waiting: set[int] = set()
        self._in_a_row = 0
        self._probe: Attempt | None = None
        self.circuit_stimulus = ""
        self._circuit_changed = 0.0
        self._since = [0.0] * setting.documents
        self._last: dict[int, Attempt] = {}
        self._left_at_opening = setting.documents
        self.lives = 0
        self._open()
        self.job = self._scheduler.add(_ledger(setting), finalizes=setting.finalizes, risky=not setting.seats)
        self._record()
        self.seen = self._look()
        for stimulus in path:
            self.undergo(stimulus)

    def _open(self, *, with_processor: bool = True) -> None:
        self._scheduler = Scheduler(max_workers=8, uniform=max, durable=self.setting.durable)
        if with_processor:
            self._scheduler.register(TYPE, breaker=self.setting.breaker, max_abandoned=self.setting.max_abandoned)
        self._cluster = Cluster(self.setting.seats)
        if with_processor and self.setting.seats:
            self._scheduler.seat(TYPE, self._cluster.seats, lambda: None)

    def _look(self) -> Look:
        job, ledger = self.job, self.job.ledger
        return Look(
            job,
            job.status.value + (DRAINED if job.drained else ""),
            job.decided,
            tuple(_document(job, position) for position in range(job.total)),
            len(ledger.ok),
            len(ledger.failed),
            len(job.running),
            FINALIZE in job.running,
            job.gate.state,
        )

    def fingerprint(self) -> tuple[object, ...]:
        """What decides what may still happen: worlds with the same one go on in the same way."""
        job, gate, trail = self.job, self.job.gate, self.job.trail
        return (
            self.seen[1:],
            self.ended,
            tuple((position, attempt.attempt) for position, attempt in job.running.items()),
            self._cluster.look(job),
            tuple(job.returned or ()),
            tuple(self._waits(position) for position in range(job.total)),
            tuple(self.now - attempt.first_started for attempt in job.running.values()),
            tuple(attempt is self._probe for attempt in job.running.values()),
            tuple(attempt.started < self._circuit_changed for attempt in job.running.values()),
            job.alarm - self.now,
            job.deadline - self.now,
            min(job.lives, MAX_LIVES),
            self._left_at_opening,
            max(0.0, gate.until - self.now),
            gate.abandoned,
            self._in_a_row,
            trail and (trail.reserved, trail.alone, trail.blamed, tuple(trail.suspects), trail.last, trail.leaving),
        )

    def _waits(self, position: int) -> tuple[float, ...]:
        """How a document waits for its next attempt; empty if it does not."""
        if _document(self.job, position) != "WAITING":
            return ()
        last = self._last[position]
        return self.now - self._since[position], self.now - last.first_started, last.attempt

    def is_late(self, position: int) -> bool:
        """Whether the budget of a document that was started is over."""
        return self.now >= self._last[position].budget_end

    def possible(self) -> list[Stimulus]:
        """What may happen now. A start is only tried: the rules may say no."""
        if self.ended:
            return []
        running = [
            Stimulus(name, position)
            for position, attempt in self.job.running.items()
            for name in ENDINGS
            if (name == "returns" or name in self.setting.stimuli) and self._may_end(attempt, name)
        ]
        others = [
            Stimulus(name)
            for name in self.setting.stimuli
            if name not in ENDINGS and (name not in OF_CLUSTERS or self._cluster.may_become(name))
        ]
        strays = [Stimulus("abandoned attempt ends")] if self._strays else []
        return [Stimulus("start"), *running, *others, *strays]

    def _may_end(self, attempt: Attempt, name: str) -> bool:
        return self._cluster.may_lose(attempt) if name == CHUNK_LOST else self._cluster.may_end(attempt)

    def undergo(self, stimulus: Stimulus) -> bool:
        """Let something happen; False if nothing did."""
        before = self.seen
        self.circuit_stimulus = ""
        self.kept_waiting = set()
        if not self._act(stimulus):
            return False
        self._stop()
        self._record()
        self.path = (*self.path, stimulus)
        self._last |= self.job.running
        after = self.seen = self._look()
        for position, was in enumerate(before.documents):
            if after.documents[position] != was:
                self._since[position] = self.now
        if after.circuit is not before.circuit:
            self._circuit_changed = self.now
            self._in_a_row = 0
            self._probe = None
        return True

    def _act(self, stimulus: Stimulus) -> bool:
        name = stimulus.name
        if stimulus.position is not None:
            return self._end(self.job.running[stimulus.position], name)
        match name:
            case "start":
                return self._start()
            case "cancel_job" | "forced cancel":
                self.job.cancel(self.now, force=name == "forced cancel")
            case "time passes":
                return self._pass_time()
            case "close":
                self._close()
            case "crash" | "opened without processor":
                self._reopen(with_processor=name == "crash")
            case "abandoned attempt ends":
                stray = self._strays.pop(0)
                stray.job.succeeded(stray, None, self.now)
            case _:
                self._become(name)
        return True

    def _start(self) -> bool:
        """Start what may start; that may have to be recorded first, which is done twice if it starts alone."""
        for _ in range(4):
            attempt = self._scheduler.take(self.now, None)
            if attempt is not None:
                if self.job.gate.state is State.HALF_OPEN:
                    self._probe = attempt
                self._cluster.fill(attempt)
                return True
            self._record()
        return False

    def _end(self, attempt: Attempt, name: str) -> bool:
        self.circuit_stimulus = self._name_for_circuit(attempt, name)
        if name == CHUNK_LOST:
            self._cluster.lose(attempt, self.now)
        elif name in RAISED:
            self.job.failed(attempt, judge(RAISED[name], (), self.job.gate.breaker), self.now)
        else:
            data = Cached(b"1") if name == "returns from the cache" else "data"
            settle = self.job.joined_succeeded if attempt.joined else self.job.succeeded
            settle(attempt, data, self.now)
        self.job.survey()
        return True

    def _become(self, name: str) -> None:
        """Something becomes of the cluster; if it is away, so is the probe."""
        if name == "cluster away" and self._probe is not None:
            self.circuit_stimulus = self._name_for_circuit(self._probe, CHUNK_LOST)
        self._cluster.become(name, self.job, self._scheduler, self.now)

    def _pass_time(self) -> bool:
        """Go on to the next alarm, and do what is due then."""
        agenda = self._scheduler.desk.agenda
        if agenda.next == inf:
            return False
        self.now = max(self.now, agenda.next)
        if self.job.gate.state is State.OPEN and self.now >= self.job.gate.until:
            self.circuit_stimulus = "cooldown or pause ends" if self.setting.breaker else "pause ends (no breaker)"
        for _ in range(TICKS_AT_ONCE):
            if agenda.next > self.now:
                break
            self._scheduler.tick(self.now)
        return True

    def _stop(self) -> None:
        """Stop the attempts that the rules want to be stopped."""
        stops, self._scheduler.desk.stops = self._scheduler.desk.stops, []
        for attempt in stops:
            at_budget = attempt.stop is FailureCode.DOCUMENT_TIMEOUT
            name = self._name_for_circuit(attempt, "budget ends" if at_budget else "is stopped")
            if not self.circuit_stimulus or name.startswith("probe"):
                self.circuit_stimulus = name
            if at_budget and self._cluster.has_waited(attempt, stops):
                self.kept_waiting.add(attempt.position)
                attempt.released = True
            if self.setting.stubborn:
                self._strays.append(attempt)
                self.job.abandon(attempt, self.now)
            else:
                self.job.failed(attempt, judge(OSError("stopped"), (), self.job.gate.breaker), self.now)

    def _close(self) -> None:
        """Close as a queue does that does not wait, and open again where the job was kept."""
        self._scheduler.halt()
        self._scheduler.leave_undecided(self.now)
        self._scheduler.stop_running()
        self._stop()
        self._record()
        if self.setting.durable:
            self._reopen()
        else:
            self.ended = True

    def _reopen(self, *, with_processor: bool = True) -> None:
        """The next life of the process, with what was recorded."""
        old = self.job
        blamed = old.shown.alone is not None and old.lives >= 0
        self.lives = max(1, old.lives) if blamed else old.lives + 1
        self._open(with_processor=with_processor)
        self._scheduler.resume(
            old.ledger,
            old.shown,
            self.now,
            active=old.active(self.now),
            lives=self.lives,
            told=False,
            finalizes=self.setting.finalizes,
            risky=not self.setting.seats,
        )
        (self.job,) = self._scheduler.jobs.values()
        self._left_at_opening = self.job.left

    def _record(self) -> None:
        desk = self._scheduler.desk
        while desk.changed:
            changed = [(job, job.gather()) for job in desk.changed]
            desk.changed.clear()
            for job, mark in changed:
                job.recorded(mark)
        desk.circuits.clear()

    def _name_for_circuit(self, attempt: Attempt, ending: str) -> str:
        """What the end of an attempt is to the circuit. Called before the rules hear of it."""
        if ending == "raises RetryAfter":
            return "RetryAfter"
        counted = ending == "raises ConnectionError"
        if attempt is self._probe:
            self._probe = None
            return "probe fails by the service" if counted else PROBES.get(ending, "probe fails otherwise")
        if self.job.gate.state is not State.CLOSED or attempt.started < self._circuit_changed:
            return "older attempt ends"
        if counted and self.setting.breaker is not None:
            self._in_a_row += 1
            enough = self._in_a_row >= self.setting.breaker.failures
            return "enough service failures in a row" if enough else "service failure"
        if ending == "returns":
            self._in_a_row = 0
            return "success"
        return "answer from the cache" if ending == "returns from the cache" else "other failure"


def _ledger(setting: Setting) -> Ledger:
    return Ledger(
        id="job",
        document_ids=tuple(f"d{position}" for position in range(setting.documents)),
        type=TYPE,
        options=setting.options,
        owner=None,
        idempotency_key=None,
        metadata={},
        priority=0,
        retry_of=None,
        created=0.0,
        wall_offset=0.0,
    )


def _document(job: JobMachine, position: int) -> str:
    """The state of a document, from where the job has it."""
    if position in job.running:
        return "RUNNING"
    if any(row[0] == position for row in job.ledger.ok):
        return "OK"
    if any(row[0] == position for row in job.ledger.failed):
        return "FAILED"
    returned = {place for place, _ in job.returned or ()}
    suspects = () if job.trail is None else job.trail.suspects
    unstarted = position >= job.fresh or position in returned or position in suspects
    return "UNSTARTED" if unstarted else "WAITING"
