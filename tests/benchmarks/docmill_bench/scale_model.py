"""A thousand workers without one: the real rules of docmill, and the rest of the world in virtual time."""

import heapq
import random
import time
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from itertools import accumulate, count, cycle, islice
from math import exp, inf, log
from statistics import median
from typing import Any, Final

import attrs

from docmill.core import Attempt, JobMachine, Scheduler, Seats, Verdict
from docmill.engines.remote.sizes import OVERTIME, WINDOW, ChunkSize
from docmill.model import FailureCode, JobOptions, Ledger

JOB_TYPE: Final = "DOCUMENTS"
HEARD: Final = frozenset({"progress"})
BUDGET: Final = 600.0
"""Seconds for a document, more than the slowest worker needs for the longest one."""

EVERY: Final = 16
"""Of so many stimuli one is timed; the clock of a thread may be slow. The start of a job, which is large, always is."""

DIED: Final = Verdict(FailureCode.WORKER_DIED, "the worker died", retry=True, counted=False)


@attrs.frozen(kw_only=True)
class World:
    """What is simulated.

    Attributes:
        workers: that run one chunk at a time.
        jobs: one after another.
        documents: in each job.
        drawn: documents whose work is drawn, and then repeated; None for all.
        seconds: of work in a document, on average.
        spread: sigma of the lognormal distribution from which its work is drawn.
        longest: seconds of work in the longest document.
        slow: the share of workers that are slow.
        slower: how many times as long everything takes there.
        deaths: of a worker in an hour.
        away: seconds until a worker that has died is replaced.
        chunk_seconds: what the engine is told.
        overhead: seconds that a worker needs between two chunks.
        per_chunk, per_document: CPU seconds of the host, which has one core for them; 0 for a host that costs nothing.
        seed: of all that is drawn.
    """

    workers: int
    jobs: int
    documents: int
    drawn: int | None = None
    seconds: float = 0.05
    spread: float = 1.5
    longest: float = 20.0
    slow: float = 0.01
    slower: float = 4.0
    deaths: float = 0.1
    away: float = 10.0
    chunk_seconds: float = 0.5
    overhead: float = 0.001
    per_chunk: float = 0.0
    per_document: float = 0.0
    seed: int = 4711


@attrs.define
class Found:
    """What a simulation has found.

    Attributes:
        documents: that were settled, and how many of them failed.
        chunks: that were sent.
        makespan: virtual seconds for all jobs.
        ideal: those that the work would take if it were spread without a gap, over workers that never die.
        tails: seconds of each job from the moment in which nothing was left to start to its end.
        again: documents that ran more than once, since their worker died.
        alone: documents that had to run in a chunk of their own after that.
        died: workers that died.
        host: virtual seconds for which the host was at work.
        core: CPU seconds that the rules have really used.
        wall: real seconds of the simulation.
        most: documents that were out at once.
    """

    documents: int = 0
    failed: int = 0
    chunks: int = 0
    makespan: float = 0.0
    ideal: float = 0.0
    tails: list[float] = attrs.Factory(list)
    again: int = 0
    alone: int = 0
    died: int = 0
    host: float = 0.0
    core: float = 0.0
    wall: float = 0.0
    most: int = 0

    @property
    def tail(self) -> float:
        """The usual tail of a job, in seconds."""
        return median(self.tails)

    @property
    def rate(self) -> float:
        """Documents a second."""
        return self.documents / self.makespan


class Costs:
    """The work in each document: drawn once, and used by each job from another place on."""

    def __init__(self, world: World, dice: random.Random) -> None:
        middle = log(world.seconds) - world.spread**2 / 2
        number = world.drawn or world.documents
        drawn = [min(exp(dice.gauss(middle, world.spread)), world.longest) for _ in range(number)]
        scale = world.seconds * number / sum(drawn)  # what was cut off at the longest one is given back to all
        self.each = array("d", islice(cycle([cost * scale for cost in drawn]), 2 * world.documents))
        self.total = sum(self.each[: world.documents])
        self.shift = 0


