"""Outcomes as SQLite keeps them: not a row each, but as many in one row as were recorded together.

A row for each outcome costs six times as much CPU in the writer, most of it for Python objects that are bound one by
one. In a block each column holds one field of all its outcomes: JSON that SQL can read, and packed floats.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from struct import pack, unpack
from typing import Any, Final, NamedTuple
from zlib import crc32

from docmill.core import Verdict
from docmill.core.data import encode
from docmill.errors import StoreCorruptError
from docmill.model import Cached, FailureCode, Fault, Row, Stored
from docmill.ports import Change

__all__ = ["Block", "blocks", "rows"]

CACHED: Final = "cached"
"""What stands for a failure's code where a result is an earlier one."""

MOST_ROWS: Final = 1_000
MOST_BYTES: Final = 2**20
"""Of the payloads in one block, unless it is a single one."""

BETWEEN: Final = b",\n"
"""Between two payloads: no JSON has it within, since a line break in a string is written as two other characters."""


class Block(NamedTuple):
    """Some results of a job, or some failures, that settled one after another.

    Attributes:
        failed: 1 for failures, 0 for results.
        first: the place of the first one among the results, or the failures, of the job.
        positions: of the documents in the job, as a JSON array.
        attempts: a JSON array, too.
        codes: a JSON array of the failures' codes, or of None and "cached" for results; None if all of it is None.
        times: seconds, as little-endian doubles: what makes the others UTC; when each was first started; when each
            settled.
        payload: a JSON array of results, or of error texts.
        checksum: of all this, and of the job's id.
    """

    failed: int
    first: int
    positions: str
    attempts: str
    codes: str | None
    times: bytes
    payload: str
    checksum: int


def blocks(change: Change, there: tuple[int, int] | None = None) -> Iterator[Block]:
    """The outcomes of a change that are new.

    Args:
        change: what has happened to a job.
        there: how many results and failures are recorded already, if it is not what the change says.
    """
    ledger, before, after = change.ledger, change.before, change.after
    if there is None:
        there = (0, 0) if before is None else (before.ok, before.failed)
    salt = crc32(ledger.id.encode())
    for failed, rows, first, end in (0, ledger.ok, there[0], after.ok), (1, ledger.failed, there[1], after.failed):
        for start in range(first, end, MOST_ROWS):
            group = rows[start : min(end, start + MOST_ROWS)]
            yield from _sized(failed, start, group, ledger.wall_offset, salt)


def _sized(failed: int, first: int, rows: Sequence[Row], offset: float, salt: int) -> Iterator[Block]:
    """Rows as one block, or as several if they have too many bytes for one."""
    codes, payloads = _failures(rows) if failed else _results(rows)
    payload = _joined(payloads)
    if len(payload) > MOST_BYTES and len(rows) > 1:
        middle = len(rows) // 2
        yield from _sized(failed, first, rows[:middle], offset, salt)
        yield from _sized(failed, first + middle, rows[middle:], offset, salt)
        return
    positions, attempts, started, settled, _ = zip(*rows, strict=True)
    times = pack(f"<{2 * len(rows) + 1}d", offset, *started, *settled)
    # A list of whole numbers looks the same in JSON as in Python.
    block = Block(failed, first, str([*positions]), str([*attempts]), codes, times, f"[{payload.decode()}]", 0)
    yield block._replace(checksum=_checksum(block, salt))


def _results(rows: Sequence[Row]) -> tuple[str | None, list[bytes]]:
    values = [row[4] for row in rows]
    kinds = set(map(type, values))
    if kinds == {Stored}:
        return None, values
    codes = _json([CACHED if type(value) is Cached else None for value in values]) if Cached in kinds else None
    return codes, [value if isinstance(value, Stored) else _encode(value) for value in values]


def _failures(rows: Sequence[Row]) -> tuple[str, list[bytes]]:
    return _json([row[4].code for row in rows]), [_json(row[4].error).encode() for row in rows]


def _joined(payloads: list[bytes]) -> bytes:
    joined = BETWEEN.join(payloads)
    if joined.count(BETWEEN) == len(payloads) - 1:
        return joined
    return BETWEEN.join(
        _json(json.loads(payload)).encode() for payload in payloads
    )  # somebody else's JSON, with spaces


def rows(job_id: str, ok: int, failed: int, found: Iterable[Sequence[Any]]) -> tuple[list[Row], list[Row]]:
    """The outcomes of a job, read back: so many results and failures, each in the order of settlement.

    Raises:
        StoreCorruptError: something is not what was written, or is missing.
    """
    salt = crc32(job_id.encode())
    good: list[Any] = [None] * ok
    bad: list[Any] = [None] * failed
    for columns in found:
        block = Block(*columns)
        what, rows = ("failures", bad) if block.failed else ("results", good)
        if _checksum(block, salt) != block.checksum:
            raise StoreCorruptError(
                f"{what} {block.first} and following of job {job_id} are not what was recorded: their checksum differs"
            )
        new = list(_rows(block))[: max(0, len(rows) - block.first)]  # some may have been recorded since
        rows[block.first : block.first + len(new)] = new
    for what, rows in (("results", good), ("failures", bad)):
        if None in rows:
            left = len(rows) - rows.count(None)
            raise StoreCorruptError(f"job {job_id} has {left} {what}, and {len(rows)} were recorded")
    return good, bad


def _rows(block: Block) -> Iterator[Row]:
    positions = json.loads(block.positions)
    count = len(positions)
    offset, *times = unpack(f"<{2 * count + 1}d", block.times)
    times = [time + offset for time in times]
    codes = [None] * count if block.codes is None else json.loads(block.codes)
    values: Iterable[Any]
    if block.failed:
        texts = json.loads(block.payload)
        values = [Fault(FailureCode(code), text) for code, text in zip(codes, texts, strict=True)]
    else:
        payloads = block.payload[1:-1].encode().split(BETWEEN)
        values = [(Cached if code else Stored)(payload) for code, payload in zip(codes, payloads, strict=True)]
    return zip(positions, json.loads(block.attempts), times[:count], times[count:], values, strict=True)


def _checksum(block: Block, salt: int) -> int:
    texts = repr((block.failed, block.first, block.positions, block.attempts, block.codes))
    return crc32(block.payload.encode(), crc32(block.times, crc32(texts.encode(), salt)))


def _encode(data: Any) -> bytes:
    answer = encode(data, 2**62)
    if isinstance(answer, Verdict):
        raise ValueError(answer.error)
    return answer


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))
