"""What the workers of Ray and of Dask are asked to run. Needs nothing of their engines."""

import time
from typing import Any, Final

from docmill.engines.remote.worker import run_chunk

__all__ = ["run_on_dask", "run_on_ray"]

ON_ITS_WAY: Final = 0.005
"""Seconds that a worker of Dask needs to send a note, before a processor may keep it from doing anything else."""


def run_on_ray(chunk: bytes, mailbox: Any) -> bytes:
    """Run a chunk; an empty one is only there so that a process starts."""
    return run_chunk(chunk, mailbox.put.remote, limit_memory=True) if chunk else b""


def run_on_dask(chunk: bytes, topic: str, number: int) -> bytes:
    """Run a chunk, and say where it begins and that it has ended, whoever still waits for it."""
    from distributed import get_worker

    worker = get_worker()

    def say(note: bytes, what: str = "note") -> None:
        worker.log_event(topic, {"what": what, "note": note, "number": number, "worker": worker.address})

    def say_note(note: bytes) -> None:
        say(note)
        time.sleep(ON_ITS_WAY)

    say(b"", "begun")
    try:
        return run_chunk(chunk, say_note, limit_memory=False)
    finally:
        say(b"", "ended")
