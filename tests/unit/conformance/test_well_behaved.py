"""Processors that keep to everything pass, and the report says what was tried and what does not apply."""

import os
import sys
import tracemalloc
from collections.abc import Sequence
from contextvars import ContextVar
from itertools import count
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from docmill import ProcessingContext
from docmill.testing import Severity, Verdict, check_processor
from docmill.testing.conformance import footprint
from docmill.testing.conformance.session import sustained

from .support import DOCUMENTS, check, find, labels, the


async def well_behaved(document_id: str, context: ProcessingContext) -> dict[str, Any]:
    find(document_id)
    for page in range(3):
        await anyio.sleep(0.001)
        context.report((page + 1) / 3)
    return {"pages": 3, "title": None, "lines": [{"text": "a", "at": 0.5}]}


def well_behaved_sync(document_id: str, context: ProcessingContext) -> list[str]:
    find(document_id)
    pages = []
    for page in "abc":
        if context.remaining() == 0.0:
            break
        pages.append(page)
        context.report(len(pages) / 3, f"page {page}")
    return pages


class Summing:
    async def __call__(self, document_id: str) -> int:
        await checkpoint()
        return len(find(document_id))

    def finalize(self, outcomes: Sequence[Any], context: ProcessingContext) -> dict[str, int]:
        return {"sum": sum(outcome.data for outcome in outcomes if outcome.success), "of": len(outcomes)}


def test_a_well_behaved_async_processor_passes_on_both_event_loops() -> None:
    report = check_processor(well_behaved, DOCUMENTS)

    assert report.passed
    assert report.notes == ()
    assert [finding.backend for finding in report.of("cancel")] == ["asyncio", "trio"]
    assert {name for name, label in labels(report).items() if label != "passed"} == {"finalize", "pickling"}
    assert str(report).startswith("well_behaved: passed, no notes (2 documents, asyncio and trio, ")


def test_a_well_behaved_sync_processor_passes_once_and_is_told_what_a_thread_cannot() -> None:
    report = check(well_behaved_sync)

    assert report.passed
    assert report.notes == ()
    assert {finding.backend for finding in report.findings} == {None}
    assert the(report, "cancel").verdict is Verdict.NOT_APPLICABLE
    assert the(report, "cancel").detail == (
        "a thread cannot be cancelled; it looks at context.remaining(), 3 times in 2 calls"
    )
    assert the(report, "budget").detail == "it looks at context.remaining()"
    assert the(report, "pickling").verdict is Verdict.PASSED


def test_an_object_with_finalize_passes_and_its_summary_is_looked_at() -> None:
    report = check(Summing())

    assert report.passed, str(report)
    assert [finding.verdict for finding in report.of("finalize")] == [Verdict.PASSED] * 2


def test_a_sync_processor_that_never_looks_at_its_budget_is_told_so_without_blame() -> None:
    report = check(find)

    assert report.passed
    assert "it never looks at context.remaining(): an attempt over its budget goes on unseen" in str(report)


def test_progress_is_optional() -> None:
    report = check(find)

    assert the(report, "progress").verdict is Verdict.NOT_APPLICABLE
    assert "reports none, which is fine" in the(report, "progress").detail


def test_a_processor_that_never_waits_cannot_be_cancelled() -> None:
    async def immediate(document_id: str) -> str:
        return find(document_id)

    report = check(immediate, backends=["asyncio"])

    assert report.passed
    assert the(report, "cancel").detail == "it never waits, so it ends before anybody can cancel it"


def test_a_wait_that_is_over_already_is_no_swallowed_cancellation() -> None:
    """The cancellation comes too late to be seen, so there is nothing to blame the processor for."""

    async def waits_for_nothing(document_id: str) -> str:
        with anyio.CancelScope(shield=True):
            await checkpoint()
        return find(document_id)

    report = check(waits_for_nothing)

    assert report.passed
    assert {finding.detail for finding in report.of("cancel")} == {
        "it ended each time before the cancellation could reach it"
    }


def test_a_timeout_of_its_own_is_no_cancellation() -> None:
    async def impatient(document_id: str) -> str:
        with anyio.move_on_after(0.001):
            await anyio.sleep(60)
        with anyio.CancelScope(shield=True):
            await checkpoint()
        return find(document_id)

    assert check(impatient).passed


def test_an_error_before_the_cancellation_arrives_is_no_answer_to_it() -> None:
    async def failing_late(document_id: str) -> str:
        with anyio.CancelScope(shield=True):
            for _ in document_id:
                await checkpoint()
        return find(document_id)

    assert check(failing_late).passed


def test_a_processor_with_a_task_group_of_its_own_passes() -> None:
    async def with_children(document_id: str) -> str:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, 0.002)
            await anyio.to_thread.run_sync(find, document_id)
            await anyio.sleep(0.002)
        return document_id

    report = check(with_children)

    assert report.passed, str(report)


