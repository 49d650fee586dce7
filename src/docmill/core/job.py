"""The job machine. Everything that changes the state of a job is in this file.

States of a job: PENDING -> PROCESSING -> one of COMPLETED, FAILED, CANCELLED, TIMEOUT; PENDING may also be
cancelled. ``_decide`` is the only way into a terminal status, and the first decision wins.

States of a document: unstarted (``fresh`` and after, or in ``returned``) -> running (``running``) -> settled
(a row of the ledger) or waiting for its next attempt (in the waiting room).
"""

from collections import deque
from collections.abc import Callable
from math import inf
from typing import Any, Final

from docmill.core.attempt import FINALIZE, Attempt
from docmill.core.breaker import Gate
from docmill.core.desk import Desk
from docmill.core.estimate import percent, remaining_time
from docmill.core.herald import Herald
from docmill.core.retries import wait_before
from docmill.core.trail import Trail
from docmill.core.verdict import Verdict, stopped
from docmill.core.waiting import Waiting, WaitingRoom
from docmill.model import Cached, FailureCode, Fault, Job, JobErrorCode, JobStatus, Ledger, Mark

__all__ = ["JobMachine", "MakeAttempt"]

ORDERLY: Final = -1
"""What ``lives`` is once the process ends in order, so that the next life counts as the first."""

MakeAttempt = Callable[["JobMachine", int, str, float], Attempt]


MAX_MESSAGE: Final = 500
"""Characters of what a processor says of its progress; it is told to everybody who listens, again and again."""


