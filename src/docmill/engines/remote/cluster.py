"""A cluster as the host sees it: as little as an adapter has to know."""

from typing import Protocol

__all__ = ["Cluster", "Listener"]


class Listener(Protocol):
    """Hears of chunks. Every method may be called from any thread, and of a chunk that nobody waits for any more."""

    def answered(self, number: int, answer: bytes) -> None:
        """A worker has run a chunk."""

    def lost(self, number: int, reason: str) -> None:
        """The process that had a chunk has died."""

    def gone(self, number: int, reason: str) -> None:
        """The process that a chunk was meant for is gone, or its answer is; perhaps it was never begun.

        Unless the cluster is ``exact``, this is nobody's fault: deaths are ``lost``.
        """

    def broke(self, number: int, reason: str) -> None:
        """A worker could not even begin to run a chunk."""

    def noted(self, note: bytes) -> None:
        """A worker tells of the chunk that it runs."""


class Cluster(Protocol):
    """Takes chunks to workers. All calls are made by one thread of the engine, and may block."""

    name: str
    """What messages call it."""

    kills: bool
    """Whether ``stop`` ends code that is running already."""

    exact: bool
    """Whether only that chunk is lost which ran when its process died, so that it is to blame."""

    def connect(self, listener: Listener) -> None:
        """Connect, or connect again.

        Raises:
            Exception: it cannot be reached now, or not with these settings.
        """

    def slots(self) -> int:
        """How many chunks can run at once; 1 if there are no workers yet, so that something waits for them.

        Raises:
            Exception: it cannot be reached any more.
        """

    def submit(self, number: int, chunk: bytes, *, alone: bool) -> None:
        """Send a chunk, to be run once.

        Args:
            number: its number.
            chunk: what ``run_chunk`` takes in a worker.
            alone: whether nothing else may be sent to the same process until it has ended.

        Raises:
            Exception: the cluster cannot be reached any more.
        """

    def stop(self, number: int) -> None:
        """Stop a chunk if that is possible. Nobody waits for it any more."""

    def abandon(self, number: int) -> None:
        """Send nothing to where a chunk runs that cannot be stopped, until it is ``answered`` or ``lost`` after all."""

    def close(self) -> None:
        """Stop what still runs there, where that is possible, and let go of everything."""