def test_where_every_id_is_a_document_none_has_to_be_missing() -> None:
    report = check(str.upper, missing=None)

    assert report.passed
    assert the(report, "errors").detail.startswith("every id is said to be a document")


def test_the_missing_document_is_drawn_with_the_suffix_of_a_real_one_or_given() -> None:
    seen: list[str] = []

    def listening(document_id: str) -> str:
        seen.append(document_id)
        return find(document_id)

    check(listening)
    drawn = {name for name in seen if name not in DOCUMENTS}
    assert len(drawn) == 1
    assert drawn.pop().endswith(".pdf")

    check(listening, missing="gone.pdf")
    assert "gone.pdf" in seen


def test_a_processor_sees_the_metadata_and_the_context_of_its_caller() -> None:
    language: ContextVar[str] = ContextVar("language", default="none")
    language.set("fr")
    seen = set()

    async def looking(document_id: str, context: ProcessingContext) -> str:
        seen.add((context.metadata["batch"], language.get(), context.owner, context.job_type, context.attempt))
        return find(document_id)

    check(looking, backends=["asyncio"], metadata={"batch": 7})

    assert seen == {(7, "fr", None, "CONFORMANCE", 1)}


@pytest.mark.parametrize("when", ["first half", "second half"])
def test_growth_that_comes_once_is_no_leak(when: str) -> None:
    before = {("thread", 1): "main"}
    once = before | {("thread", 2): "a pool"}

    assert sustained(before, once if when == "first half" else before, once) == []


def test_growth_that_goes_again_is_no_leak() -> None:
    before = {("thread", 1): "main"}

    assert sustained(before, before | {("thread", 2): "a"}, before | {("thread", 3): "b"}) == []


def test_a_client_that_is_made_late_is_no_leak() -> None:
    calls = count()
    opened: list[int] = []

    def with_one_client(document_id: str) -> str:
        if next(calls) == 12:
            opened.append(os.open(os.devnull, os.O_RDONLY))
        return find(document_id)

    assert check(with_one_client).passed
    os.close(opened[0])


def test_without_trio_the_report_says_that_asyncio_alone_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docmill.testing.conformance.kit.find_spec", lambda name: name == "asyncio" or None)
    report = check(well_behaved)

    assert report.passed
    assert {finding.backend for finding in report.findings} == {None, "asyncio"}
    assert the(report, "trio").verdict is Verdict.NOT_APPLICABLE
    assert the(report, "trio").detail == "trio is not installed, so asyncio alone was tried"
    with pytest.raises(ValueError, match="must name an event loop that is installed"):
        check(well_behaved, backends=["trio"])


def test_where_descriptors_cannot_be_counted_the_report_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr("docmill.testing.conformance.footprint.DESCRIPTORS", tmp_path / "none")
    report = check(well_behaved, backends=["asyncio"])

    assert report.passed
    assert the(report, "leaks").detail == "file descriptors cannot be counted on this system"
    assert the(report, "cancel").detail == the(report, "leaks").detail


def test_it_works_where_sniffio_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sniffio")

    assert check(well_behaved, backends=["asyncio"]).passed


def test_a_trace_of_memory_that_somebody_else_has_begun_goes_on() -> None:
    tracemalloc.start()
    try:
        assert check(find).passed
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()


def test_a_system_that_does_not_name_its_descriptors_numbers_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "0").touch()
    monkeypatch.setattr(footprint, "DESCRIPTORS", tmp_path)

    assert footprint.added({}, footprint._descriptors()) == ["file descriptor 'number 0'"]


async def test_it_works_inside_a_running_event_loop(anyio_backend_name: str) -> None:
    assert check(well_behaved, backends=[anyio_backend_name]).passed


@pytest.mark.parametrize(
    "documents, settings, words",
    [
        ([], {}, "at least one id"),
        ("good.pdf", {}, "several ids"),
        (["a", "a"], {}, "there twice"),
        (["a"], {"backends": ["curio"]}, "curio"),
        (["a"], {"backends": "trio"}, "must be some of"),
        (["a"], {"backends": []}, "must name an event loop"),
        (["a"], {"timeout": 0}, "timeout must be a number above 0, got 0"),
        (["a"], {"grace": float("nan")}, "grace must be a number above 0, got nan"),
        (["a"], {"runs": 1}, "runs must be a number above 1"),
        (["a"], {"max_growth": -1}, "max_growth must be a number above -1"),
    ],
)
def test_what_cannot_be_checked_is_refused(documents: Any, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_processor(find, documents, **settings)


def test_required_and_advice_are_told_apart() -> None:
    report = check(find)

    assert {finding.check for finding in report.findings if finding.severity is Severity.ADVICE} == {
        "round trip",
        "determinism",
        "budget",
        "responsive",
        "memory",
        "pickling",
    }
