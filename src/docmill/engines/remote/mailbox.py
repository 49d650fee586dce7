"""Where workers leave what they tell, for a cluster that has actors but no messages."""

import asyncio

__all__ = ["Mailbox"]


class Mailbox:
    """Keeps what workers tell until the host takes it. All calls are made on one asyncio loop."""

    def __init__(self) -> None:
        self._notes: list[bytes] = []
        self._some = asyncio.Event()

    async def put(self, note: bytes) -> None:
        """Leave a note."""
        self._notes.append(note)
        self._some.set()

    async def take(self) -> list[bytes]:
        """Wait for notes, and take them all."""
        await self._some.wait()
        self._some.clear()
        notes, self._notes = self._notes, []
        return notes
