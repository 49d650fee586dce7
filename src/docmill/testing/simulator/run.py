"""One simulated run: lives of a queue, what is done to it meanwhile, and the calm after which all must have ended."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Literal

import attrs
from anyio import create_task_group, current_time, get_running_tasks, move_on_after, sleep

from docmill.errors import QueueClosedError, StoreError
from docmill.model import Job
from docmill.queue import DocumentProcessingQueue
from docmill.runtime.committer import LONGEST_WAIT
from docmill.testing.simulator import inside
from docmill.testing.simulator.actions import DAY, Actions
from docmill.testing.simulator.against_model import check_against_model
from docmill.testing.simulator.history import History, Violation
from docmill.testing.simulator.jobs import TOLERANCE, JobWatch
from docmill.testing.simulator.plan import Plan, Store, draw
from docmill.testing.simulator.world import World
from docmill.testing.virtual import Backend, simulate

__all__ = ["Report", "run_plan", "run_seed"]

LIMIT = 200_000.0
"""Virtual seconds within which everything must have ended once the faults are off."""

ZOMBIES = 1_000.0
"""Virtual seconds after which every attempt that could not be cancelled has ended."""


@attrs.frozen(kw_only=True)
class Report:
    """What came of one run."""

    plan: Plan
    history: History
    documents: int
    jobs: int
    crashes: int
    store_faults: int
    virtual_hours: float

    @property
    def violations(self) -> list[Violation]:
        """What must not have happened."""
        return self.history.violations


def run_seed(seed: int, *, backend: Backend = "asyncio", store: Store = "memory") -> Report:
    """Simulate the run of a seed."""
    return run_plan(draw(seed, store=store), backend=backend)


def run_plan(plan: Plan, *, backend: Backend = "asyncio") -> Report:
    """Simulate a run. The same plan has the same history, on each backend its own."""
    world = World(plan)
    with _quiet(), _seeded(plan.seed, backend):
        try:
            hours = simulate(_run, world, backend=backend) / 3600.0
        except BaseException as error:
            if not isinstance(error, Exception):
                raise
            world.history.violations.append(Violation("R16", 0.0, f"the run broke: {error!r}"))
            hours = 0.0
        finally:
            world.disk.close()
    return Report(
        plan=plan,
        history=world.history,
        documents=sum(len(watch.documents) for watch in world.watches.jobs.values()),
        jobs=len(world.watches.jobs),
        crashes=world.crashes,
        store_faults=world.store_faults,
        virtual_hours=hours,
    )


async def _run(world: World) -> float:
    actions = Actions(world)
    async with create_task_group() as tasks:
        tasks.start_soon(_live, world)
        for step in world.plan.steps:
            await sleep(step.at - current_time())
            tasks.start_soon(actions.take, step)
        await sleep(world.plan.horizon - current_time())
        world.calm = True
        await _settle(world, actions)
        tasks.cancel_scope.cancel()
    return current_time()


async def _live(world: World) -> None:
    """Open the queue again whenever it has ended."""
    deaths = list(world.plan.deaths)
    deaf = "deaf" in world.plan.traits
    while not world.over:
        death = deaths.pop(0) if deaths and not world.calm else None
        queue = world.make_queue(death, deaf=deaf and world.history.life < 2 and not world.calm)
        try:
            await queue.start()
        except (QueueClosedError, StoreError):
            world.history.note("", "cannot open")
        else:
            world.has_opened(queue)
        if world.queue is queue:
            world.watches.opened_at = current_time()
            world.up.set()
            if death is not None and death.after is not None:
                with move_on_after(death.after):
                    await inside.wait_for_end(queue)
                if world.queue is queue and not world.calm and not inside.is_over(queue):
                    world.crash()
        await inside.wait_for_end(queue)
        if world.queue is queue:
            world.end_life()
        await sleep(0.5 if death is None or world.calm else death.downtime)


async def _settle(world: World, actions: Actions) -> None:
    """Wait for what must come now that the faults are off, and check what there is then."""
    history = world.history
    with move_on_after(LIMIT) as scope:
        queue = await _rest(world, actions)
        if world.deaf and world.plan.durable:
            await actions.close(queue, 1.0)
            queue = await _rest(world, actions)
    if scope.cancelled_caught:
        history.violate("R16", "the queue did not come to rest")
        return
    _check_rest(world, queue)
    if "next_day" in world.plan.traits:
        await sleep(25 * 3600.0)
        left = [job.id for job in queue.get_all_jobs()]
        history.expect(not left, "R30", "{} are there a day after", left)
    else:
        await actions.clean_up(queue, 5.0)
    world.over = True
    await actions.close(queue, 10.0)
    await sleep(ZOMBIES)
    names = [str(task.name) for task in get_running_tasks()]
    tasks = [name for name in names if name.startswith("docmill ")]
    history.expect(not tasks, "R31", "tasks are left after the close: {}", tasks)


async def _join(world: World) -> DocumentProcessingQueue:
    while True:
        queue = await world.opened()
        try:
            await queue.join()
        except (QueueClosedError, StoreError):
            world.history.note("", "cannot join")
        if queue is world.queue and not inside.is_over(queue):
            return queue
        await sleep(1.0)


async def _rest(world: World, actions: Actions) -> DocumentProcessingQueue:
    """Wait until all has ended and nothing new has come for longer than telling takes."""
    pause = 1.0 + _commit_under_way(world.plan)
    while True:
        queue = await _join(world)
        await sleep(pause)
        if not actions.pending and queue is world.queue and all(job.drained for job in queue.get_all_jobs()):
            return queue
        pause *= 2.0


def _commit_under_way(plan: Plan) -> float:
    """Seconds that a commit may take which began before the calm; what a reopening has to tell waits for its end."""
    latency = plan.latency if "slow_store" in plan.traits else 0.0
    return latency + (LONGEST_WAIT if plan.traits & {"fail_before", "fail_after", "outage"} else 0.0)


def _check_rest(world: World, queue: DocumentProcessingQueue) -> None:
    expect, life = world.history.expect, world.history.life
    counted, raised = queue.stats().listener_failures, world.raised
    expect(counted == raised, "R28", "listeners raised {} times, counted were {}", raised, counted)
    for watch in world.watches.jobs.values():
        job = queue.get_job_status(watch.id)
        if job is None:
            _check_gone(world, watch)
            continue
        world.watches.see(job, whole=True)
        expect(job.status.is_terminal and job.drained, "R16", "{} is {}, drained {}", job.id, job.status, job.drained)
        if not world.deaf:
            expect(bool(watch.heard) or watch.streamed, "R02", "{}: nobody has heard of its end", job.id)
            expect(life in watch.heard or watch.decided_at_open, "R02", "{}: its end was not told in this life", job.id)
        if world.plan.durable:
            _check_record(world, job)
            world.suspects.check_end(job)
        if world.plan.plain:
            check_against_model(world, watch, job)


def _check_record(world: World, job: Job) -> None:
    """Memory equals the store at rest, as far as both say the same: R21."""
    record = world.disk.records.get(job.id)
    if record is None:
        world.history.violate("R21", f"{job.id} is not on the disk at rest")
        return
    there = [(job.document_ids[row[0]], row[1], row[4].read()) for row in record.ok]
    failed = [(job.document_ids[row[0]], row[1], row[4].code, row[4].error) for row in record.failed]
    same = there == [(item.document_id, item.attempts, item.data) for item in job.results]
    same = same and failed == [(item.document_id, item.attempts, item.code, item.error) for item in job.errors]
    world.history.expect(same and record.mark.drained, "R21", "{}: disk and memory differ at rest", job.id)


def _check_gone(world: World, watch: JobWatch) -> None:
    """A job is not there any more: it was cleaned up, by a call or by the hour, or went with a life's memory."""
    if watch.gone or not (world.plan.durable or watch.born == world.history.life):
        return
    hours = (current_time() - world.watches.opened_at) // 3600.0
    age = watch.age(world.watches.opened_at + hours * 3600.0) if hours else 0.0
    world.history.expect(age >= DAY - TOLERANCE, "R18", "{} is lost", watch.id)
    heard = bool(watch.heard) or watch.streamed or world.deaf
    world.history.expect(heard, "R02", "{}: nobody has heard of its end", watch.id)


@contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("docmill")
    disabled, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = disabled


@contextmanager
def _seeded(seed: int, backend: Literal["asyncio", "trio"]) -> Iterator[None]:
    """Let trio's scheduler draw the same order again: the two names are its own, made for hypothesis."""
    if backend == "asyncio":
        yield
        return
    scheduler: Any = import_module("trio._core._run")
    dice, name = scheduler._r, "_ALLOW_DETERMINISTIC_SCHEDULING"  # noqa: SLF001
    before, state = getattr(scheduler, name), dice.getstate()
    setattr(scheduler, name, True)
    dice.seed(seed)
    try:
        yield
    finally:
        setattr(scheduler, name, before)
        dice.setstate(state)
