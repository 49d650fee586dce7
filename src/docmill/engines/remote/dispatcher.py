"""The chunks that are out at a cluster, and what is heard of them."""

import logging
from collections.abc import Sequence
from enum import Enum, auto
from functools import partial
from itertools import count

from anyio import CancelScope, Event, move_on_after

from docmill.core import Seats
from docmill.core.verdict import escape
from docmill.engines.remote.chunks import read_note
from docmill.engines.remote.cluster import Cluster
from docmill.engines.remote.connection import FAREWELL, Connection
from docmill.engines.remote.sizes import WINDOW
from docmill.loops import Loop
from docmill.ports import EngineContext

__all__ = ["Dispatcher", "End", "RemoteCall", "log_records"]

logger = logging.getLogger("docmill")


class End(Enum):
    """How a chunk ended."""

    ANSWERED = auto()
    LOST = auto()
    """The process that had it has died."""
    LEFT = auto()
    """The process that had it was taken away, which is nobody's fault."""
    BROKEN = auto()
    """A worker could not begin with it."""
    GONE = auto()
    """It was not begun, or there is no connection any more."""


class RemoteCall:
    """A chunk that was sent.

    Attributes:
        number: its number.
        members: the contexts of its documents.
        run: which process has begun with it, as far as is known; None for none.
        at: the place of the document that is running, as far as is known.
        end: how it ended; None while it is out.
        answer: what the worker has said.
        reason: why there is no answer.
        culprit: the document that goes on running although it was told to stop.
        done: set at its end.
    """

    def __init__(self, number: int, members: Sequence[EngineContext]) -> None:
        self.number = number
        self.members = members
        self.run: str | None = None
        self.at: int | None = None
        self.end: End | None = None
        self.answer = b""
        self.reason = ""
        self.culprit: EngineContext | None = None
        self.done = Event()

    @property
    def begun(self) -> bool:
        """Whether a worker has begun with it, as far as is known."""
        return self.run is not None

    def finish(self, end: End, answer: bytes = b"", reason: str = "") -> None:
        """It has ended; only the first end counts."""
        if self.end is None:
            self.end, self.answer, self.reason = end, answer, reason
            self.done.set()


class Dispatcher:
    """What is out at the cluster, and what is heard from there.

    Attributes:
        slots: the chunks that the cluster can run at once; 0 without a connection.
        seats: the chunks that may be sent.
        connection: the thread that speaks with the cluster.
        cluster: the cluster.
    """

    def __init__(self, loop: Loop, cluster: Cluster, patience: float) -> None:
        self.slots = 0
        self.seats = Seats()
        self.cluster = cluster
        self._loop = loop
        self._calls: dict[int, RemoteCall] = {}
        self._left: dict[int, RemoteCall] = {}
        self._numbers = count(1)
        self.connection = Connection(cluster, loop, self, patience)

    def open_call(self, members: Sequence[EngineContext]) -> RemoteCall:
        """Get the number of a chunk that is to be sent."""
        call = RemoteCall(next(self._numbers), members)
        self._calls[call.number] = call
        return call

    def send(self, call: RemoteCall, chunk: bytes) -> None:
        """Send a chunk; without a connection it is gone at once, since what is not done then is not done later."""
        if not self.slots:
            call.finish(End.GONE, reason="cannot be reached")
            return

        def submit() -> None:
            if call.number in self._calls:
                self.cluster.submit(call.number, chunk, alone=call.members[0].alone)

        self.connection.do(submit)

    def close_call(self, call: RemoteCall) -> None:
        """Nobody waits for a chunk any more."""
        self._calls.pop(call.number, None)

    def stop(self, call: RemoteCall) -> None:
        """Stop a chunk, or leave it behind if that is impossible."""
        if call.culprit is None:
            self.connection.do(partial(self.cluster.stop, call.number))
        else:
            self._left[call.number] = call
            self.connection.do(partial(self.cluster.abandon, call.number))
            self.connection.look()

    async def aclose(self) -> None:
        """Say farewell to the cluster, and wait a moment for that."""
        self.connection.close()
        with CancelScope(shield=True), move_on_after(FAREWELL):
            await self.connection.closed.wait()

    def answered(self, number: int, answer: bytes) -> None:
        """A worker has run a chunk."""
        self._loop.call_soon(self._ended, number, End.ANSWERED, answer, "")

    def lost(self, number: int, reason: str) -> None:
        """The process that had a chunk is gone."""
        self._loop.call_soon(self._ended, number, End.LOST, b"", reason)

    def gone(self, number: int, reason: str) -> None:
        """The process that a chunk was meant for is gone; perhaps it never had it."""
        self._loop.call_soon(self._ended, number, None, b"", reason)

    def broke(self, number: int, reason: str) -> None:
        """A worker could not even begin to run a chunk."""
        self._loop.call_soon(self._ended, number, End.BROKEN, b"", reason)

    def noted(self, note: bytes) -> None:
        """A worker tells of the chunk that it runs."""
        self._loop.call_soon(self._noted, note)

    def connected(self, slots: int) -> None:
        """The cluster can run so many chunks at once."""
        change = slots - self.slots
        self.slots = slots
        self.seats.resize(WINDOW * change)

    def disconnected(self, reason: str) -> None:
        """The cluster cannot be reached: all that was sent starts again when it can be."""
        if self.slots:
            self.connected(0)
        for call in self._calls.values():
            call.finish(End.GONE, reason=reason)
        for number in list(self._left):
            self._came_back(number)

    def given_up(self, reason: str) -> None:
        """The cluster could not be reached for too long."""
        self.seats.give_up(reason)

    def _ended(self, number: int, end: End | None, answer: bytes, reason: str) -> None:
        call = self._calls.get(number)
        if call is not None:
            call.finish(end or self._gone(call), answer, reason)
        elif number in self._left:
            self._came_back(number)
            self.connection.look()

    def _gone(self, call: RemoteCall) -> End:
        """How a chunk ended whose process is gone: where the deaths of processes are told apart, it was none."""
        if not call.begun:
            return End.GONE
        return End.LOST if self.cluster.exact else End.LEFT

    def _came_back(self, number: int) -> None:
        """A chunk that was left behind has ended after all."""
        culprit = self._left.pop(number).culprit
        assert culprit is not None
        culprit.came_back()

    def _noted(self, body: bytes) -> None:
        try:
            note = read_note(body)
        except Exception as error:
            logger.warning("a worker of %s told something unreadable", self.cluster.name, exc_info=error)
            return
        log_records(note.logs)
        call = self._calls.get(note.number)
        if call is None or call.end is not None:
            return
        if call.run not in (None, note.run):
            self.lost(note.number, "was replaced by another one, which began with the same documents again")
            self.connection.do(partial(self.cluster.stop, note.number))
            return
        call.run = note.run
        if note.at is not None and 0 <= note.at < len(call.members):
            call.at = note.at
        for index, fraction, message in note.reports:
            if 0 <= index < len(call.members):
                call.members[index].report(fraction, message)


def log_records(records: Sequence[tuple[str, int, str]]) -> None:
    """Write what was logged in a worker into the log of this program."""
    for name, level, text in records:
        there = logging.getLogger(name)
        if there.isEnabledFor(level):
            safe = "\n".join(escape(line) for line in text.rstrip().split("\n"))
            there.handle(there.makeRecord(name, level, "(worker)", 0, "%s", (safe,), None))
