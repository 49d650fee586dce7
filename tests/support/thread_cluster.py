"""A cluster without a cluster: chunks run in threads of this process, and a test says what becomes of them.

What the documents do is played on a ``stage``, since a processor gets to a worker as a copy: the copy finds the
stage by importing this module. A document does what the first word of its id says.
"""

import threading
from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple

from docmill.engines.remote.chunks import Chunk, note, unpack_chunk
from docmill.engines.remote.worker import run_chunk

if TYPE_CHECKING:
    from collections.abc import Callable

    from docmill.engines.remote.cluster import Listener

__all__ = ["Fate", "Sent", "Stage", "ThreadCluster", "play", "stage"]

LIMIT = 20.0
"""Real seconds after which something that should have ended long ago goes on without it."""


class Stage:
    """What documents do, and what was seen of them.

    Attributes:
        acts: what the documents do whose id begins with a word and a dash; the others return their id.
        calls: the document and the number of each attempt, in the order in which they began.
        release: ends what hangs.
        hanging: released once for each document that begins to hang.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.acts: dict[str, Callable[[str, Any], Any]] = {"hang": self.hang}
        self.calls: list[tuple[str, int]] = []
        self.release = threading.Event()
        self.hanging = threading.Semaphore(0)

    def play(self, document_id: str, context: Any) -> Any:
        """Do what a document does."""
        self.calls.append((document_id, context.attempt))
        act = self.acts.get(document_id.partition("-")[0])
        return document_id if act is None else act(document_id, context)

    def hang(self, document_id: str, context: Any) -> str:
        """Hang until released."""
        self.hanging.release()
        assert self.release.wait(LIMIT)
        return f"{document_id} after all"

    def count(self, document_id: str) -> int:
        """How often a document was begun."""
        return sum(called == document_id for called, _ in self.calls)


stage = Stage()


def play(document_id: str, context: Any) -> Any:
    """The processor: it reaches the stage by an import, as a copy of it would."""
    from thread_cluster import stage

    return stage.play(document_id, context)


class Fate(Enum):
    """What becomes of a chunk."""

    RUN = auto()
    HOLD = auto()
    """Nothing, until the test says something."""
    LOSE = auto()
    """Its process dies while the first document runs."""
    LOSE_AT_ONCE = auto()
    """Its process dies before it has told that it has begun."""
    BREAK = auto()
    """Its worker cannot begin with it."""
    TWICE = auto()
    """It is answered twice."""


class Sent(NamedTuple):
    """A chunk that was sent."""

    chunk: Chunk
    alone: bool

    @property
    def ids(self) -> list[str]:
        """Its documents."""
        return [document.document_id for document in self.chunk.documents]


class ThreadCluster:
    """Runs chunks in threads.

    Args:
        size: chunks at once.
        kills, exact: see ``Cluster``. Killing a thread means that nothing is heard of it any more.

    Attributes:
        fate: what becomes of a chunk: a ``Fate``, or the bytes of an answer.
        sent: the chunks that were sent, in order.
        stopped, abandoned: the numbers of chunks that were to be stopped, or that were left behind.
        down: why the cluster cannot be reached; None while it can.
        connects: released for each attempt to connect.
        gate: connecting takes until this is set.
        closed: whether the farewell was said.
    """

    name = "Threads"

    def __init__(self, size: int = 2, *, kills: bool = True, exact: bool = True) -> None:
        self.size = size
        self.kills = kills
        self.exact = exact
        self.fate: Callable[[Sent], Fate | bytes] = lambda sent: Fate.RUN
        self.sent: list[Sent] = []
        self.stopped: list[int] = []
        self.abandoned: list[int] = []
        self.down: Exception | None = None
        self.connects = threading.Semaphore(0)
        self.connections = 0
        self.gate = threading.Event()
        self.gate.set()
        self.closed = threading.Event()
        self.threads: list[threading.Thread] = []
        self.listener: Any = None
        self._lock = threading.RLock()
        self._waiting: deque[tuple[int, bytes, Sent]] = deque()
        self._running: set[int] = set()
        self._stuck: set[int] = set()

    # What the engine calls.

    def connect(self, listener: "Listener") -> None:
        self.listener = listener
        self.connects.release()
        assert self.gate.wait(LIMIT)
        self._see_whether_it_is_there()
        self.connections += 1

    def slots(self) -> int:
        self._see_whether_it_is_there()
        with self._lock:
            return self.size - len(self._stuck)

    def submit(self, number: int, chunk: bytes, *, alone: bool) -> None:
        self._see_whether_it_is_there()
        sent = Sent(unpack_chunk(chunk), alone)
        with self._lock:
            self.sent.append(sent)
            self._waiting.append((number, chunk, sent))
            self._start()

    def stop(self, number: int) -> None:
        with self._lock:
            self.stopped.append(number)
            self._waiting = deque(waiting for waiting in self._waiting if waiting[0] != number)
            if self.kills:
                self._end(number)

    def abandon(self, number: int) -> None:
        with self._lock:
            self.abandoned.append(number)
            if number in self._running:
                self._stuck.add(number)

    def close(self) -> None:
        self.closed.set()
        self._forget()

    # What a test may do with it.

    def go_away(self) -> None:
        """The cluster cannot be reached any more, and forgets all that it had."""
        self.down = ConnectionError("no route")
        self._forget()
        self.listener.connection.look()

    def come_back(self) -> None:
        """The cluster can be reached again."""
        self.down = None

    def resize(self, size: int) -> None:
        """The cluster has become larger or smaller."""
        self.size = size
        self.listener.connection.look()

    def begin(self, number: int, at: int | None = None, run: str = "") -> None:
        """A worker has begun with a chunk that is held, or has come to a document of it."""
        self.listener.noted(note(number, at, run=run))

    def join(self) -> None:
        """Wait for the threads."""
        for thread in self.threads:
            thread.join(LIMIT)
            assert not thread.is_alive()

    def _see_whether_it_is_there(self) -> None:
        if self.down is not None:
            raise self.down

    def _forget(self) -> None:
        with self._lock:
            self._waiting.clear()
            self._running.clear()
            self._stuck.clear()

    def _start(self) -> None:
        while self._waiting and len(self._running) < self.size:
            number, body, sent = self._waiting.popleft()
            self._running.add(number)
            thread = threading.Thread(target=self._run, args=(number, body, sent), name="worker", daemon=True)
            self.threads.append(thread)
            thread.start()

    def _end(self, number: int) -> bool:
        """A chunk is done with; False if it was before."""
        with self._lock:
            if number not in self._running:
                return False
            self._running.discard(number)
            self._stuck.discard(number)
            self._start()
            return True

    def _run(self, number: int, body: bytes, sent: Sent) -> None:
        def say(told: bytes) -> None:
            if number in self._running:
                listener.noted(told)

        listener = self.listener
        fate = self.fate(sent)
        if fate is Fate.HOLD:
            return
        if isinstance(fate, bytes):
            listener.answered(number, fate)
        elif fate is Fate.LOSE:
            say(note(number, None))
            say(note(number, 0))
            listener.lost(number, "died")
        elif fate is Fate.LOSE_AT_ONCE:
            listener.gone(number, "is gone")
        elif fate is Fate.BREAK:
            listener.broke(number, "could not run it: no such module")
        else:
            answer = run_chunk(body, say, limit_memory=False)
            if self._end(number):
                for _ in range(2 if fate is Fate.TWICE else 1):
                    listener.answered(number, answer)
        self._end(number)
