"""Which worker gets which chunk, for a cluster that blames all that a worker had when it dies."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

__all__ = ["Places"]


class Waiting(NamedTuple):
    """A chunk that waits for a worker, and whether it must be alone there."""

    chunk: bytes
    alone: bool


class Places:
    """The workers of a cluster, and the chunks that wait for one, run or are stuck there. From any thread.

    A worker has up to ``window`` chunks for each of its threads, so that the next one is at hand. A chunk that must
    be alone gets the worker with the least to do, which gets nothing else until that chunk has come and gone.

    Where there are no workers, one chunk is sent to any that comes, since some clusters start workers only when
    something waits for them. Nothing else is sent until that one is found at a worker, or another one would perhaps
    get to the same worker and be blamed together with it.

    Args:
        window: chunks for each thread.
        send: sends a chunk to a worker, or to any.
    """

    def __init__(self, window: int, send: Callable[[int, bytes, str | None], None]) -> None:
        self._window = window
        self._send = send
        self._lock = threading.RLock()
        self._workers: dict[str, int] = {}
        self._waiting: dict[int, Waiting] = {}
        self._sent: dict[int, str | None] = {}
        self._seen_at: dict[int, str] = {}  # begun by workers that are not known yet
        self._alone: set[int] = set()
        self._stuck: set[int] = set()
        self._reserved: dict[str, int] = {}
        # Kept rather than counted anew, since there may be a thousand workers, and as many chunks end in a second.
        self._load: Counter[str | None] = Counter()
        self._stuck_at: Counter[str | None] = Counter()
        self._room: dict[str, int] = {}

    @property
    def slots(self) -> int:
        """The threads that are not stuck; 1 if there are no workers, so that something waits for them."""
        with self._lock:
            free = sum(max(0, threads - self._stuck_at[name]) for name, threads in self._workers.items())
            return free if self._workers else 1

    @property
    def chunks(self) -> list[int]:
        """All chunks that wait, run or are stuck."""
        with self._lock:
            return [*self._waiting, *self._sent]

    def resize(self, workers: Mapping[str, int]) -> list[int]:
        """The cluster has these workers and threads now. Gives back the chunks that were sent to others."""
        with self._lock:
            self._workers = dict(workers)
            self._reserved = {name: number for name, number in self._reserved.items() if name in workers}
            self._load, self._stuck_at = +self._load, +self._stuck_at  # without those that are gone
            self._room.clear()
            for name in workers:
                self._measure(name)
            for number, name in list(self._seen_at.items()):
                self.begun(number, name)
            self._send_waiting()
            return [number for number, name in self._sent.items() if name is not None and name not in workers]

    def lose(self, number: int) -> None:
        """The worker of a chunk is dead: it must get nothing more."""
        with self._lock:
            gone = self._sent.get(number)
            if gone in self._workers:
                self.resize({name: threads for name, threads in self._workers.items() if name != gone})

    def add(self, number: int, chunk: bytes, *, alone: bool) -> None:
        """A chunk is to be sent."""
        with self._lock:
            self._waiting[number] = Waiting(chunk, alone)
            self._send_waiting()

    def begun(self, number: int, name: str) -> None:
        """A worker has begun with a chunk.

        It may be one that was sent to any worker, since none was known; or one that nobody waits for any more, as it
        was taken back at the very moment: then its thread is out of use until it has ended.
        """
        with self._lock:
            if number not in self._sent:
                if name in self._workers:
                    self._sent[number] = name
                    self._load[name] += 1
                    self.stick(number)
            elif self._sent[number] is None and name in self._workers:
                self._found(number, name)
            elif self._sent[number] is None:
                self._seen_at[number] = name

    def stick(self, number: int) -> None:
        """A chunk does not end: its thread is out of use until it does."""
        with self._lock:
            if number in self._sent and number not in self._stuck:
                self._stuck.add(number)
                self._stuck_at[self._sent[number]] += 1
                self._measure(self._sent[number])

    def ended(self, number: int) -> None:
        """A chunk that nobody waited for has ended; of the others, their answer is waited for."""
        if number in self._stuck:
            self.remove(number)

    def remove(self, number: int) -> None:
        """A chunk has ended, or nobody waits for it any more."""
        with self._lock:
            self._waiting.pop(number, None)
            if number in self._sent:
                name = self._sent.pop(number)
                self._load[name] -= 1
                self._stuck_at[name] -= number in self._stuck
                self._stuck.discard(number)
                self._alone.discard(number)
                self._seen_at.pop(number, None)
                self._measure(name)
            for name in [name for name, held in self._reserved.items() if held == number]:
                del self._reserved[name]
                self._measure(name)
            self._send_waiting()

    def _send_waiting(self) -> None:
        """Send what may be sent, those first that must be alone."""
        for number, waiting in sorted(self._waiting.items(), key=lambda item: not item[1].alone):
            if self._load[None] or (self._workers and not (waiting.alone or self._room)):
                return
            name = self._choose(number, alone=waiting.alone)
            if name is not None or not self._workers:
                del self._waiting[number]
                self._sent[number] = name
                self._load[name] += 1
                if waiting.alone:
                    self._alone.add(number)
                self._measure(name)
                self._send(number, waiting.chunk, name)

    def _found(self, number: int, name: str) -> None:
        """A chunk that was sent to any worker is at this one."""
        self._sent[number] = name
        if number in self._alone:
            self._reserved[name] = number
        for counted in [self._load, *([self._stuck_at] if number in self._stuck else [])]:
            counted[None] -= 1
            counted[name] += 1
        self._measure(name)
        self._send_waiting()

    def _choose(self, number: int, *, alone: bool) -> str | None:
        """The worker with the most room, if it has any."""
        if not alone:
            return max(self._room, key=lambda name: self._room[name], default=None)
        held = next((name for name, holder in self._reserved.items() if holder == number), None)
        if held is None:
            open_ones = [name for name, threads in self._workers.items() if self._is_open(name, threads)]
            held = max(open_ones, key=lambda name: self._room_at(name, self._workers[name]), default=None)
            if held is not None:
                self._reserved[held] = number
                self._measure(held)
        return held if held is not None and not self._load[held] else None

    def _measure(self, name: str | None) -> None:
        """Something has changed at a worker: find out again what room it has."""
        threads = self._workers.get(name, 0) if name is not None else 0
        if name is not None and self._is_open(name, threads) and (room := self._room_at(name, threads)) > 0:
            self._room[name] = room
        elif name in self._room:
            del self._room[name]

    def _is_open(self, name: str, threads: int) -> bool:
        return threads > self._stuck_at[name] and name not in self._reserved

    def _room_at(self, name: str, threads: int) -> int:
        stuck = self._stuck_at[name]
        return (threads - stuck) * self._window - (self._load[name] - stuck)
