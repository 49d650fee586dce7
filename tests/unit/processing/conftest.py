"""Every test of this folder runs in virtual time, unless its module says otherwise."""

from typing import Any

import pytest

from docmill.testing import virtual_backends


@pytest.fixture(params=virtual_backends, ids=lambda backend: backend[0])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param
