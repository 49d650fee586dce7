"""Every error that docmill raises on purpose, and the three that a processor raises to steer it.

::

    DocmillError
    ├── InvalidJobError(ValueError)        what was asked for cannot be a job
    ├── JobNotFoundError(LookupError)      no such job, or not this owner's
    ├── JobStateError                      the job is not in the state that the call needs
    ├── JobFailedError                     raised by ``Job.raise_for_status``
    ├── IdempotencyConflictError           one key, two different requests
    ├── QueueClosedError                   the queue is closing or closed
    ├── ForkedQueueError                   the queue was opened in another process
    ├── PluginError                        a processor plugin cannot be found or loaded
    ├── InternalError                      a bug in docmill
    ├── InvalidRequestError(ValueError)    a request over the wire cannot be a job (``docmill.wire``)
    ├── StoreError
    │   ├── StoreUnavailableError          the store stayed out of reach
    │   ├── StoreCorruptError              what is there is not what was written
    │   ├── StoreReadOnlyError             it may not be written to
    │   ├── StoreInUseError                another queue has it open
    │   └── StoreVersionError              it was made by a newer version of docmill
    └── raised by processors
        ├── PermanentError                 never retry this document
        │   └── DocumentError                  why a document cannot be read (``docmill.documents``)
        ├── RetryAfter                     pause this job type for a while
        └── ServiceUnavailableError        the service behind the processor is down
"""

import math
from collections.abc import Sequence

__all__ = [
    "DocmillError",
    "ForkedQueueError",
    "IdempotencyConflictError",
    "InternalError",
    "InvalidJobError",
    "JobFailedError",
    "JobNotFoundError",
    "JobStateError",
    "PermanentError",
    "PluginError",
    "QueueClosedError",
    "RetryAfter",
    "ServiceUnavailableError",
    "StoreCorruptError",
    "StoreError",
    "StoreInUseError",
    "StoreReadOnlyError",
    "StoreUnavailableError",
    "StoreVersionError",
]


class DocmillError(Exception):
    """The base of every error of docmill."""


class InvalidJobError(DocmillError, ValueError):
    """What was asked for cannot be a job; nothing was stored and nothing changed.

    Attributes:
        problems: every problem found, one sentence each, so that a caller can mend all at once.
    """

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("; ".join(self.problems))

    def __reduce__(self) -> tuple[type["InvalidJobError"], tuple[tuple[str, ...]]]:
        return type(self), (self.problems,)


class JobNotFoundError(DocmillError, LookupError):
    """No job has this id, or it belongs to another owner: the two look the same on purpose.

    Attributes:
        job_id: the id that was asked for.
    """

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(
            f"no job {job_id!r} is known here: it was never created, it was cleaned up, or it is another owner's"
        )

    def __reduce__(self) -> tuple[type["JobNotFoundError"], tuple[str]]:
        return type(self), (self.job_id,)


class JobStateError(DocmillError):
    """The job exists, but the call needs it in another state."""


class JobFailedError(DocmillError):
    """The job ended otherwise than COMPLETED. Raised only by ``Job.raise_for_status``."""


class IdempotencyConflictError(DocmillError):
    """An ``idempotency_key`` was used again for other documents or another job type.

    Attributes:
        key: the key.
        job_id: the job that it stands for.
    """

    def __init__(self, key: str, job_id: str) -> None:
        self.key = key
        self.job_id = job_id
        super().__init__(
            f"idempotency_key {key!r} already stands for job {job_id!r}, which has other documents or another type; "
            "repeat the first request unchanged, or use a new key"
        )

    def __reduce__(self) -> tuple[type["IdempotencyConflictError"], tuple[str, str]]:
        return type(self), (self.key, self.job_id)


class QueueClosedError(DocmillError):
    """The queue is closing or closed. Reads still work; nothing new starts."""


class ForkedQueueError(DocmillError):
    """The queue was opened in another process; make one in this process, after the fork."""


class PluginError(DocmillError):
    """A processor plugin cannot be loaded, or two distributions provide one for the same job type."""


class InternalError(DocmillError):
    """This should never happen: a bug in docmill. Sorry; please report it with the traceback."""


class StoreError(DocmillError):
    """The base of what can go wrong between the queue and its store."""


class StoreUnavailableError(StoreError):
    """The store could not record for so long that the queue stopped; its jobs resume when it is reopened."""


class StoreCorruptError(StoreError):
    """What the store holds is not what was written; the message names it. Nothing was changed.

    Move it aside and restore a backup; a queue never starts with an empty store in its place.
    """


class StoreReadOnlyError(StoreError):
    """The store may not be written to; the message names it. Give the process the right to write."""


class StoreInUseError(StoreError):
    """Another queue, in this process or another one, has the store open; close it first, or use a store of its own."""


class StoreVersionError(StoreError):
    """The store has the schema of a newer version of docmill, or an older one that may not be migrated."""


class PermanentError(DocmillError):
    """Raise this in a processor when trying again cannot help, such as for a broken or encrypted file.

    The document settles failed at once with the code ``permanent``.
    """


class RetryAfter(DocmillError):
    """Raise this in a processor when its service says how long to stay away (HTTP 429 or 503).

    No attempt of this job type starts for that long. The document goes back to the unstarted ones with a
    fresh budget, but its attempts still count.

    Args:
        seconds: how long to stay away, in seconds, 0 or more; more than a year counts as a year.
        message: shown as the document's error if it has no attempt left.

    Raises:
        ValueError: ``seconds`` is negative or not a finite number.
    """

    def __init__(self, seconds: float, message: str = "") -> None:
        if not 0 <= seconds < math.inf:
            raise ValueError(f"RetryAfter needs a finite number of seconds, 0 or more, got {seconds!r}")
        self.seconds = float(seconds)
        super().__init__(message or f"retry after {self.seconds:g} s")

    def __reduce__(self) -> tuple[type["RetryAfter"], tuple[float, str]]:
        return type(self), (self.seconds, str(self))


class ServiceUnavailableError(DocmillError):
    """Raise this in a processor when the service behind it is down: it counts for the circuit breaker."""
