"""The clock that docmill.testing brings: it jumps, and it knows when there is nowhere to jump to."""

import itertools
import threading

import anyio
import pytest

from docmill.testing import DeadlockError, simulate, virtual

DAY = 24 * 3600.0


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_years_pass_day_by_day(backend: virtual.Backend) -> None:
    async def program() -> float:
        began = anyio.current_time()
        for _ in range(3 * 365):
            await anyio.sleep(DAY)
        return anyio.current_time() - began

    assert simulate(program, backend=backend) == pytest.approx(3 * 365 * DAY)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("outer", ["asyncio", "trio"])
def test_where_a_loop_runs_already_it_has_a_thread_of_its_own(backend: virtual.Backend, outer: str) -> None:
    async def program() -> tuple[float, str]:
        began = anyio.current_time()
        await anyio.sleep(DAY)
        return anyio.current_time() - began, threading.current_thread().name

    async def notebook() -> tuple[float, str]:
        return simulate(program, backend=backend)

    slept, thread = anyio.run(notebook, backend=outer)

    assert slept == pytest.approx(DAY)
    assert thread.startswith("docmill simulate")


def test_a_periodic_timer_alone_ends_at_the_horizon() -> None:
    async def program() -> None:
        for day in itertools.count():
            await anyio.sleep_until(day * DAY)

    with pytest.raises(DeadlockError, match="ten years have passed"):
        simulate(program)


def test_to_sleep_for_ever_is_a_deadlock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual, "PATIENCE", 0.01)
    with pytest.raises(DeadlockError, match="every task waits"):
        simulate(anyio.sleep_forever)
