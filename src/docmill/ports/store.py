"""Where jobs are recorded."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import attrs

from docmill.model import JobOptions, Ledger, Mark, Row

__all__ = ["Change", "JobRecord", "Store"]


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
    """A job as a store gives it back when it is opened.

    All times, those in the mark and in the rows included, are seconds since the epoch; for the rest see
    ``Ledger`` and ``Change``.
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

    def commit(self, changes: Sequence[Change]) -> None:
        """Record all of the changes, or none and raise.

        An outcome is recorded once: a row whose job and position are there already changes nothing. Neither does
        a change of a job that was removed, which is one that has a ``before`` and is not there.

        Raises:
            Exception: nothing of it is certain. The queue tries again for a minute, then it stops.
        """

    def load(self, job_id: str) -> JobRecord | None:
        """Read one job anew, whatever has become of it; None if it is not there.

        Raises:
            StoreError: it cannot be read.
        """

    def prune(self, job_ids: Sequence[str]) -> None:
        """Remove jobs; those that are not there do not matter.

        Raises:
            Exception: some may not be removed.
        """

    def close(self) -> None:
        """Let go of everything; called once, after the last commit."""
