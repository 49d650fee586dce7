"""Where jobs are recorded."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeGuard

import attrs

from docmill.errors import StoreError
from docmill.model import JobOptions, Ledger, Mark, Row

__all__ = ["Beat", "Change", "JobRecord", "KeysTaken", "SharedStore", "Store", "is_shared"]


class Change(NamedTuple):
    """What has become of a job since it was last recorded.

    What is new are the ledger's rows between the two marks, and whatever else differs in them.

    Attributes:
        ledger: what was asked for, and the outcomes.
        before: what is recorded already; None for a new job.
        after: what is to be recorded.
        active: seconds for which the job has been processing, over all lives of the process.
        lives: how many lives of the process in a row began with a crash of the one before and did not get the
            job any further; -1 once the process ends in order.
        told: whether somebody has heard the job's terminal event.
    """

    ledger: Ledger
    before: Mark | None
    after: Mark
    active: float = 0.0
    lives: int = 0
    told: bool = False


@attrs.frozen(kw_only=True)
class JobRecord:
    """A job as a store gives it back when it is opened. Its lists are the queue's from then on.

    All times, those in the mark and in the rows included, are seconds since the epoch.

    Attributes:
        id: the job's id.
        document_ids: the documents asked for, in the order given.
        type: the job type, which names the processor.
        options: how the job is run.
        owner: whose job it is; None if nobody's.
        idempotency_key: the key that stands for the job; None without one.
        metadata: what the caller attached to the job.
        priority: higher goes first.
        retry_of: the id of the job whose documents this one tries again.
        created: when it was created, in seconds since the epoch.
        mark: what was recorded of its state.
        ok: rows of the documents that succeeded, in the order of settlement.
        failed: rows of the documents that failed, likewise.
        active: seconds for which the job has been processing, over all lives of the process.
        lives: as in Change.
        told: whether somebody has heard the job's terminal event.
        granted: whether the job was cancelled since another host had asked for it.
    """

    id: str
    document_ids: Sequence[str]
    type: str
    options: JobOptions
    owner: str | None
    idempotency_key: str | None
    metadata: Mapping[str, Any]
    priority: int
    retry_of: str | None
    created: float
    mark: Mark
    ok: Sequence[Row]
    failed: Sequence[Row]
    active: float
    lives: int
    told: bool
    granted: bool = False


class Store(Protocol):
    """Where jobs are recorded. All methods are synchronous and are called from one thread at a time.

    Attributes:
        durable: whether a commit outlives the process. If so, nothing is shown before it is committed, and
            every call is made in a thread of the queue's; if not, no call may block.
        max_result_bytes: how large a result may be as JSON, if it is durable.
    """

    durable: bool
    max_result_bytes: int

    def open(self) -> Iterable[JobRecord]:
        """Get ready to record, and give back what was recorded before, in the order of creation.

        Raises:
            StoreError: it cannot; the message says what to do.
        """

    def commit(self, changes: Sequence[Change]) -> Collection[str] | None:
        """Record all of the changes, or none and raise.

        An outcome is recorded once: a row whose job and position are there already changes nothing. Neither does
        a change of a job that was removed, which is one that has a ``before`` and is not there.

        Args:
            changes: what has become of jobs, at most one change for each.

        Returns:
            The ids of jobs that another host has taken over, if the store is shared: of those nothing was recorded.

        Raises:
            KeysTaken: other jobs have the idempotency keys of new ones; nothing was recorded.
            Exception: nothing of it is certain. The queue tries again for a minute, then it stops.
        """

    def load(self, job_id: str) -> JobRecord | None:
        """Read one job anew, whatever has become of it; None if it is not there.

        Unlike the others it may be called from any thread, at any time, and so may ``recall``.

        Args:
            job_id: which job.

        Raises:
            StoreError: it cannot be read.
        """

    def recall(self, key: str) -> bytes | None:
        """A result that was committed as Keyed under this key, as JSON; None if there is none, or not any more.

        Args:
            key: made of a document's fingerprint, the metadata and the processor's version.

        Raises:
            StoreError: it cannot be read.
        """

    def prune(self, job_ids: Sequence[str]) -> bool | None:
        """Remove jobs; those that are not there do not matter. They are out of sight when it returns.

        Args:
            job_ids: which jobs.

        Returns:
            True if something of them is still to be removed: then it is called again, for no more jobs, after the
            next commit. So a large job does not hold up what is to be recorded.

        Raises:
            Exception: some may not be removed.
        """

    def close(self) -> None:
        """Let go of everything; called after the last commit, and perhaps twice."""


class KeysTaken(StoreError):
    """Jobs of other hosts have the idempotency keys of new ones.

    Attributes:
        taken: the ids of the new jobs, and of those that have their keys.
    """

    def __init__(self, taken: Mapping[str, str], text: str) -> None:
        self.taken = taken
        super().__init__(text)


class Beat(NamedTuple):
    """What a host learns when it says that it is alive.

    Attributes:
        lost: ids of jobs that other hosts have taken over, since they had not heard of this one for too long.
        adopted: jobs that this host has taken over, from hosts that died or were closed.
        cancels: ids of jobs of this host that others have asked to be cancelled, and whether by force.
    """

    lost: Collection[str]
    adopted: Sequence[JobRecord]
    cancels: Mapping[str, bool]


class SharedStore(Store, Protocol):
    """A store that several hosts use at once. Each job belongs to one of them, and only that one records it.

    ``open`` gives back only jobs that belonged to nobody who is alive, and they belong to this host from then on.
    ``close`` leaves the jobs of this host to the others.

    Attributes:
        shared: True.
        beat_every: seconds between two calls of ``heartbeat``.
        lease: seconds after ``open`` or a ``heartbeat`` for which no other host takes over the jobs of this one.
        poll_every: seconds between two looks at a job of another host.
    """

    shared: bool
    beat_every: float
    lease: float
    poll_every: float

    def heartbeat(self, *, adopt: bool) -> Beat:
        """Say that this host is alive; with ``adopt`` take over what belongs to nobody who is.

        Args:
            adopt: whether to take over jobs of hosts that are gone.

        Raises:
            StoreError: that is not certain.
        """

    def ask_to_cancel(self, job_id: str, *, force: bool) -> bool:
        """Ask the host of a job to cancel it; say whether nobody had asked before, and it was not decided.

        It may be called from any thread, at any time.

        Args:
            job_id: which job.
            force: whether its running attempts are to be cancelled, too.

        Raises:
            StoreError: that is not certain.
        """

    def grant(self, job_id: str) -> None:
        """Note that a job was cancelled since another host had asked for it; the next commit of the job records that.

        It is called in the thread of the event loop, and must not block.

        Args:
            job_id: which job.
        """


def is_shared(store: Store) -> TypeGuard[SharedStore]:
    """Whether other hosts may use a store at the same time."""
    return bool(getattr(store, "shared", False))
