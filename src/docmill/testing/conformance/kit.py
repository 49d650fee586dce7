"""The one call: ``check_processor``."""

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import PurePosixPath
from typing import Any, Final

from docmill.errors import InvalidJobError
from docmill.ports import DeferredProcessor, ProcessorSpec
from docmill.runtime.requests import check_documents
from docmill.testing.conformance.checks import CHECKS, LOOPS, SHAPE, check_all
from docmill.testing.conformance.report import ConformanceError, Finding, Report, Severity
from docmill.testing.conformance.rulings import Rule, failed, not_applicable, passed
from docmill.testing.conformance.session import DidNotEnd, Session, Settings
from docmill.testing.conformance.shape import look_through

__all__ = ["check_processor"]

BACKENDS: Final = ("asyncio", "trio")

DRAWN: Final = "no-such-document"
"""The default of ``missing``: an id that begins with this, with random digits and a real document's suffix."""


def check_processor(
    processor: Any,
    documents: Iterable[str],
    *,
    backends: Sequence[str] = BACKENDS,
    metadata: Mapping[str, Any] | None = None,
    missing: str | None = DRAWN,
    timeout: float = 30.0,
    grace: float = 0.5,
    runs: int = 20,
    max_growth: int = 2**20,
    raises: bool = True,
) -> Report:
    """Check that a processor keeps to what docmill relies on; for the test suite of its author.

    An async processor is tried on each event loop, a sync one in threads. It is called some
    ``runs`` + 10 times a loop for few documents, on an event loop in a thread of its own, so that one that
    does not end cannot hang the suite. Call this from a plain test, or from an async one at the price of
    blocking its loop.

    Args:
        processor: what is to be registered: an async or sync callable ``(document_id, context) -> result``.
        documents: ids that it can find, at least one, each once. Some may be broken, so that it raises.
        backends: the event loops to try an async one on, of "asyncio" and "trio". One that is not installed is
            left out, and the report says so.
        metadata: what ``context.metadata`` has.
        missing: an id that it cannot find; drawn if left out; None if it can make something of any id.
        timeout: seconds that one call may take.
        grace: seconds that a cancelled call may take to end, and what it used to go away.
        runs: how many calls are made in search of leaks, 2 or more; at least two for each document.
        max_growth: bytes of memory that half of them may keep before the report has a note of it.
        raises: False to get the report of a failure returned instead of raised.

    Returns:
        The report: ``str()`` shows it, ``passed`` sums it up, ``findings`` has it all.

    Raises:
        ConformanceError: something that is required is violated; an AssertionError with the report as its message.
        InvalidJobError: the documents cannot be a job.
        PluginError: it is a plugin that cannot be loaded.
        ValueError: another argument is not one of the allowed values.
    """
    ids, problems = check_documents(documents)
    if problems:
        raise InvalidJobError(problems)
    _check_numbers(timeout, grace, runs, max_growth)
    used = _installed(backends)
    if isinstance(processor, DeferredProcessor):
        processor = processor.docmill_load()
    settings = Settings(
        metadata={} if metadata is None else metadata,
        missing=_draw(ids[0]) if missing == DRAWN else missing,
        timeout=timeout,
        grace=grace,
        runs=runs,
        max_growth=max_growth,
    )
    begin = time.monotonic()
    spec = look_through(processor)
    if isinstance(spec, str):
        name = getattr(processor, "__qualname__", type(processor).__qualname__)
        findings = [SHAPE.finding(failed(spec)), *_not_run(CHECKS, "it is not a processor yet, see shape", None)]
    else:
        name = spec.name
        findings = [SHAPE.finding(passed())]
        if spec.on_loop and len(used) < len(backends):
            findings.append(LOOPS.finding(not_applicable("trio is not installed, so asyncio alone was tried")))
        for backend in used if spec.on_loop else used[:1]:
            findings += _findings(Session(spec, processor, ids, settings), backend, spec)
    report = Report(processor=name, documents=len(ids), seconds=time.monotonic() - begin, findings=tuple(findings))
    if raises and not report.passed:
        raise ConformanceError(report)
    return report


def _findings(session: Session, backend: str, spec: ProcessorSpec) -> list[Finding]:
    """What all checks find on one event loop."""
    shown = backend if spec.on_loop else None
    findings: list[Finding] = []
    stuck: list[str] = []

    async def checks(session: Session) -> None:
        try:
            await check_all(session, lambda check, ruling: findings.append(check.finding(ruling, shown)))
        except DidNotEnd as error:
            stuck.append(str(error))

    if not session.live(backend, checks):
        stuck.append(
            f"the event loop was not heard of for more than {session.settings.timeout:g} s: the processor blocks it. "
            "Make it a sync processor (def), which runs in a thread"
        )
        findings = findings.copy()
    if stuck:
        check, *rest = CHECKS[len(findings) :]
        findings.append(check.finding(failed(stuck[0]), shown, Severity.REQUIRED))
        findings += _not_run(rest, f"not tried after {check.name} has failed for good", shown)
    return findings


def _not_run(checks: Iterable[Rule], reason: str, backend: str | None) -> list[Finding]:
    ruling = not_applicable(reason)
    return [check.finding(ruling, backend) for check in checks]


def _installed(backends: Sequence[str]) -> list[str]:
    """The event loops that can be used.

    Raises:
        ValueError: one is unknown, or none is left.
    """
    if isinstance(backends, str) or not set(backends) <= set(BACKENDS):
        raise ValueError(f"backends must be some of {BACKENDS}, got {backends!r}")
    used = [backend for backend in backends if find_spec(backend)]
    if not used:
        raise ValueError(f"backends must name an event loop that is installed, got {backends!r}")
    return used


def _check_numbers(timeout: float, grace: float, runs: int, max_growth: int) -> None:
    for name, value, least in (
        ("timeout", timeout, 0),
        ("grace", grace, 0),
        ("runs", runs, 1),
        ("max_growth", max_growth, -1),
    ):
        if not value > least:
            raise ValueError(f"{name} must be a number above {least}, got {value!r}")


def _draw(document_id: str) -> str:
    """An id that nobody has, of the kind of a real one."""
    return f"{DRAWN}-{secrets.token_hex(8)}{PurePosixPath(document_id).suffix}"
