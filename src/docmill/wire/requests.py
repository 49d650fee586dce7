"""The request that makes a job, and the limits of what a stranger may ask for."""

from collections.abc import Collection, Mapping
from typing import Any

import attrs

from docmill.errors import DocmillError
from docmill.model import JobOptions
from docmill.wire.reading import read_json
from docmill.wire.shapes import Choice, ListOf, Milliseconds, Problem, Schema, Text, Whole
from docmill.wire.tables import Field, Record

__all__ = ["CreateRequest", "InvalidRequestError", "RequestLimits", "create_request_schema", "parse_create_request"]


class InvalidRequestError(DocmillError, ValueError):
    """What was sent is not a request; nothing was stored and nothing changed.

    Attributes:
        problems: every problem found, as ``(path, message)`` with a JSON path such as ``$.documentIds[3]``.
    """

    def __init__(self, problems: Collection[Problem]) -> None:
        self.problems = [Problem(*problem) for problem in problems]
        super().__init__("; ".join(f"{path}: {message}" for path, message in self.problems))

    def __reduce__(self) -> tuple[type["InvalidRequestError"], tuple[list[Problem]]]:
        return type(self), (self.problems,)


@attrs.frozen(kw_only=True)
class RequestLimits:
    """What a stranger may ask for. The library itself allows more: these are for requests from outside.

    Attributes:
        body_bytes: the size of a request's body.
        documents: the documents of one job.
        id_length: characters of a document id, and of a job type that is not checked against a list.
        max_concurrent: documents of a job at work at once.
        least_timeout: the shortest timeout of a job, in seconds.
        timeout: the longest one, in seconds.
        retry_attempts: further attempts after a failed first one.
        retry_delay: the longest wait before the second attempt, in seconds.
    """

    body_bytes: int = 4 * 2**20
    documents: int = 10_000
    id_length: int = 256
    max_concurrent: int = 100
    least_timeout: float = 1.0
    timeout: float = 86_400.0
    retry_attempts: int = 10
    retry_delay: float = 60.0


@attrs.frozen(kw_only=True)
class CreateRequest:
    """What somebody wants done: which documents, by which processor, and how.

    Attributes:
        document_ids: the documents, each once.
        type: the job type, which names the processor.
        options: how the job is to be run.
    """

    document_ids: tuple[str, ...]
    type: str
    options: JobOptions


DEFAULTS = JobOptions()


def _options_table(limits: RequestLimits) -> Record:
    return Record(
        "JobOptions",
        (
            Field(
                "maxConcurrent",
                "max_concurrent",
                Whole(1, limits.max_concurrent),
                "Documents of this job at work at once.",
                required=False,
                default=DEFAULTS.max_concurrent,
            ),
            Field(
                "timeout",
                "timeout",
                Milliseconds(limits.least_timeout, limits.timeout),
                "Milliseconds for the whole job, from the start of its first document.",
                required=False,
                default=DEFAULTS.timeout,
            ),
            Field(
                "retryAttempts",
                "retry_attempts",
                Whole(0, limits.retry_attempts),
                "Further attempts for a document after a failed first one.",
                required=False,
                default=DEFAULTS.retry_attempts,
            ),
            Field(
                "retryDelay",
                "retry_delay",
                Milliseconds(0.0, limits.retry_delay),
                "Milliseconds before the second attempt; they double before each later one.",
                required=False,
                default=DEFAULTS.retry_delay,
            ),
        ),
    )


def _request_table(types: Collection[str] | None, limits: RequestLimits) -> Record:
    name = Text(1, limits.id_length, clean=True)
    return Record(
        "CreateRequest",
        (
            Field(
                "documentIds",
                "document_ids",
                ListOf(name, 1, limits.documents, unique=True),
                "The documents, each once.",
            ),
            Field(
                "type",
                "type",
                name if types is None else Choice(types),
                "The job type, which says what is done with each document.",
            ),
            Field("options", "options", _options_table(limits), "How the job is run.", required=False),
        ),
    )


def parse_create_request(
    body: bytes | str | Mapping[str, Any],
    *,
    types: Collection[str] | None = None,
    limits: RequestLimits = RequestLimits(),
) -> CreateRequest:
    """Read the body of ``POST /api/v1/documents/batch-process``.

    Args:
        body: the JSON as it came, or as a mapping.
        types: the job types there are; None to take any.
        limits: what may be asked for.

    Raises:
        InvalidRequestError: it is not such a request; the error has every problem with its JSON path.
    """
    problems: list[Problem] = []
    value = read_json(body, problems)
    read = None if problems else _request_table(types, limits).read(value, "$", problems)
    if problems or read is None:
        raise InvalidRequestError(problems)
    return CreateRequest(
        document_ids=read["document_ids"], type=read["type"], options=JobOptions(**read.get("options", {}))
    )


def create_request_schema(
    types: Collection[str] | None = None,
    limits: RequestLimits = RequestLimits(),
) -> Schema:
    """The JSON Schema of what ``parse_create_request`` takes.

    Args:
        types: the job types there are; None to take any.
        limits: what may be asked for.
    """
    return _request_table(types, limits).schema()
