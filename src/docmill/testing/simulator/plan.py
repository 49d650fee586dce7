"""What is to happen in one run, drawn from its seed: first which faults exist and how strong, then the schedule."""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from random import Random
from typing import Final, Literal

import attrs

from docmill.model import JobOptions
from docmill.testing.faults import Fault
from docmill.testing.scripts import (
    Mood,
    exits,
    fails,
    hangs,
    hangs_shielded,
    huge,
    ok,
    permanent,
    raises_on_cancel,
    retry_after,
    rogue_cancel,
    service_down,
    swallows_cancel,
)

__all__ = ["ASYNC", "BARE", "EXTRA", "SYNC", "Action", "Death", "JobPlan", "Killer", "Plan", "Store", "When", "draw"]

Store = Literal["memory", "simulated", "sqlite", "sqlite-file"]
"""What a run's queue keeps its jobs in; a run has the same plan on every durable one."""

ASYNC: Final = "ASYNC"
"""The job type with an async processor, a circuit breaker and perhaps a summary."""
SYNC: Final = "SYNC"
"""The job type with a sync processor and a circuit breaker."""
BARE: Final = "BARE"
"""The job type with an async processor and no circuit breaker."""

EXTRA: Final = "extra"
"""A document that no planned job has."""

WINDOW: Final = 40.0
"""Seconds in which jobs are created and things are done to them."""

TRAITS: Final = (
    "cancel",
    "force",
    "retry",
    "cleanup",
    "close",
    "raising_listeners",
    "slow_listeners",
    "clock",
    "owners",
    "keys",
    "readers",
    "service",
    "pauses",
    "stubborn",
    "rogues",
    "summary",
    "sync",
    "big",
    "jitter",
    "priorities",
    "max_failures",
    "few_workers",
    "deaf",
    "next_day",
)
HARMLESS: Final = frozenset(("raising_listeners", "slow_listeners"))
"""Traits that must change nothing (R28)."""

DURABLE_TRAITS: Final = ("crash", "commit_crash", "crash_loop", "fail_before", "fail_after", "slow_store", "outage")

KILLERS: Final = 0.1
"""How many of the durable runs have documents of which the process dies."""

PLAIN: Final = 0.2
"""How many of the runs have no faults at all, so that the model predicts them."""


@attrs.frozen(kw_only=True)
class JobPlan:
    """A job that is to be created."""

    at: float
    documents: tuple[str, ...]
    type: str
    options: JobOptions
    owner: str | None = None
    key: str | None = None
    priority: int = 0


@attrs.frozen
class Action:
    """Something done to the queue at a time; ``choice`` picks its target among those there are then."""

    at: float
    kind: str
    choice: float = 0.0
    amount: float = 0.0


@attrs.frozen
class Death:
    """How a life of a durable queue ends: at a time after its opening, or at one of its commits."""

    after: float | None = None
    commit: int | None = None
    fault: Fault = Fault.CRASH_AFTER
    downtime: float = 0.0


class When(Enum):
    """Under which circumstances a document kills the process."""

    ALWAYS = auto()
    ONCE = auto()
    """The first time, and never again."""
    CROWDED = auto()
    """While something else runs."""


@attrs.frozen
class Killer:
    """What a document does that kills the process while it runs.

    Attributes:
        when: under which circumstances.
        attempt: the first attempt that does; the ones before fail.
        after: seconds from the attempt's start; a sync one does it at once.
    """

    when: When
    attempt: int
    after: float


@attrs.frozen(kw_only=True)
class Plan:
    """Everything that is drawn before a run begins."""

    seed: int
    store: Store
    traits: frozenset[str]
    max_workers: int
    max_abandoned: int
    breaker_failures: int
    cooldown: float
    jobs: Sequence[JobPlan]
    moods: Mapping[str, Sequence[Mood]]
    killers: Mapping[str, Killer]
    summary: Sequence[Mood]
    actions: Sequence[Action]
    deaths: Sequence[Death]
    commit_rate: float
    latency: float
    outage: tuple[float, float]

    @property
    def durable(self) -> bool:
        """Whether jobs outlive the queue."""
        return self.store != "memory"

    @property
    def plain(self) -> bool:
        """Whether there are no faults but those of listeners, so that the model can tell what will happen."""
        return self.traits <= HARMLESS

    @property
    def horizon(self) -> float:
        """Seconds after which nothing more is done to the queue."""
        return max(self.steps[-1].at, self.outage[1]) + 1.0

    @property
    def steps(self) -> "list[JobPlan | Action]":
        """What is done to the queue, in order."""
        steps: list[JobPlan | Action] = [*self.jobs, *self.actions]
        return sorted(steps, key=lambda step: step.at)


