"""The figure: 300 documents, one of which kills its process and one of which raises, while somebody kills a worker."""

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

from . import doings
from .places import TYPE, Place, isolated, opened, options, pids

DOCUMENTS = 300
RETRIES = 2
KILLER, RAISER = "kill", "value"


async def run_figure(place: Place, folder: Path) -> dict[str, Any]:
    """One run, in figures."""
    names = [f"quick-{number}" for number in range(DOCUMENTS - 2)]
    names.insert(77, KILLER)
    names.insert(177, RAISER)
    told: Counter[str] = Counter()
    killed: list[int] = []
    async with opened(place, isolated(doings.act)) as queue:

        def hear(event: Any) -> None:
            told[event.document_id] += 1
            if len(told) >= DOCUMENTS // 3 and not killed and event.outcome.success:
                killed.append(event.outcome.data["pid"])
                os.kill(killed[0], signal.SIGKILL)

        queue.on("documentCompleted", hear)
        queue.on("documentFailed", hear)
        asked = options(retry_attempts=RETRIES, retry_delay=0.05)
        job = await queue.wait(
            await queue.create_job(names, TYPE, asked, metadata={"folder": str(folder)}), drained=True
        )
    failed = {failure.document_id: failure for failure in job.errors}
    return {
        "recorded": [outcome.document_id for outcome in job.outcomes] == names and len(job.outcomes),
        "told_once": told == Counter(names),
        "innocents_failed": len(set(failed) - {KILLER, RAISER}),
        "killer": KILLER in failed and f"{failed[KILLER].code} after {failed[KILLER].attempts}",
        "raiser": RAISER in failed and f"{failed[RAISER].code} after {failed[RAISER].attempts}",
        "killer_runs": len(pids(folder / "killed")),
        "killed_from_outside": len(killed),
        "tried_again": sum(result.attempts > 1 for result in job.results),
    }


def check(figures: dict[str, Any]) -> None:
    """What has to be so in every run."""
    assert figures["recorded"] == DOCUMENTS
    assert figures["told_once"]
    assert figures["innocents_failed"] == 0
    assert figures["killer"] == f"worker_died after {1 + RETRIES}"
    assert figures["raiser"] == f"processor_error after {1 + RETRIES}"
    assert figures["killer_runs"] <= 1 + RETRIES
    assert figures["killed_from_outside"] == 1
