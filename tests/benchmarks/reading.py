"""Measures how fast words are read from PDFs: ``python -m tests.benchmarks.reading FOLDER``.

All PDFs below the folder that can be opened are read by each contender in turn, in several rounds. What counts is CPU
time, of all processes that take part. A ratio is that of one round, so that a busy machine does not spoil it.
"""

import json
import time
from argparse import ArgumentParser
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import anyio
import attrs
import psutil
import pypdfium2

from docmill import DocumentProcessingQueue, JobOptions, processor
from docmill.documents.reading import read
from docmill.documents.reading.pdf import open_pdf
from docmill.documents.sources import FolderSource
from docmill.engines import LocalEngine

BASE = "pypdfium2, bounded text"

MAX_BYTES = 2**26

WORKER_MEMORY = 2**30

Contender = Callable[[list[Path]], float]
"""Reads all files, and returns the CPU seconds that it took."""


@attrs.frozen
class Row:
    """What one contender reached.

    Attributes:
        name: of it.
        speed: pages per CPU second, the median of all rounds.
        low, high: of a round.
        ratio: to bare pypdfium2 in the same round, the median.
    """

    name: str
    speed: float
    low: float
    high: float
    ratio: float


def in_this_process(read_file: Callable[[Path], Any]) -> Contender:
    def contend(files: list[Path]) -> float:
        begun = time.process_time()
        for file in files:
            read_file(file)
        return time.process_time() - begun

    return contend


def bounded_text(file: Path) -> None:
    with pypdfium2.PdfDocument(file.read_bytes()) as pdf:
        for page in pdf:
            page.get_textpage().get_text_bounded()


def text_range(file: Path) -> None:
    with pypdfium2.PdfDocument(file.read_bytes()) as pdf:
        for page in pdf:
            page.get_textpage().get_text_range()


def words(file: Path) -> None:
    with open_pdf(file.read_bytes()) as pdf:
        for number in range(1, pdf.page_count + 1):
            with pdf.page(number) as page:
                page.words()


def whole(file: Path) -> None:
    read(file.read_bytes(), file.name)


def whole_with_rules(file: Path) -> None:
    read(file.read_bytes(), file.name, rules=True)


def with_pypdf(file: Path) -> None:
    from pypdf import PdfReader

    for page in PdfReader(file).pages:
        page.extract_text()


def with_pdfplumber(file: Path) -> None:
    import pdfplumber

    with pdfplumber.open(file) as pdf:
        for page in pdf.pages:
            page.extract_words()


class Reader:
    """A processor that reads words."""

    def __init__(self, root: Path) -> None:
        self._source = FolderSource(root)

    def __call__(self, document_id: str) -> int:
        reading = read(self._source.read(document_id, MAX_BYTES), document_id)
        return sum(len(page.words) for page in reading.pages)


def in_workers(root: Path) -> Contender:
    """The queue with worker processes, which are warm; its own time counts, too."""
    reader = processor(isolation="process", max_memory=WORKER_MEMORY)(Reader(root))

    async def run(names: list[str]) -> float:
        async with DocumentProcessingQueue({"READ": reader}, engine=LocalEngine()) as queue:
            options = JobOptions(timeout=None, document_timeout=60, retry_attempts=0, max_concurrent=50)
            for _ in range(2):
                before = cpu_seconds()
                job = await queue.wait(await queue.create_job(names, "READ", options), drained=True)
                assert not job.errors
                after = cpu_seconds()
            return after - before

    def contend(files: list[Path]) -> float:
        return anyio.run(run, [file.relative_to(root).as_posix() for file in files])

    return contend


def cpu_seconds() -> float:
    """Of this process and its children so far."""
    host = psutil.Process()
    return sum(sum(each.cpu_times()[:2]) for each in [host, *host.children(recursive=True)])


def contenders(root: Path) -> dict[str, Contender]:
    found = {
        BASE: in_this_process(bounded_text),
        "pypdfium2, text range": in_this_process(text_range),
        "docmill, words": in_this_process(words),
        "docmill, words and attachments": in_this_process(whole),
        "docmill, words, attachments and rules": in_this_process(whole_with_rules),
        "docmill, words and attachments, in worker processes": in_workers(root),
    }
    if find_spec("pypdf"):
        found["pypdf, text"] = in_this_process(with_pypdf)
    if find_spec("pdfplumber"):
        found["pdfplumber, words"] = in_this_process(with_pdfplumber)
    return found


SLOW = ("pypdf, text", "pdfplumber, words")
"""Once is enough for them."""


def healthy(root: Path) -> tuple[list[Path], int]:
    """The PDFs that everybody can open, and how many pages they have."""
    files, pages = [], 0
    for file in sorted(root.rglob("*.pdf")):
        try:
            with pypdfium2.PdfDocument(file) as pdf:
                pages += len(pdf)
        except pypdfium2.PdfiumError:
            continue
        files.append(file)
    return files, pages


def measure(root: Path, rounds: int) -> tuple[list[Row], int, int]:
    """Measure all contenders; return their rows, and the numbers of files and of pages."""
    files, pages = healthy(root)
    for file in files:
        whole_with_rules(file)  # so that the first round is like the others
    speeds: dict[str, list[float]] = {}
    for at in range(rounds):
        for name, contend in contenders(root).items():
            if at == 0 or name not in SLOW:
                speeds.setdefault(name, []).append(pages / max(contend(files), 1e-9))
    base = speeds[BASE]
    return [_row(name, each, base) for name, each in speeds.items()], len(files), pages


def _row(name: str, speeds: list[float], base: list[float]) -> Row:
    ratio = median(speed / bare for speed, bare in zip(speeds, base, strict=False))
    return Row(name, median(speeds), min(speeds), max(speeds), ratio)


def table(rows: list[Row]) -> str:
    lines = ["| | pages per CPU second | rounds | of bare pypdfium2 |", "| --- | --- | --- | --- |"]
    lines += [f"| {row.name} | {row.speed:.0f} | {row.low:.0f}-{row.high:.0f} | {row.ratio:.2f} |" for row in rows]
    return "\n".join(lines)


def main() -> None:
    parser = ArgumentParser(prog="python -m tests.benchmarks.reading")
    parser.add_argument("folder", type=Path, help="with healthy PDFs: they are opened in this process")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    arguments = parser.parse_args()
    rows, files, pages = measure(arguments.folder.resolve(), arguments.rounds)
    print(f"{files} files, {pages} pages\n\n{table(rows)}")
    if arguments.json:
        figures = {"files": files, "pages": pages, "rows": [attrs.asdict(row) for row in rows]}
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