def draw(seed: int, *, store: Store) -> Plan:
    """The plan of a seed. It is the same for all durable stores."""
    durable = store != "memory"
    dice = Random(2 * seed + durable)  # noqa: S311 - it has to be drawn again
    traits = _draw_traits(dice, durable=durable)
    jobs, moods = _draw_jobs(dice, traits)
    killers = _draw_killers(seed, jobs) if durable else {}
    moods |= {name: [fails(0.3), *moods[name]] for name, killer in killers.items() if killer.attempt > 1}
    return Plan(
        seed=seed,
        store=store,
        traits=traits | {"killers"} if killers else traits,
        max_workers=dice.choice((1, 2, 3, 5)) if "few_workers" in traits else 200,
        max_abandoned=dice.choice((1, 2, 3, 8)),
        breaker_failures=dice.choice((1, 2, 3, 5)),
        cooldown=dice.uniform(1.0, 15.0),
        jobs=jobs,
        moods=moods,
        killers=killers,
        summary=_draw_summary(dice, traits),
        actions=_draw_actions(dice, traits),
        deaths=_draw_deaths(dice, traits),
        commit_rate=dice.choice((0.05, 0.2, 0.5)),
        latency=dice.choice((0.01, 0.3, 2.0)),
        outage=_draw_outage(dice, traits),
    )


def _draw_traits(dice: Random, *, durable: bool) -> frozenset[str]:
    if dice.random() < PLAIN:
        return frozenset()
    share = dice.choice((0.1, 0.2, 0.35))
    every = TRAITS + DURABLE_TRAITS if durable else TRAITS
    drawn = {trait for trait in every if dice.random() < share}
    # What kills the process again and again hides the rest; so it is rare.
    if dice.random() < 0.7:
        drawn.discard("crash_loop")
    return frozenset(drawn or {dice.choice(every)})


def _draw_jobs(dice: Random, traits: frozenset[str]) -> tuple[list[JobPlan], dict[str, list[Mood]]]:
    jobs: list[JobPlan] = []
    moods: dict[str, list[Mood]] = {EXTRA: [ok()]}
    kinds = _mood_kinds(dice, traits)
    at = 0.0
    for number in range(dice.choice((1, 1, 2, 2, 3, 4))):
        at += dice.uniform(0.0, 8.0)
        size = dice.choice((1, 2, 3, 4, 6, 9))
        if "big" in traits and number == 0:
            size = dice.choice((101, 130, 250))
        documents = tuple(f"j{number}d{position}" for position in range(size))
        pace = 0.02 if size > 100 else dice.choice((0.3, 2.0, 6.0))
        moods |= {name: [_draw_mood(dice, kinds, pace) for _ in range(3)] for name in documents}
        jobs.append(
            JobPlan(
                at=at,
                documents=documents,
                type=_draw_type(dice, traits),
                options=_draw_options(dice, traits, size),
                owner=dice.choice(("ann", "bob", None)) if "owners" in traits else None,
                key=f"key{number}" if "keys" in traits else None,
                priority=dice.choice((0, 0, 1, 2)) if "priorities" in traits else 0,
            )
        )
    return jobs, moods


def _draw_killers(seed: int, jobs: Sequence[JobPlan]) -> dict[str, Killer]:
    """Documents of which the process dies, drawn with dice of their own, so that all else stays as it was."""
    dice = Random(f"killers {seed}")  # noqa: S311 - it has to be drawn again
    if dice.random() >= KILLERS:
        return {}
    names = [name for job in jobs for name in job.documents]
    chosen = dice.sample(names, min(dice.choice((1, 1, 2, 3)), len(names)))
    whens = (When.ALWAYS, When.ALWAYS, When.ONCE, When.CROWDED)
    return {name: Killer(dice.choice(whens), dice.choice((1, 1, 1, 2)), dice.uniform(0.05, 0.9)) for name in chosen}


def _draw_type(dice: Random, traits: frozenset[str]) -> str:
    if "sync" in traits and dice.random() < 0.5:
        return SYNC
    return ASYNC if dice.random() < 0.75 else BARE


