"""Tests in virtual time: a test that needs threads or real seconds overrides the fixture in its file."""

from typing import Any

import pytest

from docmill.testing import virtual_backends


@pytest.fixture(params=virtual_backends, ids=lambda backend: backend[0])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Each async test runs on both event loops, and their clocks jump."""
    return request.param
