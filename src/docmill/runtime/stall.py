"""Who blocks the event loop: a look from outside, while it is blocked."""

import logging
import sys
import threading
import time

from docmill.runtime.lanes import Crew, Lane

__all__ = ["StallWatch"]

logger = logging.getLogger("docmill")


class StallWatch:
    """A daemon thread that asks the loop for a sign of life now and then, and names who keeps it from giving one.

    Only a look from another thread can tell while the loop is blocked, and who it is: the processor is on the
    stack of the loop's thread, inside its lane.

    Args:
        crew: whose processors to watch.
        stall_after: seconds without a sign of life after which a processor is named in the log, once.
    """

    def __init__(self, crew: Crew, stall_after: float) -> None:
        self._crew = crew
        self._stall_after = stall_after
        self._blamed: set[str] = set()
        self._alive = threading.Event()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="docmill stall watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def close(self) -> None:
        """Stop watching, if it was begun."""
        self._end.set()
        self._alive.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(self._stall_after / 4):
            self._alive.clear()
            if self._end.is_set():
                return  # close() has given its sign of life just before that was cleared
            asked = time.monotonic()
            if not self._crew.loop.call_soon(self._alive.set):
                return
            if not self._alive.wait(self._stall_after):
                self._blame(time.monotonic() - asked)
                self._alive.wait()

    def _blame(self, seconds: float) -> None:
        frames = sys._current_frames()  # noqa: SLF001 - the documented way to look at another thread's stack
        lane = Lane.on_stack(frames.get(self._crew.thread))
        if lane is None or lane.attempt is None:
            return
        name = lane.attempt.job.processor.spec.name
        if name not in self._blamed:
            self._blamed.add(name)
            logger.warning(
                "the processor %s has blocked the event loop for %.1f s, and with it everything else; "
                "make it a sync function, which runs in a thread",
                name,
                seconds,
            )
