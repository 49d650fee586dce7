"""The oracle: what a job without faults comes to, by a page of arithmetic over its moods.

It knows nothing of the queue: seats, waits, budgets and the timeout, and nothing else. The jobs of a plan without
faults do not compete, so each is predicted alone.
"""

from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush
from math import inf
from typing import NamedTuple

from docmill.model import FailureCode, JobOptions, JobStatus
from docmill.testing.scripts import Mood

__all__ = ["Prediction", "predict"]


class Prediction(NamedTuple):
    """What must come of a job.

    Attributes:
        status: its terminal status.
        decided: when it is decided.
        starts: (when, document, attempt) of every attempt, in order.
        outcomes: by document: (code or "ok", attempts, processing time).
    """

    status: JobStatus
    decided: float
    starts: list[tuple[float, int, int]]
    outcomes: dict[int, tuple[str, int, float]]


class Oracle:
    """One job of the model, from the moment of its creation."""

    def __init__(
        self, moods: Sequence[Sequence[Mood]], options: JobOptions, summary: Sequence[Mood], begin: float
    ) -> None:
        self.moods, self.options, self.summary = moods, options, summary
        self.now = begin
        self.deadline = begin + (inf if options.timeout is None else options.timeout)
        self.happenings: list[tuple[float, int, str, int]] = []
        self.fresh = deque(range(len(moods)))
        self.due: deque[int] = deque()
        self.first: dict[int, float] = {}
        self.attempts = dict.fromkeys(range(len(moods)), 0)
        self.waiting: set[int] = set()
        self.running = 0
        self.starts: list[tuple[float, int, int]] = []
        self.outcomes: dict[int, tuple[str, int, float]] = {}
        self.status: JobStatus | None = None
        self.decided = inf

    def run(self) -> Prediction:
        """Let everything happen, in order."""
        self._fill_seats()
        while self.happenings and (self.status is None or self.running):
            self._go_to(self.happenings[0][0])
            while self.happenings and self.happenings[0][0] == self.now:
                _, _, what, document = heappop(self.happenings)
                getattr(self, f"_{what}")(document)
            self._decide_if_done()
            self._fill_seats()
        if self.status is None:
            self._decide(JobStatus.TIMEOUT, self.deadline)
        assert self.status is not None
        return Prediction(self.status, self.decided, self.starts, self.outcomes)

    def _go_to(self, moment: float) -> None:
        if self.status is None and moment >= self.deadline:
            self._decide(JobStatus.TIMEOUT, self.deadline)
        self.now = moment

    def _at(self, moment: float, what: str, document: int) -> None:
        heappush(self.happenings, (moment, document, what, document))

    def _fill_seats(self) -> None:
        while self.status is None and self.running < self.options.max_concurrent and (self.due or self.fresh):
            document = self.due.popleft() if self.due else self.fresh.popleft()
            self.waiting.discard(document)
            first = self.first.setdefault(document, self.now)
            self.attempts[document] += 1
            self.running += 1
            self.starts.append((self.now, document, self.attempts[document]))
            end = self.now + self._mood(document).seconds
            budget_end = first + self.options.document_timeout
            self._at(min(end, budget_end), "end" if end < budget_end else "overrun", document)

    def _mood(self, document: int) -> Mood:
        moods = self.moods[document]
        return moods[min(self.attempts[document], len(moods)) - 1]

    def _end(self, document: int) -> None:
        self.running -= 1
        kind = self._mood(document).kind
        if kind in ("ok", "permanent"):
            self._settle(document, kind)
            return
        attempts, options = self.attempts[document], self.options
        again = self.now + options.retry_delay * 2 ** (attempts - 1)
        if attempts > options.retry_attempts:
            self._settle(document, FailureCode.PROCESSOR_ERROR)
        elif self.status is not None:
            self._settle(document, FailureCode.JOB_STOPPED)
        elif again >= self.first[document] + options.document_timeout:
            self._settle(document, FailureCode.RETRY_BUDGET)
        else:
            self.waiting.add(document)
            self._at(again, "due_now", document)
            self._at(self.first[document] + options.document_timeout, "late", document)

    def _overrun(self, document: int) -> None:
        self.running -= 1
        self._settle(document, FailureCode.DOCUMENT_TIMEOUT)

    def _due_now(self, document: int) -> None:
        if document in self.waiting:
            self.due.append(document)

    def _late(self, document: int) -> None:
        if document in self.waiting:
            self.waiting.discard(document)
            self.due.remove(document)
            self._settle(document, FailureCode.RETRY_BUDGET)

    def _summarised(self, _: int) -> None:
        self.running -= 1
        if self.status is None:
            self._decide_by_outcomes()

    def _settle(self, document: int, code: str) -> None:
        self.outcomes[document] = (str(code), self.attempts[document], self.now - self.first[document])

    def _decide_if_done(self) -> None:
        if self.status is not None or len(self.outcomes) < len(self.moods) or self.running:
            return
        if not self.summary:
            self._decide_by_outcomes()
            return
        self.running += 1
        self.starts.append((self.now, -1, 1))
        budget = self.options.document_timeout
        self._at(self.now + min(self.summary[0].seconds, budget), "summarised", -1)

    def _decide_by_outcomes(self) -> None:
        ok = any(code == "ok" for code, _, _ in self.outcomes.values())
        self._decide(JobStatus.COMPLETED if ok else JobStatus.FAILED, self.now)

    def _decide(self, status: JobStatus, moment: float) -> None:
        self.status, self.decided = status, moment
        self.now = moment
        for document in sorted(self.waiting):
            self._settle(document, FailureCode.JOB_STOPPED)
        self.waiting.clear()


def predict(moods: Sequence[Sequence[Mood]], options: JobOptions, summary: Sequence[Mood], begin: float) -> Prediction:
    """What must come of a job whose documents have these moods.

    Args:
        moods: those of each document, one an attempt; the last one is for all later attempts.
        options: the job's.
        summary: the moods of ``finalize``, if there is one.
        begin: when it is created, and so starts.
    """
    return Oracle(moods, options, summary, begin).run()
