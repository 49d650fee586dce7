"""Read a folder of PDFs with docmill: a progress bar while it works, a table of what came out.

Run it on the example documents, or on a folder of your own:

    python examples/quickstart.py [folder]

Two of the examples cannot be read, one is encrypted and one is broken: they fail, say why, and disturb no
other document.
"""

import asyncio
import sys
from pathlib import Path

import pypdfium2 as pdfium
import rich.box
import rich.progress
from rich.console import Console
from rich.table import Table

from docmill import (
    DocumentProcessingQueue,
    Job,
    JobOptions,
    PermanentError,
    ProcessingContext,
    ProcessingJobType,
    Progress,
    processor,
)

EXAMPLES = Path(__file__).parent / "documents"


# A PDF may make its parser hang, crash or eat all memory, and no two threads may be inside pdfium at once. In
# worker processes it harms nobody: each reads one document at a time, and is killed when the budget ends.
@processor(isolation="process", max_memory=2**31)
def read_pdf(document_id: str, context: ProcessingContext) -> dict[str, object]:
    """Process one document: its pages, its words and its first line."""
    path = Path(context.metadata["folder"], document_id)
    try:
        with pdfium.PdfDocument(path) as pdf:
            pages = [page.get_textpage().get_text_bounded() for page in pdf]
    except pdfium.PdfiumError as error:
        # A second attempt would fail in the same way, so there is none after a PermanentError.
        locked = error.err_code == pdfium.raw.FPDF_ERR_PASSWORD
        raise PermanentError("needs a password" if locked else "not a valid PDF") from error
    text = "\n".join(pages).strip()
    return {
        "kind": "digital" if text else "scanned",
        "pages": len(pages),
        "words": len(text.split()),
        "title": text.partition("\n")[0].strip(),
    }


async def process(folder: Path, names: list[str], console: Console) -> Job:
    """Run one job over the documents and wait for its end."""
    queue = DocumentProcessingQueue(processors={ProcessingJobType.QUALITY_CHECK: read_pdf})
    options = JobOptions(max_concurrent=4, retry_attempts=2, document_timeout=30.0)

    with rich.progress.Progress(console=console) as bar:
        task = bar.add_task("Reading", total=len(names))

        @queue.on("progress")
        def show(update: Progress) -> None:
            bar.update(task, completed=update.processed_documents)

        async with queue:
            job_id = await queue.create_job(
                names, ProcessingJobType.QUALITY_CHECK, options, metadata={"folder": str(folder)}
            )
            return await queue.wait(job_id)


def as_table(job: Job) -> Table:
    """Lay out what became of each document, the failed ones last."""
    table = Table(box=rich.box.SIMPLE_HEAD, collapse_padding=True)
    for title in ("Document", "Kind", "Pages", "Words", "First line, or the error"):
        table.add_column(title, justify="right" if title in {"Pages", "Words"} else "left")
    for result in job.results:
        data = result.data
        table.add_row(result.document_id, data["kind"], str(data["pages"]), str(data["words"]), data["title"])
    for failure in job.errors:
        table.add_row(failure.document_id, "failed", "", "", failure.error, style="red")
    return table


def main() -> None:
    """Process the folder given on the command line, or the examples."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES
    names = sorted(path.name for path in folder.glob("*.pdf"))
    if not names:
        sys.exit(f"There are no PDFs in {folder}.")

    console = Console(markup=False)  # a title may hold [brackets]
    job = asyncio.run(process(folder, names, console))
    console.print(as_table(job))
    tally = f"{len(job.results)} ok, {len(job.errors)} failed"
    console.print(f"{job.total_documents} documents: {tally} in {job.duration:.2f} s")


if __name__ == "__main__":
    main()
