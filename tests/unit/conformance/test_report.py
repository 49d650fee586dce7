"""How a report reads, and how it is raised."""

import pickle

import pytest

from docmill.testing import ConformanceError, Finding, Report, Severity, Verdict, check_processor

from .support import find


def finding(
    check: str,
    verdict: Verdict,
    detail: str = "",
    backend: str | None = None,
    severity: Severity = Severity.REQUIRED,
) -> Finding:
    return Finding(
        check=check, sentence=f"does {check}", severity=severity, verdict=verdict, detail=detail, backend=backend
    )


REPORT = Report(
    processor="scan",
    documents=1,
    seconds=1.25,
    findings=(
        finding("shape", Verdict.PASSED),
        finding("cancel", Verdict.FAILED, "it goes on\nand on", "asyncio"),
        finding("memory", Verdict.FAILED, "1 byte more", "asyncio", Severity.ADVICE),
        finding("progress", Verdict.NOT_APPLICABLE, "it reports none", "asyncio"),
        finding("cancel", Verdict.FAILED, "it goes on\nand on", "trio"),
        finding("memory", Verdict.PASSED, "", "trio", Severity.ADVICE),
        finding("progress", Verdict.NOT_APPLICABLE, "it reports none", "trio"),
    ),
)

PRINTED = """\
scan: 1 required check failed, 1 note (1 document, asyncio and trio, 1.2 s)
  passed          shape     does shape
  FAILED          cancel    does cancel
  note            memory    does memory (asyncio)
  not applicable  progress  it reports none
  passed          memory    does memory (trio)

FAILED: cancel (asyncio, trio)
    it goes on
    and on

note: memory (asyncio)
    1 byte more"""


def test_a_report_has_one_line_for_each_check_and_what_was_wrong_below() -> None:
    assert str(REPORT) == PRINTED


def test_a_report_sums_up() -> None:
    assert not REPORT.passed
    assert [finding.check for finding in REPORT.failures] == ["cancel", "cancel"]
    assert [finding.check for finding in REPORT.notes] == ["memory"]
    with pytest.raises(KeyError, match="no check is called 'canel'; there are: shape, cancel, memory, progress"):
        REPORT.of("canel")


def test_a_violation_is_raised_as_an_assertion_that_shows_the_report() -> None:
    with pytest.raises(ConformanceError, match="required check failed") as caught:
        check_processor(find, ["broken.pdf"], grace=0.1, runs=2)

    assert isinstance(caught.value, AssertionError)
    assert not caught.value.report.passed
    assert str(caught.value) == str(caught.value.report)


def test_a_failure_survives_the_way_from_a_test_worker() -> None:
    error = pickle.loads(pickle.dumps(ConformanceError(REPORT)))

    assert error.report == REPORT
    assert str(error) == PRINTED
