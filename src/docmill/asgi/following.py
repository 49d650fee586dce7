"""Following a channel: what one client is sent, at its own pace, until it or the queue ends."""

from collections.abc import Awaitable, Callable
from typing import Final

import attrs
from anyio import fail_after, move_on_after
from anyio.lowlevel import checkpoint

from docmill.asgi.hub import Channel, Hub
from docmill.asgi.ring import Frame
from docmill.wire import encode, hello_to_wire, ping_to_wire

__all__ = ["Pace", "Place", "TooSlowError", "follow"]

BREATH: Final = 256
"""Messages after which others may do something, however fast the client takes them; unless it is far behind."""

Tell = Callable[[str, Frame | None], Awaitable[None]]
"""Sends a message: its text, and its frame if it has a number."""


class TooSlowError(Exception):
    """The client does not read."""


@attrs.frozen(kw_only=True)
class Pace:
    """How patient a stream is, in seconds.

    Attributes:
        heartbeat: silence after which there is a ping.
        send_timeout: how long the client may take for one message.
        replay: of a client that does not say where it was, how much of the past it is told.
    """

    heartbeat: float
    send_timeout: float
    replay: float


@attrs.frozen
class Place:
    """Where a client was: the number of the last message it has received, and the epoch of that."""

    after: str | None
    epoch: str | None

    def find(self, channel: Channel, now: float, replay: float) -> tuple[int, bool]:
        """The number after which the client goes on, and whether it has missed nothing."""
        ring = channel.ring
        if self.after is None:
            return ring.before(now - replay), False
        number = int(self.after) if self.after.isascii() and self.after.isdecimal() and len(self.after) < 19 else -1
        if self.epoch == channel.epoch and ring.floor <= number <= ring.seq:
            return number, True
        return ring.seq, False


async def follow(hub: Hub, channel: Channel, start: int, *, resumed: bool, tell: Tell, pace: Pace) -> None:
    """Tell a client what is in a channel after a number and what comes, until the hub is closed.

    Raises:
        TooSlowError: it took too long for a message, or so long that messages for it are gone.
    """

    async def send(text: str, frame: Frame | None = None) -> None:
        try:
            with fail_after(pace.send_timeout):
                await tell(text, frame)
        except TimeoutError:
            raise TooSlowError from None

    hello = hello_to_wire(channel.epoch, start, resumed=resumed, heartbeat=pace.heartbeat)
    await send(encode(hello).decode())
    sent = start
    while True:
        frame = channel.ring.after(sent)
        if sent < channel.ring.floor:
            raise TooSlowError
        if frame is not None:
            await send(frame.text, frame)
            sent = frame.seq
            if not sent % BREATH and channel.ring.is_near(sent):
                await checkpoint()
        elif hub.closed:
            return
        else:
            with move_on_after(pace.heartbeat) as silence:
                await channel.wait()
            if silence.cancelled_caught:
                await send(encode(ping_to_wire()).decode())
