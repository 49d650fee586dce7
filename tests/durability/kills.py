"""Kill a process with a durable queue again and again, and look whether anything was lost or done twice."""

import random
import signal
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs

from docmill import JobStatus
from docmill.ports import JobRecord
from docmill.stores import SQLiteStore
from tests.support.lives import Nursery, nursery, read

SHORTEST, LONGEST = 0.03, 0.15
"""Seconds that a life lasts from its beginning, or from when it has opened the file."""

LIFE = Path(__file__).with_name("life.py")

TERMINAL = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT"}


class Tail:
    """The lines that were appended to a file since it was looked at last."""

    def __init__(self, path: Path) -> None:
        path.touch()
        self._path = path
        self._read = 0

    def wait(self) -> None:
        """Wait until there are more lines, or for ten seconds."""
        deadline = time.monotonic() + 10.0
        while self._path.stat().st_size <= self._read and time.monotonic() < deadline:
            time.sleep(0.001)

    def lines(self) -> list[dict[str, Any]]:
        with self._path.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        self._read += len(data)
        return read(data)


@attrs.define
class Figures:
    """What came of it.

    Attributes:
        kills: lives that were killed.
        facts: what these had been told, and so might rely on.
        lost: facts that were not on the disk afterwards.
        documents: documents that were started, each once for each time.
        repeated: starts of documents whose outcome had been recorded.
        jobs: jobs that were there at the end, by status.
        unfinished: jobs that did not end when nobody killed the process any more.
        resumed: seconds from the beginning of a process to its first document, of those that had one.
    """

    kills: int = 0
    facts: int = 0
    lost: list[str] = attrs.Factory(list)
    documents: int = 0
    repeated: list[str] = attrs.Factory(list)
    jobs: Counter[str] = attrs.Factory(Counter)
    unfinished: int = 0
    resumed: list[float] = attrs.Factory(list)


class Kills:
    """A file, the lives that it has seen, and what they were told.

    Attributes:
        figures: what came of them.
        stopped: the error with which the store has stopped a life.

    Args:
        folder: an empty one.
        seed: for everything that is drawn.
    """

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.figures = Figures()
        self.stopped: str | None = None
        self._folder = folder
        self._path = folder / "jobs.db"
        self._seed = seed
        self._dice = random.Random(seed)
        self._facts = Tail(folder / "facts")
        self._starts = Tail(folder / "starts")
        self._settled: dict[tuple[str, str], Any] = {}
        self._created: dict[str, dict[str, Any]] = {}
        self._seen: dict[str, int] = {}
        self._decided: dict[str, str] = {}
        self._told: set[str] = set()
        self._gone: set[str] = set()

    def run(self, kills: int) -> Figures:
        """Kill so many lives, and then let one come to its end."""
        with nursery(LIFE) as lives:
            for number in range(kills):
                began = time.monotonic()
                pid = self._begin(lives, number, create=True)
                if number % 3:  # one of three may be killed before it has opened the file
                    self._facts.wait()
                time.sleep(self._dice.uniform(SHORTEST, LONGEST))
                if lives.kill(pid) != -signal.SIGKILL:
                    self._lose(f"life {number} ended by itself")
                self._account(number, began)
                if number % 2:  # the other half of the time the next life finds the file as it was left
                    self._look()
            self.figures.kills = kills
            lives.wait(self._begin(lives, kills, create=False))
        self._account(kills, None)
        for job in self._look():
            if job.id not in self._told:
                self._lose(f"nobody was told how {job.id} ended")
            self.figures.jobs[job.mark.status] += 1
            self.figures.unfinished += not (job.mark.status.is_terminal and job.mark.drained)
        return self.figures

    def _begin(self, lives: Nursery, number: int, *, create: bool) -> int:
        return lives.begin(
            path=str(self._path),
            folder=str(self._folder),
            number=number,
            seed=self._seed,
            create=create,
            backend=("asyncio", "trio")[number % 2],
        )

    def _account(self, number: int, began: float | None) -> None:
        """Take in what a life has started, and what it was told."""
        starts = self._starts.lines()
        for start in starts:
            document = start["job"], start["document"]
            if document in self._settled:  # what was told in this same life is taken in below
                self.figures.repeated.append(f"life {number}: {document}")
        self.figures.documents += len(starts)
        if starts and began is not None:
            self.figures.resumed.append(starts[0]["at"] - began)
        for fact in self._facts.lines():
            if "stopped" in fact:
                self.stopped = fact["stopped"]
            self.figures.facts += not fact.keys() & {"up", "rested", "stopped"}
            self._learn(fact)

    def _learn(self, fact: dict[str, Any]) -> None:
        if "created" in fact:
            self._created[fact["created"]] = fact
        elif "outcome" in fact:
            self._settled[fact["outcome"], fact["document"]] = (fact["ok"], fact["told"])
        elif "cancelled" in fact:
            self._decide(fact["cancelled"], "CANCELLED")
        elif "decided" in fact:
            self._told.add(fact["decided"])
            self._decide(fact["decided"], fact["status"])
            self._saw(fact["decided"], fact["processed"])
        elif "seen" in fact:
            self._saw(fact["seen"], fact["processed"])
            if fact["status"] in TERMINAL:
                self._decide(fact["seen"], fact["status"])

    def _decide(self, job_id: str, status: str) -> None:
        if self._decided.setdefault(job_id, status) != status:
            self.figures.lost.append(f"{job_id} was {self._decided[job_id]} and is {status}")

    def _saw(self, job_id: str, processed: int) -> None:
        self._seen[job_id] = max(processed, self._seen.get(job_id, 0))

    def _look(self) -> list[JobRecord]:
        """Compare what is on the disk with everything that was told so far."""
        with closing(SQLiteStore(self._path)) as store:
            jobs = {job.id: job for job in store.open()}
            outcomes = {key: outcome for job in jobs.values() for key, outcome in _outcomes(job)}
        self._compare(jobs, outcomes)
        self._settled |= outcomes
        for job in jobs.values():
            if job.mark.status.is_terminal:
                self._decide(job.id, JobStatus(job.mark.status).value)
        return list(jobs.values())

    def _compare(self, jobs: dict[str, JobRecord], outcomes: dict[tuple[str, str], Any]) -> None:
        for job_id, fact in self._created.items():
            job = jobs.get(job_id)
            if job is None:
                self._lose(f"{job_id} is gone")
            elif (list(job.document_ids), job.owner, job.idempotency_key) != tuple(
                fact[name] for name in ("documents", "owner", "key")
            ):
                self._lose(f"{job_id} is another one")
        for key, told in self._settled.items():
            if outcomes.get(key) != told:
                self._lose(f"{key} was {told} and is {outcomes.get(key)}")
        for job_id, status in self._decided.items():
            if job_id not in jobs or jobs[job_id].mark.status != status:
                self._lose(f"{job_id} is not {status} any more")
        for job_id, processed in self._seen.items():
            if job_id not in jobs or jobs[job_id].mark.ok + jobs[job_id].mark.failed < processed:
                self._lose(f"{job_id} had {processed} outcomes")

    def _lose(self, what: str) -> None:
        if what not in self._gone:
            self._gone.add(what)
            self.figures.lost.append(what)


def _outcomes(job: JobRecord) -> list[tuple[tuple[str, str], tuple[bool, Any]]]:
    ids = job.document_ids
    return [((job.id, ids[row[0]]), (True, row[4].read())) for row in job.ok] + [
        ((job.id, ids[row[0]]), (False, row[4].error)) for row in job.failed
    ]
