"""What time it is."""

from typing import Protocol

__all__ = ["Clock"]


class Clock(Protocol):
    """The wall clock. Durations are never measured on it: the event loop's monotonic clock does that."""

    def wall(self) -> float:
        """Seconds since the epoch."""