class Chunk:
    """A chunk that is out.

    Attributes:
        members: its attempts.
        run: how many of them are run before the time of the chunk is up.
        work: seconds of work in those.
        began: when a worker began with it.
    """

    __slots__ = ("_ends", "began", "members", "run", "work")

    def __init__(self, members: Sequence[Attempt]) -> None:
        self.members = members
        self.run = 0
        self.work = 0.0
        self.began = 0.0

    def begin(self, costs: Costs, until: float, now: float) -> None:
        """A worker begins with it, and begins no document ``until`` seconds of work later."""
        self.began = now
        each, shift = costs.each, costs.shift
        self._ends = list(accumulate([each[attempt.position + shift] for attempt in self.members]))
        self.run = self._begun(until, len(self.members))
        self.work = self._ends[self.run - 1]

    def begun(self, work: float) -> int:
        """How many documents have begun after so much work."""
        return self._begun(work, self.run)

    def _begun(self, work: float, most: int) -> int:
        return 1 + bisect_left(self._ends, work, 0, most - 1)


class Simulation:
    """The rules, with workers that are numbers.

    Args:
        world: what is simulated.
        say: hears of the progress, after each job.
    """

    def __init__(self, world: World, say: Callable[[str], None] = lambda _: None) -> None:
        self.found = Found()
        self._world = world
        self._say = say
        self._dice = random.Random(world.seed)
        self._costs = Costs(world, self._dice)
        self._scheduler = Scheduler(max_workers=WINDOW * world.workers, uniform=self._dice.uniform)
        self._scheduler.register(JOB_TYPE)
        self._scheduler.seat(JOB_TYPE, Seats(WINDOW * world.workers), lambda: None)
        self._sizes = ChunkSize(world.chunk_seconds)
        self._ids = [f"document-{number}" for number in range(world.documents)]
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = count()
        self._calls = count()
        self._clock = min(-(time.thread_time() - time.thread_time()) for _ in range(1_000))
        self._waiting: deque[Chunk] = deque()
        self._idle = list(range(world.workers))
        self._at: list[Chunk | None] = [None] * world.workers
        slow = int(world.slow * world.workers)
        self._speed = [1.0 / world.slower] * slow + [1.0] * (world.workers - slow)
        self._free_at = 0.0
        self._job: JobMachine | None = None
        self._nothing_left = 0.0

    def run(self) -> Found:
        """Run all jobs."""
        world, found = self._world, self.found
        began = time.perf_counter()
        now = 0.0
        self._plan_death(now)
        for number in range(world.jobs):
            self._costs.shift = self._dice.randrange(world.documents)
            now = self._run_job(number, now)
            taken = time.perf_counter() - began
            left = taken / (number + 1) * (world.jobs - number - 1)
            self._say(
                f"{found.documents:,} documents in {now:,.0f} virtual seconds; the rules took "
                f"{found.core / found.documents * 1e6:.2f} µs of CPU for each; {taken:.0f} s, {left:.0f} s to go"
            )
        found.makespan = now
        found.ideal = world.jobs * self._costs.total / sum(self._speed)
        found.wall = time.perf_counter() - began
        return found

    def _run_job(self, number: int, now: float) -> float:
        options = JobOptions(max_concurrent=WINDOW * self._world.workers, timeout=None, document_timeout=BUDGET)
        ledger = Ledger(
            id=f"job-{number}",
            document_ids=self._ids,
            type=JOB_TYPE,
            options=options,
            owner=None,
            idempotency_key=None,
            metadata={},
            priority=0,
            retry_of=None,
            created=now,
            wall_offset=0.0,
        )
        job = self._job = self._scheduler.add(ledger)
        self._nothing_left = inf
        self._core(self._go_on, now)
        while not job.drained:
            agenda = self._scheduler.desk.agenda
            if agenda.next <= self._events[0][0]:
                now = max(now, agenda.next)
                self._core(self._tick, now)
            else:
                when, _, event, arguments = heapq.heappop(self._events)
                now = max(now, when)
                event(now, *arguments)
        now = max(now, self._free_at)
        self.found.documents += len(ledger.ok) + len(ledger.failed)
        self.found.failed += len(ledger.failed)
        self.found.tails.append(now - self._nothing_left)
        self._scheduler.forget(now, 0.0)
        return now

    def _core(self, function: Callable[..., None], *arguments: Any) -> None:
        """Do something that the host of the rules has to do, and now and then count its CPU time for all the others."""
        timed = function == self._go_on or not next(self._calls) % EVERY
        began = time.thread_time() if timed else 0.0
        function(*arguments)
        if timed:
            taken = max(0.0, time.thread_time() - began - self._clock)
            self.found.core += taken if function == self._go_on else taken * EVERY
        self._hand_out(arguments[0])

    def _at_host(self, now: float, documents: int) -> float:
        """When the host, which does one thing after another, has dealt with a chunk that has come back by now."""
        takes = self._world.per_chunk + self._world.per_document * documents
        self.found.host += takes
        self._free_at = max(now, self._free_at) + takes
        return self._free_at

    def _go_on(self, now: float) -> None:
        """Send what may be sent, and tell what is to be told."""
        found, job = self.found, self._job
        assert job is not None
        while (attempt := self._scheduler.take(now, None)) is not None:
            members = [attempt]
            if job.waiting and not attempt.alone:
                size = self._sizes.of(job.waiting, self._world.workers, job.budget)
                members += job.join(attempt, min(size - 1, job.waiting))
            found.alone += attempt.alone
            found.chunks += 1
            self._waiting.append(Chunk(members))
        found.most = max(found.most, len(job.running))
        if not job.waiting and not job.returned and self._nothing_left == inf:
            self._nothing_left = now
        desk = self._scheduler.desk
        assert not desk.stops
        for changed in list(desk.changed):
            del desk.changed[changed]
            mark = changed.gather()
            changed.recorded(mark)
            for _ in changed.herald.news(mark, now, HEARD):
                pass

    def _tick(self, now: float) -> None:
        self._scheduler.tick(now)
        self._go_on(now)

    def _hand_out(self, now: float) -> None:
        """Let idle workers begin with what waits for them."""
        world = self._world
        while self._waiting and self._idle:
            chunk, worker = self._waiting.popleft(), self._idle.pop()
            self._at[worker] = chunk
            speed = self._speed[worker]
            began = max(now, self._free_at) + world.overhead
            chunk.begin(self._costs, OVERTIME * world.chunk_seconds * speed, began)
            self._plan(began + chunk.work / speed, self._ended, worker, chunk)

    def _ended(self, now: float, worker: int, chunk: Chunk) -> None:
        """A worker has run a chunk, unless it has died meanwhile."""
        if self._at[worker] is not chunk:
            return
        self._at[worker] = None
        self._idle.append(worker)
        self._hand_out(now)
        self._plan(self._at_host(now, chunk.run), self._answered, chunk, chunk.work / self._speed[worker])

    def _answered(self, now: float, chunk: Chunk, seconds: float) -> None:
        self._core(self._settle, now, chunk, seconds)

    def _settle(self, now: float, chunk: Chunk, seconds: float) -> None:
        self._sizes.measured(chunk.run, seconds)
        leader, job = chunk.members[0], chunk.members[0].job
        for attempt in chunk.members[1 : chunk.run]:
            job.joined_succeeded(attempt, None, now)
        for attempt in chunk.members[chunk.run :]:
            attempt.released = True
            job.failed(attempt, DIED, now)
        job.succeeded(leader, None, now)
        job.survey()
        self._go_on(now)

    def _plan_death(self, now: float) -> None:
        rate = self._world.deaths * self._world.workers / 3600
        self._plan(now + self._dice.expovariate(rate) if rate else inf, self._die)

    def _die(self, now: float) -> None:
        """A worker dies, with what it runs."""
        self._plan_death(now)
        worker = self._dice.randrange(self._world.workers)
        chunk, self._at[worker] = self._at[worker], None
        if chunk is None and worker not in self._idle:
            return  # it is away already
        self.found.died += 1
        self._plan(now + self._world.away, self._come_back, worker)
        if chunk is None:
            self._idle.remove(worker)
        else:
            self.found.again += chunk.begun(max(0.0, now - chunk.began) * self._speed[worker])
            self._plan(self._at_host(now, 0), self._lost, chunk)

    def _lost(self, now: float, chunk: Chunk) -> None:
        self._core(self._give_back, now, chunk)

    def _give_back(self, now: float, chunk: Chunk) -> None:
        for attempt in chunk.members[1:] + chunk.members[:1]:
            if len(chunk.members) > 1:
                attempt.released = attempt.lost = True
            attempt.job.failed(attempt, DIED, now)
        self._go_on(now)

    def _come_back(self, now: float, worker: int) -> None:
        self._idle.append(worker)
        self._hand_out(now)

    def _plan(self, when: float, event: Callable[..., None], *arguments: Any) -> None:
        heapq.heappush(self._events, (when, next(self._order), event, arguments))


def simulate(world: World, say: Callable[[str], None] = lambda _: None) -> Found:
    """Run a world to its end."""
    return Simulation(world, say).run()
