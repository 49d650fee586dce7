"""A run's world: the queue of the moment, the disk and the clock that outlive it, and whoever watches."""

from random import Random
from typing import Any

from anyio import Event, current_time, sleep, sleep_forever

from docmill.core import CircuitBreaker
from docmill.model import Job
from docmill.ports import ProcessingContext, processor
from docmill.queue import DocumentProcessingQueue
from docmill.testing.faults import Fault, FaultyStore
from docmill.testing.scripts import Mood
from docmill.testing.simulator import inside
from docmill.testing.simulator.attempts import Attempts, Run
from docmill.testing.simulator.circuits import Circuits
from docmill.testing.simulator.clock import SteppingClock
from docmill.testing.simulator.disks import make_disk
from docmill.testing.simulator.ears import Ears
from docmill.testing.simulator.history import History
from docmill.testing.simulator.jobs import Stage, Watches
from docmill.testing.simulator.plan import ASYNC, BARE, SYNC, Death, Plan
from docmill.testing.simulator.suspects import Suspects

__all__ = ["World"]

LATE = {"slow_store", "fail_before", "fail_after", "outage"}
"""The traits with which a circuit's events come some time after the fact, as they wait for a commit."""


class World:
    """Everything that one run is made of.

    Attributes:
        queue: the queue of this life; None between two lives.
        calm: whether all faults are off.
        deaf: whether nobody listens in this life.
        over: whether the last life has ended.
        stage: how far this life has come.
        crashes: how many lives have ended in a crash.
        store_faults: how many commits were made to fail.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.history = History()
        self.clock = SteppingClock()
        self.disk = make_disk(plan.store)
        self.queue: DocumentProcessingQueue | None = None
        self.ears: Ears | None = None
        self.calm = False
        self.over = False
        self.stage = Stage.CLOSED
        self.crashes = 0
        self.store_faults = 0
        records = self.disk.records if plan.durable else None
        self.attempts = Attempts(plan, self.history, self.disk.records)
        self.watches = Watches(self.history, plan.jobs, self.attempts, records, self.find, self._decided_at)
        self.circuits = Circuits(plan, self.history, self.attempts, self.clock)
        self.suspects = Suspects(plan, self.history, self.attempts, self.disk.records, self.find)
        self.watches.check_guilt = self.suspects.check_outcomes
        self.attempts.on_begin, self.attempts.on_end = self._began, self.circuits.ended
        self.deaf = False
        self.up = Event()
        self._dice = Random(3 * plan.seed + 1)  # noqa: S311 - it has to be drawn again
        self._latest: DocumentProcessingQueue | None = None
        self._ids = 0
        self._store: FaultyStore | None = None

    def find(self, job_id: str) -> Job | None:
        """What the queue of this life says of a job."""
        return None if self.queue is None else self.queue.get_job_status(job_id)

    @property
    def raised(self) -> int:
        """How often the listeners of this life have raised."""
        return 0 if self.ears is None else self.ears.raised

    async def opened(self) -> DocumentProcessingQueue:
        """The queue, as soon as there is one that has opened."""
        while self.queue is None or not self.up.is_set():
            await self.up.wait()
        return self.queue

    def make_queue(self, death: Death | None, *, deaf: bool) -> DocumentProcessingQueue:
        """A new life: a queue over what is on the disk."""
        plan = self.plan
        self.history.life += 1
        self._store = None
        if plan.durable:
            self._store = FaultyStore(self.disk.mount(), self._commit_plan(death), self._crash_at_commit)
        queue = DocumentProcessingQueue(
            self._processors(self.history.life),
            store=self._store,
            max_workers=plan.max_workers,
            clock=self.clock,
            make_id=self._make_id,
            uniform=self._dice.uniform,
        )
        self.queue = self._latest = queue
        self.deaf = deaf
        self.circuits.reset(deaf=deaf or bool(plan.traits & LATE))
        self.watches.begin_life(self.stage, self.clock.wall())
        self.suspects.begin_life(self.stage)
        self.stage = Stage.OPENING
        self.attempts.dead = False
        self.ears = Ears(self.history, self.watches, self.circuits, self.disk.records if plan.durable else None)
        if not deaf:
            self.ears.listen(queue, documents=plan.seed % 3 == 0)
        self.ears.disturb(
            queue,
            raising="raising_listeners" in plan.traits and not deaf,
            slow="slow_listeners" in plan.traits and not deaf,
            calm=lambda: self.calm,
        )
        self.history.note("", "opens")
        return queue

    def has_opened(self, queue: DocumentProcessingQueue) -> None:
        """The queue of this life works, unless it has died while it said so."""
        if self.queue is queue:
            self.stage = Stage.OPEN
            self.watches.check_crash_loops()
            self.suspects.has_opened()

    def _began(self, run: Run) -> None:
        self.circuits.began(run)
        if self.plan.durable:
            self.suspects.began(run)

    def kill(self, run: Run) -> bool:
        """The time has come at which an attempt may kill the process; whether that is dead now."""
        if self.queue is not None and run.life == self.history.life:
            if not self.suspects.does_kill(run):
                return False
            self.history.note(run.job_id, "kills", run.document_id)
            self.crash()
        return True

    def crash(self) -> None:
        """The process dies."""
        queue = self.queue
        if queue is not None:
            self.history.note("", "crashes")
            self.crashes += 1
            self.attempts.dead = True
            if self.stage is Stage.OPEN:
                self.stage = Stage.CRASHED
            self.end_life()
            inside.crash(queue)

    def end_life(self) -> None:
        """The queue of this life is not there any more."""
        if self._store is not None:
            self.store_faults += self._store.faults
        self.queue = self._store = None
        if self.up.is_set():
            self.up = Event()

    def _crash_at_commit(self) -> None:
        assert self._store is not None
        self._store.faults -= 1
        self.crash()

    def _commit_plan(self, death: Death | None) -> Any:
        plan, dice, life = self.plan, self._dice, self.history.life

        def fault_of(number: int) -> tuple[Fault, float]:
            if life == self.history.life and self.attempts.dead:
                return Fault.BEFORE, 0.0  # what a dead process would write in what is left of its turn
            if self.calm or life != self.history.life:
                return Fault.NONE, 0.0
            latency = dice.uniform(0.0, plan.latency) if "slow_store" in plan.traits else 0.0
            if death is not None and death.commit == number:
                return death.fault, 0.0
            if plan.outage[0] <= current_time() < plan.outage[1]:
                return Fault.BEFORE, latency
            for trait, fault in (("fail_before", Fault.BEFORE), ("fail_after", Fault.AFTER)):
                if trait in plan.traits and dice.random() < plan.commit_rate:
                    return fault, latency
            return Fault.NONE, latency

        return fault_of

    def _decided_at(self, job_id: str) -> float | None:
        return None if self._latest is None else inside.decided_at(self._latest, job_id)

    def _make_id(self, _: int) -> str:
        self._ids += 1
        return f"job_{self._ids}"

    def _processors(self, life: int) -> dict[str, Any]:
        plan = self.plan
        declare = processor(
            breaker=CircuitBreaker(failures=plan.breaker_failures, cooldown=plan.cooldown),
            max_abandoned=plan.max_abandoned,
        )
        bare = processor(breaker=None, max_abandoned=plan.max_abandoned)
        return {
            ASYNC: declare(WatchedWithSummary(self, life) if plan.summary else Watched(self, life)),
            BARE: bare(Watched(self, life)),
            SYNC: declare(WatchedSync(self, life)),
        }


class Watched:
    """An async processor that plays the moods of the plan, and tells who watches."""

    def __init__(self, world: World, life: int) -> None:
        self._world = world
        self._life = life

    async def __call__(self, document_id: str, context: ProcessingContext) -> Any:
        """Play the mood of this attempt."""
        moods = self._world.plan.moods[document_id]
        return await self._play(moods[min(context.attempt, len(moods)) - 1], context)

    async def _play(self, mood: Mood, context: ProcessingContext) -> Any:
        attempts = self._world.attempts
        run = attempts.began(self._life, context)
        try:
            if self._world.suspects.kills(run):
                await self._kill(run)
            data = await mood.play(context)
        except BaseException as error:
            attempts.ended(run, error)
            raise
        attempts.ended(run, None)
        return data

    async def _kill(self, run: Run) -> None:
        await sleep(self._world.plan.killers[run.document_id].after)
        if self._world.kill(run):
            await sleep_forever()


class WatchedWithSummary(Watched):
    """The same with a summary."""

    async def finalize(self, _: Any, context: ProcessingContext) -> Any:
        """Make the summary."""
        return await self._play(self._world.plan.summary[0], context)


class WatchedSync:
    """The same as a sync processor."""

    def __init__(self, world: World, life: int) -> None:
        self._world = world
        self._life = life

    def __call__(self, document_id: str, context: ProcessingContext) -> Any:
        """Play the mood of this attempt; its end lies ahead, since its seconds are virtual."""
        attempts, moods = self._world.attempts, self._world.plan.moods[document_id]
        mood = moods[min(context.attempt, len(moods)) - 1]
        run = attempts.began(self._life, context)
        try:
            if self._world.suspects.kills(run) and self._world.kill(run):
                raise SystemExit("the process is dead")
            data = mood.play_sync(context)
        except BaseException as error:
            attempts.ended(run, error, after=mood.seconds)
            raise
        attempts.ended(run, None, after=mood.seconds)
        return data
