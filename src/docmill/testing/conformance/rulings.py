"""What a check says, and what a row of the table of checks has."""

from collections.abc import Awaitable, Callable
from typing import Final

import attrs

from docmill.testing.conformance.report import Finding, Severity, Verdict
from docmill.testing.conformance.session import Session

__all__ = ["Check", "Rule", "Ruling", "failed", "not_applicable", "passed", "unless"]

SHOWN: Final = 5
"""Problems of one check that are told; more of them say nothing new."""


@attrs.frozen
class Ruling:
    """How a check ended, and what there is to say about it."""

    verdict: Verdict
    detail: str = ""


def passed(detail: str = "") -> Ruling:
    """All is well."""
    return Ruling(Verdict.PASSED, detail)


def failed(*problems: str) -> Ruling:
    """Something is wrong."""
    rest = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
    return Ruling(Verdict.FAILED, "\n".join([*problems[:SHOWN], *rest]))


def not_applicable(reason: str) -> Ruling:
    """The check says nothing about this processor."""
    return Ruling(Verdict.NOT_APPLICABLE, reason)


def unless(problems: list[str], detail: str = "") -> Ruling:
    """Passed, unless there are problems."""
    return failed(*problems) if problems else passed(detail)


@attrs.frozen
class Rule:
    """What is asked of a processor, and whether it must or should."""

    name: str
    severity: Severity
    sentence: str

    def finding(self, ruling: Ruling, backend: str | None = None, severity: Severity | None = None) -> Finding:
        """The rule with its ruling."""
        return Finding(
            check=self.name,
            sentence=self.sentence,
            severity=severity or self.severity,
            verdict=ruling.verdict,
            detail=ruling.detail,
            backend=backend,
        )


@attrs.frozen
class Check(Rule):
    """A row of the table: a rule, and how to find out."""

    run: Callable[[Session], Awaitable[Ruling]]
