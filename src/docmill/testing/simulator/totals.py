"""What many runs came to, as figures that add up."""

from collections.abc import Iterable
from typing import Any

import attrs

from docmill.testing.simulator.run import Report

__all__ = ["Totals", "reliability_line"]


@attrs.define(kw_only=True)
class Totals:
    """The sum of many runs.

    Attributes:
        failing: the runs with a violation: their seed, whether their store was durable, and the first violation.
    """

    runs: int = 0
    jobs: int = 0
    documents: int = 0
    crashes: int = 0
    store_faults: int = 0
    virtual_hours: float = 0.0
    violations: int = 0
    failing: list[dict[str, Any]] = attrs.field(factory=list)

    def add(self, report: Report) -> None:
        """Count one more run."""
        self.runs += 1
        self.jobs += report.jobs
        self.documents += report.documents
        self.crashes += report.crashes
        self.store_faults += report.store_faults
        self.virtual_hours += report.virtual_hours
        self.violations += len(report.violations)
        if report.violations:
            first = report.violations[0]
            plan = report.plan
            self.failing.append({"seed": plan.seed, "store": plan.store, "rule": first.rule, "text": first.text})

    def merge(self, others: Iterable["Totals"]) -> "Totals":
        """The sum of this and others."""
        merged = attrs.evolve(self, failing=list(self.failing))
        for other in others:
            for field in attrs.fields(Totals):
                setattr(merged, field.name, getattr(merged, field.name) + getattr(other, field.name))
        return merged

    def as_dict(self) -> dict[str, Any]:
        """The figures, ready for JSON."""
        return attrs.asdict(self) | {"virtual_hours": round(self.virtual_hours, 1)}


def reliability_line(artifact: dict[str, Any]) -> str:
    """The sentence that README.md gives on simulated runs, from the artifact of a release."""
    figures = artifact["backends"].values()
    runs, jobs, documents, crashes, faults, violations = (
        sum(figure[name] for figure in figures)
        for name in ("runs", "jobs", "documents", "crashes", "store_faults", "violations")
    )
    hours = sum(figure["virtual_hours"] for figure in figures)
    return (
        f"{runs:,} simulated runs on {' and '.join(artifact['backends'])} ({jobs:,} jobs, {documents:,} documents, "
        f"{crashes:,} crashes, {faults:,} store faults, {round(hours):,} virtual hours): "
        f"{violations:,} violations of the contract."
    )
