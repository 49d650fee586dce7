"""Drives the rules through everything that may happen in small worlds, and notes what was seen to happen."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cluster import CHUNK_LOST, OF_CLUSTERS
from world import CRASHES, NOT_ITS_TURN, OF_JOBS, Look, Setting, Stimulus, World

from docmill.core import CircuitBreaker, JobMachine
from docmill.core.scheduler import MAX_LIVES
from docmill.model import JobOptions, JobStatus

__all__ = ["Edge", "Explored", "explore", "settings"]


class Edge(NamedTuple):
    """One arrow. ``code`` is that of the document's failure, where it fails by it."""

    source: str
    stimulus: str
    target: str
    code: str = ""


class Explored(NamedTuple):
    """All edges that were seen."""

    jobs: frozenset[Edge]
    documents: frozenset[Edge]
    circuit: frozenset[Edge]


def _options(**changes: float | None) -> JobOptions:
    usual = {
        "max_concurrent": 2,
        "retry_attempts": 2,
        "retry_delay": 1.5,
        "document_timeout": 4.0,
        "timeout": None,
    }
    return JobOptions(**(usual | changes))  # type: ignore[arg-type]


def settings() -> Iterator[Setting]:
    """The small worlds, each with what may happen in it. They are many, since one with everything would be large."""
    fails = ("raises", "raises PermanentError")
    stops = ("cancel_job", "forced cancel", "close")
    dies = ("crash", "opened without processor")
    down = ("time passes", "raises ConnectionError")

    # Decisions in memory, by time, by failures and after a summary.
    yield Setting(_options(timeout=3.25, retry_attempts=1), 2, (*stops, *fails, "time passes"))
    yield Setting(_options(max_failures=0, max_concurrent=3), 3, (*stops, *fails))
    yield Setting(_options(retry_attempts=0), 2, ("cancel_job", "raises"), finalizes=True)
    # Budgets that end without a seat, and while too many attempts do not end.
    yield Setting(_options(max_concurrent=1), 2, ("time passes", "raises"))
    yield Setting(_options(), 2, ("forced cancel", "time passes", "raises"), stubborn=True, max_abandoned=1)
    # Crashes of two suspects, of decided jobs, between two attempts.
    yield Setting(_options(), 2, ("cancel_job", "crash"), durable=True)
    yield Setting(_options(max_failures=0), 2, ("raises PermanentError", *stops, *dies), durable=True)
    yield Setting(_options(timeout=3.25), 1, ("time passes", *stops, *dies), durable=True)
    yield Setting(_options(retry_attempts=1), 1, ("raises", "close", *dies), durable=True)
    # A service that is down for longer than a budget, one that comes and goes, and one that only asks for pauses.
    yield Setting(_options(), 2, down, breaker=CircuitBreaker(failures=1, cooldown=8.0))
    comes_and_goes = CircuitBreaker(failures=2, cooldown=1.0)
    for others in (("raises RetryAfter",), ("raises", "returns from the cache")):
        yield Setting(_options(retry_attempts=1), 2, (*down, *others), breaker=comes_and_goes)
    yield Setting(_options(max_concurrent=1), 2, ("cancel_job", "time passes", "raises RetryAfter"))
    # Chunks that are lost, and a cluster that cannot be reached for a while or for too long.
    yield Setting(_options(retry_attempts=1), 3, ("cancel_job", CHUNK_LOST), seats=2)
    yield Setting(_options(timeout=6.5, retry_attempts=1), 2, ("time passes", CHUNK_LOST, *OF_CLUSTERS), seats=1)
    yield Setting(_options(max_failures=0), 2, (*fails, "forced cancel", "close", *OF_CLUSTERS), seats=1)
    late = _options(timeout=3.25, retry_attempts=0)
    yield Setting(late, 2, ("time passes", "cancel_job", "close", *OF_CLUSTERS), seats=1, finalizes=True)
    yield Setting(_options(retry_attempts=0), 2, ("close", *dies, CHUNK_LOST, *OF_CLUSTERS), seats=1, durable=True)
    unsteady = (*down, CHUNK_LOST, "cluster away", "cluster back")
    yield Setting(_options(), 1, unsteady, seats=1, breaker=CircuitBreaker(failures=1, cooldown=1.0))


