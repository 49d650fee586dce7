"""Make an artifact of a release: ``python -m tests.release.hostile [--folder FOLDER ...]``.

It puts hostile documents, and those of the folders, into one batch with innocent ones, has all of them analysed in
worker processes, and writes tests/release/hostile.json: how each of them ended, whether any worker went beyond its
memory or any document beyond its budget, and whether the innocent ones were harmed.
"""

import gc
import json
import shutil
import tempfile
import threading
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import anyio
import psutil

from docmill import DocumentProcessingQueue, FailureCode, JobOptions, ProcessingContext
from docmill.documents import FolderSource, FullAnalysis, errors
from docmill.documents.processors import MEMORY
from docmill.engines import LocalEngine
from tests.release.hostile_files import healthy, hostile

ARTIFACT = Path(__file__).with_name("hostile.json")

FIGURES = (
    "documents",
    "outcomes",
    "untyped",
    "lost",
    "over_budget",
    "innocent_documents",
    "innocent_failures",
    "peak_worker_mib",
    "max_memory_mib",
    "processes_left",
    "descriptors_left",
    "seconds",
)

SCALE = 100
"""How much is in the hostile files, as `hostile_files.hostile` takes it."""

BUDGET = 20.0
"""Seconds that a document has."""

GRACE = 2.0
"""Seconds until a document that is at the end of its budget must be over; the machine is busy."""

MAX_MEMORY = MEMORY

INNOCENT_EVERY = 10
"""Among how many others there is an innocent document."""

TYPED = {name for name in errors.__all__ if name.endswith("Error")} | {"MemoryError"}
"""What a processor may raise for a document."""

ENDED = {FailureCode.WORKER_DIED, FailureCode.DOCUMENT_TIMEOUT}
"""How a document may end if a parser does not stop by itself."""


class Analyst(FullAnalysis):
    """Says how much memory it has taken so far, too."""

    def __call__(self, document_id: str, context: ProcessingContext) -> dict[str, Any]:
        result = super().__call__(document_id, context)
        return result | {"peak": high_water()}


def high_water() -> int:
    """The most memory that this process has had, in bytes; getrusage would count its parent as well."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


class Memory(threading.Thread):
    """Looks at how much memory the child processes have, for as long as it is entered."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._over = threading.Event()

    def __enter__(self) -> "Memory":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        parent = psutil.Process()
        while not self._over.wait(0.02):
            for child in parent.children(recursive=True):
                try:
                    self.peak = max(self.peak, child.memory_info().rss)
                except psutil.Error:
                    continue


def children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def mixed(suspects: Iterable[str], innocents: list[str]) -> Iterator[str]:
    """The suspects with innocents among them, so that every innocent has bad company."""
    for at, suspect in enumerate(suspects):
        if at % INNOCENT_EVERY == 0:
            yield innocents[at // INNOCENT_EVERY % len(innocents)]
        yield suspect


def write(folder: Path, files: Iterable[tuple[str, bytes]]) -> list[str]:
    """Write files into a folder, and return their ids."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for name, data in files:
        (folder / name).write_bytes(data)
        names.append(f"{folder.name}/{name}")
    return names


def gather(root: Path, folders: Iterable[Path]) -> list[str]:
    """Copy the files of other folders into one, and return their ids."""
    names = []
    for folder in folders:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = f"{len(names)}-{path.name}"
            shutil.copyfile(path, root / name)
            names.append(name)
    return names


async def process(source: FolderSource, names: list[str], budget: float) -> Mapping[str, Any]:
    async with DocumentProcessingQueue({"FULL_ANALYSIS": Analyst(source)}, engine=LocalEngine()) as queue:
        options = JobOptions(timeout=None, document_timeout=budget, retry_attempts=0, max_concurrent=50)
        job = await queue.wait(await queue.create_job(names, "FULL_ANALYSIS", options), drained=True)
    return {outcome.document_id: outcome for outcome in job.outcomes}


def kind_of(outcome: Any) -> str:
    """How a document ended, in a word."""
    if outcome.success:
        return "truncated" if outcome.data["truncated"] else "read"
    if outcome.code is FailureCode.PERMANENT or outcome.code is FailureCode.PROCESSOR_ERROR:
        return str(outcome.error.partition(":")[0])
    return str(outcome.code)


def is_typed(outcome: Any) -> bool:
    return bool(outcome.success or outcome.code in ENDED or kind_of(outcome) in TYPED)


def run(
    root: Path, suspects: list[str], innocents: list[str], budget: float, backend: str = "asyncio"
) -> dict[str, Any]:
    """Read all documents in one batch.

    Args:
        root: of the folder with all of them.
        suspects: ids.
        innocents: ids of healthy documents.
        budget: seconds for each document.
    """
    before, begun = set(Path("/proc/self/fd").iterdir()), time.monotonic()
    others = children()
    names = list(dict.fromkeys(mixed(suspects, innocents)))
    with Memory() as memory:
        outcomes = anyio.run(process, FolderSource(root), names, budget)
    gc.collect()
    harmed = [name for name in names if name in set(innocents) and not _is_fine(outcomes.get(name))]
    peaks = [outcome.data["peak"] for outcome in outcomes.values() if outcome.success]
    return {
        "documents": len(names),
        "outcomes": dict(sorted(Counter(map(kind_of, outcomes.values())).items())),
        "untyped": {name: outcome.error for name, outcome in outcomes.items() if not is_typed(outcome)},
        "lost": len(names) - len(outcomes),
        "over_budget": sum(outcome.processing_time > budget + GRACE for outcome in outcomes.values()),
        "innocent_documents": len(set(innocents) & set(names)),
        "innocent_failures": len(harmed),
        "peak_worker_mib": max(memory.peak, *peaks, 0) // 2**20,
        "max_memory_mib": MAX_MEMORY // 2**20,
        "processes_left": len(children() - others),
        "descriptors_left": len(set(Path("/proc/self/fd").iterdir()) - before),
        "seconds": round(time.monotonic() - begun, 1),
        "endings": {name: kind_of(outcome) for name, outcome in outcomes.items()},
    }


def _is_fine(outcome: Any) -> bool:
    return bool(outcome and outcome.success and not outcome.data["truncated"])


def prepare(root: Path, scale: int, copies: int) -> tuple[list[str], list[str]]:
    """Write the hostile documents, and so many copies of each healthy one; return their ids."""
    innocents = [name for at in range(copies) for name in write(root / f"innocent-{at}", healthy().items())]
    return write(root / "hostile", hostile(scale)), innocents


def main() -> None:
    parser = ArgumentParser(prog="python -m tests.release.hostile")
    parser.add_argument("--folder", type=Path, action="append", default=[], help="with more documents")
    parser.add_argument("--scale", type=int, default=SCALE, help="1 is done with in a moment")
    parser.add_argument("--budget", type=float, default=BUDGET, help="seconds for each document")
    parser.add_argument("--verbose", action="store_true", help="say how each document ended")
    parser.add_argument("--json", type=Path, default=ARTIFACT, help="where the figures go")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        suspects, innocents = prepare(root, arguments.scale, copies=50)
        suspects += gather(root, arguments.folder)
        figures = run(root, suspects, innocents, arguments.budget)
    endings = figures.pop("endings")
    if arguments.verbose:
        for name, ending in endings.items():
            print(f"{ending:28} {name}")
    arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
