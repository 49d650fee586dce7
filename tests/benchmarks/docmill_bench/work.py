"""What runs in worker processes; it imports next to nothing, so that any contender's worker may start fast."""

import ctypes
import os
import time
from pathlib import Path

REST = 0.05


def nothing(_: str) -> None:
    """A document that costs nothing."""


def now(_: str) -> float:
    """When the document was begun, on the clock that all processes share."""
    return time.monotonic()


def rest(_: str) -> int:
    """A document that takes long enough for every worker to get one; says which worker had it."""
    time.sleep(REST)
    return os.getpid()


def count(document_id: str) -> int:
    """Pure Python that keeps a core busy for as many rounds as the document says."""
    total = 0
    for number in range(int(document_id.rpartition("-")[2])):
        total += number % 7
    return total


def hang(document_id: str, budget: float) -> None:
    """A document that outlives its budget, as Python that sleeps or as native code that holds the GIL.

    Args:
        document_id: ``sleep`` or ``native``, a colon, and the file in which to say who hangs and until when it may.
        budget: seconds that it may take.
    """
    how, _, path = document_id.partition(":")
    end = time.monotonic() + budget
    draft = Path(f"{path}.draft")
    draft.write_text(f"{os.getpid()} {end}", "ascii")
    draft.rename(path)
    if how == "native":
        ctypes.PyDLL(None).sleep(60)
    time.sleep(60)
