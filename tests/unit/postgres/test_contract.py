"""What every durable store does, this one does, too: the tests of tests/unit/stores, with a database for a disk."""

import pytest

from docmill.stores import PostgresStore

from ..stores.conftest import Disk  # noqa: TID252 - its suite is what is run here
from ..stores.test_contract import *  # noqa: F403, TID252


@pytest.fixture
def disk(dsn: str) -> Disk:
    return Disk(mount=lambda: PostgresStore(dsn))
