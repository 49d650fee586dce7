"""The checks: a table of small functions, each with a name, a sentence and a severity."""

from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from typing import Final

from docmill.core.verdict import describe
from docmill.testing.conformance import footprint
from docmill.testing.conformance.carrying import what_json_changes, why_not_result
from docmill.testing.conformance.report import Severity
from docmill.testing.conformance.rulings import Check, Rule, Ruling, failed, not_applicable, passed, unless
from docmill.testing.conformance.session import Session
from docmill.testing.conformance.words import (
    about_threads,
    bad_error,
    bad_fractions,
    change_in_queue,
    disobedience,
    how_they_differ,
    named,
    without_descriptors,
)

__all__ = ["CHECKS", "LOOPS", "SHAPE", "check_all"]

BLOCKING: Final = 0.1
"""Seconds between two waits from which on others on the event loop notice."""


async def results(session: Session) -> Ruling:
    """Also calls the processor twice for every document, which the later checks look at."""
    await session.run_twice()
    returned = [call for call in session.first.values() if call.error is None]
    if not returned:
        call = next(iter(session.first.values()))
        return failed(
            f"none of the documents gave a result; {named(call)} {call.ending}. "
            "Give at least one that the processor can process"
        )
    problems = []
    for call in returned:
        problem = why_not_result(call.value)
        if problem is not None:
            problems.append(f"{named(call)}: {problem}")
        again = session.second[call.context.document_id]
        if again.error is None and type(again.value) is not type(call.value):
            problems.append(f"{named(call)} {call.ending} the first time and {again.ending} the second")
    return unless(problems)


async def round_trip(session: Session) -> Ruling:
    """Looks at the results that JSON can carry."""
    changes = [
        f"{named(call)}: {change}"
        for call in session.first.values()
        if call.error is None and why_not_result(call.value) is None and (change := what_json_changes(call.value))
    ]
    return unless(changes)


async def determinism(session: Session) -> Ruling:
    """Compares the two calls for each document."""
    changes = []
    for document, first in session.first.items():
        change = how_they_differ(first, session.second[document])
        if change is not None:
            session.unstable.add(document)
            changes.append(f"{named(first)}: {change}")
    return unless(changes)


async def errors(session: Session) -> Ruling:
    """Looks at what a missing document raises, and at what the others have raised."""
    missing = session.settings.missing
    calls = [call for call in session.first.values() if call.error is not None]
    problems = []
    if missing is not None:
        call = await session.call(missing)
        calls.append(call)
        if call.error is None:
            problems.append(
                f"{named(call)}, which does not exist, {call.ending}; raise PermanentError, "
                "or say missing=None if every id is a document"
            )
    problems += [f"{named(call)} {problem}" for call in calls if (problem := bad_error(call.error))]
    if not calls:
        return not_applicable("every id is said to be a document (missing=None), and none has raised")
    return unless(problems)


