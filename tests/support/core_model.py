"""What the contract says must come of a job, as plain bookkeeping: the oracle of the random tests.

Nothing here is clever or quick. A ``Service`` is what a job type's gate has to be, an ``Expected`` what a job
has to be; both are told the same stimuli as the real rules, and compared with them afterwards.
"""

from collections import Counter, deque
from collections.abc import Iterable
from math import ceil, inf
from typing import Any

from docmill.core import Attempt, CircuitBreaker, JobMachine
from docmill.core.attempt import FINALIZE
from docmill.model import FailureCode, JobErrorCode, JobStatus

__all__ = ["Expected", "Service", "close"]


def close(one: float | None, other: float | None) -> bool:
    """Whether two estimates are the same but for the order in which floats were summed up."""
    return one == other if one is None or other is None else abs(one - other) < 0.002


class Service:
    """What the gate of a job type has to be.

    Attributes:
        announced: what must have been told of it: True for opened, False for closed.
        happened: counts what is worth counting.
    """

    def __init__(self, breaker: CircuitBreaker | None, max_abandoned: int, happened: Counter[str]) -> None:
        self.breaker = breaker
        self.max_abandoned = max_abandoned
        self.happened = happened
        self.state = "CLOSED"
        self.failures = 0
        self.until = inf
        self.changed = -inf
        self.probe: Attempt | None = None
        self.abandoned = 0
        self.announced: list[bool] = []

    @property
    def stuck(self) -> bool:
        return self.abandoned >= self.max_abandoned

    @property
    def admits(self) -> bool:
        return not self.stuck and (self.state == "CLOSED" or (self.state == "HALF_OPEN" and self.probe is None))

    @property
    def refusal(self) -> FailureCode:
        """The code of a document whose budget ends while it waits for a seat."""
        if self.stuck:
            return FailureCode.PROCESSOR_STUCK
        return FailureCode.RETRY_BUDGET if self.admits else FailureCode.CIRCUIT_OPEN

    def started(self, attempt: Attempt) -> None:
        assert self.admits, "R26: an attempt started behind a closed gate"
        if self.state == "HALF_OPEN":
            self.probe = attempt
            self.happened["probe"] += 1

    def ok(self, attempt: Attempt, now: float) -> None:
        if attempt is self.probe:
            self.happened["circuit closed by its probe"] += 1
            self.close(now)
        elif self.state != "CLOSED" or attempt.started < self.changed:
            self.happened["late success"] += 1
        else:
            self.failures = 0

    def bad(self, attempt: Attempt, now: float, *, counted: bool, pause: float | None, timed_out: bool) -> None:
        if pause is not None:
            self.happened["pause"] += 1
            self.open(now, max(now + pause, self.until if self.state == "OPEN" else now))
        elif attempt is self.probe:
            if counted or timed_out:
                assert self.breaker is not None
                self.happened["probe failed"] += 1
                self.open(now, now + self.breaker.cooldown)
            else:
                self.happened["probe ended uncounted"] += 1
                self.probe = None
        elif self.breaker is not None and counted and self.state == "CLOSED" and attempt.started >= self.changed:
            self.failures += 1
            if self.failures == self.breaker.failures:
                self.happened["circuit opened"] += 1
                self.open(now, now + self.breaker.cooldown)

    def taken_back(self, attempt: Attempt) -> None:
        if attempt is self.probe:
            self.happened["probe taken back"] += 1
            self.probe = None

    def tick(self, now: float) -> None:
        if self.state == "OPEN" and now >= self.until:
            if self.breaker is None:
                self.close(now)
            else:
                self.turn("HALF_OPEN", now)

    def open(self, now: float, until: float) -> None:
        self.turn("OPEN", now)
        self.until = until
        self.announced.append(True)

    def close(self, now: float) -> None:
        self.turn("CLOSED", now)
        if not self.stuck:
            self.announced.append(False)

    def turn(self, state: str, now: float) -> None:
        self.state, self.changed, self.failures, self.probe = state, now, 0, None

    def left_behind(self) -> None:
        self.abandoned += 1
        if self.abandoned == self.max_abandoned:
            self.happened["stuck"] += 1
            self.announced.append(True)

    def came_back(self) -> None:
        was_stuck = self.stuck
        self.abandoned -= 1
        if was_stuck and not self.stuck and self.state == "CLOSED":
            self.announced.append(False)

    def check(self, gate: Any) -> None:
        """Compare with the real gate."""
        assert (gate.state.name, gate.abandoned, gate.admits) == (self.state, self.abandoned, self.admits)
        calm = self.state == "CLOSED" and not self.failures and not self.stuck
        assert calm or not gate.calm, "a gate that is not calm has to be asked"
        if self.state == "OPEN":
            assert gate.alarm <= self.until, "an open circuit sleeps past its end"


