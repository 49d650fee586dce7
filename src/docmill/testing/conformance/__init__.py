"""A conformance kit: does a processor keep to what docmill relies on?"""

from docmill.testing.conformance.kit import check_processor
from docmill.testing.conformance.report import ConformanceError, Finding, Report, Severity, Verdict

__all__ = ["ConformanceError", "Finding", "Report", "Severity", "Verdict", "check_processor"]