async def cancel(session: Session) -> Ruling:
    """Cancels the call that waits most, at its first wait, in the middle and at its last."""
    if not session.spec.on_loop:
        return not_applicable(about_threads(session))
    longest = max(session.first.values(), key=lambda call: call.waits)
    if not longest.waits:
        return not_applicable("it never waits, so it ends before anybody can cancel it")
    problems, stopped = [], False
    for moment in sorted({1, (1 + longest.waits) // 2, longest.waits}):
        before = footprint.take()
        call = await session.call(longest.context.document_id, cancel_at=moment)
        stopped |= call.stopped
        left = [] if call.lingers else [f"it left behind a {thing}" for thing in await session.leftovers(before)]
        problems += [
            f"{named(call)}, cancelled at wait {moment} of {longest.waits}: {problem}"
            for problem in (*disobedience(call, session.settings.grace), *left)
        ]
    if not problems and not stopped:
        return not_applicable("it ended each time before the cancellation could reach it")
    return unless(problems, without_descriptors())


async def budget(session: Session) -> Ruling:
    """Calls it with nothing left of the budget."""
    slow, reads = [], 0
    for document, first in session.first.items():
        call = await session.call(document, seconds=0.0)
        reads += call.context.reads
        in_full = call.error is None and how_they_differ(first, call) is None
        if in_full and call.seconds > session.settings.grace:
            slow.append(
                f"{named(call)}: the whole result after {call.seconds:.2f} s without any budget left; "
                "look at context.remaining() from time to time, and raise or return what you have"
            )
    if not reads and not slow:
        return passed("it ends soon enough without looking at context.remaining()")
    return unless(slow, "it looks at context.remaining()" if reads else "")


async def responsive(session: Session) -> Ruling:
    """Looks at the steps between two waits."""
    if not session.spec.on_loop:
        return not_applicable("a sync processor runs in a thread")
    return unless(
        [
            f"{named(call)}: {call.longest:.2f} s without a wait; nothing else on the loop ran meanwhile. "
            "Make it a sync processor (def), or hand the work to anyio.to_thread.run_sync"
            for call in session.second.values()
            if call.longest > BLOCKING
        ]
    )


async def progress(session: Session) -> Ruling:
    """Looks at what was reported in the calls so far."""
    calls = [*session.first.values(), *session.second.values()]
    if not any(call.context.fractions for call in calls):
        return not_applicable("it reports none, which is fine; long documents are nicer with context.report(fraction)")
    problems = [f"{named(call)}: {problem}" for call in calls for problem in bad_fractions(call.context.fractions)]
    return unless(list(dict.fromkeys(problems)))


async def concurrency(session: Session) -> Ruling:
    """Compares what a queue has made of the documents with the first calls."""
    changes = [
        f"document {outcome.document_id!r}: {change}"
        for job in await session.queued()
        for outcome in job.outcomes
        if (change := change_in_queue(session, outcome))
    ]
    return unless(list(dict.fromkeys(changes)))


async def summary(session: Session) -> Ruling:
    """Looks at what ``finalize`` has made in the queue."""
    if session.spec.finalize is None:
        return not_applicable("it has no finalize, which is optional")
    job = (await session.queued())[0]
    if job.summary_error is not None:
        return failed(f"finalize raised {job.summary_error}")
    problem = why_not_result(job.summary)
    return unless([f"finalize: {problem}"] if problem else [])


async def leaks(session: Session) -> Ruling:
    """Looks for what grows with the number of calls."""
    growth = await session.growth()
    problems = [f"after {growth.calls} calls: one more {thing}" for thing in growth.kept]
    return unless(problems, without_descriptors())


async def memory(session: Session) -> Ruling:
    """Looks at the memory that Python has allocated."""
    growth = await session.growth()
    if growth.bytes <= session.settings.max_growth:
        return passed()
    return failed(
        f"{growth.bytes:,} bytes more after {growth.calls // 2} calls (max_growth={session.settings.max_growth:,}), "
        f"most of them from {growth.place}"
    )


async def pickling(session: Session) -> Ruling:
    """Pickles it the way multiprocessing does."""
    if session.spec.on_loop:
        return not_applicable("an async processor runs on the event loop, never in another process")
    try:
        ForkingPickler.loads(ForkingPickler.dumps(session.target))
    except Exception as error:  # noqa: BLE001 - pickling runs whatever the objects define
        return failed(
            f"{describe(error)}. Define it at the top level of a module, and open clients and files on first use"
        )
    return passed()


REQUIRED, ADVICE = Severity.REQUIRED, Severity.ADVICE

SHAPE: Final = Rule("shape", REQUIRED, "is a callable (document_id, context) or (document_id), and declared sensibly")

LOOPS: Final = Rule("trio", ADVICE, "runs on both event loops")

CHECKS: Final = (
    Check("result", REQUIRED, "returns what JSON can carry, below 1 MiB, of one type for one document", results),
    Check("round trip", ADVICE, "returns what comes back from a durable store as it was", round_trip),
    Check("determinism", ADVICE, "returns the same for the same document", determinism),
    Check("errors", REQUIRED, "raises an ordinary exception with a message, as for a missing document", errors),
    Check("cancel", REQUIRED, "ends promptly when it is cancelled, and leaves nothing behind", cancel),
    Check("budget", ADVICE, "ends soon when nothing is left of its budget", budget),
    Check("responsive", ADVICE, f"leaves the event loop to others within {BLOCKING:g} s", responsive),
    Check("progress", REQUIRED, "reports fractions from 0.0 to 1.0 that never fall", progress),
    Check("concurrency", REQUIRED, "does the same for several documents at once as one by one", concurrency),
    Check("finalize", REQUIRED, "makes a summary that JSON can carry, also of failed documents", summary),
    Check("leaks", REQUIRED, "keeps no more threads, tasks and file descriptors from call to call", leaks),
    Check("memory", ADVICE, "keeps no more memory from call to call", memory),
    Check("pickling", ADVICE, "can be pickled, which process isolation needs", pickling),
)


async def check_all(session: Session, report: Callable[[Check, Ruling], None]) -> None:
    """Run the table from top to bottom, up to a call that does not end.

    Raises:
        DidNotEnd: that call; it belongs to the first check that was not reported.
    """
    for check in CHECKS:
        report(check, await check.run(session))
