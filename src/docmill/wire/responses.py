"""What the HTTP API answers with, errors included."""

from collections.abc import Iterable
from typing import Any

from docmill.model import JobStatus
from docmill.wire.jobs import JOB, JOB_HEADER
from docmill.wire.shapes import Choice, Constant, ListOf, Problem, Text, Whole
from docmill.wire.tables import Field, Record

__all__ = [
    "CANCELLED",
    "CREATED",
    "ERROR",
    "JOB_LIST",
    "JOB_STATUS",
    "cancel_response",
    "create_response",
    "error_response",
]

CREATED_MESSAGE = "Batch processing job created successfully"
CANCELLED_MESSAGE = "Job cancelled successfully"
STOPPED_MESSAGE = "Running documents of the job stopped"

CREATED = Record(
    "CreateResponse",
    (
        Field(
            "data",
            "",
            Record(
                "CreatedJob",
                (
                    Field("jobId", "job_id", Text(), "The job's id."),
                    Field("status", "status", Choice(JobStatus), "Where it is."),
                    Field("documentCount", "total_documents", Whole(1), "How many documents it has."),
                    Field("type", "type", Text(), "The job type."),
                ),
            ),
            "The new job.",
        ),
        Field("message", "", Constant(CREATED_MESSAGE), "For people."),
    ),
)

CANCELLED = Record(
    "CancelResponse", (Field("message", "", Choice((CANCELLED_MESSAGE, STOPPED_MESSAGE)), "For people."),)
)

JOB_STATUS = Record("JobResponse", (Field("data", "", JOB, "The job."),))

JOB_LIST = Record("JobListResponse", (Field("data", "", ListOf(JOB_HEADER), "The jobs, newest first."),))

ERROR = Record(
    "ErrorResponse",
    (
        Field(
            "error",
            "",
            Record(
                "Error",
                (
                    Field("code", "code", Text(), "What went wrong, for programs."),
                    Field("message", "message", Text(), "The same for people."),
                    Field(
                        "details",
                        "details",
                        ListOf(
                            Record(
                                "Problem",
                                (
                                    Field("path", "path", Text(), "Where it is, as a JSON path."),
                                    Field("message", "message", Text(), "What is wrong there."),
                                ),
                            )
                        ),
                        "Every problem of the request.",
                    ),
                ),
            ),
            "What went wrong.",
        ),
    ),
)


def create_response(job_id: str, status: JobStatus | str, document_count: int, type: str) -> dict[str, Any]:
    """What ``POST /api/v1/documents/batch-process`` answers.

    Args:
        job_id: the id of the new job.
        status: where the job is.
        document_count: how many documents it has.
        type: the job type.
    """
    data = {"jobId": job_id, "status": str(status), "documentCount": document_count, "type": str(type)}
    return {"data": data, "message": CREATED_MESSAGE}


def cancel_response(*, stopped: bool = False) -> dict[str, Any]:
    """What ``POST .../:jobId/cancel`` answers.

    Args:
        stopped: the job was decided before, and what still ran of it was told to stop.
    """
    return {"message": STOPPED_MESSAGE if stopped else CANCELLED_MESSAGE}


def error_response(code: str, message: str, problems: Iterable[Problem | tuple[str, str]] = ()) -> dict[str, Any]:
    """What is answered if something is wrong.

    Args:
        code: a word for programs, such as ``invalid_request``.
        message: a sentence for people.
        problems: every problem as (JSON path, message).
    """
    details = [{"path": path, "message": words} for path, words in problems]
    return {"error": {"code": code, "message": message, "details": details}}
