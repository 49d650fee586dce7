"""Cut the power of a simulated disk under the real store, at any moment of a recorded run.

The store runs in a child under strace, which logs all that it asks of the system. From that the disk is made again as
it may be after a power cut: everything that was flushed is there, and of the rest nothing, everything, a beginning,
some writes, or some sectors of some writes. A file that was made or removed may not be so until its folder is flushed.
The index of the log (-shm) is not needed: it is made anew.

The child does what a story says, and after each commit it says so, in the same log. The same story is told to a store
in memory; so it is known what each number of acknowledged commits has to look like, and every other look is corrupt.
"""

import hashlib
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Literal

import attrs

from docmill import FailureCode, JobOptions, JobStatus, StoreError
from docmill.model import Fault, Ledger, Mark, Stored
from docmill.ports import Change, JobRecord, Store
from docmill.stores import SQLiteStore
from docmill.testing import SimulatedDisk

Synchronous = Literal["FULL", "NORMAL", "OFF"]

SECTOR: Final = 512
"""Bytes that a disk writes whole or not at all."""

HABITS: Final = ("none", "all", "prefix", "subset", "torn")
"""What may become of writes that were not flushed."""

CHECKPOINT_PAGES: Final = 60
"""Pages in the log before it is brought into the file: fewer than usual, so that the log begins anew often."""

CALLS: Final = "openat,open,pwrite64,pwritev,write,writev,fdatasync,fsync,ftruncate,fallocate,unlink,unlinkat,rename"


class RecordedStore(SQLiteStore):
    """The real store, with more checkpoints, and one more way of not waiting for the disk."""

    def __init__(self, path: Path, synchronous: Synchronous) -> None:
        super().__init__(path, synchronous="NORMAL" if synchronous == "OFF" else synchronous)
        self._synchronous = synchronous  # type: ignore[assignment]

    def _connect(self, mode: Literal["ro", "rw", "rwc"]) -> sqlite3.Connection:
        connection = super()._connect(mode)
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        return connection


class Story:
    """Commits and removals as a queue would make them, drawn from a seed.

    Args:
        seed: for all of it.
        steps: commits and removals.
    """

    def __init__(self, seed: int, steps: int) -> None:
        self._dice = random.Random(seed)
        self._steps = steps
        self._jobs: dict[str, tuple[Ledger, Mark]] = {}
        self._made = 0

    def tell(self, store: Callable[[], Store]) -> Iterator[Store]:
        """Tell it to a store, which is opened anew now and then; stop after each step."""
        current = store()
        list(current.open())
        for _ in range(self._steps):
            fate = self._dice.random()
            if fate < 0.02:
                current.close()
                current = store()
                list(current.open())
            done = [job_id for job_id, (_, mark) in self._jobs.items() if mark.drained]
            if len(done) > 6:
                current.prune(done[:3])
                for job_id in done[:3]:
                    del self._jobs[job_id]
            else:
                current.commit(self._changes())
            yield current
        current.close()

    def _changes(self) -> list[Change]:
        changes = []
        live = [job_id for job_id, (_, mark) in self._jobs.items() if not mark.drained]
        if len(live) < 4:
            changes.append(self._create())
        changes += [self._go_on(*self._jobs[job_id]) for job_id in live if self._dice.random() < 0.6]
        return changes or [self._create()]

    def _create(self) -> Change:
        self._made += 1
        ledger = Ledger(
            id=f"job_{self._made:05}",
            document_ids=tuple(f"document-{at}" for at in range(self._dice.choice((1, 5, 40, 150)))),
            type="CHECK",
            options=JobOptions(),
            owner=self._dice.choice((None, "ann")),
            idempotency_key=self._dice.choice((None, f"key {self._made}")),
            metadata={"n": self._made},
            priority=0,
            retry_of=None,
            created=float(self._made),
            wall_offset=1.7e9,
        )
        self._jobs[ledger.id] = ledger, Mark.new()
        return Change(ledger, None, Mark.new())

    def _go_on(self, ledger: Ledger, before: Mark) -> Change:
        first = before.ok + before.failed
        moment = float(first)
        for position in range(first, min(len(ledger.document_ids), first + self._dice.choice((1, 2, 10, 40)))):
            moment += 1.0
            if self._dice.random() < 0.9:
                data = b'"%s"' % (b"x" * self._dice.choice((0, 20, 20, 900)))
                ledger.ok.append((position, 1, moment - 1.0, moment, Stored(data)))
            else:
                fault = Fault(FailureCode.PROCESSOR_ERROR, f"ValueError: {position}")
                ledger.failed.append((position, 3, moment - 1.0, moment, fault))
        ended = len(ledger.ok) + len(ledger.failed) == len(ledger.document_ids)
        status = JobStatus.COMPLETED if ended else JobStatus.PROCESSING
        after = Mark.new(reserved=len(ledger.document_ids))._replace(
            status=status, ok=len(ledger.ok), failed=len(ledger.failed), started=1.0, busy=moment, drained=ended
        )
        if ended:
            after = after._replace(completed=moment)
        self._jobs[ledger.id] = ledger, after
        return Change(ledger, before, after, moment, 0, ended)


