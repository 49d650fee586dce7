"""Calls that are made in another process than the host's: what the two ends have in common."""

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Mapping
from math import isnan
from pathlib import Path
from typing import Any, Final, NamedTuple

from docmill.core import Verdict, judge
from docmill.core.verdict import LONGEST_PAUSE, MAX_ERROR_TEXT, escape, rogue_cancel
from docmill.errors import RetryAfter
from docmill.model import FailureCode
from docmill.ports import ProcessorSpec

try:
    import resource
except ImportError:  # pragma: no cover - not on Windows, where max_memory is refused before it gets here
    resource = None  # type: ignore[assignment]

__all__ = ["CallContext", "JobFacts", "Memory", "RecordHandler", "address_space", "judge_call", "read_verdict"]

MAX_MESSAGE: Final = 2_000
"""Characters of the message of a report."""

MAX_RECORD: Final = 16_000
MAX_NAME: Final = 200
"""Characters of a log record, and of the name of its logger."""

VERDICTS: Final = {
    FailureCode.PROCESSOR_ERROR,
    FailureCode.PERMANENT,
    FailureCode.ROGUE_CANCEL,
    FailureCode.PROCESSOR_EXIT,
    FailureCode.BAD_RESULT,
    FailureCode.RESULT_TOO_LARGE,
}
"""What a worker may say of an attempt."""


class JobFacts(NamedTuple):
    """What the documents of a job have in common."""

    job_id: str
    job_type: str
    owner: str | None
    metadata: Mapping[str, Any]


class CallContext:
    """The ``ProcessingContext`` of an attempt that runs away from its host.

    Args:
        job: whose document it is.
        document_id: the document; empty in ``finalize``.
        attempt: the number of the attempt, from 1.
        seconds: what is left of the document's budget.
        report: takes what the processor says of its progress, from any thread.
    """

    def __init__(
        self, job: JobFacts, document_id: str, attempt: int, seconds: float, report: Callable[[float, str], None]
    ) -> None:
        self.job_id, self.job_type, self.owner, self.metadata = job
        self.document_id = document_id
        self.attempt = attempt
        self._report = report
        self._end = time.monotonic() + seconds
        self._over = False

    def remaining(self) -> float:
        """Seconds left of the document's budget, never less than 0."""
        return max(0.0, self._end - time.monotonic())

    def report(self, fraction: float, message: str = "") -> None:
        """Say how far the document is, 0.0 to 1.0, from any thread."""
        number: object = fraction
        if not isinstance(number, int | float) or isnan(number):
            raise ValueError(f"a fraction must be a number from 0.0 to 1.0, got {fraction!r}")
        if not self._over:
            self._report(min(max(float(fraction), 0.0), 1.0), str(message)[:MAX_MESSAGE])

    def end(self) -> None:
        """The attempt is over: what a thread of it still reports is not about the next one."""
        self._over = True


class RecordHandler(logging.Handler):
    """Has log records sent away, with their tracebacks as text.

    Args:
        send: takes the name of the logger, the level and the text.
    """

    def __init__(self, send: Callable[[str, int, str], object]) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter())  # the level and the logger travel beside the text
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record."""
        try:
            text = self.format(record)
            text = text if len(text) <= MAX_RECORD else f"{text[:MAX_RECORD]}..."
            self._send(record.name[:MAX_NAME], record.levelno, text)
        except Exception:  # noqa: BLE001 - what logging asks of a handler
            self.handleError(record)


class Memory:
    """A limit to the address space, for as long as a processor runs; without one nothing is changed."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit

    def __enter__(self) -> None:
        if self._limit is not None:
            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            soft = self._limit if hard == resource.RLIM_INFINITY else min(self._limit, hard)
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))

    def __exit__(self, *_: object) -> None:
        if self._limit is not None:
            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def address_space() -> int:
    """Bytes of address space that this process has; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def judge_call(spec: ProcessorSpec, error: BaseException) -> Verdict:
    """Say what an exception of a processor means, where it was raised."""
    if isinstance(error, asyncio.CancelledError) or _is_trios(error):
        return rogue_cancel(error)
    return judge(error, spec.declaration.permanent, spec.declaration.breaker)


def read_verdict(code: Any, error: Any, retry: Any, counted: Any, pause: Any) -> Verdict:
    """What a worker says of a failed attempt, if it can be believed.

    Raises:
        ValueError, TypeError: a worker that is right in its mind does not say that.
    """
    if code not in VERDICTS:
        raise ValueError(f"a failure with the code {code!r}")
    if pause is not None:
        pause = min(RetryAfter(pause).seconds, LONGEST_PAUSE)
    return Verdict(FailureCode(code), escape(str(error))[:MAX_ERROR_TEXT], bool(retry), bool(counted), pause)


def _is_trios(error: BaseException) -> bool:
    trio = sys.modules.get("trio")
    return trio is not None and isinstance(error, trio.Cancelled)
