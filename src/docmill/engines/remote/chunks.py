"""A chunk of documents on its way to a worker, and what comes back.

Away goes a pickle, since a processor is code. Back comes JSON: whatever a document has made of a worker, the host
reads data.
"""

import json
import pickle
from collections.abc import Sequence
from math import isfinite
from typing import Any, Final, NamedTuple, NoReturn

from docmill.core import Verdict
from docmill.engines.calls import JobFacts, read_verdict
from docmill.engines.travel import is_installed, pack

__all__ = [
    "Answer",
    "Chunk",
    "ChunkDocument",
    "Note",
    "note",
    "pack_chunk",
    "read_answer",
    "read_note",
    "unpack_chunk",
    "write_answer",
]

OK: Final = "ok"
FAILED: Final = "failed"


class ChunkDocument(NamedTuple):
    """A document of a chunk: its id, the number of the attempt, and the seconds that are left of its budget."""

    document_id: str
    attempt: int
    seconds: float


class Chunk(NamedTuple):
    """Documents of one job that are run one after another by one worker, or the summary of a job.

    Attributes:
        number: the chunk's number; notes about it carry it.
        digest: what the processor is known by in a worker that has loaded it already.
        processor: a pickle of the job type, the processor and its declaration.
        job: what the documents have in common.
        documents: the documents; the one of ``finalize`` has no id.
        outcomes: what ``finalize`` is given; None for documents.
        slice: seconds after which no further document of the chunk is begun.
        max_result_bytes: how large a result may be as JSON.
        level: the least level of the log records that the host wants.
    """

    number: int
    digest: str
    processor: bytes
    job: JobFacts
    documents: Sequence[ChunkDocument]
    outcomes: list[Any] | None
    slice: float
    max_result_bytes: int
    level: int


class Answer(NamedTuple):
    """What a worker says at the end of a chunk.

    Attributes:
        seconds: how long the documents took that were run.
        outcomes: the result or the verdict of each, in their order; those that follow were not begun.
        logs: log records that were not told before: logger, level, text.
    """

    seconds: float
    outcomes: list[Verdict | tuple[Any]]
    logs: list[tuple[str, int, str]]


class Note(NamedTuple):
    """What a worker says while a chunk runs.

    Attributes:
        number: the chunk.
        at: the place in the chunk of the document that is running; None at the very beginning.
        reports: what the processor has said of its progress: place, fraction, message.
        logs: as in an answer.
        run: tells this run of the chunk from one in another process, should the cluster run it again.
    """

    number: int
    at: int | None
    reports: list[tuple[int, float, str]]
    logs: list[tuple[str, int, str]]
    run: str


def pack_chunk(chunk: Chunk) -> bytes:
    """A chunk as bytes.

    Raises:
        TravelError: the metadata of the job or the outcomes cannot travel.
    """
    documents = [tuple(document) for document in chunk.documents]  # another type would be looked at for each of them
    return pack((*chunk[:4], documents, *chunk[5:]), is_installed)


def unpack_chunk(body: bytes) -> Chunk:
    """A chunk from bytes that the host has sent."""
    chunk = Chunk(*pickle.loads(body))  # noqa: S301 - from the host
    return chunk._replace(documents=[ChunkDocument(*document) for document in chunk.documents])


def write_answer(seconds: float, outcomes: Sequence[bytes | Verdict], logs: Sequence[tuple[str, int, str]]) -> bytes:
    """An answer as bytes; results are JSON already."""
    parts = [
        b'["%s",%s]' % (OK.encode(), outcome) if isinstance(outcome, bytes) else json.dumps([FAILED, *outcome]).encode()
        for outcome in outcomes
    ]
    return b"[%r,[%s],%s]" % (seconds, b",".join(parts), json.dumps(logs).encode())


def read_answer(body: bytes, most: int) -> Answer:
    """An answer to a chunk of up to ``most`` documents, if it can be believed.

    Raises:
        Exception: a worker that is right in its mind does not say that.
    """
    seconds, parts, logs = _read(body)
    if not 1 <= len(parts) <= most:
        raise ValueError(f"{len(parts)} outcomes of {most} documents")
    outcomes: list[Verdict | tuple[Any]] = []
    for kind, *content in parts:
        if kind == OK:
            (data,) = content
            outcomes.append((data,))
        else:
            outcomes.append(read_verdict(*content))
    return Answer(_number(seconds), outcomes, [_record(*record) for record in logs])


def note(number: int, at: int | None, reports: Sequence[Any] = (), logs: Sequence[Any] = (), run: str = "") -> bytes:
    """A note as bytes."""
    return json.dumps([number, at, list(reports), list(logs), run]).encode()


def read_note(body: bytes) -> Note:
    """A note, if it can be believed.

    Raises:
        Exception: a worker that is right in its mind does not say that.
    """
    number, at, reports, logs, run = _read(body)
    told = [(int(index), _number(fraction), str(message)) for index, fraction, message in reports]
    return Note(int(number), None if at is None else int(at), told, [_record(*record) for record in logs], str(run))


def _read(body: bytes) -> Any:
    return json.loads(body, parse_constant=_refuse)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _number(value: Any) -> float:
    number = float(value)
    if not (isfinite(number) and number >= 0):
        raise ValueError(f"{number!r} where a number from 0 on should be")
    return number


def _record(name: object, level: object, text: object) -> tuple[str, int, str]:
    return str(name), int(str(level)), str(text)
