"""A job as columns of a database: what is written once, what changes, and the outcomes one row each."""

import json
from collections.abc import Iterable, Iterator, Sequence
from struct import Struct
from typing import Any, Final, Protocol
from zlib import crc32

import attrs

from docmill.core import Verdict
from docmill.core.data import encode
from docmill.errors import StoreCorruptError
from docmill.model import (
    Cached,
    FailureCode,
    Fault,
    JobErrorCode,
    JobOptions,
    JobStatus,
    Keyed,
    Ledger,
    Mark,
    Row,
    Stored,
)
from docmill.ports import Change, JobRecord

__all__ = [
    "CHUNK",
    "WRITTEN_AGAIN",
    "WRITTEN_ONCE",
    "Outcome",
    "check",
    "checksum",
    "chunks",
    "head",
    "outcomes",
    "record",
    "results",
    "rows",
    "state",
]

CACHED: Final = "cached"
"""What stands for a failure's code where a result is an earlier one."""

FIXED: Final = Struct(">qqqdd").pack

CHUNK: Final = 1_000
"""Document ids in one row."""


class Columns(Protocol):
    """A row of the table of jobs."""

    def __getitem__(self, name: str, /) -> Any:
        """What is in the column of this name."""


HEAD: Final = (
    "id",
    "type",
    "options",
    "owner",
    "idempotency_key",
    "metadata",
    "priority",
    "retry_of",
    "created",
    "documents",
)
"""What is written when a job is created, and never changes."""

STATE: Final = (
    "status",
    "ok",
    "failed",
    "busy",
    "started",
    "completed",
    "drained",
    "error",
    "error_code",
    "summary",
    "summary_error",
    "reserved",
    "alone",
    "blamed",
    "active",
    "lives",
    "told",
)
"""What changes while a job runs."""


WRITTEN_ONCE: Final = (*HEAD, "head_checksum")
WRITTEN_AGAIN: Final = (*STATE, "state_checksum")


def head(ledger: Ledger) -> tuple[Any, ...]:
    """The columns WRITTEN_ONCE of a new job."""
    return _with_checksum(
        ledger.id,
        ledger.type,
        _json(attrs.asdict(ledger.options)),
        ledger.owner,
        ledger.idempotency_key,
        _json(dict(ledger.metadata)),
        ledger.priority,
        ledger.retry_of,
        ledger.created + ledger.wall_offset,
        len(ledger.document_ids),
    )


def chunks(ledger: Ledger) -> Iterator[tuple[int, str]]:
    """The document ids of a job: the first position of each chunk, and the chunk as JSON."""
    ids = ledger.document_ids
    for first in range(0, len(ids), CHUNK):
        yield first, _json(ids[first : first + CHUNK])


def state(change: Change) -> tuple[Any, ...]:
    """The columns WRITTEN_AGAIN of a job."""
    mark, offset = change.after, change.ledger.wall_offset
    return _with_checksum(
        mark.status.value,
        mark.ok,
        mark.failed,
        mark.busy,
        None if mark.started is None else mark.started + offset,
        None if mark.completed is None else mark.completed + offset,
        mark.drained,
        _storable(mark.error),
        None if mark.error_code is None else mark.error_code.value,
        None if mark.summary is None else _stored(mark.summary).decode(),
        _storable(mark.summary_error),
        mark.reserved,
        mark.alone,
        _json(mark.blamed),
        change.active,
        change.lives,
        change.told,
    )


def checksum(values: Iterable[Any]) -> int:
    """A checksum that is the same for what goes into columns and for what comes out of them."""
    alike = [value if value is None or isinstance(value, str) else float(value) for value in values]
    return crc32(repr(alike).encode())


def check(columns: Columns) -> None:
    """See that a job's row is what was written.

    Raises:
        StoreCorruptError: it is not.
    """
    for names in (WRITTEN_ONCE, WRITTEN_AGAIN):
        *values, expected = (columns[name] for name in names)
        if checksum(values) != expected:
            raise StoreCorruptError(f"job {columns['id']} is not what was recorded: its checksum differs")


Outcome = tuple[int, int, int, float, float, str | None, bytes, int]


