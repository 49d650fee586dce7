"""A run as a text that a person can follow."""

from collections.abc import Iterator

from docmill.testing.simulator.run import Report

__all__ = ["tell"]


def tell(report: Report, job: str | None = None) -> Iterator[str]:
    """The lines of a run's story: what was drawn, what happened, and what of it must not have.

    Args:
        report: the run.
        job: only what happened to this job and to the queue as a whole.
    """
    plan = report.plan
    yield f"seed {plan.seed}, {plan.store} store, {plan.max_workers} workers"
    yield f"drawn: {', '.join(sorted(plan.traits)) or 'no faults'}"
    for number, asked in enumerate(plan.jobs):
        yield f"plan of job {number}, at {asked.at:.3f}: {len(asked.documents)} of {asked.type}, {asked.options}"
    for name, killer in plan.killers.items():
        yield f"{name} kills the process: {killer}"
    for line in report.history.lines:
        if job is None or line.job in ("", job):
            facts = " ".join(map(str, line.facts))
            yield f"{line.at:12.4f}  life {line.life}  {line.job:<8} {line.what} {facts}".rstrip()
    for violation in report.violations:
        yield f"{violation.at:12.4f}  VIOLATION of {violation.rule}: {violation.text}"