def _draw_options(dice: Random, traits: frozenset[str], size: int) -> JobOptions:
    return JobOptions(
        max_concurrent=dice.choice((1, 2, 3, 5, 8)),
        timeout=dice.choice((None, None, dice.uniform(2.0, 20.0), dice.uniform(10.0, 90.0))),
        retry_attempts=dice.choice((0, 1, 2, 2, 3)),
        retry_delay=dice.choice((0.0, dice.uniform(0.01, 0.5), dice.uniform(0.5, 6.0))),
        document_timeout=dice.choice((dice.uniform(1.0, 6.0), dice.uniform(5.0, 40.0), 60.0)),
        max_failures=dice.randrange(max(1, size // 2)) if "max_failures" in traits else None,
        jitter="jitter" in traits,
    )


def _mood_kinds(dice: Random, traits: frozenset[str]) -> list[str]:
    kinds = ["ok"] * dice.choice((2, 5, 10)) + ["fails"] * dice.choice((0, 1, 3)) + ["permanent", "slow"]
    kinds += ["service"] * 3 if "service" in traits else []
    kinds += ["pause"] * 2 if "pauses" in traits else []
    kinds += ["shielded", "raising", "swallowing", "hanging"] if "stubborn" in traits else []
    kinds += ["rogue", "exit", "huge"] if "rogues" in traits else []
    return kinds


def _draw_mood(dice: Random, kinds: Sequence[str], pace: float) -> Mood:  # noqa: C901 - one line a mood
    seconds = dice.uniform(0.1, 1.0) * pace
    match dice.choice(kinds):
        case "fails":
            return fails(seconds)
        case "permanent":
            return permanent(seconds)
        case "slow":
            return ok("slow", 10.0 * seconds, report=0.5)
        case "service":
            return service_down(seconds)
        case "pause":
            return retry_after(dice.uniform(0.0, 20.0), seconds)
        case "shielded":
            return hangs_shielded(dice.uniform(20.0, 400.0))
        case "raising":
            return raises_on_cancel(dice.uniform(20.0, 400.0))
        case "swallowing":
            return swallows_cancel(seconds=dice.uniform(20.0, 400.0))
        case "hanging":
            return hangs(dice.uniform(20.0, 400.0))
        case "rogue":
            return rogue_cancel(seconds)
        case "exit":
            return exits(seconds)
        case "huge":
            return huge(5_000, seconds)
        case _:
            return ok("done", seconds)


def _draw_summary(dice: Random, traits: frozenset[str]) -> list[Mood]:
    if "summary" not in traits and (traits or dice.random() < 0.7):
        return []
    moods = [ok("summary", dice.uniform(0.1, 3.0)), fails(dice.uniform(0.1, 3.0))]
    if traits:
        moods += [hangs(), rogue_cancel(0.5), exits(0.5)]
    return [dice.choice(moods)]


def _draw_actions(dice: Random, traits: frozenset[str]) -> list[Action]:
    actions = [Action(dice.uniform(0.0, WINDOW), "look") for _ in range(dice.choice((2, 4)))]
    often = {"cancel": 2, "force": 2, "retry": 3, "cleanup": 2, "clock": 2, "owners": 2, "keys": 3, "readers": 3}
    for kind, most in often.items():
        if kind in traits:
            actions += [Action(dice.uniform(0.0, WINDOW), kind, dice.random(), dice.random()) for _ in range(most)]
    if "close" in traits:
        actions.append(Action(dice.uniform(1.0, WINDOW), "close", dice.random(), dice.choice((0.0, 1.0, 10.0, 60.0))))
    return sorted(actions, key=lambda action: action.at)


def _draw_deaths(dice: Random, traits: frozenset[str]) -> list[Death]:
    deaths = []
    if "crash" in traits:
        deaths += [Death(after=dice.uniform(0.5, WINDOW / 2), downtime=dice.uniform(0.0, 100.0)) for _ in range(2)]
    if "commit_crash" in traits:
        deaths += [
            Death(
                commit=dice.randrange(1, 15),
                fault=dice.choice((Fault.CRASH_BEFORE, Fault.CRASH_AFTER)),
                downtime=dice.uniform(0.0, 100.0),
            )
            for _ in range(2)
        ]
    if "crash_loop" in traits:
        deaths += [Death(after=dice.uniform(0.05, 0.3), downtime=1.0) for _ in range(6)]
    dice.shuffle(deaths)
    return deaths


def _draw_outage(dice: Random, traits: frozenset[str]) -> tuple[float, float]:
    if "outage" not in traits:
        return (0.0, 0.0)
    begin = dice.uniform(0.0, WINDOW)
    return begin, begin + dice.choice((5.0, 30.0, 100.0))
