"""Let calls of the store to the system fail, and look whether anything was shown that is not on the disk.

A life runs under strace, which has one call on the file, its log or its journal fail: once, or from then on.
"""

import logging
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import attrs

from docmill import StoreError
from docmill.runtime import committer
from docmill.stores import SQLiteStore
from tests.support.lives import Diary

from .kills import Kills
from .life import Life

PATIENCE = 1.5
"""Seconds after which the queue gives up, instead of a minute."""

CALLS = ("pwrite64", "fdatasync", "ftruncate", "openat", "pread64", "fstat")
ACTS = 12


@attrs.frozen(kw_only=True)
class Injection:
    """What is to fail: the calls with this name that have this number; with ``lasting`` the later ones, too."""

    call: str
    error: str
    number: int
    lasting: bool

    @property
    def words(self) -> str:
        """As strace wants it."""
        return f"inject={self.call}:error={self.error}:when={self.number}{'+' if self.lasting else ''}"


def run(folder: Path, option: str) -> str:
    """A life under strace; what it has logged of the calls."""
    database = folder / "jobs.db"
    calls = f"trace={','.join((*CALLS, 'write'))}"
    command = ["strace", "-f", "-qq", "-o", str(folder / "strace.log"), "-e", calls, "-e", option]
    for path in (f"{database}", f"{database}-wal", f"{database}-journal", str(folder / "facts")):
        command += ["-P", path]
    command += [sys.executable, "-m", "tests.durability.io_errors", str(folder)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2], timeout=60)
    return (folder / "strace.log").read_text()


def count(folder: Path) -> dict[str, int]:
    """How often a life that nothing happens to makes each call."""
    log = run(folder, "signal=none")
    return {call: len(re.findall(rf"^\d+ +{call}\(", log, re.MULTILINE)) for call in CALLS}


def survive(folder: Path, injection: Injection) -> list[str]:
    """Let something fail, then let nothing fail any more; and say what is wrong."""
    log = run(folder, injection.words)
    kills = Kills(folder)
    kills._account(0, None)
    stopped = kills.stopped
    if (folder / "jobs.db").exists():
        kills._look()
    problems = list(kills.figures.lost)
    at_work = log.partition("rested")[0]  # afterwards there is nothing left to be written but into another place
    if "(INJECTED)" in at_work and injection.lasting and injection.call in {"pwrite64", "fdatasync"} and not stopped:
        problems.append("it went on though it could not write")
    if kills.figures.facts > 1 and stopped not in {None, "StoreUnavailableError"}:
        problems.append(f"it was stopped by {stopped}")
    anyio.run(Life(1, 0, Diary(f"{folder}/facts"), Diary(f"{folder}/starts"), create=False).live, f"{folder}/jobs.db")
    kills._account(1, None)
    with closing(SQLiteStore(folder / "jobs.db")) as store:
        problems += [f"{job.id} did not end" for job in store.open() if not job.mark.drained]
    kills._look()
    return problems + kills.figures.lost[len(problems) :] + kills.figures.repeated


async def live(folder: str) -> None:
    facts: Any = Diary(f"{folder}/facts")
    life = Life(0, 0, facts, Diary(f"{folder}/starts"), acts=ACTS)
    try:
        with anyio.fail_after(30.0):
            await life.live(f"{folder}/jobs.db")
    except StoreError as error:
        facts(stopped=type(error).__name__, text=str(error))


if __name__ == "__main__":
    committer.PATIENCE = PATIENCE  # type: ignore[misc]
    logging.disable()
    anyio.run(live, sys.argv[1])