def look(jobs: list[JobRecord]) -> str:
    """What a store gives back, to the last bit, as a digest."""
    digest = hashlib.sha256()
    for job in jobs:
        fields = attrs.asdict(job, recurse=False)
        fields |= {name: list(fields[name]) for name in ("document_ids", "ok", "failed")}
        digest.update(repr(fields | {"metadata": dict(job.metadata)}).encode())
    return digest.hexdigest()


def looks(seed: int, steps: int) -> list[str]:
    """What the store has to look like after each number of acknowledged steps."""
    disk = SimulatedDisk()
    there = [look([])]
    there += [look(list(store.open())) for store in Story(seed, steps).tell(disk.mount)]
    return there


def record(folder: Path, seed: int, steps: int, synchronous: Synchronous) -> None:
    """Be the child: do what the story says, and say so after each step."""
    with (folder / "acknowledged").open("wb", buffering=0) as said:
        for number, _ in enumerate(Story(seed, steps).tell(lambda: RecordedStore(folder / "jobs.db", synchronous)), 1):
            said.write(b"%d\n" % number)


class File:
    """A file: what is on the disk of it for certain, and what is on the way."""

    def __init__(self) -> None:
        self.flushed = bytearray()
        self.pending: list[tuple[int, bytes] | int] = []

    def flush(self) -> None:
        self.flushed = written(self.flushed, self.pending)
        self.pending = []


def written(content: bytearray, operations: list[tuple[int, bytes] | int]) -> bytearray:
    """A copy of a content after writes, each an offset and data, and truncations, each a size."""
    content = bytearray(content)
    for operation in operations:
        if isinstance(operation, int):
            content[operation:] = bytes(max(0, operation - len(content)))
        else:
            offset, data = operation
            content += bytes(max(0, offset - len(content)))
            content[offset : offset + len(data)] = data
    return content


class SimulatedPower:
    """A disk whose power may be cut, fed with the calls that strace has logged."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._flushed: dict[str, File] = {}
        self._names: dict[str, File] = {}
        self._pending: list[tuple[str, File | None]] = []

    def do(self, call: str, file: str, argument: Any) -> None:
        if call == "create" and file not in self._names:
            self._name(file, File())
        elif call == "unlink":
            self._name(file, None)
        elif call == "write":
            self._names[file].pending.append(argument)
        elif call == "flush":
            self._names[file].flush()
        elif call == "flush folder":
            self._flushed = _named(self._flushed, self._pending)
            self._pending = []

    def _name(self, name: str, file: File | None) -> None:
        self._pending.append((name, file))
        self._names = _named(self._names, [(name, file)])

    def cut(self, habit: str) -> dict[str, bytearray]:
        """The files after a power cut."""
        names = self._pending if habit == "all" else self._some(self._pending, habit)
        return {
            name: written(file.flushed, self._some(file.pending, habit))
            for name, file in _named(self._flushed, names).items()
        }

    def _some(self, operations: list[Any], habit: str) -> list[Any]:
        if habit == "none":
            return []
        if habit == "all":
            return operations
        if habit == "prefix":
            return operations[: self._dice.randint(0, len(operations))]
        kept = [operation for operation in operations if self._dice.random() < 0.5]
        if habit == "subset":
            return kept
        return [part for operation in operations for part in self._torn(operation)]

    def _torn(self, operation: Any) -> Iterator[Any]:
        """Some sectors of a write; anything else happens or not."""
        if isinstance(operation, int) or isinstance(operation[0], str):
            if self._dice.random() < 0.5:
                yield operation
            return
        offset, data = operation
        start = 0
        while start < len(data):
            end = min(len(data), start + SECTOR - (offset + start) % SECTOR)
            if self._dice.random() < 0.5:
                yield offset + start, data[start:end]
            start = end


def _named(names: dict[str, File], changes: list[tuple[str, File | None]]) -> dict[str, File]:
    names = dict(names)
    for name, file in changes:
        if file is None:
            names.pop(name, None)
        else:
            names[name] = file
    return names


LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)")


class Trace:
    """What the store has asked of the system, in order, and when it acknowledged what.

    Attributes:
        calls: what ``SimulatedPower.do`` takes.
        acknowledged: the number of calls that were made before each acknowledgement.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self.acknowledged: list[int] = []
        self._files: dict[int, str | None] = {}

    @classmethod
    def made_by(cls, folder: Path, seed: int, steps: int, synchronous: Synchronous) -> "Trace":
        """Run the child under strace."""
        log = folder / "strace.log"
        command = ["strace", "-xx", "-s", str(2**20), "-e", f"trace={CALLS}", "-o", str(log), sys.executable]
        command += ["-m", "tests.durability.power", str(folder), str(seed), str(steps), synchronous]
        subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
        trace = cls()
        with log.open(encoding="ascii") as lines:
            for line in lines:
                trace._add(line, str(folder))
        log.unlink()
        return trace

    def _add(self, line: str, folder: str) -> None:
        match = LINE.match(line)
        if match is None or int(match[3]) < 0:
            return
        call, arguments, answer = match[1], match[2].split(", "), int(match[3])
        if call in {"openat", "open", "unlink", "unlinkat"}:
            path = next(_bytes(argument) for argument in arguments if argument.startswith('"')).decode()
            name = None if not path.startswith(folder) else path.removeprefix(folder).lstrip("/")
            name = None if name is not None and name.endswith(("-shm", "-lock")) else name
            if call.startswith("open"):
                self._files[answer] = name
            if name:
                self.calls.append(("create" if call.startswith("open") else "unlink", name, None))
        elif (name := self._files.get(int(arguments[0]))) is not None:
            self._write(call, name, arguments)

    def _write(self, call: str, name: str, arguments: list[str]) -> None:
        if name == "acknowledged":
            self.acknowledged.append(len(self.calls))
        elif call == "pwrite64":
            self.calls.append(("write", name, (int(arguments[3]), _bytes(arguments[1]))))
        elif call == "ftruncate":
            self.calls.append(("write", name, int(arguments[1])))
        elif call in {"fsync", "fdatasync"}:
            self.calls.append(("flush", name, None) if name else ("flush folder", "", None))
        else:
            raise NotImplementedError(f"the store has called {call} on {name}")


