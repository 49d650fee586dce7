"""Hosts that are killed and paused, servers that are restarted; and whether anything was lost, or done twice."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import attrs
import psycopg

from docmill.model import Stored
from docmill.stores import PostgresStore
from tests.support.lives import Nursery, nursery, read

BACKENDS = ("asyncio", "trio")


@attrs.define
class Figures:
    """What came of it.

    Attributes:
        facts: what the hosts had been told, and so might rely on.
        lost: facts that are not in the database.
        documents: documents that were started, each once for each time.
        repeated: starts of documents after somebody had been told their outcome.
        jobs: jobs that were created.
        adopted: how often a job has changed hosts.
        unfinished: jobs that did not end.
        waits: seconds from the death of a host to the adoption of its jobs.
        resumed: seconds from the death of a host to the next start of a document of one of its jobs, of those that
            had one.
    """

    facts: int = 0
    lost: list[str] = attrs.Factory(list)
    documents: int = 0
    repeated: list[str] = attrs.Factory(list)
    jobs: int = 0
    adopted: int = 0
    unfinished: int = 0
    waits: list[float] = attrs.Factory(list)
    resumed: list[float] = attrs.Factory(list)


class Trial:
    """A database, hosts that use it, and what they say.

    Args:
        dsn: an empty place in a database.
        folder: an empty folder.
        seed: for everything that is drawn.
        pace: how slow the documents are.
        settings: of the stores.
    """

    def __init__(
        self, dsn: str, folder: Path, lives: Nursery, seed: int = 0, pace: float = 1.0, **settings: Any
    ) -> None:
        self.dice = random.Random(seed)
        self._dsn = dsn
        self._folder = folder
        self._lives = lives
        self._seed = seed
        self._pace = pace
        self._settings = {"heartbeat": 0.2, "lease": 1.0} | settings
        self._number = 0

    def begin(self, *, create: bool = True, **settings: Any) -> int:
        """Begin a host, and give back its process id once it is up."""
        number, self._number = self._number, self._number + 1
        pid = self._lives.begin(
            dsn=self._dsn,
            folder=str(self._folder),
            number=number,
            seed=self._seed,
            create=create,
            pace=self._pace,
            backend=BACKENDS[number % 2],
            settings=self._settings | settings,
        )
        self.wait_for(lambda facts: any(fact.get("up") == pid for fact in facts))
        return pid

    def kill(self, pid: int) -> float:
        """Kill a host, and give back when."""
        assert self._lives.kill(pid) == -9, "it has ended by itself"
        return time.monotonic()

    def facts(self) -> list[dict[str, Any]]:
        """Everything that was said."""
        path = self._folder / "facts"
        return read(path.read_bytes()) if path.exists() else []

    def wait_for(self, condition: Callable[[list[dict[str, Any]]], bool], seconds: float = 20.0) -> None:
        """Wait until what was said fulfils a condition."""
        deadline = time.monotonic() + seconds
        while not condition(self.facts()):
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.01)

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(psycopg.connect(self._dsn, autocommit=True)) as connection:
            return connection.execute(statement, values).fetchall()

    def rest(self, *pids: int, seconds: float = 30.0) -> None:
        """Create nothing more, let the hosts do what there is to do, and close them."""
        (self._folder / "rest").touch()
        deadline = time.monotonic() + seconds
        while self.query("SELECT count(*) FROM docmill_job WHERE NOT (drained AND told)") != [(0,)]:
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        (self._folder / "close").touch()
        for pid in pids:
            assert self._lives.wait(pid) == 0

    def figures(self) -> Figures:
        """Compare what was said with what is in the database, and with what else was said."""
        figures = Figures()
        told: dict[tuple[str, str], float] = {}
        facts = self.facts()
        ((figures.adopted, figures.unfinished),) = self.query(
            "SELECT coalesce(sum(epoch - 1), 0)::bigint, count(*) FILTER (WHERE NOT drained) FROM docmill_job"
        )
        with closing(PostgresStore(self._dsn)) as store:
            list(store.open())
            for fact in facts:
                if "outcome" in fact:
                    told.setdefault((fact["outcome"], fact["document"]), fact["at"])
            jobs = {job_id: _known(store, job_id) for job_id in {_job_of(fact) for fact in facts} - {None}}
        for fact in facts:
            figures.facts += not ({"up", "start"} & fact.keys())
            figures.documents += "start" in fact
            figures.jobs += "created" in fact
            if (problem := _why_lost(fact, jobs.get(_job_of(fact)))) is not None:
                figures.lost.append(problem)
            if "start" in fact and fact["at"] > told.get((fact["start"], fact["document"]), fact["at"]):
                figures.repeated.append(f"{fact['document']} of {fact['start']} by host {fact['host']}")
        return figures

    def adopted(self, dead: int, died: float) -> float:
        """Wait until no undecided job belongs to a dead host; how many seconds after its death that is."""
        statement = (
            "SELECT count(*) FROM docmill_job JOIN docmill_host ON host = docmill_host.id "
            "WHERE name LIKE %s AND NOT drained"
        )
        waiting = "%:" + str(dead)
        assert self.query(statement, waiting) != [(0,)], "it had nothing to do, so that this proves nothing"
        while self.query(statement, waiting) != [(0,)]:
            assert time.monotonic() < died + 20.0, "nobody has adopted its jobs"
            time.sleep(0.01)
        return time.monotonic() - died

    def resumed(self, dead: int, died: float) -> float:
        """Seconds from the death of a host to the first document elsewhere of a job that it had worked on."""
        facts = self.facts()
        number = next(fact["host"] for fact in facts if fact.get("up") == dead)
        its = {fact["start"] for fact in facts if "start" in fact and fact["host"] == number}
        starts = [fact for fact in facts if fact.get("start") in its and fact["host"] != number and fact["at"] > died]
        assert starts, "no job of it went on elsewhere, so that this proves nothing"
        return float(starts[0]["at"] - died)


@contextmanager
def trial(dsn: str, folder: Path, seed: int = 0, **settings: Any) -> Iterator[Trial]:
    """A trial whose hosts end with it."""
    folder.mkdir(exist_ok=True)
    with nursery(Path(__file__).with_name("life.py")) as lives:
        yield Trial(dsn, folder, lives, seed, **settings)


def kill_again_and_again(dsn: str, folder: Path, kills: int, seed: int = 0) -> Figures:
    """Kill one host after the other. Each has the name of the one before, and so goes on with its jobs at once."""
    resumed = []
    with trial(dsn, folder, seed, name="host", lease=60.0) as lives:
        pid = lives.begin()
        for _ in range(kills):
            time.sleep(lives.dice.uniform(0.03, 0.2))
            died = lives.kill(pid)
            pid = lives.begin()
            resumed += [fact["at"] - died for fact in lives.facts() if "start" in fact and fact["at"] > died][:1]
        lives.rest(pid)
        figures = lives.figures()
    figures.resumed = resumed
    return figures


def restart_again_and_again(
    dsn: str, folder: Path, restart: Callable[[str], None], restarts: int, seed: int = 0
) -> Figures:
    """Restart the server under two hosts that work."""
    with trial(dsn, folder, seed, lease=5.0) as lives:
        pids = [lives.begin(), lives.begin()]
        for number in range(restarts):
            time.sleep(lives.dice.uniform(0.1, 0.4))
            settled = sum("outcome" in fact for fact in lives.facts())
            restart(("fast", "immediate", "kill")[number % 3])
            # Both go on by themselves, or the next restart would disturb nobody.
            lives.wait_for(lambda facts, settled=settled: sum("outcome" in fact for fact in facts) > settled)  # type: ignore[misc]
        lives.rest(*pids)
        return lives.figures()


def _job_of(fact: dict[str, Any]) -> str | None:
    return next((fact[name] for name in ("created", "outcome", "decided", "start") if name in fact), None)


def _known(store: PostgresStore, job_id: str) -> tuple[list[str], str, dict[str, Any]] | None:
    """The documents of a job as they were recorded, its status, and the outcomes by document."""
    job = store.load(job_id)
    if job is None:
        return None
    ids = list(job.document_ids)
    outcomes = {ids[row[0]]: row[4].read() if isinstance(row[4], Stored) else None for row in (*job.ok, *job.failed)}
    return ids, job.mark.status, outcomes


def _why_lost(fact: dict[str, Any], job: tuple[list[str], str, dict[str, Any]] | None) -> str | None:
    """What of a fact is not in the database; None if all is."""
    if not {"created", "outcome", "decided"} & fact.keys():
        return None
    if job is None:
        return f"{_job_of(fact)} is gone"
    ids, status, outcomes = job
    if "created" in fact and fact["documents"] != ids:
        return f"{fact['created']} has other documents"
    if "outcome" in fact and (fact["document"] not in outcomes or outcomes[fact["document"]] != fact["told"]):
        return f"{fact['document']} of {fact['outcome']} is not what was told"
    if "decided" in fact and fact["status"] != status:
        return f"{fact['decided']} was {fact['status']} and is {status}"
    return None