def outcomes(change: Change) -> list[Outcome]:
    """The outcomes that are new: position, place, attempts, first start, settlement, code, payload, checksum.

    The place is the one among the results, or among the failures. The code of a result is None, or "cached", and
    its payload JSON; the payload of a failure is its error text.
    """
    ledger, before, after = change.ledger, change.before, change.after
    offset, salt = ledger.wall_offset, _salt(ledger.id)
    first_ok, first_failed = (0, 0) if before is None else (before.ok, before.failed)
    found: list[Outcome] = []
    place = first_ok
    for position, attempts, first_started, settled, data in ledger.ok[first_ok : after.ok]:
        stored = data if isinstance(data, Stored) else _stored(data)
        code = CACHED if type(stored) is Cached else None
        first_started += offset
        settled += offset
        fixed = FIXED(position, place, attempts, first_started, settled)
        total = crc32(stored, crc32(fixed, salt if code is None else salt ^ 1))
        found.append((position, place, attempts, first_started, settled, code, stored, total))
        place += 1
    for place, (position, attempts, first_started, settled, fault) in enumerate(
        ledger.failed[first_failed : after.failed], first_failed
    ):
        first_started += offset
        settled += offset
        text = fault.error.encode("utf-8", "surrogatepass")
        total = _outcome_checksum(salt, position, place, attempts, first_started, settled, fault.code.value, text)
        found.append((position, place, attempts, first_started, settled, fault.code.value, text, total))
    return found


def results(change: Change) -> list[tuple[str, bytes]]:
    """The new results that are to be found again, and what by."""
    if not change.ledger.options.cache:
        return []
    first = 0 if change.before is None else change.before.ok
    rows = change.ledger.ok[first : change.after.ok]
    return [(row[4].key, row[4]) for row in rows if isinstance(row[4], Keyed)]


def rows(job_id: str, ok: int, failed: int, columns: Iterable[Sequence[Any]]) -> tuple[list[Row], list[Row]]:
    """The outcomes of a job, read back: so many results and failures, each in the order of settlement.

    Raises:
        StoreCorruptError: something is not what was written, or is missing.
    """
    good: list[Any] = [None] * ok
    bad: list[Any] = [None] * failed
    salt = _salt(job_id)
    for position, place, attempts, first_started, settled, code, payload, expected in columns:
        if _outcome_checksum(salt, position, place, attempts, first_started, settled, code, payload) != expected:
            raise StoreCorruptError(
                f"the outcome of document {position} of job {job_id} is not what was recorded: its checksum differs"
            )
        rows, kind, total = (good, Stored, ok) if code is None else (good, Cached, ok)
        if code is None or code == CACHED:
            value: Any = kind(payload)
        else:
            rows, total = bad, failed
            value = Fault(FailureCode(code), payload.decode("utf-8", "surrogatepass"))
        if place < total:  # one beyond was recorded after the job was read
            rows[place] = (position, attempts, first_started, settled, value)
    for what, there, recorded in (("results", good, ok), ("failures", bad, failed)):
        if None in there:
            left = recorded - there.count(None)
            raise StoreCorruptError(f"job {job_id} has {left} {what}, and {recorded} were recorded")
    return good, bad


def record(columns: Columns, document_ids: Sequence[str], ok: Sequence[Row], failed: Sequence[Row]) -> JobRecord:
    """A job, read back."""
    summary = columns["summary"]
    error_code = columns["error_code"]
    return JobRecord(
        id=columns["id"],
        document_ids=document_ids,
        type=columns["type"],
        options=JobOptions(**json.loads(columns["options"])),
        owner=columns["owner"],
        idempotency_key=columns["idempotency_key"],
        metadata=json.loads(columns["metadata"]),
        priority=columns["priority"],
        retry_of=columns["retry_of"],
        created=columns["created"],
        mark=Mark(
            status=JobStatus(columns["status"]),
            ok=columns["ok"],
            failed=columns["failed"],
            busy=columns["busy"],
            started=columns["started"],
            completed=columns["completed"],
            drained=bool(columns["drained"]),
            error=columns["error"],
            error_code=None if error_code is None else JobErrorCode(error_code),
            summary=None if summary is None else Stored(summary.encode()),
            summary_error=columns["summary_error"],
            reserved=columns["reserved"],
            alone=columns["alone"],
            blamed=tuple(json.loads(columns["blamed"])),
        ),
        ok=ok,
        failed=failed,
        active=columns["active"],
        lives=columns["lives"],
        told=bool(columns["told"]),
    )


def _with_checksum(*values: Any) -> tuple[Any, ...]:
    return (*values, checksum(values))


def _storable(text: str | None) -> str | None:
    """A text without what no database takes: NUL, and half of a surrogate pair."""
    return text and text.replace("\0", "\\x00").encode(errors="backslashreplace").decode()


def _salt(job_id: str) -> int:
    return crc32(job_id.encode())


def _outcome_checksum(
    salt: int,
    position: int,
    place: int,
    attempts: int,
    first_started: float,
    settled: float,
    code: str | None,
    payload: bytes,
) -> int:
    start = crc32(FIXED(position, place, attempts, first_started, settled), salt ^ (code == CACHED))
    if code is not None and code != CACHED:
        start = crc32(code.encode(), start)
    return crc32(payload, start)


def _stored(data: Any) -> Stored:
    if type(data) is Stored:
        return data
    answer = encode(data, 2**62)
    if isinstance(answer, Verdict):
        raise ValueError(answer.error)
    return Stored(answer)


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))
