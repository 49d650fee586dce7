"""The nouns: what a job is, what it is asked for, and what becomes of its documents."""

from docmill.model.job import AtWork, Job, RunningDocument
from docmill.model.ledger import Ledger, Mark
from docmill.model.options import JobOptions
from docmill.model.outcomes import (
    Cached,
    DocumentFailure,
    DocumentResult,
    Fault,
    Keyed,
    Later,
    Outcome,
    Row,
    Rows,
    Stored,
)
from docmill.model.stats import Stats
from docmill.model.vocabulary import (
    TERMINAL_STATUSES,
    FailureCode,
    JobErrorCode,
    JobStatus,
    ProcessingJobType,
)

__all__ = [
    "TERMINAL_STATUSES",
    "AtWork",
    "Cached",
    "DocumentFailure",
    "DocumentResult",
    "FailureCode",
    "Fault",
    "Job",
    "JobErrorCode",
    "JobOptions",
    "JobStatus",
    "Keyed",
    "Later",
    "Ledger",
    "Mark",
    "Outcome",
    "ProcessingJobType",
    "Row",
    "Rows",
    "RunningDocument",
    "Stats",
    "Stored",
]
