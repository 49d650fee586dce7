"""Brings what happens in a queue to whoever listens from outside, each owner's to that owner only."""

from collections import OrderedDict
from collections.abc import Hashable
from secrets import token_hex
from typing import Final

from anyio import Event as Signal
from anyio import current_time

from docmill.asgi.ring import Ring
from docmill.events import DocumentCompleted, DocumentFailed, DocumentProgress, Event, JobEvent, Progress
from docmill.wire import encode, event_to_wire

__all__ = ["Channel", "Hub"]

BASE_COST: Final = 3_000
"""Bytes that an owner takes without any message, roughly."""


class Channel:
    """The messages of one owner.

    Attributes:
        epoch: numbers can only be compared within one; a channel that was dropped begins with a new one.
        ring: the last messages.
        clients: how many listen now.
    """

    def __init__(self, kept: int, burst: int) -> None:
        self.epoch = token_hex(8)
        self.ring = Ring(kept, burst)
        self.clients = 0
        self._signal: Signal | None = None

    @property
    def cost(self) -> int:
        """Bytes that it takes, roughly."""
        return BASE_COST + self.ring.cost

    def wake(self) -> None:
        """End the wait of everybody who waits."""
        if self._signal is not None:
            self._signal.set()
            self._signal = None

    async def wait(self) -> None:
        """Wait until there is more."""
        if self._signal is None:
            self._signal = Signal()
        await self._signal.wait()


class Hub:
    """All channels. Those without clients are kept for those who come back, the last used ones, in bounded memory.

    Args:
        owned: whether each owner has a channel; without, everything is in one.
        kept: messages of an owner that are kept for those who come back.
        burst: messages of an owner that are kept while they are younger than five seconds.
        idle_bytes: memory for the channels without clients, all together.

    Attributes:
        closed: whether nothing will happen any more.
    """

    def __init__(self, *, owned: bool, kept: int, burst: int, idle_bytes: int) -> None:
        self.closed = False
        self._owned = owned
        self._kept = kept
        self._burst = burst
        self._idle_bytes = idle_bytes
        self._used: dict[str | None, Channel] = {}
        self._idle: OrderedDict[str | None, Channel] = OrderedDict()
        self._idle_cost = 0

    def publish(self, event: Event) -> None:
        """Take in an event. It is written once, however many listen."""
        if not isinstance(event, JobEvent) or (self._owned and event.owner is None):
            return
        owner = event.owner if self._owned else None
        channel = self._used.get(owner)
        if channel is not None:
            self._put(channel, event)
            channel.wake()
            return
        channel = self._take_idle(owner)
        self._put(channel, event)
        self._keep_idle(owner, channel)

    def join(self, owner: str | None) -> Channel:
        """The channel of an owner, for a client of it; ``leave`` it afterwards."""
        channel = self._used.get(owner)
        if channel is None:
            channel = self._used[owner] = self._take_idle(owner)
        channel.clients += 1
        return channel

    def leave(self, owner: str | None, channel: Channel) -> None:
        """One client less."""
        channel.clients -= 1
        if not channel.clients:
            del self._used[owner]
            self._keep_idle(owner, channel)

    def close(self) -> None:
        """Nothing will happen any more: let every client go."""
        self.closed = True
        for channel in self._used.values():
            channel.wake()

    def _put(self, channel: Channel, event: JobEvent) -> None:
        channel.ring.put(encode(event_to_wire(event)).decode(), current_time(), _subject(event))

    def _take_idle(self, owner: str | None) -> Channel:
        channel = self._idle.pop(owner, None)
        if channel is None:
            return Channel(self._kept, self._burst)
        self._idle_cost -= channel.cost
        return channel

    def _keep_idle(self, owner: str | None, channel: Channel) -> None:
        self._idle[owner] = channel
        self._idle_cost += channel.cost
        while self._idle_cost > self._idle_bytes:
            _, dropped = self._idle.popitem(last=False)
            self._idle_cost -= dropped.cost


def _subject(event: JobEvent) -> Hashable:
    """What a newer message makes superfluous an older one about; None if nothing does."""
    if isinstance(event, Progress):
        return event.job_id
    if isinstance(event, DocumentProgress | DocumentCompleted | DocumentFailed):
        return event.job_id, event.document_id
    return None
