"""Whatever call of the store to the system fails, once or from then on: nothing is shown that is not on the disk."""

from pathlib import Path

import pytest

from .io_errors import CALLS, Injection, count, survive
from .strace import needs_strace

pytestmark = [pytest.mark.release, needs_strace]

MOST = 25
"""Places at which one call is made to fail, spread evenly over a life."""


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    return count(tmp_path_factory.mktemp("calls"))


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("call", CALLS)
def test_nothing_is_shown_that_is_not_on_disk_and_all_goes_on_when_the_disk_does(
    tmp_path: Path, calls: dict[str, int], call: str, error: str, lasting: bool
) -> None:
    if not calls[call]:
        pytest.skip(f"the store never calls {call} here")
    for number in range(1, calls[call] + 1, -(-calls[call] // MOST)):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        injection = Injection(call=call, error=error, number=number, lasting=lasting)
        assert survive(folder, injection) == [], injection
