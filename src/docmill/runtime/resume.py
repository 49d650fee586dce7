"""A job that a store has kept, brought into this life of the process."""

from collections.abc import Iterable

from docmill.model import Later, Ledger, Mark, Row
from docmill.ports import JobRecord

__all__ = ["revive"]


def revive(record: JobRecord, now: float, wall: float) -> tuple[Ledger, Mark]:
    """The ledger and the mark of a recorded job, its times on the monotonic clock of this life.

    The wall clock may have been set back since: then what was recorded in the future counts as now, so that
    the timestamps of a job stay in order.

    Args:
        record: what the store gave back.
        now: seconds on the monotonic clock.
        wall: seconds since the epoch at the same moment.
    """
    offset = wall - now

    def moment(seconds: float) -> float:
        return min(seconds - offset, now)

    def rows(recorded: Iterable[Row]) -> list[Row]:
        # In place where that is possible: there may be millions of them.
        moved = recorded if type(recorded) is list else list(recorded)
        for at, (position, attempts, first_started, settled, payload) in enumerate(moved):
            end = min(settled - offset, now)
            moved[at] = (position, attempts, end - (settled - first_started), end, payload)
        return moved

    mark = record.mark
    completed = None if mark.completed is None else moment(mark.completed)
    latest = now if completed is None else completed
    started = None if mark.started is None else min(moment(mark.started), latest)
    ledger = Ledger(
        id=record.id,
        document_ids=record.document_ids,
        type=record.type,
        options=record.options,
        owner=record.owner,
        idempotency_key=record.idempotency_key,
        metadata=record.metadata,
        priority=record.priority,
        retry_of=record.retry_of,
        created=min(moment(record.created), latest if started is None else started),
        wall_offset=offset,
    )
    if mark.status.is_terminal or isinstance(record.ok, Later):
        # Nobody may ever look at its outcomes, and there will be no more of them in this ledger.
        ledger.ok = Later(mark.ok, lambda: rows(record.ok))  # type: ignore[assignment]
        ledger.failed = Later(mark.failed, lambda: rows(record.failed))  # type: ignore[assignment]
    else:
        ledger.ok, ledger.failed = rows(record.ok), rows(record.failed)
    return ledger, mark._replace(started=started, completed=completed)
