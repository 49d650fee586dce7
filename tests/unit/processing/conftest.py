"""Every test of this folder runs in virtual time, unless its module says otherwise."""

from typing import Any
from zlib import crc32

import pytest
import trio

from docmill.testing import virtual_backends


@pytest.fixture(params=virtual_backends, ids=lambda backend: backend[0])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(autouse=True)
def the_same_order_of_tasks_in_every_run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """trio shuffles the tasks that could run; here it does so from a seed, another for each test."""
    run = trio._core._run
    monkeypatch.setattr(run, "_ALLOW_DETERMINISTIC_SCHEDULING", True)
    run._r.seed(crc32(request.node.nodeid.encode()))
