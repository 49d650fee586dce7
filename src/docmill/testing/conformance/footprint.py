"""What a processor occupies: threads, tasks and file descriptors."""

import gc
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from anyio import current_time, get_running_tasks, sleep

__all__ = ["TASK_NAME", "Footprint", "added", "counts_descriptors", "settle", "take"]

Footprint = dict[tuple[str, int], str]
"""What there is: (kind, number) and a name for people."""

TASK_NAME: Final = "docmill conformance"

OWN: Final = "docmill"
"""What the names of docmill's own threads and tasks begin with."""

DESCRIPTORS: Final = Path("/dev/fd")


def take() -> Footprint:
    """What there is now."""
    threads = {("thread", thread.ident or 0): thread.name for thread in threading.enumerate()}
    tasks = {("task", task.id): task.name or "without a name" for task in get_running_tasks()}
    mine = {key: name for key, name in (threads | tasks).items() if not name.startswith(OWN)}
    return mine | _descriptors()


def added(before: Footprint, after: Footprint) -> list[str]:
    """What is there now and was not before, in words."""
    return [f"{kind} {name!r}" for (kind, number), name in after.items() if (kind, number) not in before]


async def settle(grew: Callable[[Footprint], list[str]], seconds: float) -> list[str]:
    """What has grown, after what is ending already has had ``seconds`` to end."""
    deadline = current_time() + seconds
    left = grew(take())
    while left and current_time() < deadline:
        gc.collect()
        await sleep(0.01)
        left = grew(take())
    return left


def counts_descriptors() -> bool:
    """Whether this system tells which file descriptors are open."""
    return DESCRIPTORS.is_dir()


def _descriptors() -> Footprint:
    if not counts_descriptors():
        return {}
    found: Footprint = {}
    for number in [int(entry.name) for entry in DESCRIPTORS.iterdir()]:
        with suppress(OSError):  # the one that the listing itself needed is closed again
            os.fstat(number)
            found["file descriptor", number] = _target(number)
    return found


def _target(number: int) -> str:
    try:
        return str((DESCRIPTORS / str(number)).readlink())
    except OSError:
        return f"number {number}"
