"""The bug bank: mistakes that the simulator must find, each put into the real code while a test runs."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import attrs

from docmill.core import attempt as attempt_module
from docmill.core import herald, job, scheduler
from docmill.core.breaker import Gate, State
from docmill.core.herald import Herald
from docmill.core.job import JobMachine
from docmill.core.scheduler import Scheduler
from docmill.core.trail import Trail
from docmill.core.waiting import WaitingRoom
from docmill.emitter import Emitter
from docmill.events import JobCompleted
from docmill.model import JobErrorCode, JobStatus
from docmill.queue import DocumentProcessingQueue
from docmill.runtime.lanes import Crew, Lane
from docmill.runtime.streams import OutcomeStream
from docmill.testing import simulator

__all__ = ["BUGS", "Bug", "finds"]

Bug = Callable[[], AbstractContextManager[None]]

BUGS: dict[str, Bug] = {}


def finds(seed: int, backend: Any = "asyncio") -> list[str]:
    """The invariants that a run violates; the stores take turns, as on the command line."""
    report = simulator.run_seed(seed, backend=backend, store="simulated" if seed % 2 else "memory")
    return [violation.rule for violation in report.violations]


@contextmanager
def replaced(owner: Any, name: str, mistake: Any) -> Iterator[None]:
    right = vars(owner)[name]
    setattr(owner, name, mistake)
    try:
        yield
    finally:
        setattr(owner, name, right)


def bug(owner: Any, name: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Register a mistake: a function that is given the right attribute and makes the wrong one of it."""

    def register(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
        BUGS[make.__name__] = lambda: replaced(owner, name, make(vars(owner)[name]))
        return make

    return register


@bug(JobMachine, "_wait_time")
def a_retry_comes_late(right: Any) -> Any:
    return lambda self, attempt: right(self, attempt) + 0.25


@bug(JobMachine, "_wait_time")
def a_retry_comes_early(right: Any) -> Any:
    return lambda self, attempt: right(self, attempt) * 0.9


@bug(JobMachine, "_wait_time")
def the_wait_does_not_double(right: Any) -> Any:
    return lambda self, attempt: self.ledger.options.retry_delay


@bug(WaitingRoom, "enter")
def a_document_is_lost_between_two_attempts(right: Any) -> Any:
    return lambda self, waiting, until: None if waiting.attempts == 2 else right(self, waiting, until)


@bug(Herald, "news")
def the_terminal_event_comes_twice(right: Any) -> Any:
    def news(self: Any, mark: Any, now: float, heard: Any) -> Iterator[Any]:
        if self.terminal is not None and not hasattr(self, "again"):
            self.again = True
            yield self.terminal
        yield from right(self, mark, now, heard)

    return news


@bug(JobMachine, "visible")
def it_is_shown_before_it_is_durable(right: Any) -> Any:
    return property(lambda self: self.mark())


@bug(attempt_module.Attempt, "budget_end")
def every_attempt_has_a_budget_of_its_own(right: Any) -> Any:
    return property(lambda self: self.started + self.job.budget)


@bug(Lane, "_raised")
def a_rogue_cancellation_is_swallowed(right: Any) -> Any:
    def raised(self: Any, attempt: Any, error: BaseException, now: float) -> None:
        if isinstance(error, Exception) or attempt.stop is not None:
            right(self, attempt, error, now)
        else:
            self.retired = self._leaving = True

    return raised


@bug(Emitter, "_emit_run")
def a_listener_kills_the_queue(right: Any) -> Any:
    def emit_run(self: Any, f: Any, args: Any, kwargs: Any) -> None:
        if f.__name__ == "raise_at_it":
            f(*args, **kwargs)
        right(self, f, args, kwargs)

    return emit_run


@bug(herald, "percent")
def progress_is_rounded(right: Any) -> Any:
    return lambda settled, total: round(100 * settled / total)


@bug(Gate, "admits")
def the_breaker_lets_two_probe(right: Any) -> Any:
    return property(lambda self: not self.stuck and self.state is not State.OPEN)


@bug(Gate, "succeeded")
def a_late_success_closes_the_circuit(right: Any) -> Any:
    def succeeded(self: Any, attempt: Any, now: float) -> None:
        if self.state is State.OPEN:
            self._close(now)
        right(self, attempt, now)

    return succeeded


@bug(Gate, "failed")
def broken_documents_open_the_circuit(right: Any) -> Any:
    return lambda self, attempt, verdict, now: right(self, attempt, verdict._replace(counted=True), now)


@bug(Gate, "stuck")
def stuck_attempts_do_not_count(right: Any) -> Any:
    return property(lambda self: False)


@bug(Scheduler, "forget")
def cleanup_takes_a_job_that_is_not_drained(right: Any) -> Any:
    def forget(self: Any, now: float, max_age: float, owner: str | None = None) -> Any:
        decided = [each for each in self.jobs.values() if each.completed is not None]
        before = [(each, each.drained, each.shown) for each in decided]
        for each in decided:
            each.drained, each.shown = True, each.shown._replace(drained=True)
        try:
            return right(self, now, max_age, owner)
        finally:
            for each, drained, shown in before:
                each.drained, each.shown = drained, shown

    return forget


@bug(Scheduler, "forget")
def cleanup_keeps_what_is_old(right: Any) -> Any:
    return lambda self, now, max_age, owner=None: right(self, now, 2 * max_age, owner)


@bug(Scheduler, "forget")
def a_key_outlives_its_job(right: Any) -> Any:
    def forget(self: Any, now: float, max_age: float, owner: str | None = None) -> Any:
        keys = dict(self._keys)
        gone = right(self, now, max_age, owner)
        self._keys = keys
        return gone

    return forget


@bug(JobMachine, "resume")
def a_reopening_makes_jobs_young(right: Any) -> Any:
    def resume(self: Any, mark: Any, now: float, **state: Any) -> None:
        right(self, mark if mark.completed is None else mark._replace(completed=now), now, **state)

    return resume


@bug(Scheduler, "find")
def another_owner_sees_the_job(right: Any) -> Any:
    return lambda self, job_id, owner=None: right(self, job_id)


@bug(Crew, "give_up")
def an_abandoned_seat_is_not_replaced(right: Any) -> Any:
    return lambda self, attempt, now: None


@bug(JobMachine, "resume")
def processed_falls_over_a_crash(right: Any) -> Any:
    def resume(self: Any, mark: Any, now: float, **state: Any) -> None:
        if mark.completed is None and mark.failed:
            self.ledger.failed.pop()
            mark = mark._replace(failed=mark.failed - 1)
        right(self, mark, now, **state)

    return resume


@bug(JobMachine, "resume")
def a_recorded_document_runs_again(right: Any) -> Any:
    def resume(self: Any, mark: Any, now: float, **state: Any) -> None:
        right(self, mark, now, **state)
        self.fresh = 0
        self.returned.clear()
        self.survey()

    return resume


@bug(JobMachine, "resume")
def elapsed_time_is_lost_over_a_crash(right: Any) -> Any:
    return lambda self, mark, now, **state: right(self, mark, now, **state | {"active": 0.0})


@bug(JobMachine, "resume")
def the_end_is_told_again_after_an_orderly_close(right: Any) -> Any:
    return lambda self, mark, now, **state: right(self, mark, now, **state | {"told": False})


@bug(JobMachine, "lives")
def a_crash_loop_is_seen_too_early(right: Any) -> Any:
    return property(lambda self: right.fget(self) + 2)


@bug(scheduler, "MAX_LIVES")
def a_crash_loop_is_seen_too_late(right: Any) -> Any:
    return right + 1


@bug(JobMachine, "leave")
def an_orderly_close_counts_as_a_crash(right: Any) -> Any:
    return lambda self: self.changed()


@bug(Herald, "_head")
def a_sequence_number_is_left_out(right: Any) -> Any:
    def head(self: Any, now: float) -> Any:
        self._seq += self._seq == 2
        return right(self, now)

    return head


@bug(Herald, "_terminal")
def the_duration_counts_from_the_creation(right: Any) -> Any:
    def terminal(self: Any, mark: Any, now: float) -> Any:
        event = right(self, mark, now)
        if not isinstance(event, JobCompleted):
            return event
        return attrs.evolve(event, duration=mark.completed - self._job.ledger.created)

    return terminal


@bug(Herald, "_progress_is_due")
def the_last_progress_is_not_told(right: Any) -> Any:
    return lambda self, mark, now, *, final: right(self, mark, now, final=final) and not final


@bug(Scheduler, "find_key")
def the_idempotency_key_is_ignored(right: Any) -> Any:
    return lambda self, owner, key: None


@bug(JobMachine, "start")
def one_attempt_too_many_at_once(right: Any) -> Any:
    def start(self: Any, now: float) -> Any:
        self.limit = self.ledger.options.max_concurrent + 1
        return right(self, now)

    return start


@bug(JobMachine, "_final_code")
def one_attempt_too_many(right: Any) -> Any:
    def final_code(self: Any, attempt: Any, verdict: Any) -> Any:
        attempt.attempt -= 1
        try:
            return right(self, attempt, verdict)
        finally:
            attempt.attempt += 1

    return final_code


@bug(JobMachine, "cancel")
def two_callers_have_cancelled(right: Any) -> Any:
    return lambda self, now, *, force=False: right(self, now, force=force) or self.status is JobStatus.CANCELLED


@bug(JobMachine, "_set_deadline")
def the_timeout_comes_late(right: Any) -> Any:
    return lambda self, began: right(self, began + 0.5)


@bug(JobMachine, "fail")
def a_job_without_a_result_is_completed(right: Any) -> Any:
    def fail(self: Any, error: str, code: JobErrorCode, now: float) -> None:
        if code is JobErrorCode.ALL_FAILED:
            self._decide(JobStatus.COMPLETED, now)
        else:
            right(self, error, code, now)

    return fail


@bug(job, "remaining_time")
def the_estimate_forgets_the_concurrency(right: Any) -> Any:
    return lambda **figures: right(**figures | {"max_concurrent": 1})


@bug(JobMachine, "_decide")
def a_waiting_document_is_forgotten_at_the_decision(right: Any) -> Any:
    def decide(self: Any, *arguments: Any) -> None:
        self._waiting.clear()
        right(self, *arguments)

    return decide


@bug(OutcomeStream, "_next")
def a_stream_skips_the_first_failure(right: Any) -> Any:
    def following(self: Any) -> Any:
        self._failed = max(self._failed, 1)
        with suppress(IndexError):
            return right(self)

    return following


@bug(DocumentProcessingQueue, "retry_job")
def a_retry_takes_all_documents(right: Any) -> Any:
    async def retry_job(self: Any, job_id: str, codes: Any = None, *, owner: Any = None) -> str:
        old = self._find(job_id, owner).snapshot(self._now())
        await right(self, job_id, codes, owner=owner)
        return await self.create_job(old.document_ids, old.type, old.options, owner=old.owner, metadata=old.metadata)

    return retry_job


@bug(Crew, "go_home")
def lanes_are_left_after_the_close(right: Any) -> Any:
    def go_home(self: Any) -> None:
        self.tear_down = lambda: None

    return go_home


@bug(Emitter, "listener_failed")
def a_listener_that_raises_is_not_counted(right: Any) -> Any:
    return lambda self, listener, error, heard: None


@bug(Trail, "resume")
def whoever_runs_in_a_crowd_is_blamed(right: Any) -> Any:
    def resume(self: Any, mark: Any, unsettled: Any) -> Any:
        unsettled = list(unsettled)
        if mark.alone is None and unsettled:
            mark = mark._replace(alone=unsettled[0])
        return right(self, mark, unsettled)

    return resume


@bug(Trail, "resume")
def one_crash_convicts(right: Any) -> Any:
    def resume(self: Any, mark: Any, unsettled: Any) -> Any:
        if mark.alone is not None:
            mark = mark._replace(blamed=(*mark.blamed, mark.alone))
        return right(self, mark, unsettled)

    return resume


@bug(Trail, "resume")
def nobody_is_ever_convicted(right: Any) -> Any:
    return lambda self, mark, unsettled: right(self, mark._replace(blamed=()), unsettled)


@bug(Trail, "resume")
def the_neighbour_of_the_guilty_is_convicted(right: Any) -> Any:
    def resume(self: Any, mark: Any, unsettled: Any) -> Any:
        convicted = right(self, mark, unsettled)
        if convicted and self.suspects:
            neighbour = self.suspects.popleft()
            self.suspects.append(convicted.pop())
            convicted.append(neighbour)
        return convicted

    return resume


@bug(JobMachine, "_take_up")
def suspects_run_among_the_others(right: Any) -> Any:
    def take_up(self: Any, mark: Any, now: float) -> None:
        right(self, mark, now)
        while self.trail.suspects:
            self._return(self.trail.suspects.popleft(), 0)

    return take_up


@bug(JobMachine, "_take_up")
def an_orderly_close_makes_suspects(right: Any) -> Any:
    def take_up(self: Any, mark: Any, now: float) -> None:
        self._lives = max(1, self._lives)
        right(self, mark, now)

    return take_up


@bug(JobMachine, "survey")
def suspects_run_first(right: Any) -> Any:
    def survey(self: Any) -> None:
        trail, hidden = self.trail, getattr(self.trail, "hidden", None)
        if hidden is None and trail is not None and trail.suspects and self.fresh < self.total:
            trail.hidden, self.fresh = self.fresh, self.total
        elif hidden is not None and not trail.suspects and trail.alone is None and not self.running:
            self.fresh, trail.hidden, trail.last = hidden, None, False
        right(self)

    return survey


@bug(Scheduler, "see_to_solo")
def a_suspect_does_not_wait_until_nothing_else_runs(right: Any) -> Any:
    def see_to_solo(self: Any) -> None:
        waiting = self.desk.solo
        if waiting is not None and not waiting.decided and not self.desk.halted and waiting.gate.admits:
            waiting.be_alone()
        right(self)

    return see_to_solo


@bug(JobMachine, "be_alone")
def a_suspect_starts_before_that_is_recorded(right: Any) -> Any:
    def be_alone(self: Any) -> None:
        right(self)
        self.shown = self.shown._replace(alone=self.trail.alone)
        self.survey()

    return be_alone


@bug(JobMachine, "be_alone")
def a_suspect_is_tried_again_among_the_others(right: Any) -> Any:
    def be_alone(self: Any) -> None:
        right(self)
        self.trail.last = False

    return be_alone


@bug(JobMachine, "_see_whether_it_has_run")
def the_others_go_on_before_that_is_recorded(right: Any) -> Any:
    def see(self: Any, trail: Any) -> None:
        right(self, trail)
        if trail.leaving and self._desk.solo is self:
            trail.leaving = False
            self._desk.solo, self._desk.solo_ended = None, True

    return see


@bug(JobMachine, "_ask")
def a_document_starts_before_it_is_reserved(right: Any) -> Any:
    def ask(self: Any, trail: Any, now: float) -> Any:
        attempt = right(self, trail, now)
        self.allowed = trail.reserved
        return attempt

    return ask


@bug(JobMachine, "lives")
def a_conviction_is_no_progress(right: Any) -> Any:
    return property(lambda self: self._lives if self.ledger.failed else right.fget(self))
