"""A wall clock that somebody sets."""

from anyio import current_time

__all__ = ["SteppingClock"]

EPOCH = 1_700_000_000.0


class SteppingClock:
    """Goes with virtual time, and steps by hours or years when it is told to."""

    def __init__(self) -> None:
        self._offset = EPOCH

    def wall(self) -> float:
        """Seconds since the epoch."""
        return self._offset + current_time()

    def step(self, seconds: float) -> None:
        """Set it forward, or back."""
        self._offset += seconds
