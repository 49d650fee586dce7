"""What an exception of a processor means for its document, its job type and its next attempt."""

import unicodedata
from collections.abc import Iterator
from typing import Final, NamedTuple

from docmill.core.breaker import CircuitBreaker
from docmill.errors import PermanentError, RetryAfter
from docmill.model import FailureCode

__all__ = ["LONGEST_PAUSE", "MAX_ERROR_TEXT", "Verdict", "describe", "escape", "judge", "rogue_cancel", "stopped"]

MAX_ERROR_TEXT: Final = 2_000

LONGEST_PAUSE: Final = 366 * 24 * 3600.0
"""Seconds for which a service is left alone at most, whatever it says."""

# Control, format (the bidirectional ones among them), surrogate and line-breaking characters: what can
# forge a second line in a log, or turn the visible order of a text around.
_UNSAFE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class Verdict(NamedTuple):
    """How an attempt failed.

    Attributes:
        code: the code of the document if this attempt was its last.
        error: ``TypeName: message``, safe to show and to log.
        retry: whether another attempt may help.
        counted: whether it speaks of the service, so that the circuit breaker counts it.
        pause: seconds for which the service wants to be left alone, if it said so.
    """

    code: FailureCode
    error: str
    retry: bool
    counted: bool
    pause: float | None = None


def judge(error: BaseException, permanent: tuple[type[BaseException], ...], breaker: CircuitBreaker | None) -> Verdict:
    """Say what an exception means. An exception group counts as what its members have in common.

    Args:
        error: what the processor raised.
        permanent: further classes that mean what PermanentError means.
        breaker: names what counts as a failure of the service.
    """
    leaves = list(_leaves(error))
    shown = leaves[0] if len(leaves) == 1 else error
    settling: tuple[type[BaseException], ...] = (PermanentError, *permanent)
    if not all(isinstance(leaf, (Exception, settling)) for leaf in leaves):
        return Verdict(FailureCode.PROCESSOR_EXIT, describe(shown), retry=True, counted=False)
    if any(isinstance(leaf, settling) for leaf in leaves):
        return Verdict(FailureCode.PERMANENT, describe(shown), retry=False, counted=False)
    counted = breaker is not None and all(breaker.counts(leaf) for leaf in leaves)
    pauses = [leaf.seconds for leaf in leaves if isinstance(leaf, RetryAfter)]
    return Verdict(
        FailureCode.PROCESSOR_ERROR,
        describe(shown),
        retry=True,
        counted=counted,
        pause=min(max(pauses), LONGEST_PAUSE) if pauses else None,
    )


def stopped(code: FailureCode, budget: float, breaker: CircuitBreaker | None) -> Verdict:
    """The verdict on an attempt that was told to stop, whatever it raised then."""
    if code is FailureCode.DOCUMENT_TIMEOUT:
        error = f"no result within the document's budget of {budget:g} s"
    else:
        error = "cancelled while it was running"
    return Verdict(code, error, retry=False, counted=breaker is not None and breaker.counts_code(code))


def rogue_cancel(error: BaseException) -> Verdict:
    """The verdict on a cancellation that nobody asked for."""
    text = f"{describe(error)} (raised by the processor; nobody asked for it)"
    return Verdict(FailureCode.ROGUE_CANCEL, text, retry=True, counted=False)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _leaves(member)
    else:
        yield error


def describe(error: BaseException) -> str:
    """An exception as text that is safe to show: at most 2,000 characters, control characters escaped."""
    name = type(error).__name__
    try:
        message = str(error)
    except BaseException:  # noqa: BLE001 - a broken __str__ must not lose the document
        message = "(its message cannot be read)"
    text = f"{name}: {message}" if message else name
    return escape(text[:MAX_ERROR_TEXT])[:MAX_ERROR_TEXT]


def escape(text: str) -> str:
    """A text without control characters and those that turn its visible order around: safe to log."""
    if text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if unicodedata.category(character) in _UNSAFE_CATEGORIES
        else character
        for character in text
    )
