"""Make an artifact of a release: ``python -m tests.release.postgres``.

It starts a PostgreSQL server of its own. Hosts that work with it are killed 200 times; the server is restarted 100
times under two hosts; ten times one of three hosts is killed and another one paused. It writes
tests/release/postgres.json: how much of what the hosts had been told was lost, how many documents were started after
somebody had been told their outcome, and how soon the jobs of a dead host were adopted, and went on.
"""

import json
import os
import signal
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.postgres import Cluster, find_binaries
from tests.unit.postgres.trial import Figures, kill_again_and_again, restart_again_and_again, trial

ARTIFACT = Path(__file__).with_name("postgres.json")

FIGURES = (
    "times",
    "facts",
    "lost",
    "documents_started",
    "repeated",
    "jobs",
    "adopted",
    "unfinished",
    "adopted_ms",
    "resumed_ms",
)

LEASE = 1.0
"""Seconds, of the hosts that adopt the jobs of others; the default is 30."""

A_RUN = 20
"""Kills or restarts that one set of tables has to survive."""


def change_hosts(dsn: str, folder: Path) -> Figures:
    """Of three hosts kill one and pause another for longer than the lease."""
    with trial(dsn, folder, pace=10.0, heartbeat=LEASE / 5, lease=LEASE) as hosts:
        pids = [hosts.begin() for _ in range(3)]
        time.sleep(0.7)
        died = hosts.kill(pids[0])
        os.kill(pids[1], signal.SIGSTOP)
        waited = hosts.adopted(pids[0], died)
        time.sleep(max(0.0, died + 2.5 * LEASE - time.monotonic()))
        os.kill(pids[1], signal.SIGCONT)
        time.sleep(0.5)
        hosts.rest(*pids[1:])
        figures = hosts.figures()
        figures.waits, figures.resumed = [waited], [hosts.resumed(pids[0], died)]
    return figures


def measure(times: int, runs: list[Figures]) -> dict[str, Any]:
    """The figures of all runs together."""
    for problem in (problem for run in runs for problem in run.lost + run.repeated):
        print(problem)
    figures = {
        "times": times,
        "facts": sum(run.facts for run in runs),
        "lost": sum(len(run.lost) for run in runs),
        "documents_started": sum(run.documents for run in runs),
        "repeated": sum(len(run.repeated) for run in runs),
        "jobs": sum(run.jobs for run in runs),
        "adopted": sum(run.adopted for run in runs),
        "unfinished": sum(run.unfinished for run in runs),
        "adopted_ms": _spread([seconds for run in runs for seconds in run.waits]),
        "resumed_ms": _spread([seconds for run in runs for seconds in run.resumed]),
    }
    return {name: figures[name] for name in FIGURES}


def _spread(seconds: list[float]) -> dict[str, int] | None:
    found = sorted(round(one * 1_000) for one in seconds)
    return {"median": found[len(found) // 2], "max": found[-1]} if found else None


def main() -> None:
    parser = ArgumentParser(prog="python -m tests.release.postgres")
    parser.add_argument("--kills", type=int, default=200, help=f"a multiple of {A_RUN}")
    parser.add_argument("--restarts", type=int, default=100, help=f"a multiple of {A_RUN}")
    parser.add_argument("--changes", type=int, default=10)
    options = parser.parse_args()
    binaries = find_binaries()
    if binaries is None:
        parser.error("there is no PostgreSQL server on this machine: apt-get install postgresql")
    cluster = Cluster(binaries, durable=True)
    try:
        cluster.start()
        artifact = {
            "kills": measure(options.kills, _runs(options.kills // A_RUN, cluster, _kill)),
            "restarts": measure(options.restarts, _runs(options.restarts // A_RUN, cluster, _restart)),
            "changes": measure(options.changes, _runs(options.changes, cluster, _change)) | {"lease_s": LEASE},
        }
    finally:
        cluster.close()
    ARTIFACT.write_text(json.dumps(artifact, indent=2) + "\n")
    print(json.dumps(artifact, indent=2))


def _runs(number: int, cluster: Cluster, run: Callable[[Cluster, Path, int], Figures]) -> list[Figures]:
    figures = []
    for seed in range(number):
        with tempfile.TemporaryDirectory() as folder:
            figures.append(run(cluster, Path(folder), seed))
    return figures


def _kill(cluster: Cluster, folder: Path, seed: int) -> Figures:
    return kill_again_and_again(cluster.schema(), folder, A_RUN, seed)


def _restart(cluster: Cluster, folder: Path, seed: int) -> Figures:
    return restart_again_and_again(cluster.schema(), folder, cluster.restart, A_RUN, seed)  # type: ignore[arg-type]


def _change(cluster: Cluster, folder: Path, _: int) -> Figures:
    return change_hosts(cluster.schema(), folder)


if __name__ == "__main__":
    main()