class JobMachine:
    """One job: what it may do next, and what each stimulus makes of it.

    Attributes:
        ledger: what was asked for, and the outcomes.
        gate: whether attempts of its type may start.
        processor: what runs a document; the rules never look at it.
        limit: the attempts that may run at once, a chunk counted as one.
        budget: seconds for one document.
        trail: what the store is told ahead; None where a crash cannot be a document's fault, or loses all anyway.
        allowed: documents before this position may start.
        steady: whether the next thing to start can only be the next unstarted document.
        fresh: the position of the first document that was never started.
        left: documents not settled yet.
        notable: the number of documents left at which a settlement changes more than a counter.
        running: the attempts at work, by position.
        before, decision: marks just before and just after the decision; late results are in neither.
        shown: the last mark that the store has recorded; what users see where the store is durable.
        alarm: when ``tick`` is due; the desk's agenda keeps it.
    """

    __slots__ = (
        "_active_before",
        "_active_since",
        "_apart",
        "_desk",
        "_document_ids",
        "_finalize_next",
        "_finalizes",
        "_joined",
        "_left_at_resume",
        "_lives",
        "_make_attempt",
        "_ok",
        "_ready",
        "_seated",
        "_turns",
        "_waiting",
        "alarm",
        "allowed",
        "before",
        "budget",
        "busy",
        "completed",
        "deadline",
        "decision",
        "drained",
        "durable",
        "error",
        "error_code",
        "followers",
        "fresh",
        "gate",
        "herald",
        "ledger",
        "left",
        "limit",
        "notable",
        "processor",
        "reporting",
        "reports",
        "returned",
        "running",
        "shown",
        "started",
        "status",
        "steady",
        "summary",
        "summary_error",
        "told",
        "total",
        "trail",
    )

    def __init__(
        self,
        ledger: Ledger,
        gate: Gate,
        desk: Desk,
        *,
        processor: Any = None,
        finalizes: bool = False,
        durable: bool = False,
        risky: bool = True,
        max_workers: int = 50,
        make_attempt: MakeAttempt = Attempt,
    ) -> None:
        self.ledger = ledger
        self.gate = gate
        self.processor = processor
        self.durable = durable
        self.total = len(ledger.document_ids)
        self.trail: Trail | None = None
        self.allowed = self.total
        self.limit = min(ledger.options.max_concurrent, max_workers)
        self.budget = ledger.options.document_timeout
        if durable and risky:
            self.trail = Trail(self.total, 2 * self.limit)
            self.allowed = 0
        self.steady = False
        self.fresh = 0
        self.left = self.total
        self.notable = self.total
        self.busy = 0.0
        self.running: dict[int, Attempt] = {}
        # Those that have not joined another one. There may be a hundred thousand that have, whose budgets are the same.
        self._seated = self.running if gate.seats is None else {}
        self.returned: deque[tuple[int, int]] | None = None
        self.reports: dict[int, Attempt] = {}
        self.reporting = False
        self.followers = 0
        self.status = JobStatus.PENDING
        self.started: float | None = None
        self.completed: float | None = None
        self.deadline = inf
        self.drained = False
        self.error: str | None = None
        self.error_code: JobErrorCode | None = None
        self.summary: Any = None
        self.summary_error: str | None = None
        self.before: Mark | None = None
        self.decision: Mark | None = None
        self.told = False
        self.herald = Herald(self)
        self.alarm = inf
        self._desk = desk
        self._document_ids = ledger.document_ids
        self._ok = ledger.ok
        self._turns = desk.turns
        self._make_attempt = make_attempt
        self._finalize_next = False
        self._finalizes = finalizes
        self._waiting: WaitingRoom | None = None
        self._joined = 0
        self._apart: set[int] | None = None
        self._ready = False
        self._lives = 0
        self._left_at_resume = -1
        self._active_before = 0.0
        self._active_since = 0.0
        self.shown = self.mark()
        gate.jobs[self] = None
        self.survey()

    def mark(self) -> Mark:
        """A cut through the job as it is now."""
        ledger, trail = self.ledger, self.trail
        mark = Mark(
            self.status,
            len(ledger.ok),
            len(ledger.failed),
            self.busy,
            self.started,
            self.completed,
            self.drained,
            self.error,
            self.error_code,
            self.summary,
            self.summary_error,
        )
        if trail is not None:
            mark = mark._replace(reserved=trail.reserved, alone=trail.alone, blamed=trail.blamed)
        return mark

    def gather(self) -> Mark:
        """The mark that is recorded and told next; what follows will be a change again."""
        self.notable = self.total
        if self.trail is not None and self.trail.reserved:
            self.trail.reserve(self.fresh)
        return self.mark()

    def recorded(self, mark: Mark) -> None:
        """A mark was recorded: that is what users see, and what may start."""
        self.shown = mark
        trail = self.trail
        if trail is not None and (mark.reserved > self.allowed or trail.alone is not None):
            if self.fresh >= self.allowed > 0:
                trail.held_up()
            self.allowed = max(self.allowed, mark.reserved)
            self.survey()
        elif trail is not None and trail.leaving and mark.alone is None:
            trail.leaving = False
            self.survey()
            if self._desk.solo is self:
                self._desk.solo, self._desk.solo_ended = None, True
                self._desk.stir = True

    @property
    def visible(self) -> Mark:
        """What users may see: with a durable store, as much as it has recorded."""
        return self.shown if self.durable else self.mark()

    def snapshot(self, now: float) -> Job:
        """The job as users may see it."""
        mark = self.visible
        settled = mark.ok + mark.failed
        running = tuple(self.running.values()) if mark.started is not None else ()
        return Job(
            self.ledger,
            mark,
            percent(settled, self.total),
            self.remaining_time(mark, now),
            running,
            [(attempt.fraction, attempt.message) for attempt in running] if self.reporting else (),
        )

    def remaining_time(self, mark: Mark, now: float) -> float | None:
        """Seconds until the last document is likely to settle, from what ``mark`` shows."""
        if mark.completed is not None:
            return 0.0
        settled = mark.ok + mark.failed
        return remaining_time(
            busy=mark.busy,
            settled=settled,
            left=self.total - settled,
            max_concurrent=self.ledger.options.max_concurrent,
            now=now,
            deadline=self.deadline,
        )

    @property
    def decided(self) -> bool:
        """Whether the job has its terminal status."""
        return self.completed is not None

    @property
    def lives(self) -> int:
        """How many lives of the process in a row began with a crash of the one before and got the job no further."""
        if self._lives == ORDERLY or self.left == self._left_at_resume:
            return self._lives
        return 0

    def active(self, now: float) -> float:
        """Seconds for which the job has been processing, over all lives of the process."""
        if self.started is None:
            return 0.0
        until = now if self.completed is None else self.completed
        return self._active_before + max(0.0, until - self._active_since)

    def resume(self, mark: Mark, now: float, *, active: float, lives: int, told: bool) -> None:
        """Take up the job where a store has left it; the ledger has its outcomes already.

        What was running or waiting is unstarted again. A decided job is drained: whatever ran is gone.
        """
        self.status, self.busy = mark.status, mark.busy
        self.started, self.completed = mark.started, mark.completed
        self.error, self.error_code = mark.error, mark.error_code
        self.summary, self.summary_error = mark.summary, mark.summary_error
        self.told = told
        self.left = self._left_at_resume = self.total - mark.ok - mark.failed
        self._lives = lives if mark.started is not None or mark.reserved else 0
        self._active_before, self._active_since = active, now
        self.drained = mark.drained
        self.shown = self.mark()
        self.drained = self.decided
        self.herald.resume(self.shown, now, told=told)
        if self.decided:
            del self.gate.jobs[self]
        else:
            self._take_up(mark, now)
        if not self.decided and self.started is not None:
            self._set_deadline(now - active)
        if not self.decided and (not self.left or len(self.ledger.failed) > mark.failed):
            self._settled(now)
        if not (self.decided and told and mark.drained):
            self.changed()
        self.survey()

    def _take_up(self, mark: Mark, now: float) -> None:
        """Find out what is unstarted again, and what is suspected of having killed the process."""
        settled = bytearray(self.total)
        for rows in (self.ledger.ok, self.ledger.failed):
            for row in rows:
                settled[row[0]] = True
        self.fresh = max(mark.reserved, settled.rfind(True) + 1)
        unsettled = [position for position in range(self.fresh) if not settled[position]]
        if self.trail is None or not self._lives:
            for position in unsettled:
                self._return(position, 0)
        else:
            for position in self.trail.resume(mark, unsettled):
                error = "the process died twice while this document ran alone"
                self._fail(position, 2, now, Fault(FailureCode.POISON, error), now)
        if self.trail is not None:
            self.trail.reserved = self.allowed = mark.reserved

    def leave(self) -> None:
        """The process ends in order: the life that follows does not begin with a crash."""
        self._lives = ORDERLY
        self.changed()

    @property
    def startable(self) -> int:
        """How many attempts it could start at once, about: those that wait for a retry are counted, too."""
        return min(self.limit - self._at_work, max(1, self.left - len(self.running)))

    @property
    def _at_work(self) -> int:
        """The attempts that run, all those of a chunk counted as one."""
        return len(self.running) - self._joined

    @property
    def exact(self) -> bool:
        """Whether every single settlement has to be recorded or told."""
        return self.durable or self.followers > 0 or self._desk.watched

    def survey(self) -> None:
        """Find out again whether something could start, and take part in the turns accordingly."""
        if self.trail is not None and self.trail.alone is not None:
            self._see_whether_it_has_run(self.trail)
        finalize = self._finalize_next and not (self.trail is not None and self.trail.leaving)
        again = (self._waiting is not None and self._waiting.has_due) or bool(self.returned)
        unsettled = (again and not (self.trail is not None and self.trail.last)) or finalize
        something = unsettled or self.fresh < self.allowed or (self.trail is not None and self._may_start(self.trail))
        if self._desk.halted:
            something = finalize
        if self.decided or self._desk.paused or self._desk.solo not in (None, self):
            something = False
        self.steady = something and not unsettled and self.started is not None and self.fresh < self.allowed
        ready = something and self._at_work < self.limit and self.gate.admits
        if ready != self._ready:
            self._ready = ready
            if ready:
                self._turns.add(self)
                self._desk.stir = True
            else:
                self._turns.remove(self)

    def _may_start(self, trail: Trail) -> bool:
        """Whether a turn would help: to reserve documents, to ask for the process, or to run a suspect alone."""
        if self.fresh < self.total:
            return trail.reserved <= self.fresh
        if self.running or (self._waiting and not trail.last) or self._next_suspect(trail) is None:
            return False
        return self._desk.solo is None or (trail.alone is not None and self.shown.alone == trail.alone)

    def _next_suspect(self, trail: Trail) -> int | None:
        """The one that is to run alone next: one that has failed before goes first."""
        if self._waiting is not None and self._waiting.has_due:
            return self._waiting.first_due
        if self.returned:
            return self.returned[0][0]
        return trail.suspects[0] if trail.suspects else None

    def _see_whether_it_has_run(self, trail: Trail) -> None:
        if not self.running and (self.decided or trail.alone != self._next_suspect(trail)):
            trail.alone = None
            trail.leaving = True
            self.changed()

    def be_alone(self) -> None:
        """Nothing else runs: have it recorded which suspect runs next, and then start that."""
        trail = self.trail
        assert trail is not None
        if trail.alone is None and not trail.leaving:
            trail.alone = self._next_suspect(trail)
            trail.last = True
            self.changed()

    def start(self, now: float) -> Attempt | None:
        """Start what is to run next: a retry that is due, a returned document, a fresh one, the summary, a suspect.

        None if it has to ask the store first, or has to have the process for itself.
        """
        if not self._ready:
            return None
        attempt = self._next_attempt(now)
        if attempt is None:
            self.survey()
            return None
        if self.started is None:
            self._begin(now)
        self.running[attempt.position] = self._seated[attempt.position] = attempt
        self.arm(attempt.first_started + self.budget)
        self.gate.entered(attempt)
        self.survey()
        return attempt

    def _begin(self, now: float) -> None:
        self.status = JobStatus.PROCESSING
        self.started = self._active_since = now
        self._set_deadline(now)
        self.changed()

    def _set_deadline(self, began: float) -> None:
        if self.ledger.options.timeout is not None:
            self.deadline = began + self.ledger.options.timeout
            self.arm(self.deadline)

    def _next_attempt(self, now: float) -> Attempt | None:
        trail = self.trail
        if trail is not None and trail.last and trail.alone is None and not self._finalize_next:
            return self._ask(trail, now)
        if self._waiting is not None and self._waiting.has_due:
            waiting = self._waiting.pop_due()
            attempt = self._make(waiting.position, now)
            attempt.attempt, attempt.first_started = waiting.attempts + 1, waiting.first_started
        elif self.returned:
            position, attempts = self.returned.popleft()
            attempt = self._make(position, now)
            attempt.attempt = attempts + 1
        elif self._finalize_next:
            self._finalize_next = False
            attempt = self._make_attempt(self, FINALIZE, "", now)
        elif self.fresh < self.allowed:
            attempt = self._make(self.fresh, now)
            self.fresh += 1
        else:
            assert self.trail is not None
            return self._ask(self.trail, now)
        if self._apart is not None and attempt.position in self._apart:
            attempt.alone = True
        return attempt

    def _ask(self, trail: Trail, now: float) -> Attempt | None:
        if self.fresh < self.total:
            trail.reserve(self.fresh)
            self.changed()
        elif trail.alone is None:
            self._desk.solo = self
        else:
            return self._make(trail.suspects.popleft(), now)
        return None

    def _make(self, position: int, now: float) -> Attempt:
        return self._make_attempt(self, position, self._document_ids[position], now)

    @property
    def waiting(self) -> int:
        """The documents that may start now, but for retries; one or another of them may have to run alone."""
        return self.allowed - self.fresh + (0 if self.returned is None else len(self.returned))

    def join(self, leader: Attempt, most: int) -> list[Attempt]:
        """Start more documents in the chunk of one that has just started: they share its seat and its lane.

        None of them if it is a retry, a probe, a summary or one that must be alone.
        """
        odd = leader.attempt > 1 or leader.alone or leader.position == FINALIZE or leader.stop is not None
        if odd or self.decided or self._desk.halted or self._desk.paused or not self.gate.takes_many:
            return []
        positions: list[int] = []
        while len(positions) < most and self._next_may_join():
            assert self.returned is not None
            positions.append(self.returned.popleft()[0])
        fresh = min(most - len(positions), self.allowed - self.fresh)
        positions += range(self.fresh, self.fresh + fresh)
        chunk = []
        for position in positions:
            self.running[position] = attempt = self._make(position, leader.first_started)
            attempt.joined = True
            chunk.append(attempt)
        self.fresh += fresh
        self._joined += len(chunk)
        self.survey()
        return chunk

    def _next_may_join(self) -> bool:
        """Whether the next document that was given back is as good as fresh."""
        if not self.returned or (self.trail is not None and self.trail.last):
            return False
        position, attempts = self.returned[0]
        return not attempts and (self._apart is None or position not in self._apart)

    def succeeded(self, attempt: Attempt, data: Any, now: float) -> Attempt | None:
        """An attempt returned: settle its document, and go on to the next one if that is simple.

        It is simple for a steady job while all is calm and no other job waits for its turn. Otherwise None is
        returned, and the scheduler has to look. It is one call for both, since it is made for every document.
        The result of an attempt whose document has settled without it is dropped.
        """
        position = attempt.position
        if self.running.pop(position, None) is None:
            self.came_back(attempt)
            return None
        if not (calm := self.gate.calm):
            self._seated.pop(position, None)
            self._tell_gate(attempt, data, now)
        if position == FINALIZE:
            self._finalized(now, summary=data)
            return None
        started = attempt.first_started
        self._ok.append((position, attempt.attempt, started, now, data))
        self.busy += now - started
        self.left -= 1
        if self.left <= self.notable:
            self._settled(now)
        position = self.fresh
        if not self.steady or not calm or now >= self.alarm or position >= self.allowed:
            return None
        if self._turns.size > self._ready:  # somebody else waits for a turn
            return None
        self.fresh = position + 1
        if self._ready and self.fresh >= self.allowed:
            self.survey()
        self.running[position] = attempt = self._make_attempt(self, position, self._document_ids[position], now)
        if now + self.budget < self.alarm:
            self.arm(now + self.budget)
        return attempt

    def joined_succeeded(self, attempt: Attempt, data: Any, now: float) -> None:
        """An attempt that has joined the chunk of another one returned: settle its document."""
        position = attempt.position
        if self.running.pop(position, None) is None:
            self.came_back(attempt)
            return
        self._joined -= 1
        self._tell_gate(attempt, data, now)
        self._ok.append((position, attempt.attempt, attempt.first_started, now, data))
        self.busy += now - attempt.first_started
        self.left -= 1
        if self.left <= self.notable:
            self._settled(now)

    def _tell_gate(self, attempt: Attempt, data: Any, now: float) -> None:
        if type(data) is Cached:
            self.gate.skipped(attempt)
        else:
            self.gate.succeeded(attempt, now)

    def failed(self, attempt: Attempt, verdict: Verdict, now: float) -> None:
        """An attempt raised: settle its document, or have it wait for the next attempt.

        What an attempt raises after it was told to stop does not matter: it counts as stopped.
        """
        if self.running.pop(attempt.position, None) is None:
            self.came_back(attempt)
            return
        self._joined -= attempt.joined
        self._seated.pop(attempt.position, None)
        if attempt.released:
            self.gate.released(attempt)
            self._unstart(attempt)
            return
        if attempt.stop is not None:
            verdict = stopped(attempt.stop, self.budget, self.gate.breaker)
        self.gate.failed(attempt, verdict, now)
        if attempt.position == FINALIZE:
            self._finalized(now, error=verdict.error)
            return
        code = self._final_code(attempt, verdict)
        if code is None and verdict.pause is not None:
            self._return(attempt.position, attempt.attempt)
        elif code is None:
            code = self._wait(attempt, verdict, now)
        if code is not None:
            self._fail(attempt.position, attempt.attempt, attempt.first_started, Fault(code, verdict.error), now)
        self._settled(now)
        self.survey()

    def _return(self, position: int, attempts: int) -> None:
        if self.returned is None:
            self.returned = deque()
        self.returned.append((position, attempts))

    def _unstart(self, attempt: Attempt) -> None:
        if attempt.position == FINALIZE:
            self._finalize_next = True
        elif attempt.lost:
            # It may have been run, so it counts, but not as the last one: perhaps another of the chunk is to blame.
            if self._apart is None:
                self._apart = set()
            self._apart.add(attempt.position)
            self._return(attempt.position, min(attempt.attempt, self.ledger.options.retry_attempts))
        else:
            self._return(attempt.position, attempt.attempt - 1)
        if self.decided:
            self._drain()
            self.changed()
        self.survey()

    def abandon(self, attempt: Attempt, now: float) -> None:
        """An attempt was told to stop and did not: settle its document without it."""
        if self.running.get(attempt.position) is not attempt:
            return
        attempt.abandoned = True
        self.gate.left_behind()
        code = FailureCode.CANCELLED if attempt.stop is None else attempt.stop
        self.failed(attempt, stopped(code, self.budget, self.gate.breaker), now)

    def report(self, attempt: Attempt, fraction: float, message: str, now: float) -> None:
        """A processor says how far it is with a document; it never goes back within an attempt."""
        if self.running.get(attempt.position) is not attempt or attempt.position == FINALIZE:
            return
        attempt.fraction = max(fraction, attempt.fraction or 0.0)
        attempt.message = message[:MAX_MESSAGE]
        self.reporting = True
        self.reports[attempt.position] = attempt
        self.herald.reported(now)

    def came_back(self, attempt: Attempt) -> None:
        """An abandoned attempt has ended after all."""
        if attempt.abandoned:
            attempt.abandoned = False
            self.gate.came_back()

    def _final_code(self, attempt: Attempt, verdict: Verdict) -> FailureCode | None:
        options = self.ledger.options
        if not verdict.retry or attempt.attempt > options.retry_attempts:
            return verdict.code
        if self.decided:
            return FailureCode.JOB_STOPPED
        return None

    def _wait_time(self, attempt: Attempt) -> float:
        options = self.ledger.options
        return wait_before(attempt.attempt + 1, options.retry_delay, options.retry_attempts)

    def _wait(self, attempt: Attempt, verdict: Verdict, now: float) -> FailureCode | None:
        """Have a document wait for its next attempt, unless that would begin too late."""
        wait = self._wait_time(attempt)
        if self.ledger.options.jitter:
            wait = self._desk.uniform(0.0, wait)
        if now + wait >= attempt.budget_end:
            return FailureCode.RETRY_BUDGET
        fault = Fault(verdict.code, verdict.error)
        if self._waiting is None:
            self._waiting = WaitingRoom(self.budget)
        self._waiting.enter(Waiting(attempt.position, attempt.attempt, attempt.first_started, fault), now + wait)
        self.arm(now + wait)
        return None

    def _fail(self, position: int, attempts: int, first_started: float, fault: Fault, now: float) -> None:
        self.ledger.failed.append((position, attempts, first_started, now, fault))
        self.busy += now - first_started
        self.left -= 1

    def _finalized(self, now: float, *, summary: Any = None, error: str | None = None) -> None:
        if not self.decided:
            self.summary = summary
            self.summary_error = error
        self._finalizes = False
        self._settled(now)

    def _settled(self, now: float) -> None:
        """Something settled that may change more than a counter."""
        most = self.ledger.options.max_failures
        too_many = most is not None and len(self.ledger.failed) > most
        if self.decided:
            self._drain()
        elif now >= self.deadline and (too_many or not self.left):
            self._time_out(now)
        elif too_many:
            self.fail(f"more than {most} of {self.total} documents failed", JobErrorCode.MAX_FAILURES, now)
        elif not self.left and self._finalizes:
            self._finalize_next = True
            self.survey()
        elif not self.left and self.ledger.ok:
            self._decide(JobStatus.COMPLETED, now)
        elif not self.left:
            self.fail(f"All {self.total} documents failed", JobErrorCode.ALL_FAILED, now)
        self.changed()

    def cancel(self, now: float, *, force: bool = False) -> bool:
        """Cancel the job; with ``force`` stop its running attempts too. False if it was decided before."""
        first = not self.decided
        if first:
            self._decide(JobStatus.CANCELLED, now)
        if force:
            self.stop_running()
        return first

    def stop_running(self, *, release: bool = False) -> None:
        """Stop the attempts that are running; with ``release`` their documents count as not started."""
        for attempt in self.running.values():
            attempt.released = release
            self._stop(attempt, FailureCode.CANCELLED)

    def fail(self, error: str, code: JobErrorCode, now: float) -> None:
        """Decide that the job has failed, whatever its documents."""
        self._decide(JobStatus.FAILED, now, error, code)

    def _time_out(self, now: float) -> None:
        self._decide(JobStatus.TIMEOUT, now, "Job timeout exceeded", JobErrorCode.TIMEOUT)

    def _decide(
        self, status: JobStatus, now: float, error: str | None = None, error_code: JobErrorCode | None = None
    ) -> None:
        self.before = self.mark()
        self.status, self.completed, self.error, self.error_code = status, now, error, error_code
        for waiting in [] if self._waiting is None else self._waiting.clear():
            self._fail_waiting(waiting, FailureCode.JOB_STOPPED, now)
        self.decision = self.mark()
        del self.gate.jobs[self]
        self._drain()
        self.changed()
        self.survey()

    def _drain(self) -> None:
        self.drained = not self.running

    def _stop(self, attempt: Attempt, code: FailureCode) -> None:
        if attempt.stop is None:
            attempt.stop = code
            self._desk.stops.append(attempt)
            self._desk.stir = True

    def tick(self, now: float) -> None:
        """Do what is due: the end of the job's time, of a budget, of a wait; a word to the listeners."""
        self.alarm = inf
        if now >= self.deadline and not self.decided:
            self._time_out(now)
        if any(now >= attempt.budget_end for attempt in self._seated.values()):
            for attempt in self.running.values():
                if now >= attempt.budget_end:
                    self._stop(attempt, FailureCode.DOCUMENT_TIMEOUT)
        if self._waiting is not None:
            self._waiting.end_waits(now)
            self._give_up_waiting(self._waiting.pop_late(now), now)
        if not self.decided:
            self.herald.tick(now)
        self.survey()
        self.arm(self._next_alarm())

    def _give_up_waiting(self, late: list[Waiting], now: float) -> None:
        """Settle the documents that could not start their next attempt within their budget."""
        for waiting in late:
            code = FailureCode.RETRY_BUDGET if self.gate.admits else self.gate.code
            self._fail_waiting(waiting, code, now)
        if late:
            self._settled(now)

    def _fail_waiting(self, waiting: Waiting, code: FailureCode, now: float) -> None:
        fault = Fault(code, waiting.fault.error)
        self._fail(waiting.position, waiting.attempts, waiting.first_started, fault, now)

    def _next_alarm(self) -> float:
        moments = [attempt.budget_end for attempt in self._seated.values() if attempt.stop is None]
        if self._waiting is not None:
            moments.append(self._waiting.next_alarm)
        if not self.decided:
            moments += [self.deadline, self.herald.next_alarm]
        return min(moments, default=inf)

    def arm(self, when: float) -> None:
        """Be ticked at ``when`` or before."""
        if self._desk.agenda.arm(self, when):
            self._desk.stir = True

    def follow(self) -> None:
        """Somebody reads the outcomes as they settle: tell of each, until ``followers`` goes down again."""
        self.followers += 1
        self.notable = self.total

    def changed(self) -> None:
        """There is something to record or to tell; what follows before that is gathered will be in it, too."""
        self.notable = self.total if self.decided else 0
        self._desk.changed[self] = None
        self._desk.stir = True
