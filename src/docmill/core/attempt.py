"""One call of a processor for one document."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from docmill.core.job import JobMachine
    from docmill.model import FailureCode

__all__ = ["FINALIZE", "Attempt"]

FINALIZE: Final = -1
"""The position of the attempt that makes the summary of the whole batch."""


class Attempt:
    """One call of a processor for one document, from its start to its end.

    Attributes:
        job: whose document it is.
        position: where the document stands in the job, or FINALIZE.
        document_id: the document's id; empty for FINALIZE.
        attempt: the number of this attempt, from 1.
        first_started: when the document's budget began.
        started: when this attempt began.
        stop: why it was told to stop, if it was; nobody stops an attempt twice.
        released: whether its document is to be unstarted again when it ends: the queue closes, or it was too late.
        joined: whether it runs in the chunk of another one, and shares the seat and the lane of that.
        alone: whether it must be the only one in its chunk.
        lost: whether it is to be unstarted again because its chunk was lost, perhaps by its fault.
        left_behind: whether the engine could not stop it when it was cancelled.
        abandoned: whether its document settled without it, and it may still be running.
        fraction: how far the processor says it is, 0.0 to 1.0.
        message: the processor's own words about that.
    """

    # Slots for what every attempt has. Most attempts never change the rest, and a default of the class
    # that is not assigned costs nothing for each document; one that is changed has a dictionary for it.
    __slots__ = ("__dict__", "attempt", "document_id", "first_started", "job", "position", "started")

    stop: "FailureCode | None" = None
    released = False
    joined = False
    alone = False
    lost = False
    left_behind = False
    abandoned = False
    fraction: float | None = None
    message = ""

    def __init__(self, job: "JobMachine", position: int, document_id: str, started: float) -> None:
        self.job = job
        self.position = position
        self.document_id = document_id
        self.attempt = 1
        self.first_started = self.started = started

    @property
    def budget_end(self) -> float:
        """When the document must be settled."""
        return self.first_started + self.job.budget

    def __repr__(self) -> str:
        return f"<Attempt {self.attempt} of document {self.position} of {self.job.ledger.id}>"
