"""Analyse a folder of documents with docmill: what they say, how good they are, and what does not add up.

Run it on the example documents, or on a folder of your own:

    uv run --extra demo python examples/quickstart.py [folder] [--report PATH] [--ocr]

Needs the extra ``demo`` and, for ``--ocr``, the extra ``ocr``: ``pip install 'docmill[demo,ocr]'``.
Two of the examples cannot be read, one is encrypted and one is broken: they fail, say why, and disturb no
other document. The report is an HTML page that shows every value where it stands on its page.
"""

import argparse
import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import rich.box
import rich.progress
from rich.console import Console
from rich.table import Table
from rich.text import Text

from docmill import DocumentProcessingQueue, Job, JobOptions, ProcessingJobType, Progress
from docmill.documents import PagePictures, RapidOcr, standard_processors, write_report

EXAMPLES = Path(__file__).parent / "documents"
KINDS = {".docx", ".jpeg", ".jpg", ".pdf", ".png", ".tif", ".tiff"}


async def process(folder: Path, names: list[str], pictures: Path, ocr: bool, console: Console) -> tuple[Job, Job]:
    """Analyse the documents and draw their pages: two jobs of one queue, which take turns."""
    # A file may make its parser hang, crash or eat all memory. These processors run in worker processes with a
    # limit on memory, one document at a time, which are killed when the budget of their document ends.
    queue = DocumentProcessingQueue(
        {
            **standard_processors(str(folder), ocr="auto" if ocr else None),
            "PAGE_PICTURES": PagePictures(str(folder), pictures),
        }
    )
    options = JobOptions(max_concurrent=4, document_timeout=60.0)

    with rich.progress.Progress(console=console) as bar:
        tasks: dict[str, rich.progress.TaskID] = {}

        @queue.on("progress")
        def show(update: Progress) -> None:
            if update.job_id in tasks:
                bar.update(tasks[update.job_id], completed=update.processed_documents)

        async with queue:
            for words, job_type in (("Analysing", ProcessingJobType.FULL_ANALYSIS), ("Drawing", "PAGE_PICTURES")):
                job_id = await queue.create_job(names, job_type, options)
                tasks[job_id] = bar.add_task(words, total=len(names))
            analysis, drawing = [await queue.wait(job_id) for job_id in tasks]
    return analysis, drawing


def value(result: dict[str, Any], *path: str) -> str:
    """One extracted value as text; nothing if it was not found."""
    found: Any = result["extraction"]
    for key in path:
        found = found[key]
    return "" if found is None else str(found["value"])


def as_table(job: Job) -> Table:
    """Lay out what was found in each document; in yellow where something does not add up."""
    table = Table(box=rich.box.SIMPLE_HEAD, padding=0)
    for title in ("Document", "Type", "Seller", "Number", "Date", "Total", "Score"):
        table.add_column(title, justify="right" if title in {"Total", "Score"} else "left", no_wrap=title != "Seller")
    for result in sorted(job.results, key=lambda result: result.document_id):
        data = result.data
        table.add_row(
            result.document_id,
            value(data, "document_type"),
            Text(value(data, "seller", "name"), no_wrap=True, overflow="ellipsis"),  # gives way to the others
            value(data, "invoice_number"),
            value(data, "issue_date"),
            f"{value(data, 'gross_total')} {value(data, 'currency')}".strip(),
            str(data["quality"]["score"]),
            style="yellow" if data["anomalies"] else None,
        )
    return table


def show_findings(job: Job, console: Console) -> None:
    """Say in words what does not add up, and what could not be read."""
    for outcome in job.outcomes:
        if not outcome.success:
            console.print(f"{outcome.document_id}\n    {outcome.error}", style="red")
        elif outcome.data["anomalies"]:
            console.print(outcome.document_id, style="yellow")
            for anomaly in outcome.data["anomalies"]:
                console.print(f"    {anomaly['code']}: {anomaly['message']}")


def main() -> None:
    """Analyse the folder given on the command line, or the examples."""
    parser = argparse.ArgumentParser(description="Analyse a folder of documents.")
    parser.add_argument("folder", nargs="?", type=Path, default=EXAMPLES)
    parser.add_argument("--report", type=Path, default=Path("docmill-report.html"), help="where to write the report")
    parser.add_argument("--ocr", action="store_true", help="read scans, too; needs docmill[ocr]")
    arguments = parser.parse_args()
    if arguments.ocr and not RapidOcr.is_installed():
        parser.error("--ocr needs text recognition: pip install 'docmill[ocr]'")
    if not arguments.report.parent.is_dir():
        parser.error(f"there is no folder {arguments.report.parent} for the report")
    names = sorted(path.name for path in arguments.folder.glob("*") if path.suffix.lower() in KINDS)
    if not names:
        sys.exit(f"There are no documents in {arguments.folder}.")

    console = Console(markup=False, highlight=False)  # a document may say [red]
    with TemporaryDirectory() as pictures:
        job, drawn = asyncio.run(process(arguments.folder, names, Path(pictures), arguments.ocr, console))
        report = write_report(arguments.report, job, drawn, title=f"{len(names)} documents")

    console.print(as_table(job))
    show_findings(job, console)
    tally = f"{len(job.results)} ok, {len(job.errors)} failed"
    console.print(f"\n{job.total_documents} documents: {tally} in {job.duration:.2f} s. Report: {report}")


if __name__ == "__main__":
    main()
