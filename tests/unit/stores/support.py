"""Jobs to put into stores, and what should come back."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from docmill import FailureCode, JobOptions, JobStatus
from docmill.model import Fault, Ledger, Mark, Row, Stored
from docmill.ports import Change, JobRecord

OFFSET = 1_700_000_000.0
"""What to add to a monotonic time in these tests to get seconds since the epoch."""

PLAIN: dict[str, Any] = {
    "type": "CHECK",
    "options": JobOptions(),
    "owner": None,
    "idempotency_key": None,
    "metadata": {},
    "priority": 0,
    "retry_of": None,
    "created": 1.0,
    "wall_offset": OFFSET,
}


def ledger(job_id: str = "job_1", document_ids: Sequence[str] = ("a", "b", "c"), **fields: Any) -> Ledger:
    return Ledger(id=job_id, document_ids=tuple(document_ids), **(PLAIN | fields))


def ok(position: int, data: bytes = b'"ok"', *, at: float | None = None, attempts: int = 1) -> Row:
    settled = 10.0 + position if at is None else at
    return position, attempts, 5.0, settled, Stored(data)


def failed(position: int, error: str = "ValueError: no", code: FailureCode = FailureCode.PROCESSOR_ERROR) -> Row:
    return position, 3, 5.0, 10.0 + position, Fault(code, error)


def mark(of: Ledger, **fields: Any) -> Mark:
    """A cut through everything that the ledger has by now."""
    status = JobStatus.PROCESSING if of.ok or of.failed else JobStatus.PENDING
    return Mark.new()._replace(status=status)._replace(ok=len(of.ok), failed=len(of.failed), **fields)


def decided(of: Ledger, status: JobStatus = JobStatus.COMPLETED, **fields: Any) -> Mark:
    return mark(of, **({"status": status, "started": 5.0, "completed": 20.0, "drained": True} | fields))


def new(of: Ledger) -> Change:
    """A job that is created."""
    return Change(of, None, Mark.new())


def record(of: Ledger, after: Mark, *, active: float = 0.0, lives: int = 0, told: bool = False) -> dict[str, Any]:
    """What a store gives back of a job, in a form that can be compared."""

    def wall(moment: float | None) -> float | None:
        return None if moment is None else moment + of.wall_offset

    def rows(recorded: Sequence[Row]) -> list[Row]:
        return [(row[0], row[1], row[2] + of.wall_offset, row[3] + of.wall_offset, row[4]) for row in recorded]

    return plain(
        JobRecord(
            id=of.id,
            document_ids=of.document_ids,
            type=of.type,
            options=of.options,
            owner=of.owner,
            idempotency_key=of.idempotency_key,
            metadata=of.metadata,
            priority=of.priority,
            retry_of=of.retry_of,
            created=of.created + of.wall_offset,
            mark=after._replace(started=wall(after.started), completed=wall(after.completed)),
            ok=rows(of.ok[: after.ok]),
            failed=rows(of.failed[: after.failed]),
            active=active,
            lives=lives,
            told=told,
        )
    )


def plain(found: JobRecord | None) -> dict[str, Any]:
    """A record with its sequences as lists, so that it does not matter what kind they are of."""
    assert found is not None
    fields: Mapping[str, Any] = attrs.asdict(found, recurse=False)
    lists = {name: list(fields[name]) for name in ("document_ids", "ok", "failed")}
    return dict(fields) | lists | {"metadata": dict(fields["metadata"])}


@contextmanager
def mounted(tmp_path: Path, size: str) -> Iterator[Path]:
    """A small file system of its own."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "docmill", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, check=False, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode:
        pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
