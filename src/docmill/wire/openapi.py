"""The HTTP API as an OpenAPI 3.1 document, made from the tables and limits that the code goes by."""

from collections.abc import Collection
from typing import Any, Final

from docmill.wire.requests import RequestLimits, create_request_schema
from docmill.wire.responses import CANCELLED, CREATED, ERROR, JOB_LIST, JOB_STATUS
from docmill.wire.shapes import Schema

__all__ = ["DESCRIPTION", "PREFIX", "TITLE", "openapi"]

PREFIX: Final = "/api/v1/documents/batch-process"
TITLE: Final = "Batch document processing"
DESCRIPTION: Final = "Process batches of documents concurrently, follow them, cancel them, and try again what failed."

REASONS: Final = {
    400: "The request is not one; the details name everything that is wrong.",
    401: "It is not known who asks.",
    403: "The page that asks is of an origin that may not.",
    404: "There is no such job, or it is somebody else's.",
    408: "The body did not come in time.",
    409: "The state of the job, or an earlier request with the same key, does not allow that.",
    413: "The body is too large.",
    415: "The body is not declared to be JSON in UTF-8.",
    500: "Something went wrong that should not.",
    503: "The service is closing, or its store cannot be reached; try again later.",
}

JOB_ID: Final[Schema] = {
    "name": "jobId",
    "in": "path",
    "required": True,
    "description": "The job, as it was named when it was made.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 256},
}

FORCE: Final[Schema] = {
    "name": "force",
    "in": "query",
    "description": "Cancel the documents at work, too, which otherwise complete.",
    "schema": {"type": "boolean", "default": False},
}

ACTIVE: Final[Schema] = {
    "name": "active",
    "in": "query",
    "description": "Only jobs that are PENDING or PROCESSING.",
    "schema": {"type": "boolean", "default": False},
}

KEY: Final[Schema] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key gives the same job again instead of a second one.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[!-~]+$"},
}


def openapi(
    *,
    types: Collection[str] | None = None,
    limits: RequestLimits = RequestLimits(),  # noqa: B008 - it is frozen
    prefix: str = PREFIX,
    secured: bool = False,
    server: str = "",
) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the HTTP API.

    Args:
        types: the job types there are; None if any may be asked for.
        limits: what may be asked for.
        prefix: the path of the collection of jobs.
        secured: whether one has to sign in.
        server: the path under which the application is mounted.
    """
    one = f"{prefix}/{{jobId}}"
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": "1.0.0", "description": DESCRIPTION},
        "servers": [{"url": server or "/"}],
        "paths": {
            prefix: {"get": _list(secured), "post": _create(secured)},
            one: {"parameters": [JOB_ID], "get": _status(secured)},
            f"{one}/cancel": {"parameters": [JOB_ID], "post": _cancel(secured)},
            f"{one}/retry": {"parameters": [JOB_ID], "post": _retry(secured)},
        },
        "components": {
            "schemas": {
                "CreateRequest": create_request_schema(types, limits),
                **{record.name: record.schema() for record in (CREATED, JOB_STATUS, JOB_LIST, CANCELLED, ERROR)},
            }
        },
    }
    if secured:
        document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"bearer": []}]
    return document


def _list(secured: bool) -> dict[str, Any]:
    return {
        "operationId": "listJobs",
        "summary": "The jobs that there are, newest first, without their documents.",
        "parameters": [ACTIVE],
        "responses": {"200": _answer("The jobs.", "JobListResponse")} | _refusals(secured, 400),
    }


def _create(secured: bool) -> dict[str, Any]:
    return {
        "operationId": "createJob",
        "summary": "Make a job.",
        "parameters": [KEY],
        "requestBody": {"required": True, "content": _json("CreateRequest")},
        "responses": {"201": _created()} | _refusals(secured, 400, 403, 408, 409, 413, 415),
    }


def _status(secured: bool) -> dict[str, Any]:
    return {
        "operationId": "getJob",
        "summary": "How far a job is, and what has become of its documents.",
        "responses": {"200": _answer("The job.", "JobResponse")} | _refusals(secured, 404),
    }


def _cancel(secured: bool) -> dict[str, Any]:
    return {
        "operationId": "cancelJob",
        "summary": "Cancel a job: nothing of it starts any more.",
        "parameters": [FORCE],
        "responses": {"200": _answer("It is cancelled.", "CancelResponse")} | _refusals(secured, 400, 403, 404, 409),
    }


def _retry(secured: bool) -> dict[str, Any]:
    return {
        "operationId": "retryJob",
        "summary": "Make a new job from the documents of a finished one that failed or were not processed.",
        "responses": {"201": _created()} | _refusals(secured, 403, 404, 409),
    }


def _created() -> dict[str, Any]:
    location = {"Location": {"description": "Where its status is.", "schema": {"type": "string"}}}
    following = {
        operation: {"operationId": operation, "parameters": {"jobId": "$response.body#/data/jobId"}}
        for operation in ("getJob", "cancelJob", "retryJob")
    }
    return _answer("The job is made.", "CreateResponse") | {"headers": location, "links": following}


def _refusals(secured: bool, *statuses: int) -> dict[str, Any]:
    every = sorted({*statuses, 500, 503} | ({401} if secured else set()))
    return {str(status): _answer(REASONS[status], "ErrorResponse") for status in every}


def _answer(description: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": _json(schema)}


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
