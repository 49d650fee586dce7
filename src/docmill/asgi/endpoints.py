"""What the HTTP API does."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final
from urllib.parse import quote

from docmill.asgi.http import HttpError, Request, Response
from docmill.errors import (
    DocmillError,
    IdempotencyConflictError,
    InvalidJobError,
    JobNotFoundError,
    JobStateError,
    QueueClosedError,
    StoreError,
)
from docmill.model import Job, JobStatus
from docmill.queue import DocumentProcessingQueue
from docmill.wire import (
    InvalidRequestError,
    Problem,
    RequestLimits,
    cancel_response,
    create_response,
    parse_create_request,
    write_job,
    write_jobs,
)
from docmill.wire.shapes import Text

__all__ = ["Endpoints", "refusal"]

RETRY_AFTER: Final = (("retry-after", "5"),)

NAME: Final = Text(1, 256)


class Endpoints:
    """The endpoints, each from a request and its owner to a response.

    Args:
        queue: whose jobs they are.
        types: the job types that may be asked for.
        limits: what may be asked for.
        prefix: the path of the collection of jobs.
        body_timeout: seconds in which a body has to come.
    """

    def __init__(
        self,
        queue: DocumentProcessingQueue,
        types: Collection[str],
        limits: RequestLimits,
        prefix: str,
        body_timeout: float,
    ) -> None:
        self._queue = queue
        self._types = types
        self._limits = limits
        self._prefix = prefix
        self._body_timeout = body_timeout

    async def create(self, request: Request, owner: str | None) -> Response:
        """Make a job."""
        body = await request.body(self._limits.body_bytes, self._body_timeout)
        key = _idempotency_key(request)
        wanted = parse_create_request(body, types=self._types, limits=self._limits)
        job_id = await self._queue.create_job(
            wanted.document_ids, wanted.type, wanted.options, owner=owner, idempotency_key=key
        )
        # With a key it may be an older job. A new one is PENDING, however soon it starts.
        known = None if key is None else self._queue.get_job_status(job_id, owner=owner)
        status = JobStatus.PENDING if known is None else known.status
        return self._created(request, job_id, status, len(wanted.document_ids), wanted.type)

    async def status(self, request: Request, owner: str | None, job_id: str) -> Response:  # noqa: ARG002 - as all
        """How far a job is."""
        return Response(200, _wrapped(write_job(await self._load(job_id, owner))))

    async def all(self, request: Request, owner: str | None) -> Response:
        """The jobs there are."""
        jobs = self._queue.get_all_jobs(active=request.flag("active"), owner=owner)
        return Response(200, _wrapped(write_jobs(jobs)))

    async def cancel(self, request: Request, owner: str | None, job_id: str) -> Response:
        """Cancel a job."""
        force = request.flag("force")
        _check_name(job_id)
        before = self._queue.get_job_status(job_id, owner=owner)
        if await self._queue.cancel_job(job_id, force=force, owner=owner):
            return Response(200, cancel_response())
        if force and before is not None and not before.drained:
            return Response(200, cancel_response(stopped=True))
        job = await self._load(job_id, owner)
        raise HttpError(409, "job_finished", f"The job is {job.status} already.")

    async def retry(self, request: Request, owner: str | None, job_id: str) -> Response:
        """Make a new job from what a finished one has left to do."""
        _check_name(job_id)
        try:
            new_id = await self._queue.retry_job(job_id, owner=owner)
        except InvalidJobError as error:
            raise HttpError(409, "nothing_to_retry", str(error)) from None
        job = await self._load(new_id, owner)
        return self._created(request, new_id, JobStatus.PENDING, job.total_documents, job.type)

    async def _load(self, job_id: str, owner: str | None) -> Job:
        _check_name(job_id)
        job = await self._queue.load_job(job_id, owner=owner)
        if job is None:
            raise JobNotFoundError(job_id)
        return job

    def _created(self, request: Request, job_id: str, status: JobStatus, count: int, job_type: str) -> Response:
        location = quote(f"{request.mount}{self._prefix}/") + quote(job_id, safe="")
        return Response(201, create_response(job_id, status, count, job_type), (("location", location),))


def _check_name(job_id: str) -> None:
    if NAME.read(job_id, "", []) is None:  # no database takes that
        raise JobNotFoundError(job_id)


def _idempotency_key(request: Request) -> str | None:
    key = request.header("idempotency-key")
    if key is None or (1 <= len(key) <= 256 and all("!" <= character <= "~" for character in key)):
        return key
    problem = Problem("Idempotency-Key", "must have 1 to 256 characters, visible ones of ASCII")
    raise HttpError(400, "invalid_request", "The Idempotency-Key cannot be one.", [problem])


def _wrapped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces of JSON as what an answer calls its data."""
    before = b'{"data":'
    following = iter(pieces)
    piece = next(following)
    for later in following:
        yield before + piece
        before, piece = b"", later
    yield before + piece + b"}"


def refusal(error: DocmillError) -> HttpError | None:
    """What an error of the queue is in HTTP; None if it is nothing that a client could have to do with.

    Another owner's job and one that does not exist look the same.
    """
    if isinstance(error, InvalidRequestError):
        return _invalid(error.problems)
    if isinstance(error, InvalidJobError):
        return _invalid([Problem("$", problem) for problem in error.problems])
    if isinstance(error, JobNotFoundError):
        return HttpError(404, "job_not_found", "There is no such job.")
    if isinstance(error, IdempotencyConflictError):
        return HttpError(409, "idempotency_conflict", "The Idempotency-Key stands for another request already.")
    if isinstance(error, JobStateError):
        return HttpError(409, "job_not_finished", "The job is not finished, or a document of it is still at work.")
    if isinstance(error, QueueClosedError):
        return HttpError(503, "closing", "The service is closing; try again later.", headers=RETRY_AFTER)
    if isinstance(error, StoreError):
        return HttpError(503, "store_unavailable", "The store cannot be reached.", headers=RETRY_AFTER)
    return None


def _invalid(problems: list[Problem]) -> HttpError:
    first = problems[0]
    more = f" {len(problems) - 1} more in the details." if len(problems) > 1 else ""
    return HttpError(400, "invalid_request", f"{first.path}: {first.message}.{more}", problems)
