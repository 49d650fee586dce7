"""What is done to the queue from outside, and what must come of each call."""

from collections.abc import Awaitable, Callable, Sequence
from math import inf
from typing import Any

from anyio import current_time, move_on_after

from docmill.errors import (
    DocmillError,
    IdempotencyConflictError,
    InvalidJobError,
    JobNotFoundError,
    JobStateError,
    QueueClosedError,
    StoreError,
)
from docmill.events import TerminalEvent
from docmill.model import Job, JobStatus
from docmill.queue import DocumentProcessingQueue
from docmill.testing.simulator import inside
from docmill.testing.simulator.attempts import EPSILON
from docmill.testing.simulator.jobs import TOLERANCE, JobWatch, Stage
from docmill.testing.simulator.keys import Keys
from docmill.testing.simulator.plan import EXTRA, Action, JobPlan
from docmill.testing.simulator.world import World

__all__ = ["DAY", "Actions"]

DAY = 24 * 3600.0

REFUSALS = (QueueClosedError, StoreError, IdempotencyConflictError)
"""What ``create_job`` may raise; of each conflict the keys say whether it had to be."""


class CleanUp:
    """One call of ``cleanup_old_jobs``; which jobs are old is seen when it begins."""

    def __init__(self, began: float, max_age: float) -> None:
        self.began = began
        self.max_age = max_age
        self.ended = inf


