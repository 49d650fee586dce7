"""The closed sets of words: job types, statuses and failure codes."""

from enum import StrEnum
from typing import Final

__all__ = ["TERMINAL_STATUSES", "FailureCode", "JobErrorCode", "JobStatus", "ProcessingJobType"]


class ProcessingJobType(StrEnum):
    """The four job types of the seed; any other string names a job type of your own."""

    FULL_ANALYSIS = "FULL_ANALYSIS"
    """Extraction, quality check and anomaly detection of each document."""
    QUALITY_CHECK = "QUALITY_CHECK"
    """Whether each document is whole and fit to be read by a machine."""
    DATA_EXTRACTION = "DATA_EXTRACTION"
    """The fields, lines and tables of each document."""
    BATCH_ANALYSIS = "BATCH_ANALYSIS"
    """A full analysis of each document, and a comparison across the batch."""


class JobStatus(StrEnum):
    """Where a job is. The four terminal ones are final."""

    PENDING = "PENDING"
    """Created; no document was started yet."""
    PROCESSING = "PROCESSING"
    """Its first document was started."""
    COMPLETED = "COMPLETED"
    """Every document is settled, and at least one succeeded."""
    FAILED = "FAILED"
    """Every document is settled and none succeeded, or an error ended the job."""
    CANCELLED = "CANCELLED"
    """``cancel_job``, or a queue in memory was closed before the job was done."""
    TIMEOUT = "TIMEOUT"
    """It was still PROCESSING at the end of its timeout."""

    @property
    def is_terminal(self) -> bool:
        """Whether the job is decided: no later status will follow."""
        return self in TERMINAL_STATUSES


TERMINAL_STATUSES: Final = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.TIMEOUT})
"""The statuses that are final."""


class FailureCode(StrEnum):
    """Why a document failed for good."""

    PROCESSOR_ERROR = "processor_error"
    """The processor raised, and no attempt was left."""
    PERMANENT = "permanent"
    """The processor said that trying again cannot help."""
    DOCUMENT_TIMEOUT = "document_timeout"
    """An attempt was still running at the end of the document's budget."""
    RETRY_BUDGET = "retry_budget"
    """The next attempt would have started at or after the end of the document's budget."""
    JOB_STOPPED = "job_stopped"
    """The document would have been tried again, but its job was decided first."""
    CANCELLED = "cancelled"
    """The running attempt was cancelled by ``cancel_job(force=True)`` or by closing the queue."""
    ROGUE_CANCEL = "rogue_cancel"
    """The processor raised a cancellation that nobody had asked for."""
    PROCESSOR_EXIT = "processor_exit"
    """The processor raised SystemExit, GeneratorExit or another exception that is no Exception."""
    CIRCUIT_OPEN = "circuit_open"
    """The circuit breaker stayed open until the end of the budget of a document between two attempts."""
    PROCESSOR_STUCK = "processor_stuck"
    """Too many attempts of the processor were abandoned until the end of the document's budget."""

    POISON = "poison"
    """The process died twice while the document ran and nothing else did."""
    WORKER_DIED = "worker_died"
    """The worker process died under the attempt, and no attempt was left."""
    BAD_RESULT = "bad_result"
    """The processor returned what JSON cannot carry, where it has to: from a worker process."""
    RESULT_TOO_LARGE = "result_too_large"
    """The processor returned more than may leave its worker process."""


class JobErrorCode(StrEnum):
    """Why a job ended otherwise than COMPLETED or CANCELLED."""

    ALL_FAILED = "all_failed"
    """Every document settled, and none was ok."""
    TIMEOUT = "timeout"
    """The job was still processing at the end of its timeout."""
    MAX_FAILURES = "max_failures"
    """More documents failed than ``JobOptions.max_failures`` allows."""
    NO_PROCESSOR = "no_processor"
    """The job was resumed, and no processor is registered for its type any more."""
    CRASH_LOOP = "crash_loop"
    """The process died four times in a row without getting the job any further."""
    ENGINE_LOST = "engine_lost"
    """The engine that its documents run on could not be reached for too long."""
