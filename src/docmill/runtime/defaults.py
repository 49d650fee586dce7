"""What a queue uses unless its host supplies something else."""

import secrets
import time
from typing import Final

from docmill.model import JobOptions

__all__ = ["DAY", "DEFAULT_OPTIONS", "WallClock", "new_job_id"]

DAY: Final = 24 * 3600.0
"""How old a finished job gets, in seconds."""

DEFAULT_OPTIONS: Final = JobOptions()


class WallClock:
    """The system's wall clock."""

    def wall(self) -> float:
        """Seconds since the epoch."""
        return time.time()


def new_job_id(milliseconds: int) -> str:
    """An id that nobody can guess, and that sorts by time: ``job_1699564800000_`` and 32 hex digits."""
    return f"job_{milliseconds}_{secrets.token_hex(16)}"
