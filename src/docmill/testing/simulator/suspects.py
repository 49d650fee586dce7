"""Who is suspected of having killed the process, and who is blamed for it: "poison documents" of the contract."""

from collections import Counter
from collections.abc import Callable, Mapping

from docmill.model import FailureCode, Job, JobErrorCode
from docmill.ports import JobRecord
from docmill.testing.simulator.attempts import Attempts, Run
from docmill.testing.simulator.history import History
from docmill.testing.simulator.jobs import Stage
from docmill.testing.simulator.plan import Plan, When

__all__ = ["Suspects"]

CONVICTED = 2
"""Crashes while it ran alone after which a document is poison."""

MOST_KILLS = 1 + CONVICTED
"""How often a document can kill: among others, and then alone until it is convicted."""

OTHER_ENDS = frozenset(("crash", "commit_crash", "crash_loop", "close", "fail_before", "fail_after", "outage", "deaf"))
"""Traits with which lives end otherwise than by a document, be it at the end of the run."""


class Suspects:
    """The suspects of each life, by what the disk says when it begins and by how the one before has ended."""

    def __init__(
        self,
        plan: Plan,
        history: History,
        attempts: Attempts,
        records: Mapping[str, JobRecord],
        find: Callable[[str], Job | None],
    ) -> None:
        self._plan = plan
        self._history = history
        self._attempts = attempts
        self._records = records
        self._find = find
        self._clean = True
        self._other_ends = 0
        self._suspects: dict[str, set[int]] = {}
        self._blamed: Counter[tuple[str, int]] = Counter()
        self._blamed_for_certain: Counter[tuple[str, int]] = Counter()
        self._kills: Counter[tuple[str, str]] = Counter()

    def begin_life(self, end: Stage) -> None:
        """A life begins after one that has ended at a stage."""
        self._suspects = {}
        self._clean = self._clean and end is Stage.CLOSED
        self._other_ends += end is not Stage.CRASHED
        if end is not Stage.CRASHED:
            self._blamed_for_certain.clear()
        for record in self._records.values():
            if record.mark.completed is None:
                self._take_in(record, end)

    def _take_in(self, record: JobRecord, end: Stage) -> None:
        alone = record.mark.alone
        # What a life found while it opened is of the life before, and was counted with that.
        if alone is not None and end not in (Stage.CLOSED, Stage.OPENING):
            self._blamed[record.id, alone] += 1
            self._blamed_for_certain[record.id, alone] += end is Stage.CRASHED
        if end is Stage.CRASHED:
            self._suspects[record.id] = set(range(record.mark.reserved)) - _settled(record)

    def has_opened(self) -> None:
        """The queue of this life works: whoever has killed twice while it ran alone is convicted."""
        for (job_id, position), times in self._blamed_for_certain.items():
            job = self._find(job_id)
            if job is not None and times >= CONVICTED:
                guilty = {item.document_id for item in job.errors if item.code is FailureCode.POISON}
                convicted = job.document_ids[position] in guilty
                self._expect(convicted, "{}: document {} was blamed {} times", job_id, position, times)

    def began(self, run: Run) -> None:
        """An attempt started."""
        record = self._records.get(run.job_id)
        if record is None:
            return
        if run.document_id:
            position = run.position
            there = record.mark.reserved
            self._expect(position < there, "{} {} started, {} reserved on the disk", run.job_id, position, there)
            if self._is_suspect(run):
                self._check_suspect(run, record, position)
        if self._clean:
            nobody = record.mark.alone is None and not record.mark.blamed
            self._expect(nobody, "{} has suspects, and nothing has crashed", run.job_id)
        else:
            self._check_company(run)

    def _check_suspect(self, run: Run, record: JobRecord, position: int) -> None:
        name, alone = f"{run.job_id} {run.document_id}", record.mark.alone
        self._expect(alone == position, "{} is a suspect and starts, on the disk {} does", name, alone)
        suspects = self._suspects[run.job_id]
        before = set(range(len(record.document_ids))) - _settled(record) - suspects
        self._expect(not before, "{} is a suspect and starts before {}", name, before)

    def _check_company(self, run: Run) -> None:
        others = self._attempts.at_work(but=run)
        kept = [other for other in (run, *others) if self._is_suspect(other)]
        self._expect(not (kept and others), "{} {} and {} run at once", run.job_id, run.document_id, len(others))
        for other in self._records.values():
            alone = other.mark.alone
            if alone is not None and other.mark.completed is None:
                itself = (other.id, other.document_ids[alone]) == (run.job_id, run.document_id)
                text = "{} {} starts while on the disk {} of {} is alone"
                self._expect(itself, text, run.job_id, run.document_id, alone, other.id)

    def _is_suspect(self, run: Run) -> bool:
        suspects = self._suspects.get(run.job_id)
        return bool(suspects and run.document_id) and run.position in (suspects or ())

    def kills(self, run: Run) -> bool:
        """Whether an attempt that has begun is going to kill the process, unless it is stopped before."""
        killer = self._plan.killers.get(run.document_id)
        if killer is None or run.attempt < killer.attempt:
            return False
        return killer.when is not When.ONCE or not self._kills[run.job_id, run.document_id]

    def does_kill(self, run: Run) -> bool:
        """Whether it does so now that its time has come; if so, it is counted."""
        if self._plan.killers[run.document_id].when is When.CROWDED and not self._attempts.at_work(but=run):
            return False
        times = self._kills[run.job_id, run.document_id] = self._kills[run.job_id, run.document_id] + 1
        most = MOST_KILLS * (1 + self._other_ends)
        self._expect(times <= most, "{} {} has killed {} times", run.job_id, run.document_id, times)
        return True

    def check_outcomes(self, job: Job) -> None:
        """Only whoever was blamed twice is poison."""
        for item in job.errors:
            if item.code is FailureCode.POISON:
                times = self._blamed[job.id, job.document_ids.index(item.document_id)]
                enough = times >= CONVICTED and item.attempts == CONVICTED
                self._expect(enough, "{} {} is poison, blamed {} times", job.id, item.document_id, times)

    def check_end(self, job: Job) -> None:
        """At rest: the guilty are convicted and, if nothing else has killed the process, nobody else is."""
        outcomes = {item.document_id: "ok" if item.success else item.code for item in job.outcomes}
        for name, outcome in outcomes.items():
            killer = self._plan.killers.get(name)
            if killer is not None and killer.when is When.ALWAYS and killer.attempt == 1:
                right = outcome in (FailureCode.POISON, FailureCode.CANCELLED)
                self._expect(right, "{} {} always kills, and is {}", job.id, name, outcome)
            if outcome is FailureCode.POISON and not self._plan.traits & OTHER_ENDS:
                times = self._kills[job.id, name]
                self._expect(times >= CONVICTED, "{} {} is poison and has killed {} times", job.id, name, times)
        if self._plan.killers and not self._plan.traits & OTHER_ENDS:
            looping = job.error_code is JobErrorCode.CRASH_LOOP
            self._expect(not looping, "{} is a crash loop, though documents are to blame", job.id)

    def _expect(self, holds: bool, text: str, *facts: object) -> None:
        self._history.expect(holds, "POISON", text, *facts)


def _settled(record: JobRecord) -> set[int]:
    return {row[0] for rows in (record.ok, record.failed) for row in rows}
