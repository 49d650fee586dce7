"""JobOptions: how one job is to be run."""

from typing import Any, Final

import attrs

from docmill.errors import InvalidJobError
from docmill.model.vocabulary import ProcessingJobType

__all__ = ["MOST", "JobOptions", "is_seconds", "is_whole"]

MAX_RETRY_ATTEMPTS: Final = 100

LONGEST: Final = 1e300
"""More than anybody means, and less than what overflows when times are added up."""

RECOMMENDED_TIMEOUTS: Final[dict[str, float]] = {
    ProcessingJobType.QUALITY_CHECK: 60.0,
    ProcessingJobType.DATA_EXTRACTION: 180.0,
    ProcessingJobType.FULL_ANALYSIS: 300.0,
}


MOST: Final = 2**63 - 1
"""The largest whole number that a database can keep."""


def is_whole(value: Any, least: int, most: int = MOST) -> bool:
    """Whether a value is a whole number in a range; True and False are not."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_seconds(value: Any, *, zero: bool = False) -> bool:
    """Whether a value is a time in seconds that one may add to others: a number above 0, or 0 as well."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return 0 < value <= LONGEST or (zero and value == 0)


@attrs.frozen(kw_only=True)
class JobOptions:
    """How one job is to be run. The defaults are the seed's, its 30 s for a document included.

    Attributes:
        max_concurrent: documents of this job at work at once, 1 or more.
        timeout: seconds for the whole job, counted from PENDING -> PROCESSING; None for no limit.
        retry_attempts: further attempts after a failed first one, 0 to 100.
        retry_delay: seconds before the second attempt; it doubles before each later one.
        document_timeout: the budget of one document in seconds, from the start of its first attempt to its
            settlement, retry waits included.
        max_failures: the job fails as soon as more documents than this have failed; None for no limit.
        jitter: draw each retry wait between 0 and its full length, so that retries spread out.
        cache: take the result of a document that was processed before from the store, if its content, the metadata
            and the processor's version are the same. Only for processors that declare ``version`` and ``fingerprint``.

    Raises:
        InvalidJobError: a value is out of its range; the message names every one that is.
    """

    max_concurrent: int = 5
    timeout: float | None = 300.0
    retry_attempts: int = 2
    retry_delay: float = 2.0
    document_timeout: float = 30.0
    max_failures: int | None = None
    jitter: bool = False
    cache: bool = False

    def __attrs_post_init__(self) -> None:
        rules = (
            ("max_concurrent", "a whole number, 1 or more", is_whole(self.max_concurrent, 1)),
            (
                "timeout",
                "a finite number of seconds above 0, or None",
                self.timeout is None or is_seconds(self.timeout),
            ),
            (
                "retry_attempts",
                f"a whole number from 0 to {MAX_RETRY_ATTEMPTS}",
                is_whole(self.retry_attempts, 0, MAX_RETRY_ATTEMPTS),
            ),
            ("retry_delay", "a finite number of seconds, 0 or more", is_seconds(self.retry_delay, zero=True)),
            ("document_timeout", "a finite number of seconds above 0", is_seconds(self.document_timeout)),
            (
                "max_failures",
                "a whole number, 0 or more, or None",
                self.max_failures is None or is_whole(self.max_failures, 0),
            ),
            ("jitter", "True or False", isinstance(self.jitter, bool)),
            ("cache", "True or False", isinstance(self.cache, bool)),
        )
        problems = [f"{name} must be {allowed}, got {getattr(self, name)!r}" for name, allowed, ok in rules if not ok]
        if problems:
            raise InvalidJobError(problems)

    @classmethod
    def recommended(cls, job_type: str, document_count: int) -> "JobOptions":
        """The seed's recommended settings for a batch of this type and size.

        Concurrency grows with the batch: 3 to 5 below 10 documents, 5 to 10 up to 30, 10 to 15 above. The
        timeout follows the type: 60 s for QUALITY_CHECK, 180 s for DATA_EXTRACTION, 300 s for all others.

        Args:
            job_type: a ``ProcessingJobType`` or a job type of your own.
            document_count: how many documents the batch has, 1 or more.

        Raises:
            InvalidJobError: ``document_count`` is not a whole number, 1 or more.
        """
        if not is_whole(document_count, 1):
            raise InvalidJobError(f"document_count must be a whole number, 1 or more, got {document_count!r}")
        if document_count < 10:
            concurrent = min(max(document_count, 3), 5)
        elif document_count <= 30:
            concurrent = min(max(document_count // 3, 5), 10)
        else:
            concurrent = min(max(document_count * 3 // 10, 10), 15)
        return cls(max_concurrent=concurrent, timeout=RECOMMENDED_TIMEOUTS.get(job_type, 300.0))
