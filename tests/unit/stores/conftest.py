"""Every store, as a disk that outlives it: a store that comes later joins by one more entry."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import attrs
import pytest

from docmill.ports import Store
from docmill.stores import SQLiteStore
from docmill.testing import SimulatedDisk


@attrs.frozen(kw_only=True)
class Disk:
    """What outlives a store.

    Attributes:
        mount: makes a store on it; the one before is closed by then.
        unique_keys: whether the store itself sees to it that an idempotency key stands for one job.
    """

    mount: Callable[[], Store]
    unique_keys: bool = True


def simulated(folder: Path) -> Iterator[Disk]:
    yield Disk(mount=SimulatedDisk().mount, unique_keys=False)


def sqlite_file(folder: Path) -> Iterator[Disk]:
    yield Disk(mount=lambda: SQLiteStore(folder / "jobs.db"))


def sqlite_memory(folder: Path) -> Iterator[Disk]:
    address = f"file:{uuid4()}?mode=memory&cache=shared"
    anchor = sqlite3.connect(address, uri=True)  # the database is there as long as somebody has it open
    yield Disk(mount=lambda: SQLiteStore(address))
    anchor.close()


DISKS = (simulated, sqlite_file, sqlite_memory)


@pytest.fixture(params=DISKS, ids=lambda make: make.__name__)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    yield from request.param(tmp_path)