def _bytes(quoted: str) -> bytes:
    return bytes.fromhex(quoted.strip('"').replace("\\x", ""))


@attrs.define
class Findings:
    """What became of power cuts.

    Attributes:
        cuts: how many there were, by what became of what was not flushed.
        acknowledged: steps that had been acknowledged, over all cuts.
        lost: cuts after which something acknowledged was not there.
        corrupt: cuts after which the file could not be opened, or had something that was never recorded.
    """

    cuts: Counter[str] = attrs.Factory(Counter)
    acknowledged: int = 0
    lost: list[str] = attrs.Factory(list)
    corrupt: list[str] = attrs.Factory(list)


def cut(seed: int, steps: int, cuts: int, synchronous: Synchronous = "FULL") -> Findings:
    """Record a story once, and cut the power at so many moments of it."""
    findings, dice = Findings(), random.Random(f"{seed} {synchronous}")
    fast = "/dev/shm" if Path("/dev/shm").is_dir() else None  # where a flush costs nothing
    with tempfile.TemporaryDirectory(dir=fast) as name:
        folder = Path(name)
        trace = Trace.made_by(folder, seed, steps, synchronous)
        expected = {digest: number for number, digest in enumerate(looks(seed, steps))}
        moments = sorted(dice.randint(0, len(trace.calls)) for _ in range(cuts))
        power, done = SimulatedPower(dice), 0
        for number, moment in enumerate(moments):
            for call in trace.calls[done:moment]:
                power.do(*call)
            done = moment
            habit = dice.choice(HABITS)
            findings.cuts[habit] += 1
            acknowledged = bisect_right(trace.acknowledged, moment)
            findings.acknowledged += acknowledged
            found = _look_after(folder / f"{number}", power.cut(habit), expected, number)
            if isinstance(found, str):
                findings.corrupt.append(f"seed {seed}, call {moment}, {habit}: {found}")
            elif found < acknowledged:
                findings.lost.append(f"seed {seed}, call {moment}, {habit}: {found} of {acknowledged}")
    return findings


def _look_after(folder: Path, files: dict[str, bytearray], expected: dict[str, int], number: int) -> int | str:
    """How many steps are on the disk; or in words, why that cannot be said."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    try:
        with closing(SQLiteStore(folder / "jobs.db")) as store:
            found = expected.get(look(list(store.open())))
            if number % 10 == 0:  # and it goes on
                store.commit([Story(number, 1)._create()])
    except StoreError as error:
        return str(error)
    finally:
        shutil.rmtree(folder)
    return "it has what was never recorded" if found is None else found


if __name__ == "__main__":
    record(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])  # type: ignore[arg-type]
