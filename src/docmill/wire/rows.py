"""The outcomes of a job as JSON, with the results that are stored as JSON spliced in as they are."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from docmill.core import Verdict
from docmill.core.data import encode as encode_data
from docmill.model import FailureCode, Job, Stored
from docmill.model.options import MOST
from docmill.wire.encoding import encode
from docmill.wire.shapes import AnyJson, Choice, Constant, Instant, Milliseconds, Text, Whole, iso
from docmill.wire.tables import Field, Record

__all__ = ["FAILURE", "RESULT", "carried", "failure_rows", "result_rows"]

DOCUMENT_ID = Field("documentId", "document_id", Text(), "The document, as it was named when the job was made.")

TIMES = (
    Field(
        "processingTime",
        "processing_time",
        Milliseconds(),
        "Milliseconds from the start of the first attempt until it was settled, waits included.",
    ),
    Field("timestamp", "timestamp", Instant(), "When it was settled."),
)

RESULT = Record(
    "DocumentResult",
    (
        DOCUMENT_ID,
        Field("success", "", Constant(True), "It succeeded."),
        Field("data", "data", AnyJson(), "What the processor returned; null if JSON cannot carry that."),
        *TIMES,
        Field("dataError", "data_error", Text(), "Why JSON cannot carry what the processor returned.", required=False),
    ),
)

FAILURE = Record(
    "DocumentFailure",
    (
        DOCUMENT_ID,
        Field("success", "", Constant(False), "It failed."),
        Field("data", "", Constant(None), "There is no result."),
        *TIMES,
        Field("error", "error", Text(), "The last error."),
        Field("code", "code", Choice(FailureCode), "Why no further attempt was made."),
        Field("attempts", "attempts", Whole(1), "How many attempts were made."),
    ),
)


def carried(data: Any) -> tuple[bytes, str | None]:
    """What a processor has made as JSON, and None; or null, and why JSON cannot carry it."""
    if isinstance(data, Stored):
        return data, None
    written = encode_data(data, MOST)
    return (b"null", written.error) if isinstance(written, Verdict) else (written, None)


def result_rows(job: Job) -> Iterator[bytes]:
    """The results of a job, each as the JSON of the table RESULT."""
    ledger, mark = job._ledger, job._mark  # noqa: SLF001 - only there a result that is stored is still JSON
    for position, _, first_started, settled, kept in islice(ledger.ok, mark.ok):
        data, problem = carried(kept)
        yield b'{"documentId":%b,"success":true,"data":%b,"processingTime":%d,"timestamp":"%b"%b}' % (
            encode(ledger.document_ids[position]),
            data,
            round((settled - first_started) * 1000),
            iso(ledger.wall(settled)).encode(),
            b"" if problem is None else b',"dataError":' + encode(problem),
        )


def failure_rows(job: Job) -> Iterator[bytes]:
    """The failures of a job, each as the JSON of the table FAILURE."""
    for failure in job.errors:
        yield encode(FAILURE.write(failure))
