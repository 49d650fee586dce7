"""Where jobs are recorded."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from docmill.model import Ledger, Mark

__all__ = ["Change", "Store"]


class Change(NamedTuple):
    """What has become of a job since it was last recorded.

    What is new are the ledger's rows between the two marks, and whatever else differs in them.

    Attributes:
        ledger: what was asked for, and the outcomes.
        before: what is recorded already; None for a new job.
        after: what is to be recorded.
    """

    ledger: Ledger
    before: Mark | None
    after: Mark


class Store(Protocol):
    """Where jobs are recorded. All methods are synchronous and are called from one thread at a time.

    Attributes:
        durable: whether a commit outlives the process. If so, nothing is shown before it is committed, and
            every commit is made in a thread of the queue's; if not, ``commit`` must not block.
    """

    durable: bool

    def open(self) -> None:
        """Get ready to record.

        Raises:
            StoreError: it cannot; the message says what to do.
        """

    def commit(self, changes: Sequence[Change]) -> None:
        """Record all of the changes, or none and raise.

        Recording a change again that was recorded before does nothing.

        Raises:
            StoreError: nothing was recorded.
        """

    def prune(self, job_ids: Sequence[str]) -> None:
        """Remove jobs; those that are not there do not matter.

        Raises:
            StoreError: some may not be removed.
        """

    def close(self) -> None:
        """Let go of everything; called once, after the last commit."""
