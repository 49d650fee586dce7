"""The book of one job: what was asked for, and two append-only lists of what became of it.

A ledger is shared by everyone who looks at the job. Nobody copies it: a snapshot is a ledger and a Mark,
which says how many rows of each list belong to the snapshot. That is why a status costs the same at ten
results and at a million.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from docmill.model.options import JobOptions
from docmill.model.outcomes import Cached, DocumentFailure, DocumentResult, Row, Stored
from docmill.model.vocabulary import JobErrorCode, JobStatus

__all__ = ["Ledger", "Mark"]


class Ledger:
    """Everything about a job that never changes, and the outcomes, which only grow.

    Attributes:
        created: when the job was created, seconds on the monotonic clock.
        wall_offset: what to add to a monotonic time to get seconds since the epoch. Taken once a job, so
            that its timestamps stay in order whatever happens to the wall clock.
        ok: rows of the documents that succeeded, in the order of settlement.
        failed: rows of the documents that failed, their payload a Fault.
    """

    __slots__ = (
        "_positions",
        "created",
        "document_ids",
        "failed",
        "id",
        "idempotency_key",
        "metadata",
        "ok",
        "options",
        "owner",
        "priority",
        "retry_of",
        "type",
        "wall_offset",
    )

    def __init__(
        self,
        *,
        id: str,
        document_ids: Sequence[str],
        type: str,
        options: JobOptions,
        owner: str | None,
        idempotency_key: str | None,
        metadata: Mapping[str, Any],
        priority: int,
        retry_of: str | None,
        created: float,
        wall_offset: float,
    ) -> None:
        self.id = id
        self.document_ids = document_ids
        self.type = type
        self.options = options
        self.owner = owner
        self.idempotency_key = idempotency_key
        self.metadata = metadata
        self.priority = priority
        self.retry_of = retry_of
        self.created = created
        self.wall_offset = wall_offset
        self.ok: list[Row] = []
        self.failed: list[Row] = []
        self._positions: dict[str, int] | None = None

    def wall(self, moment: float) -> datetime:
        """The UTC time of a moment on the monotonic clock."""
        return datetime.fromtimestamp(self.wall_offset + moment, UTC)

    def position(self, document_id: str) -> int | None:
        """Where a document stands in ``document_ids``; the index is made on the first call."""
        if self._positions is None:
            self._positions = {name: position for position, name in enumerate(self.document_ids)}
        return self._positions.get(document_id)

    def result(self, row: Row) -> DocumentResult:
        """The result that a row of ``ok`` stands for."""
        position, attempts, first_started, settled, data = row
        return DocumentResult(
            document_id=self.document_ids[position],
            data=data.read() if isinstance(data, Stored) else data,
            processing_time=settled - first_started,
            timestamp=self.wall(settled),
            attempts=attempts,
            cached=type(data) is Cached,
        )

    def failure(self, row: Row) -> DocumentFailure:
        """The failure that a row of ``failed`` stands for."""
        position, attempts, first_started, settled, fault = row
        return DocumentFailure(
            document_id=self.document_ids[position],
            error=fault.error,
            code=fault.code,
            processing_time=settled - first_started,
            timestamp=self.wall(settled),
            attempts=attempts,
        )


class Mark(NamedTuple):
    """A consistent cut through a job at one moment: its state, and how much of its ledger is meant.

    ``busy`` is the sum of the processing times of the settled documents, in seconds. The last three are what a
    crash may be blamed on: documents before the position ``reserved`` may have been started, the one at ``alone``
    runs while nothing else does, and those at ``blamed`` did so when the process died.
    """

    status: JobStatus
    ok: int
    failed: int
    busy: float
    started: float | None
    completed: float | None
    drained: bool
    error: str | None
    error_code: JobErrorCode | None
    summary: Any
    summary_error: str | None
    reserved: int = 0
    alone: int | None = None
    blamed: tuple[int, ...] = ()

    @classmethod
    def new(cls, reserved: int = 0) -> "Mark":
        """What every job begins as."""
        return cls(JobStatus.PENDING, 0, 0, 0.0, None, None, False, None, None, None, None, reserved)
