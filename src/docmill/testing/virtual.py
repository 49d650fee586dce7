"""Virtual time: the clock jumps to the next thing to happen, so that 24 hours pass in milliseconds.

Under virtual time sync processors and commits run inline, in the event loop's thread: a thread would need
real time, which does not pass.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from math import inf, ulp
from typing import Any, Final, Literal, TypeVar

import anyio
from anyio import NoEventLoopError
from anyio.lowlevel import current_token

__all__ = ["DeadlockError", "VirtualTimeLoop", "simulate", "virtual_backends"]

T = TypeVar("T")

Backend = Literal["asyncio", "trio"]

PATIENCE: Final = 5.0
"""Real seconds that a loop with nothing to do waits for another thread before it calls that a deadlock."""


HORIZON: Final = 10 * 365 * 24 * 3600.0
"""Virtual seconds after which a program that only a periodic timer keeps going is called a deadlock."""


class DeadlockError(RuntimeError):
    """Every task waits, and no timer is set: virtual time would stand still for ever."""


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that does not wait for a time to come, but has the clock jump there."""

    loop: "VirtualTimeLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None or self.loop.next_timer == inf:
            ready = super().select(PATIENCE)
            if not ready:
                raise DeadlockError("every task waits for another, and no timer is set")
            return ready
        self.loop.jump(timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio event loop whose clock jumps whenever all its tasks wait."""

    virtual_time = True

    def __init__(self) -> None:
        self._virtual_now = 0.0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._virtual_now

    @property
    def next_timer(self) -> float | None:
        """When the next timer is due, in virtual seconds; ``math.inf`` for one that never is, None without any."""
        timers = (handle.when() for handle in self._scheduled if not handle.cancelled())  # type: ignore[attr-defined]
        return min(timers, default=None)

    def jump(self, seconds: float) -> None:
        """Let the clock jump, to the next timer exactly if there is one.

        Args:
            seconds: how far, in seconds, if there is no timer.

        Raises:
            DeadlockError: ten years have passed, and the program still waits.
        """
        if self._virtual_now > HORIZON:
            raise DeadlockError(
                "ten years have passed, and the program still waits: nothing but a periodic timer is left"
            )
        timer = self.next_timer
        self._virtual_now = max(self._virtual_now, self._virtual_now + seconds if timer is None else timer)
        # The loop runs what is due before now + resolution, and beyond 194 days the usual one is lost in rounding.
        self._clock_resolution = max(1e-9, ulp(self._virtual_now))


def _options(backend: Backend) -> dict[str, Any]:
    if backend == "asyncio":
        return {"loop_factory": VirtualTimeLoop}
    from trio.testing import MockClock

    return {"clock": MockClock(autojump_threshold=0)}


def _available() -> list[tuple[Backend, dict[str, Any]]]:
    backends: list[Backend] = ["asyncio", "trio"] if find_spec("trio") else ["asyncio"]
    return [(backend, _options(backend)) for backend in backends]


virtual_backends: Final = _available()
"""Values for the ``anyio_backend`` fixture: every async test runs once a backend, in virtual time. ::

    @pytest.fixture(params=virtual_backends, ids=lambda backend: backend[0])
    def anyio_backend(request):
        return request.param

With trio installed the backends are asyncio and trio, else asyncio alone.
"""


def simulate(async_function: Callable[..., Coroutine[Any, Any, T]], *arguments: Any, backend: Backend = "asyncio") -> T:
    """Run an async function to its end in virtual time, and return what it returns.

    Where an event loop runs in this thread already, as in a notebook, it runs in another one, and the loop waits.

    Args:
        async_function: what to run.
        arguments: what to call it with.
        backend: "asyncio" or "trio".

    Raises:
        DeadlockError: every task waits for another, and no timer is set; on trio it would wait for ever.
    """
    run = partial(anyio.run, partial(async_function, *arguments), backend=backend, backend_options=_options(backend))
    try:
        current_token()
    except NoEventLoopError:
        return run()
    with ThreadPoolExecutor(1, "docmill simulate") as threads:
        return threads.submit(run).result()