def explore(beginnings: Iterable[Setting]) -> Explored:
    """Drive the rules through everything that may happen in small worlds, breadth first."""
    jobs: set[Edge] = set()
    documents: set[Edge] = set()
    circuit: set[Edge] = set()
    for setting in beginnings:
        first = World(setting)
        known = {first.fingerprint()}
        ahead = deque([first])
        while ahead:
            world = ahead.popleft()
            for stimulus in world.possible():
                following = World(setting, world.path)
                before = following.seen
                if not following.undergo(stimulus):
                    continue
                after = following.seen
                jobs |= _job_edges(following, stimulus, before, after)
                documents |= _document_edges(following, stimulus, before, after)
                circuit |= _circuit_edges(following, stimulus, before, after)
                if (fingerprint := following.fingerprint()) not in known:
                    known.add(fingerprint)
                    ahead.append(following)
    return Explored(frozenset(jobs), frozenset(documents), frozenset(circuit))


def _job_edges(world: World, stimulus: Stimulus, before: Look, after: Look) -> set[Edge]:
    name = _name_for_job(world, stimulus, before, after)
    if name == stimulus.name and before.status == after.status and name not in OF_JOBS:
        return set()
    return {Edge(before.status, name, after.status)}


def _name_for_job(world: World, stimulus: Stimulus, before: Look, after: Look) -> str:
    """The name of what happened as the job sees it, told from what came in and not from what became of the job."""
    settled = after.ok + after.failed - before.ok - before.failed
    of_document = stimulus.name not in OF_JOBS
    most = world.setting.options.max_failures
    outcome = "1 ok or more" if after.ok else "none ok"
    if before.decided and of_document and after.running < before.running:
        return "attempt ends" if after.running else "last attempt ends"
    if before.decided or stimulus.name in OF_JOBS - CRASHES or (stimulus.name in CRASHES and not settled):
        return _name_in_full(world, stimulus.name, before)
    if world.now >= before.job.deadline:
        return "job timeout"
    if settled and most is not None and after.failed > most:
        return "more than max_failures"
    if before.finalizing and not after.finalizing:
        return f"finalize ends ({outcome})"
    if settled and after.ok + after.failed == world.setting.documents:
        return f"last settled ({outcome})" + (", finalize follows" if world.setting.finalizes else "")
    return "settled" if settled and of_document else _name_in_full(world, stimulus.name, before)


def _name_in_full(world: World, name: str, before: Look) -> str:
    """A stimulus of the job, with what else it depends on."""
    if name == "close":
        return "close (durable)" if world.setting.durable else "close (memory)"
    if name == "crash" and before.status == JobStatus.PROCESSING and world.lives >= MAX_LIVES:
        return f"{MAX_LIVES}th crash without progress"
    return name


def _document_edges(world: World, stimulus: Stimulus, before: Look, after: Look) -> set[Edge]:
    edges = set()
    for position, (was, now) in enumerate(zip(before.documents, after.documents, strict=True)):
        if was != now:
            name = _name_for_document(world, stimulus, position, before, after)
            edges.add(Edge(was, name, now, _code(world.job, position) if now == "FAILED" else ""))
    return edges


def _name_for_document(world: World, stimulus: Stimulus, position: int, before: Look, after: Look) -> str:
    if stimulus.position == position or stimulus.name == CHUNK_LOST:
        return "raises" if stimulus.name == "raises ConnectionError" else stimulus.name
    if stimulus.name in CRASHES:
        return "crash"
    if after.documents[position] == "RUNNING":
        return "start"  # a lane goes on to it in the same call in which the one before settles
    if position in world.kept_waiting:
        return NOT_ITS_TURN
    name = _name_for_job(world, stimulus, before, after)
    own = before.documents[position] == "RUNNING" or (name != "job timeout" and world.is_late(position))
    return "budget ends" if stimulus.name == "time passes" and own else name


def _code(job: JobMachine, position: int) -> str:
    row = next(row for row in reversed(job.ledger.failed) if row[0] == position)
    return str(row[4].code.value)


def _circuit_edges(world: World, stimulus: Stimulus, before: Look, after: Look) -> set[Edge]:
    name = world.circuit_stimulus
    if stimulus.name in OF_JOBS - {"forced cancel", "cluster away"} or (not name and before.circuit is after.circuit):
        return set()
    return {Edge(before.circuit.name, name or stimulus.name, after.circuit.name)}
