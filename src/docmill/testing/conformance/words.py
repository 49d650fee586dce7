"""What is wrong with a call, in words that say what to do."""

from collections.abc import Iterator
from typing import Any

from docmill.model import Outcome
from docmill.testing.conformance import footprint
from docmill.testing.conformance.calls import Call
from docmill.testing.conformance.carrying import difference
from docmill.testing.conformance.session import Session

__all__ = [
    "about_threads",
    "bad_error",
    "bad_fractions",
    "change_in_queue",
    "disobedience",
    "how_they_differ",
    "named",
    "without_descriptors",
]


def named(call: Call) -> str:
    """The document of a call."""
    return f"document {call.context.document_id!r}"


def how_they_differ(one: Call, other: Call) -> str | None:
    """How two calls differ in what came of them; errors count as equal if their classes are."""
    if one.error is None and other.error is None:
        return difference(one.value, other.value)
    if type(one.error) is type(other.error):
        return None
    return f"{one.ending}, then {other.ending}"


def change_in_queue(session: Session, outcome: Outcome) -> str | None:
    """How what came of a document in a queue differs from its first call."""
    alone = session.first[outcome.document_id]
    if not outcome.success:
        return None if alone.error is not None else f"{alone.ending} alone, but failed with others: {outcome.error}"
    if alone.error is not None:
        return f"{alone.ending} alone, but gave a result with others"
    found = None if outcome.document_id in session.unstable else difference(alone.value, outcome.data)
    return None if found is None else f"{found} (alone, then with others)"


def bad_error(error: BaseException | None) -> str | None:
    """What is wrong with an exception that a processor raises."""
    if error is None:
        return None
    name = type(error).__qualname__
    if not isinstance(error, Exception):
        return f"raised {name}, which is no Exception and reads as the end of the program; raise an ordinary one"
    if not str(error).strip():
        return f"raised {name} without a message; say what is wrong with which document"
    return None


def disobedience(call: Call, grace: float) -> Iterator[str]:
    """How a call has not obeyed its cancellation."""
    if call.lingers:
        yield (
            f"it was still running {grace:g} s later; let the cancellation through, "
            "and shield no more than a short cleaning up"
        )
    elif call.told and call.error is not None:
        yield f"it {call.ending} instead of the cancellation; raise that again after cleaning up"
    elif call.told and not call.stopped:
        yield f"it swallowed the cancellation and {call.ending}; raise it again after cleaning up"


def about_threads(session: Session) -> str:
    """What there is to know of a sync processor instead of its cancellation."""
    reads = sum(call.context.reads for call in session.first.values())
    if reads:
        calls = len(session.first)
        return f"a thread cannot be cancelled; it looks at context.remaining(), {reads} times in {calls} calls"
    return (
        "a thread cannot be cancelled, and it never looks at context.remaining(): "
        "an attempt over its budget goes on unseen"
    )


def bad_fractions(fractions: list[Any]) -> Iterator[str]:
    """What is wrong with the progress of a call."""
    highest = 0.0
    for fraction in fractions:
        if not isinstance(fraction, int | float) or not 0.0 <= fraction <= 1.0:
            yield f"reported {fraction!r}; a fraction is a number from 0.0 to 1.0"
        elif fraction < highest:
            yield f"reported {fraction!r} after {highest!r}; progress never falls"
        else:
            highest = fraction


def without_descriptors() -> str:
    """What a check that passed could not look at."""
    return "" if footprint.counts_descriptors() else "file descriptors cannot be counted on this system"
