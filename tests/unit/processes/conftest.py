"""Tests of worker processes: in real time, unless a module says otherwise, and nothing may be left of them."""

import gc
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psutil
import pytest

from .support import PATIENCE

# Workers have this sys.path, too, and so they can import what lies there.
sys.path.append(str(Path(__file__).with_name("importable")))


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


def keepers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("docmill-")}


def descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """R31: no process, no descriptor, no thread."""
    gc.collect()
    files, threads, processes = descriptors(), keepers(), children()  # those of earlier tests are not ours
    yield
    end = monotonic() + PATIENCE / 5
    while (keepers() - threads or children() - processes) and monotonic() < end:
        sleep(0.005)
    while descriptors() - files and monotonic() < end:  # something else in this process may have some for a moment
        gc.collect()
        sleep(0.05)
    left = [child.cmdline()[-1:] for child in children() - processes]
    for child in children() - processes:
        child.kill()
    assert (left, keepers() - threads, descriptors() - files) == ([], set(), set())
