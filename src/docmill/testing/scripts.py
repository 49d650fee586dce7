"""Processors that follow a script: one mood an attempt.

::

    processor = scripted({"a": fails_then_ok(2), "b": [permanent()]}, finalize=[ok("summary")])
    queue = DocumentProcessingQueue({"CHECK": processor})

The moods are async. ``scripted_sync`` plays them in a sync processor; it is for virtual time only, where it runs
inline and says how long it has taken.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from typing import Any, Final, NamedTuple

import attrs
from anyio import CancelScope, current_time, get_cancelled_exc_class, sleep
from anyio.lowlevel import checkpoint

from docmill.engines.threads import spend
from docmill.errors import PermanentError, RetryAfter, ServiceUnavailableError
from docmill.ports import ProcessingContext

__all__ = [
    "FOREVER",
    "Answer",
    "Mood",
    "Played",
    "Script",
    "SyncScript",
    "exits",
    "fails",
    "fails_then_ok",
    "hangs",
    "hangs_shielded",
    "huge",
    "ok",
    "permanent",
    "raises_on_cancel",
    "retry_after",
    "rogue_cancel",
    "scripted",
    "scripted_sync",
    "service_down",
    "swallows_cancel",
]

FOREVER: Final = 365 * 24 * 3600.0
"""Seconds that are longer than any budget."""


class Answer(Enum):
    """What a mood does when it is told to stop."""

    OBEYS = auto()
    """It stops."""
    SHIELDS = auto()
    """It does not even notice, and goes on to its end."""
    RAISES = auto()
    """It raises an exception of its own instead."""
    SWALLOWS = auto()
    """It returns its result instead."""


def _nothing() -> None:
    return None


@attrs.frozen(kw_only=True)
class Mood:
    """What a scripted processor does in one attempt.

    Attributes:
        kind: its name, for stories.
        seconds: how long it works, in seconds.
        data: what it returns then.
        error: makes the exception that it raises then; None to return.
        answer: what it does when it is told to stop before.
        report: the fraction, 0.0 to 1.0, that it reports when it has worked half the time; None for no report.
        rogue: whether it raises a cancellation then, which only an async processor can.
    """

    kind: str
    seconds: float = 0.0
    data: Any = None
    error: Callable[[], BaseException | None] = _nothing
    answer: Answer = Answer.OBEYS
    report: float | None = None
    rogue: bool = False

    async def play(self, context: ProcessingContext) -> Any:
        """Do it, as an async processor does.

        Args:
            context: of the attempt.

        Raises:
            OSError: it was told to stop, and its answer is RAISES.
        """
        try:
            with CancelScope(shield=self.answer is Answer.SHIELDS):
                await self._work(context)
        except get_cancelled_exc_class():
            if self.answer is Answer.RAISES:
                raise OSError("closing failed while being cancelled") from None
            if self.answer is not Answer.SWALLOWS:
                raise
        if self.rogue:
            await _raise_cancellation()
        return self._end()

    def play_sync(self, context: ProcessingContext) -> Any:
        """Do it, as a sync processor does under virtual time; it cannot be told to stop.

        Args:
            context: of the attempt.
        """
        if self.report is not None:
            context.report(self.report, self.kind)
        spend(self.seconds)
        return self._end()

    async def _work(self, context: ProcessingContext) -> None:
        if self.report is None:
            await sleep(self.seconds)
            return
        await sleep(self.seconds / 2)
        context.report(self.report, self.kind)
        await sleep(self.seconds / 2)

    def _end(self) -> Any:
        error = self.error()
        if error is not None:
            raise error
        return self.data


def ok(data: Any = "done", seconds: float = 0.0, *, report: float | None = None) -> Mood:
    """It returns ``data`` after ``seconds``; with ``report`` it says at half time how far it is.

    Args:
        data: what it returns.
        seconds: seconds that it works before.
        report: the fraction, 0.0 to 1.0, that it reports at half time; None for no report.
    """
    return Mood(kind="ok", data=data, seconds=seconds, report=report)


def fails(seconds: float = 0.0, error: Callable[[], BaseException] = lambda: ValueError("unreadable")) -> Mood:
    """It raises what ``error`` makes, by default a ValueError.

    Args:
        seconds: seconds that it works before.
        error: makes the exception.
    """
    return Mood(kind="fails", seconds=seconds, error=error)


def fails_then_ok(times: int, data: Any = "done", seconds: float = 0.0) -> list[Mood]:
    """The moods of a document that fails so many times and then succeeds.

    Args:
        times: how often it fails.
        data: what it returns at last.
        seconds: seconds that each attempt works.
    """
    return [fails(seconds)] * times + [ok(data, seconds)]


def permanent(seconds: float = 0.0) -> Mood:
    """It says that trying again cannot help.

    Args:
        seconds: seconds that it works before.
    """
    return Mood(kind="permanent", seconds=seconds, error=lambda: PermanentError("encrypted"))


def retry_after(pause: float, seconds: float = 0.0) -> Mood:
    """Its service wants to be left alone for ``pause`` seconds.

    Args:
        pause: seconds to stay away.
        seconds: seconds that it works before.
    """
    return Mood(kind="retry_after", seconds=seconds, error=lambda: RetryAfter(pause))


def service_down(seconds: float = 0.0) -> Mood:
    """Its service is down, which counts for the circuit breaker.

    Args:
        seconds: seconds that it works before.
    """
    return Mood(kind="service_down", seconds=seconds, error=lambda: ServiceUnavailableError("503"))


def rogue_cancel(seconds: float = 0.0) -> Mood:
    """It raises the event loop's cancellation, though nobody has asked for it.

    Args:
        seconds: seconds that it works before.
    """
    return Mood(kind="rogue_cancel", seconds=seconds, rogue=True)


def exits(seconds: float = 0.0) -> Mood:
    """It calls sys.exit.

    Args:
        seconds: seconds that it works before.
    """
    return Mood(kind="exits", seconds=seconds, error=lambda: SystemExit(1))


def hangs(seconds: float = FOREVER) -> Mood:
    """It does not end by itself, but obeys when it is told to stop.

    Args:
        seconds: seconds after which it ends all the same, a year if left out.
    """
    return Mood(kind="hangs", seconds=seconds)


def hangs_shielded(seconds: float = FOREVER) -> Mood:
    """It does not stop when it is told to, only after ``seconds``.

    Args:
        seconds: seconds after which it ends all the same, a year if left out.
    """
    return Mood(kind="hangs_shielded", seconds=seconds, answer=Answer.SHIELDS)


def raises_on_cancel(seconds: float = FOREVER) -> Mood:
    """It raises an OSError when it is told to stop.

    Args:
        seconds: seconds after which it ends all the same, a year if left out.
    """
    return Mood(kind="raises_on_cancel", seconds=seconds, answer=Answer.RAISES)


def swallows_cancel(data: Any = "saved", seconds: float = FOREVER) -> Mood:
    """It returns ``data`` when it is told to stop.

    Args:
        data: what it returns.
        seconds: seconds after which it ends all the same, a year if left out.
    """
    return Mood(kind="swallows_cancel", seconds=seconds, data=data, answer=Answer.SWALLOWS)


def huge(characters: int = 2 * 1024 * 1024, seconds: float = 0.0) -> Mood:
    """It returns a very long string.

    Args:
        characters: the length of the string.
        seconds: seconds that it works before.
    """
    return Mood(kind="huge", seconds=seconds, data="x" * characters)


class Played(NamedTuple):
    """One attempt that a script was asked for.

    Attributes:
        document_id: the document; empty for ``finalize``.
        attempt: the number of the attempt, from 1.
        mood: what it did.
        started: when, in seconds on the event loop's clock.
    """

    document_id: str
    attempt: int
    mood: Mood
    started: float


class _Moods:
    """Which mood comes with which attempt, and which have come."""

    def __init__(self, moods: Mapping[str, Sequence[Mood]], default: Mood, summary: Sequence[Mood]) -> None:
        self.played: list[Played] = []
        self._moods = moods
        self._default = default
        self.summary = summary

    def next(self, document_id: str, context: ProcessingContext) -> Mood:
        moods = self._moods.get(document_id) or (self._default,)
        return self._note(document_id, context, moods[min(context.attempt, len(moods)) - 1])

    def next_summary(self, context: ProcessingContext) -> Mood:
        done = sum(not played.document_id for played in self.played)
        return self._note("", context, self.summary[min(done, len(self.summary) - 1)])

    def _note(self, document_id: str, context: ProcessingContext, mood: Mood) -> Mood:
        self.played.append(Played(document_id, context.attempt, mood, current_time()))
        return mood


class Script:
    """An async processor that follows a script; see ``scripted``.

    Attributes:
        played: every attempt so far, in the order in which they started.
        finalize: makes the summary of a batch; None if the script has no moods for it.
    """

    finalize: Callable[[Sequence[Any], ProcessingContext], Any] | None = None

    def __init__(self, moods: _Moods) -> None:
        self._moods = moods
        self.played = moods.played
        if moods.summary:
            self.finalize = self._finalize

    async def __call__(self, document_id: str, context: ProcessingContext) -> Any:
        """Play the mood that this attempt has come to."""
        return await self._moods.next(document_id, context).play(context)

    async def _finalize(self, _: Sequence[Any], context: ProcessingContext) -> Any:
        return await self._moods.next_summary(context).play(context)


class SyncScript:
    """A sync processor that follows a script; see ``scripted_sync``.

    Attributes:
        played: every attempt so far, in the order in which they started.
        finalize: makes the summary of a batch; None if the script has no moods for it.
    """

    finalize: Callable[[Sequence[Any], ProcessingContext], Any] | None = None

    def __init__(self, moods: _Moods) -> None:
        self._moods = moods
        self.played = moods.played
        if moods.summary:
            self.finalize = self._finalize

    def __call__(self, document_id: str, context: ProcessingContext) -> Any:
        """Play the mood that this attempt has come to."""
        return self._moods.next(document_id, context).play_sync(context)

    def _finalize(self, _: Sequence[Any], context: ProcessingContext) -> Any:
        return self._moods.next_summary(context).play_sync(context)


def scripted(
    moods: Mapping[str, Sequence[Mood]] | None = None,
    *,
    default: Mood = ok(),  # noqa: B008 - a mood is immutable
    finalize: Sequence[Mood] = (),
) -> Script:
    """An async processor that follows a script.

    Args:
        moods: by document id, one mood an attempt; the last one is for all later attempts.
        default: the mood for all other documents.
        finalize: the moods of ``finalize``, one a call, the last one for all later calls; none for no summary.
    """
    return Script(_Moods({} if moods is None else moods, default, finalize))


def scripted_sync(
    moods: Mapping[str, Sequence[Mood]] | None = None,
    *,
    default: Mood = ok(),  # noqa: B008 - a mood is immutable
    finalize: Sequence[Mood] = (),
) -> SyncScript:
    """The same as a sync processor, for virtual time only; its moods cannot be told to stop.

    Args:
        moods: by document id, one mood an attempt; the last one is for all later attempts.
        default: the mood for all other documents.
        finalize: the moods of ``finalize``, one a call, the last one for all later calls; none for no summary.
    """
    return SyncScript(_Moods({} if moods is None else moods, default, finalize))


async def _raise_cancellation() -> None:
    cancellation = get_cancelled_exc_class()
    try:
        error: BaseException = cancellation()
    except TypeError:  # trio makes them itself
        with CancelScope() as scope:
            scope.cancel()
            try:
                await checkpoint()
            except cancellation as caught:
                error = caught
    raise error
