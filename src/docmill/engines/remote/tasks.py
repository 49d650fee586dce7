"""What the workers of Ray and of Dask are asked to run. Needs nothing of their engines."""

import time
from itertools import chain, repeat
from typing import Any, Final

from docmill.engines.remote.worker import run_chunk

__all__ = ["run_on_dask", "run_on_ray"]

ON_ITS_WAY: Final = 0.005
"""Seconds that a worker of Dask needs to send a note, before a processor may keep it from doing anything else."""

MOST_SAID: Final = 4 * 2**10
"""Bytes of an answer that is said; Dask's scheduler keeps the last thousand things that were."""


def run_on_ray(chunk: bytes, mailbox: Any) -> bytes:
    """Run a chunk; an empty one is only there so that a process starts."""
    return run_chunk(chunk, mailbox.put.remote, limit_memory=True) if chunk else b""


def run_on_dask(chunk: bytes, topic: str, number: int) -> bytes:
    """Run a chunk, and say that it begins and that it has ended, whoever still waits for it.

    An answer that is not large is said at the end: for what is returned, the host has to ask.
    """
    from distributed import get_worker

    worker = get_worker()
    kinds = chain(["begun"], repeat("note"))

    def say(what: str, body: bytes) -> None:
        worker.log_event(topic, [what, number, worker.address, body])

    def say_note(note: bytes) -> None:
        say(next(kinds), note)
        time.sleep(ON_ITS_WAY)

    answer = b""
    try:
        answer = run_chunk(chunk, say_note, limit_memory=False)
    finally:
        say("ended", answer if len(answer) <= MOST_SAID else b"")
    return answer