class Expected:
    """What a job has to be.

    Args:
        machine: the real job.
        service: what its gate has to be.
        finalizes: whether its processor makes a summary.
        limit: attempts of it that may run at once.
        happened: counts what is worth counting.

    Attributes:
        ok: position, attempts, first start and settlement of the documents that succeeded.
        failed: the same and the code of those that failed.
        before: the lengths of both right before the decision.
        decision: and right after it, with the documents that were waiting.
        apart: the documents whose chunk was lost, so that they run alone.
        summary: "none", "pending", "running" or "done".
        late: whether the clock was ever turned past an alarm, so that limits of time were not kept.
    """

    def __init__(
        self, machine: JobMachine, service: Service, *, finalizes: bool, limit: int, happened: Counter[str]
    ) -> None:
        self.machine = machine
        self.service = service
        self.finalizes = finalizes
        self.limit = limit
        self.happened = happened
        self.options = machine.ledger.options
        self.total = len(machine.ledger.document_ids)
        self.fresh = 0
        self.returned: deque[int] = deque()
        self.waiting: dict[int, float] = {}
        self.running: dict[int, Attempt] = {}
        self.attempts: Counter[int] = Counter()
        self.first: dict[int, float] = {}
        self.ok: list[tuple[int, int, float, float]] = []
        self.failed: list[tuple[int, int, float, float, FailureCode]] = []
        self.status = JobStatus.PENDING
        self.code: JobErrorCode | None = None
        self.started: float | None = None
        self.completed: float | None = None
        self.deadline = inf
        self.before: tuple[int, int] | None = None
        self.decision: tuple[int, int] | None = None
        self.apart: set[int] = set()
        self.summary = "none"
        self.late = False

    @property
    def decided(self) -> bool:
        return self.completed is not None

    @property
    def settled(self) -> int:
        return len(self.ok) + len(self.failed)

    @property
    def at_work(self) -> int:
        """The attempts that run, a chunk counted as one."""
        return sum(not attempt.joined for attempt in self.running.values())

    def due(self, now: float) -> dict[int, float]:
        """The documents whose wait has ended, with the times at which it did."""
        return {position: until for position, until in self.waiting.items() if until <= now}

    def may_start(self, now: float, *, halted: bool, paused: bool) -> bool:
        if self.decided or paused or self.at_work >= self.limit or not self.service.admits:
            return False
        documents = bool(self.due(now)) or bool(self.returned) or self.fresh < self.total
        return self.summary == "pending" or (documents and not halted)

    def start(self, attempt: Attempt, now: float, *, halted: bool, paused: bool) -> None:
        """The real rules have started an attempt: see that they may have."""
        assert not self.decided, "R07: an attempt started after the decision"
        assert self.at_work < self.limit, "R08: too many attempts at once"
        assert not paused, "an attempt started although the store cannot record"
        assert attempt.started == now
        if self.started is None:
            self.status, self.started = JobStatus.PROCESSING, now
            self.deadline = inf if self.options.timeout is None else now + self.options.timeout
        if attempt.position == FINALIZE:
            assert self.summary == "pending"
            self.summary = "running"
            self.first[FINALIZE] = now
        else:
            assert not halted, "a document started although the queue closes"
            self._start_document(attempt, now)
        assert attempt.first_started == self.first[attempt.position]
        assert attempt.alone == (attempt.position in self.apart), "who was in a lost chunk runs alone, and nobody else"
        self.running[attempt.position] = attempt
        self.service.started(attempt)

    def _start_document(self, attempt: Attempt, now: float) -> None:
        position = attempt.position
        if due := self.due(now):
            assert due.get(position) == min(due.values()), "R10: a retry that is due goes first"
            del self.waiting[position]
            self.happened["retry"] += 1
            assert now < self.first[position] + self.options.document_timeout
        elif self.returned:
            assert position == self.returned.popleft()
            self.first[position] = now
        else:
            assert position == self.fresh, "R12: a document ran again, or out of order"
            self.fresh += 1
            self.first[position] = now
        self.attempts[position] += 1
        assert attempt.attempt == self.attempts[position]
        assert attempt.attempt <= 1 + self.options.retry_attempts, "R09: too many attempts"

    def join(self, leader: Attempt, most: int, joined: list[Attempt], *, halted: bool, paused: bool) -> None:
        """The real rules have let ``joined`` start in the chunk of a leader: see that it is who it has to be."""
        odd = self.attempts[leader.position] != 1 or leader.position in self.apart or leader.stop is not None
        shut = self.decided or halted or paused or self.service.stuck or self.service.state != "CLOSED"
        positions: list[int] = []
        if not odd and not shut:
            while self.returned and len(positions) < most and self._is_as_good_as_fresh(self.returned[0]):
                positions.append(self.returned.popleft())
                self.happened["joined again"] += 1
            fresh = min(most - len(positions), self.total - self.fresh)
            positions += range(self.fresh, self.fresh + fresh)
            self.fresh += fresh
        assert [attempt.position for attempt in joined] == positions
        for attempt in joined:
            assert (attempt.attempt, attempt.joined, attempt.alone) == (1, True, False)
            assert attempt.started == attempt.first_started == leader.first_started
            self.attempts[attempt.position] += 1
            self.first[attempt.position] = leader.first_started
            self.running[attempt.position] = attempt
        self.happened["joined"] += len(joined)

    def _is_as_good_as_fresh(self, position: int) -> bool:
        return not self.attempts[position] and position not in self.apart

    def give_back(self, attempt: Attempt, *, lost: bool) -> None:
        """An attempt is taken back; one that is lost counts, unless it was the last."""
        position = attempt.position
        del self.running[position]
        self.service.taken_back(attempt)
        self.happened["lost" if lost else "given back"] += 1
        if position == FINALIZE:
            self.summary = "pending"
            return
        if lost:
            self.apart.add(position)
        self.attempts[position] = min(attempt.attempt, self.options.retry_attempts) if lost else attempt.attempt - 1
        self.returned.append(position)

    def succeed(self, attempt: Attempt, now: float) -> None:
        del self.running[attempt.position]
        self.service.ok(attempt, now)
        if attempt.position == FINALIZE:
            self.happened["summary"] += 1
            self.summary = "done"
        else:
            position = attempt.position
            self.ok.append((position, self.attempts[position], self.first[position], now))
            self.happened["joined ok"] += attempt.joined
            self.happened["ok after decision"] += self.decided
        self.conclude(now)

    def fail(
        self, attempt: Attempt, now: float, code: FailureCode, *, retry: bool, counted: bool, pause: float | None
    ) -> None:
        position = attempt.position
        del self.running[position]
        timed_out = code is FailureCode.DOCUMENT_TIMEOUT
        self.service.bad(attempt, now, counted=counted, pause=pause, timed_out=timed_out)
        if position == FINALIZE:
            self.happened["summary failed"] += 1
            self.summary = "done"
        elif (final := self._final(position, now, code, retry=retry, pause=pause)) is not None:
            self.happened[f"failed {final}"] += 1
            self.failed.append((position, self.attempts[position], self.first[position], now, final))
        elif pause is not None:
            self.returned.append(position)
        else:
            self.waiting[position] = now + self._wait(position)
        self.conclude(now)

    def _wait(self, position: int) -> float:
        wait: float = self.options.retry_delay * 2 ** (self.attempts[position] - 1)
        return wait

    def _final(
        self, position: int, now: float, code: FailureCode, *, retry: bool, pause: float | None
    ) -> FailureCode | None:
        if not retry or self.attempts[position] > self.options.retry_attempts:
            return code
        if self.decided:
            return FailureCode.JOB_STOPPED
        if pause is None and now + self._wait(position) >= self.first[position] + self.options.document_timeout:
            return FailureCode.RETRY_BUDGET
        return None

    def conclude(self, now: float) -> None:
        """Decide the job if there is nothing left to wait for."""
        most = self.options.max_failures
        too_many = most is not None and len(self.failed) > most
        if self.decided or not (too_many or self.settled == self.total):
            return
        if now >= self.deadline:
            self.decide(JobStatus.TIMEOUT, now, JobErrorCode.TIMEOUT)
        elif too_many:
            self.decide(JobStatus.FAILED, now, JobErrorCode.MAX_FAILURES)
        elif self.finalizes and self.summary != "done":
            self.summary = "pending"
        elif self.ok:
            self.decide(JobStatus.COMPLETED, now)
        else:
            self.decide(JobStatus.FAILED, now, JobErrorCode.ALL_FAILED)

    def decide(self, status: JobStatus, now: float, code: JobErrorCode | None = None) -> None:
        assert not self.decided, "R01: decided twice"
        self.happened[f"{status}"] += 1
        self.before = len(self.ok), len(self.failed)
        self.status, self.completed, self.code = status, now, code
        self._fail_waiting(self.waiting, {FailureCode.JOB_STOPPED}, now)
        self.decision = len(self.ok), len(self.failed)

    def _fail_waiting(self, positions: Iterable[int], codes: set[FailureCode], now: float) -> None:
        """These have failed without running: take over the order, and the code where two are right."""
        positions = set(positions)
        rows = self.machine.ledger.failed[len(self.failed) :][: len(positions)]
        assert {row[0] for row in rows} == positions
        for position, _, _, _, fault in rows:
            assert fault.code in codes
            self.happened[f"failed {fault.code}"] += 1
            self.failed.append((position, self.attempts[position], self.first[position], now, fault.code))
            del self.waiting[position]

    def tick(self, now: float, refusals: set[FailureCode]) -> None:
        """Time has come to ``now``. Where a circuit changes at the same moment, there are two ``refusals``."""
        if not self.decided and now >= self.deadline:
            self.decide(JobStatus.TIMEOUT, now, JobErrorCode.TIMEOUT)
        budget = self.options.document_timeout
        late = [position for position in self.due(now) if now >= self.first[position] + budget]
        if late:
            self._fail_waiting(late, refusals, now)
            self.conclude(now)

    def next_due(self, now: float) -> float:
        """When the real job has to be ticked at the latest."""
        moments = [
            self.first[position] + self.options.document_timeout
            for position, attempt in self.running.items()
            if attempt.stop is None
        ]
        if not self.decided:
            moments.append(self.deadline)
        for position, until in self.waiting.items():
            moments.append(until if until > now else self.first[position] + self.options.document_timeout)
        return min(moments, default=inf)

    def eta(self, settled_ok: int, settled_failed: int, now: float) -> float | None:
        """R19: what the estimate has to be when so many documents are seen as settled."""
        rows = [row[:4] for row in self.ok[:settled_ok]] + [row[:4] for row in self.failed[:settled_failed]]
        left = self.total - len(rows)
        if not left:
            return 0.0
        if not rows:
            return None
        mean = sum(settled - first for _, _, first, settled in rows) / len(rows)
        estimate = mean * ceil(left / self.options.max_concurrent)
        return round(max(0.0, min(estimate, self.deadline - now)), 3)

    def check(self, now: float) -> None:
        """Compare with the real job."""
        machine = self.machine
        assert (machine.status, machine.error_code) == (self.status, self.code), "R01"
        assert (machine.started, machine.completed) == (self.started, self.completed)
        assert [row[:4] for row in machine.ledger.ok] == self.ok, "R13, R24"
        assert [(*row[:4], row[4].code) for row in machine.ledger.failed] == self.failed, "R13, R24"
        assert machine.left == self.total - self.settled >= 0, "R06"
        assert machine.running == self.running, "R08"
        assert machine.drained == (self.decided and not self.running)
        self._check_verdict()
        self._check_time()
        self._check_view(now)
        if machine.steady:
            assert not self.due(now)
            assert not self.returned
            assert self.summary not in {"pending", "running"}
            assert not self.decided
        assert machine.alarm <= self.next_due(now), "an alarm is missing"

    def _check_verdict(self) -> None:
        settled = self.settled == self.total
        if self.status is JobStatus.COMPLETED:
            assert settled, "R15"
            assert self.ok, "R15"
        if self.code is JobErrorCode.ALL_FAILED:
            assert settled, "R15"
            assert not self.ok, "R15"

    def _check_time(self) -> None:
        budget, created = self.options.document_timeout, self.machine.ledger.created
        if self.started is not None:
            assert created <= self.started, "R20"
        if self.completed is not None:
            assert max(created, self.started or created) <= self.completed, "R20"
        if self.status is JobStatus.TIMEOUT:
            assert self.completed is not None
            assert self.completed >= self.deadline, "R14"
            assert self.late or self.completed == self.deadline, "R14"
        if not self.late:
            assert all(row[3] <= row[2] + budget for row in (*self.ok, *self.failed)), "R11"
            assert self.decided or not self.status.is_terminal

    def _check_view(self, now: float) -> None:
        if self.machine.durable:
            return
        job = self.machine.snapshot(now)
        assert job.total_documents == self.total, "R20"
        assert (job.processed_documents, job.failed_documents) == (self.settled, len(self.failed)), "R06"
        assert job.processed_documents == len(job.results) + len(job.errors), "R06"
        assert job.progress == 100 * self.settled // self.total, "R05"
        assert (job.progress == 100) == (self.settled == self.total), "R05"
        expected = 0.0 if self.decided else self.eta(len(self.ok), len(self.failed), now)
        assert close(job.estimated_time_remaining, expected), "R19"
