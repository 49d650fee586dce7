"""What the checks have found, and how it reads."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from textwrap import indent
from typing import Final

import attrs

__all__ = ["ConformanceError", "Finding", "Report", "Severity", "Verdict"]


class Severity(StrEnum):
    """Whether a processor must pass a check."""

    REQUIRED = "required"
    """docmill relies on it."""
    ADVICE = "advice"
    """It is better, and a failure is no more than a note."""


class Verdict(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    """Nothing was wrong."""
    FAILED = "failed"
    """Something was wrong; the detail says what."""
    NOT_APPLICABLE = "not applicable"
    """It could not be made, or says nothing of this processor; the detail says why."""


@attrs.frozen(kw_only=True)
class Finding:
    """How one check ended, on one event loop.

    Attributes:
        check: the check's name.
        sentence: what it asks for.
        severity: whether a failure makes the whole report fail, or is a note.
        verdict: how it ended.
        detail: what was wrong, one problem a line; why it does not apply; or what is to be known of a pass.
        backend: "asyncio" or "trio"; None for a check that needs no event loop.
    """

    check: str
    sentence: str
    severity: Severity
    verdict: Verdict
    detail: str = ""
    backend: str | None = None

    @property
    def violated(self) -> bool:
        """Whether something is wrong that is required."""
        return self.verdict is Verdict.FAILED and self.severity is Severity.REQUIRED

    @property
    def label(self) -> str:
        """The verdict in a word: a failed advice is a note."""
        if self.verdict is not Verdict.FAILED:
            return str(self.verdict)
        return "FAILED" if self.violated else "note"


WIDTH: Final = len(Verdict.NOT_APPLICABLE)


@attrs.frozen(kw_only=True)
class Report:
    """What ``check_processor`` has found; ``print`` it.

    Attributes:
        processor: the processor's name.
        documents: how many documents it was tried with.
        seconds: how long that took, in seconds.
        findings: one for each check and event loop, in the order in which they were made.
    """

    processor: str
    documents: int
    seconds: float
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong that is required."""
        return not self.failures

    @property
    def failures(self) -> tuple[Finding, ...]:
        """What is wrong and required."""
        return tuple(finding for finding in self.findings if finding.violated)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What could be better."""
        return tuple(finding for finding in self.findings if finding.label == "note")

    def of(self, check: str) -> tuple[Finding, ...]:
        """The findings of one check, one for each event loop that it ran on.

        Args:
            check: its name.

        Raises:
            KeyError: there is no check of this name; the error tells those there are.
        """
        found = tuple(finding for finding in self.findings if finding.check == check)
        if not found:
            names = ", ".join(dict.fromkeys(finding.check for finding in self.findings))
            raise KeyError(f"no check is called {check!r}; there are: {names}")
        return found

    def __str__(self) -> str:
        return "\n".join([self._headline(), *self._lines(), *self._details()])

    def _headline(self) -> str:
        failed, notes = _distinct(self.failures), _distinct(self.notes)
        verdict = f"{_count(failed, 'required check')} failed" if failed else "passed"
        backends = " and ".join(dict.fromkeys(finding.backend for finding in self.findings if finding.backend))
        tried = f"{_count(self.documents, 'document')}, {f'{backends}, ' if backends else ''}{self.seconds:.1f} s"
        return f"{self.processor}: {verdict}, {_count(notes, 'note')} ({tried})"

    def _lines(self) -> Iterator[str]:
        """One line for each check; two if the event loops disagree."""
        width = max(len(finding.check) for finding in self.findings)
        groups: dict[tuple[str, str], list[Finding]] = {}
        for finding in self.findings:
            groups.setdefault((finding.check, finding.label), []).append(finding)
        for (check, label), group in groups.items():
            first = group[0]
            words = first.sentence if first.verdict is Verdict.FAILED else first.detail or first.sentence
            where = "" if len(group) == len(self.of(check)) else f" ({_backends(group)})"
            yield f"  {label:{WIDTH}}  {check:{width}}  {words}{where}"

    def _details(self) -> Iterator[str]:
        """What was wrong, once for all event loops where it was the same."""
        groups: dict[tuple[str, str, str], list[Finding]] = {}
        for finding in (*self.failures, *self.notes):
            groups.setdefault((finding.label, finding.check, finding.detail), []).append(finding)
        for (label, check, detail), group in groups.items():
            backends = _backends(group)
            yield f"\n{label}: {check}{f' ({backends})' if backends else ''}"
            yield indent(detail, "    ")


class ConformanceError(AssertionError):
    """A processor does not keep to what is required; the message is the report.

    Attributes:
        report: the same, to look into.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__(str(report))

    def __reduce__(self) -> tuple[type["ConformanceError"], tuple[Report]]:
        return type(self), (self.report,)


def _backends(findings: Iterable[Finding]) -> str:
    return ", ".join(finding.backend for finding in findings if finding.backend)


def _distinct(findings: Iterable[Finding]) -> int:
    return len({finding.check for finding in findings})


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