class Actions:
    """Calls of a run's queue. What they raise must be what is documented (R35).

    Attributes:
        pending: the steps of the plan that were begun and have not come to their end.
    """

    def __init__(self, world: World) -> None:
        self.pending = 0
        self._clean_ups: list[CleanUp] = []
        self._world = world
        self._history = world.history
        self._keys = Keys(world.history, world.watches)

    async def take(self, step: JobPlan | Action) -> None:
        """Do one step of the plan."""
        self.pending += 1
        try:
            await (self._act(step) if isinstance(step, Action) else self._ask_for(step))
        finally:
            self.pending -= 1

    async def _ask_for(self, plan: JobPlan) -> None:
        """Create a job, and wait for it like a caller does; after a crash ask again if there is a key."""
        queue = await self._world.opened()
        job_id = await self._call(lambda: self._create(queue, plan, plan.documents), *REFUSALS)
        if job_id is None and plan.key is not None:
            queue = await self._world.opened()
            job_id = await self._call(lambda: self._create(queue, plan, plan.documents), *REFUSALS)
        if job_id is not None:
            await self._await_end(queue, job_id)

    async def _act(self, action: Action) -> None:
        queue = await self._world.opened()
        if action.kind == "look":
            self._look(queue)
        elif action.kind == "clock":
            self._set_clock(action)
        elif action.kind == "close":
            await self.close(queue, action.amount)
        elif action.kind == "cleanup":
            await self.clean_up(queue, 30.0 * action.amount)
        else:
            watches = [watch for watch in self._world.watches.jobs.values() if queue.get_job_status(watch.id)]
            if watches:
                await self._act_on(queue, watches[int(action.choice * len(watches))], action)

    async def _act_on(self, queue: DocumentProcessingQueue, watch: JobWatch, action: Action) -> None:
        if action.kind == "cancel":
            await self._cancel(queue, watch, force=False)
        elif action.kind == "force":
            self._world.attempts.give_up(watch.id)
            await self._cancel(queue, watch, force=True)
        elif action.kind == "retry":
            await self._retry(queue, watch)
        elif action.kind == "owners":
            await self._try_as_another_owner(queue, watch)
        elif action.kind == "keys":
            await self._use_key_again(queue, watch)
        elif action.amount < 0.3:
            await self._read_events(queue, watch)
        else:
            await self._read_outcomes(queue, watch, int(action.choice * 5) if action.amount < 0.5 else None)

    async def _create(self, queue: DocumentProcessingQueue, plan: JobPlan, documents: tuple[str, ...]) -> str:
        with self._keys.asking(queue, plan, documents):
            job_id = await queue.create_job(
                documents,
                plan.type,
                plan.options,
                owner=plan.owner,
                idempotency_key=plan.key,
                metadata={"number": self._world.plan.jobs.index(plan)},
                priority=plan.priority,
            )
        self._created(queue, job_id)
        return job_id

    def _created(self, queue: DocumentProcessingQueue, job_id: str) -> None:
        if not self._is_current(queue):
            return
        self._history.note(job_id, "created")
        job = queue.get_job_status(job_id)
        self._history.expect(job is not None, "R18", "{} was created and is not there", job_id)
        if job is not None:
            self._world.watches.see(job, whole=True)

    async def _await_end(self, queue: DocumentProcessingQueue, job_id: str) -> None:
        job = await self._call(lambda: queue.wait(job_id), QueueClosedError, StoreError, JobNotFoundError)
        if job is not None:
            self._history.note(job_id, "waited", job.status)
            self._history.expect(job.status.is_terminal, "R16", "wait returned {} {}", job_id, job.status)
        await self._call(lambda: queue.wait(job_id, drained=True), QueueClosedError, StoreError, JobNotFoundError)

    async def _call(self, function: Callable[[], Awaitable[Any]], *allowed: type[DocmillError]) -> Any:
        """Call the queue; None if it raised something that it may raise."""
        try:
            return await function()
        except allowed as error:
            self._history.note("", "refused", type(error).__name__)
        except Exception as error:  # noqa: BLE001 - any other is a violation
            self._history.violate("R35", f"a call raised {error!r}")
        return None

    def _is_current(self, queue: DocumentProcessingQueue) -> bool:
        """Whether the queue is still the one of this life, and works."""
        return queue is self._world.queue and not inside.is_over(queue)

    def _look(self, queue: DocumentProcessingQueue) -> None:
        for job in queue.get_all_jobs():
            self._world.watches.see(job, whole=True)
        stats, expect = queue.stats(), self._history.expect
        expect(queue.get_job_status("job_0") is None, "R23", "an unknown job is there")
        jobs = queue.get_all_jobs()
        expect(stats.jobs == len(jobs), "R06", "stats count {} jobs of {}", stats.jobs, len(jobs))
        active = queue.get_all_jobs(active=True)
        expect(
            [job.id for job in active] == [job.id for job in jobs if not job.status.is_terminal],
            "R06",
            "active jobs differ",
        )
        self._history.note("", "looked", *((job.id, job.status, job.processed_documents) for job in jobs))

    async def _cancel(self, queue: DocumentProcessingQueue, watch: JobWatch, *, force: bool) -> None:
        before = queue.get_job_status(watch.id)
        first = await self._call(
            lambda: queue.cancel_job(watch.id, force=force), QueueClosedError, StoreError, JobNotFoundError
        )
        if not self._is_current(queue):
            return
        self._history.note(watch.id, "cancel", force, first)
        after = queue.get_job_status(watch.id)
        if first is None or before is None or after is None:
            return
        expect = self._history.expect
        expect(not (first and before.status.is_terminal), "R17", "{} was {} and is cancelled", watch.id, before.status)
        watch.cancels += first
        expect(watch.cancels <= 1, "R17", "{} was cancelled twice", watch.id)
        expect(
            not first or after.status is JobStatus.CANCELLED, "R17", "{} is {} after its cancel", watch.id, after.status
        )
        self._world.watches.see(after, whole=True)

    async def _retry(self, queue: DocumentProcessingQueue, watch: JobWatch) -> None:
        job = queue.get_job_status(watch.id)
        assert job is not None
        job_id = await self._call(
            lambda: queue.retry_job(watch.id), QueueClosedError, StoreError, JobStateError, InvalidJobError
        )
        if job_id is None:
            if self._is_current(queue) and job.drained and not self._plan_has_store_trouble():
                ok = len(job.results) == job.total_documents
                self._history.expect(ok, "Q22", "{} has something left and cannot be retried", watch.id)
            return
        self._created(queue, job_id)
        again = queue.get_job_status(job_id)
        settled = {result.document_id for result in job.results}
        left = [name for name in job.document_ids if name not in settled]
        self._history.expect(job.drained, "Q22", "{} was retried before it was drained", watch.id)
        if again is not None:
            self._history.expect(
                list(again.document_ids) == left, "Q22", "{} retries {} of {}", job_id, again.document_ids, left
            )
            self._history.expect(again.retry_of == watch.id, "Q22", "{} is a retry of {}", job_id, again.retry_of)
        await self._await_end(queue, job_id)

    def _plan_has_store_trouble(self) -> bool:
        return bool(
            self._world.plan.traits
            & {"outage", "fail_before", "fail_after", "crash", "commit_crash", "close", "slow_store", "killers"}
        )

    async def clean_up(self, queue: DocumentProcessingQueue, max_age: float) -> None:
        """Have old jobs removed, and check which are gone."""
        # Which are old is seen when the call is made; it returns once they are off the disk, which may take a minute.
        began, before = current_time(), {job.id: job for job in queue.get_all_jobs()}
        for job in before.values():
            self._world.watches.see(job, whole=False)
        told = {job_id for job_id, job in before.items() if self._is_told(self._world.watches.of(job))}
        mine = CleanUp(began, max_age)
        self._clean_ups.append(mine)
        removed = await self._call(lambda: queue.cleanup_old_jobs(max_age), QueueClosedError)
        mine.ended = current_time()
        others = [other for other in self._clean_ups if other is not mine and other.ended >= began]
        alone = not others
        gone = [job_id for job_id in before if queue.get_job_status(job_id) is None]
        for job_id in gone:
            self._world.watches.of(before[job_id]).gone = True
        if removed is None or not self._is_current(queue):
            return
        expect = self._history.expect
        self._history.note("", "cleanup", max_age, *gone)
        expect(removed == len(gone) or not alone, "R30", "cleanup says {} and removed {}", removed, gone)
        for job_id, job in before.items():
            watch = self._world.watches.of(job)
            if job_id in gone:
                self._check_removed(watch, job, [mine, *others])
            elif job.drained and job_id in told:
                age = watch.age(began)
                expect(age <= max_age + TOLERANCE, "R30", "{} was kept {} s old", job_id, age)
        if self._world.plan.durable and alone:
            expect(not set(gone) & set(self._world.disk.records), "R30", "{} is removed and still on the disk", gone)

    def _is_told(self, watch: JobWatch) -> bool:
        """Whether the end of a job was told, so that nobody needs it any more; of a deaf life only what it found so."""
        deaf = self._world.deaf and not watch.decided_at_open
        return deaf or watch.told_at_open or self._history.life in watch.heard

    def _check_removed(self, watch: JobWatch, job: Job, by: Sequence[CleanUp]) -> None:
        expect = self._history.expect
        heard = bool(watch.heard) or watch.streamed or self._world.deaf
        expect(heard, "R02", "{} was removed before anybody heard of its end", job.id)
        old = job.drained and any(watch.age(each.began) >= each.max_age - TOLERANCE for each in by)
        expect(old, "R30", "{} was removed {} s old, drained {}", job.id, watch.age(by[0].began), job.drained)

    def _set_clock(self, action: Action) -> None:
        span = 365 * DAY if action.amount > 0.5 else 3600.0 * 5
        self._world.clock.step(span * (2 * action.choice - 1))
        self._history.note("", "clock steps")

    async def _try_as_another_owner(self, queue: DocumentProcessingQueue, watch: JobWatch) -> None:
        foreign = queue.for_owner("eve")
        expect = self._history.expect
        expect(foreign.get_job_status(watch.id) is None, "R33", "eve sees {}", watch.id)
        expect(await foreign.load_job(watch.id) is None, "R33", "eve loads {}", watch.id)
        expect(not foreign.get_all_jobs(), "R33", "eve lists {}", watch.id)
        calls: list[Callable[[], Awaitable[Any]]] = [
            lambda: foreign.cancel_job(watch.id),
            lambda: foreign.wait(watch.id),
            lambda: foreign.retry_job(watch.id),
        ]
        for call in calls:
            try:
                answer = await call()
            except JobNotFoundError:
                continue
            except QueueClosedError:
                return
            self._history.violate("R33", f"eve has got {answer!r} of {watch.id}")
        ann = queue.get_all_jobs(owner="ann")
        expect(all(job.owner == "ann" for job in ann), "R33", "ann lists foreign jobs")

    async def _use_key_again(self, queue: DocumentProcessingQueue, watch: JobWatch) -> None:
        job = queue.get_job_status(watch.id)
        if job is None or watch.plan.key is None or job.retry_of is not None:
            return
        again = await self._call(lambda: self._create(queue, watch.plan, watch.documents), *REFUSALS)
        if again is None or queue.get_job_status(watch.id) is None:
            return
        self._history.expect(again == watch.id, "Q21", "{} has made {} and {}", watch.plan.key, watch.id, again)
        differing = watch.plan.documents if EXTRA in watch.documents else (*watch.documents, EXTRA)
        other = await self._call(lambda: self._create(queue, watch.plan, differing), *REFUSALS)
        there = other is not None and queue.get_job_status(watch.id) is not None
        self._history.expect(not there, "Q21", "{} has made {} for another request", watch.plan.key, other)

    async def _read_outcomes(self, queue: DocumentProcessingQueue, watch: JobWatch, most: int | None) -> None:
        """Read the outcomes from the first one on; with ``most`` leave after so many."""
        seen = []
        stream = queue.outcomes(watch.id)
        async with stream:
            async for outcome in stream:
                seen.append(outcome.document_id)
                if most is not None and len(seen) > most:
                    return
        job = queue.get_job_status(watch.id)
        if not self._is_current(queue) or job is None:
            return
        expected = [item.document_id for item in job.outcomes]
        self._history.expect(
            sorted(seen) == sorted(expected), "Q25", "{}: outcomes gave {} of {}", watch.id, seen, expected
        )
        self._history.expect(job.drained, "Q25", "{}: outcomes ended before the job was drained", watch.id)

    async def _read_events(self, queue: DocumentProcessingQueue, watch: JobWatch) -> None:
        last: Any = None
        async for event in queue.events(watch.id):
            expect = self._history.expect
            expect(last is None or event.seq > last.seq, "R27", "{}: a stream gave {} after {}", watch.id, event, last)  # type: ignore[union-attr]
            last = event
            if isinstance(event, TerminalEvent):
                watch.streamed = True
        if self._is_current(queue):
            self._history.expect(isinstance(last, TerminalEvent), "Q25", "{}: its events ended with {}", watch.id, last)

    async def close(self, queue: DocumentProcessingQueue, timeout: float) -> None:
        """Close the queue, and check what that must do."""
        began, life, crashes = current_time(), self._history.life, self._world.crashes
        self._history.note("", "closes", timeout)
        self._world.attempts.give_up(after=timeout)
        self._world.stage = Stage.CLOSING
        with move_on_after(timeout + 500.0) as scope:
            await self._call(lambda: queue.aclose(timeout))
        if life != self._history.life or crashes != self._world.crashes or inside.failed(queue):
            return
        self._world.stage = Stage.CLOSED
        took = current_time() - began
        slack = 1.0 + (90.0 if self._plan_has_store_trouble() else 0.0)
        self._history.expect(
            not scope.cancelled_caught and took <= timeout + slack + EPSILON,
            "R31",
            "closing took {} s of {}",
            took,
            timeout,
        )
        for job in queue.get_all_jobs():
            self._world.watches.see(job, whole=True)
            if not self._world.plan.durable:
                self._history.expect(job.status.is_terminal, "R16", "{} is {} after the close", job.id, job.status)
            watch = self._world.watches.of(job)
            watch.told_for_good = watch.told_for_good or life in watch.heard
