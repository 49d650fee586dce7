"""The last messages of one owner, kept so that every client can take them at its own pace."""

from collections.abc import Hashable
from typing import Final

__all__ = ["Frame", "Ring"]

GRACE: Final = 5.0
"""Seconds for which messages of a burst are kept beyond what is kept for resuming."""

SPARE: Final = 64
"""Places without a message that do not matter."""

OVERHEAD: Final = 400
"""Bytes that a message takes beyond its text, roughly."""


class Frame:
    """One message, written once for everybody.

    Attributes:
        seq: its number.
        moment: when it came, seconds on the loop's clock.
        text: the seed's envelope as JSON.
        key: what it is about; a newer message about the same replaces it.
    """

    __slots__ = ("_numbered", "key", "moment", "seq", "text")

    def __init__(self, seq: int, moment: float, text: str, key: Hashable) -> None:
        self.seq = seq
        self.moment = moment
        self.text = text
        self.key = key
        self._numbered: str | None = None

    @property
    def numbered(self) -> str:
        """The same envelope with ``seq`` in it."""
        if self._numbered is None:
            self._numbered = f'{self.text[:-1]},"seq":{self.seq}}}'
        return self._numbered

    @property
    def cost(self) -> int:
        """Bytes that it takes, roughly."""
        return OVERHEAD + 2 * len(self.text)


class Ring:
    """Numbered messages, the oldest of which go when there are too many.

    Of the messages about one thing, such as the progress of a job, only the newest is kept: who is late has
    missed nothing by that. So a client needs no buffer of its own, only the number of the last message that it
    was sent, and one that never reads costs nothing.

    Args:
        kept: messages that are kept for those who come back.
        burst: messages that are kept while they are younger than five seconds.

    Attributes:
        seq: the number of the newest message, 0 before the first.
        floor: nothing with a higher number has been lost.
        cost: bytes that the messages take, roughly.
    """

    def __init__(self, kept: int, burst: int) -> None:
        self.seq = 0
        self.floor = 0
        self.cost = 0
        self._kept = kept
        self._burst = max(kept, burst)
        self._base = 1
        self._frames: list[Frame | None] = []
        self._first = 0
        self._count = 0
        self._latest: dict[Hashable, int] = {}

    def put(self, text: str, moment: float, key: Hashable = None) -> None:
        """Add a message; one with a key replaces an earlier one with the same key."""
        self.seq += 1
        frame = Frame(self.seq, moment, text, key)
        if key is not None:
            earlier = self._latest.get(key)
            if earlier is not None:
                self._remove(earlier)
            self._latest[key] = self.seq
        self._frames.append(frame)
        self._count += 1
        self.cost += frame.cost
        while self._is_full(moment):
            self._drop_oldest()

    def after(self, seq: int) -> Frame | None:
        """The first message with a higher number; None if there is none yet."""
        for at in range(max(seq + 1 - self._base, self._first), len(self._frames)):
            frame = self._frames[at]
            if frame is not None:
                return frame
        return None

    def before(self, moment: float) -> int:
        """The number after which the messages since a moment come."""
        for at in range(len(self._frames) - 1, self._first - 1, -1):
            frame = self._frames[at]
            if frame is not None and frame.moment < moment:
                return frame.seq
        return self.floor

    def is_near(self, seq: int) -> bool:
        """Whether whoever has been sent a message need not hurry to get the next ones."""
        return 4 * (self.seq - seq) < self._burst

    def _is_full(self, now: float) -> bool:
        oldest = self._oldest()
        # Places whose message was replaced take memory, too, though little.
        if self._count > self._burst or len(self._frames) - self._first > 4 * self._burst + SPARE:
            return True
        return self._count > self._kept and oldest.moment < now - GRACE

    def _oldest(self) -> Frame:
        while (frame := self._frames[self._first]) is None:
            self._first += 1
        if self._first > SPARE and 2 * self._first > len(self._frames):
            del self._frames[: self._first]
            self._base += self._first
            self._first = 0
        return frame

    def _drop_oldest(self) -> None:
        frame = self._oldest()
        if frame.key is not None:
            del self._latest[frame.key]
        self.floor = frame.seq
        self._remove(frame.seq)

    def _remove(self, seq: int) -> None:
        at = seq - self._base
        frame = self._frames[at]
        assert frame is not None
        self._frames[at] = None
        self._count -= 1
        self.cost -= frame.cost
