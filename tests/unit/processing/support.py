"""What the tests of processing share: an open queue with a horizon, processors that follow a script, and ears."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
from anyio import CancelScope, fail_after, get_cancelled_exc_class, sleep
from anyio.lowlevel import current_token

from docmill import DocumentProcessingQueue, Event, JobOptions
from docmill.loops import current_loop

CHECK = "CHECK"

HORIZON = 30 * 24 * 3600.0
"""Virtual seconds after which a test fails that would otherwise wait for ever."""

PATIENCE = 10.0
"""Real seconds after which a test fails that should have been over long ago."""

NAMES = (
    "jobStarted",
    "progress",
    "documentCompleted",
    "documentFailed",
    "documentProgress",
    "jobCompleted",
    "jobFailed",
    "jobCancelled",
    "circuitOpened",
    "circuitClosed",
)

TERMINAL = ("jobCompleted", "jobFailed", "jobCancelled")

Step = Callable[[str, Any], Awaitable[Any]]


def at(seconds: float) -> Any:
    """An instant, but for the rounding of a virtual clock that has run for a while."""
    return pytest.approx(seconds, abs=1e-6)


def options(**changes: Any) -> JobOptions:
    """Options without a job timeout, for tests that are about something else."""
    return JobOptions(**{"timeout": None} | changes)


@asynccontextmanager
async def opened(target: Any, *, horizon: float = HORIZON, **settings: Any) -> AsyncIterator[DocumentProcessingQueue]:
    """An open queue with one processor for CHECK, or with a mapping of several."""
    processors = target if isinstance(target, Mapping) else {CHECK: target}
    with fail_after(horizon):
        async with DocumentProcessingQueue(processors, **settings) as queue:
            yield queue


async def until(condition: Callable[[], bool]) -> None:
    """Wait, in real time, for something that no event tells of."""
    with fail_after(PATIENCE):
        while not condition():  # noqa: ASYNC110 - see above
            await sleep(0.002)


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._time = current_loop().time
        self._begin = self._time()

    def __call__(self) -> float:
        return self._time() - self._begin


class Start(NamedTuple):
    document_id: str
    attempt: int
    at: float


class Scripted:
    """An async processor that follows a script, one step an attempt; the last step is for all later attempts.

    A step is an exception to raise, an async function to call, or anything else to return.
    """

    def __init__(self, *steps: Any, **steps_of: list[Any]) -> None:
        self.starts: list[Start] = []
        self.running = 0
        self.most_running = 0
        self._steps = steps
        self._steps_of = steps_of
        self._watch = Stopwatch()

    async def __call__(self, document_id: str, context: Any) -> Any:
        self.starts.append(Start(document_id, context.attempt, self._watch()))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        steps = self._steps_of.get(document_id, self._steps)
        try:
            return await play(steps[min(context.attempt, len(steps)) - 1], document_id, context)
        finally:
            self.running -= 1

    def starts_of(self, document_id: str) -> list[float]:
        return [start.at for start in self.starts if start.document_id == document_id]

    @property
    def order(self) -> list[str]:
        return [start.document_id for start in self.starts]


async def play(step: Any, document_id: str, context: Any) -> Any:
    if isinstance(step, BaseException) or (isinstance(step, type) and issubclass(step, BaseException)):
        raise step
    return await step(document_id, context) if callable(step) else step


def takes(seconds: float, then: Any = "done") -> Step:
    """A step that obeys: it sleeps, and then does what ``then`` says."""

    async def step(document_id: str, context: Any) -> Any:
        await sleep(seconds)
        return await play(then, document_id, context)

    return step


def shielded(seconds: float, then: Any = "late") -> Step:
    """A step that cannot be cancelled while it sleeps."""

    async def step(document_id: str, context: Any) -> Any:
        with CancelScope(shield=True):
            await sleep(seconds)
        return await play(then, document_id, context)

    return step


def swallowing(value: Any = "saved") -> Step:
    """A step that takes its cancellation for a reason to return what it has."""

    async def step(document_id: str, context: Any) -> Any:
        try:
            await sleep(HORIZON)
        except get_cancelled_exc_class():
            return value

    return step


def raising_when_cancelled(error: BaseException) -> Step:
    """A step that turns its cancellation into an exception of its own."""

    async def step(document_id: str, context: Any) -> Any:
        try:
            await sleep(HORIZON)
        except get_cancelled_exc_class():
            raise error from None

    return step


async def raise_a_cancellation() -> None:
    """Raise what the event loop raises in a cancelled task, though nobody has cancelled it."""
    if isinstance(current_token().native_token, asyncio.AbstractEventLoop):
        raise asyncio.CancelledError
    import trio

    raise trio.Cancelled._create(source="unknown")


class Heard(NamedTuple):
    name: str
    event: Any
    at: float


class Ears:
    """Everything that the listeners of a queue hear, in order."""

    def __init__(self, queue: DocumentProcessingQueue, *names: str) -> None:
        self.heard: list[Heard] = []
        self._watch = Stopwatch()
        for name in names or NAMES:
            queue.on(name, self._listener(name))

    def _listener(self, name: str) -> Callable[[Event], None]:
        return lambda event: self.heard.append(Heard(name, event, self._watch()))

    @property
    def names(self) -> list[str]:
        return [item.name for item in self.heard]

    def of(self, *names: str) -> list[Heard]:
        return [item for item in self.heard if item.name in names]

    def the(self, name: str) -> Heard:
        (item,) = self.of(name)
        return item
