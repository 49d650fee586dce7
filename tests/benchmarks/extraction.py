"""Extracts the fields of invoices and scores them: `python -m tests.benchmarks.extraction CORPORA_FOLDER`.

The folder has a ``manifest.json`` with the file and the kind of each document, and a ``score.py`` that takes a file of
results. Documents are read in a process of its own with a memory limit; one that ends it counts as without a result.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MEMORY_LIMIT = 1_500_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description="Score the extraction of invoice fields.")
    parser.add_argument("corpora", type=Path, help="the folder with manifest.json and score.py")
    parser.add_argument("--embedded", action="store_true", help="let the XML of hybrid invoices count")
    parser.add_argument("--results", type=Path, default=Path("results.json"), help="where to write what was found")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _serve(options.corpora, embedded=options.embedded)
        return
    answers = list(_extracted(options.corpora, _files(options.corpora), options.embedded))
    results = {answer["file"]: answer["fields"] for answer in answers if answer.get("fields")}
    options.results.write_text(json.dumps(results, ensure_ascii=False, indent=1))
    subprocess.run([sys.executable, options.corpora / "score.py", options.results], check=True)
    pages = sum(answer.get("pages", 0) for answer in answers)
    for part in ("reading", "extraction"):
        print(
            f"{part:16} {1000 * sum(answer.get(part, 0.0) for answer in answers) / max(pages, 1):.1f} ms CPU per page"
        )
    print(f"{len(results)} of {len(answers)} documents, {pages} pages")


def _files(corpora: Path) -> list[str]:
    entries = json.loads((corpora / "manifest.json").read_text())
    invoices = [each["file"] for each in entries if each["kind"] == "einvoice" or each["kind"].startswith("invoice")]
    return [file for file in invoices if file.endswith(".pdf")]


def _extracted(corpora: Path, files: list[str], embedded: bool) -> Iterator[dict[str, Any]]:
    """Ask children, each of which may die of a document, until all documents are through."""
    left = list(files)
    command = [sys.executable, "-m", "tests.benchmarks.extraction", str(corpora), "--child"]
    while left:
        child = subprocess.Popen(
            [*command, *(["--embedded"] if embedded else [])], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        answer, _ = child.communicate("\n".join(left))
        answered = [json.loads(line) for line in answer.splitlines()]
        yield from answered
        left = left[len(answered) :]
        if left:
            yield {"file": left.pop(0), "error": f"exit code {child.returncode}"}


def _serve(corpora: Path, *, embedded: bool) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    for file in sys.stdin.read().splitlines():
        print(json.dumps(_answer(corpora, file, embedded)), flush=True)


def _answer(corpora: Path, file: str, embedded: bool) -> dict[str, Any]:
    from docmill.documents.errors import DocumentError
    from docmill.documents.extraction import extract
    from docmill.documents.reading import read

    start = time.process_time()
    try:
        reading = read((corpora / file).read_bytes(), Path(file).name, rules=True)
    except DocumentError as error:
        return {"file": file, "error": str(error)}
    middle = time.process_time()
    fields = extract(reading, embedded_xml=embedded).to_flat()
    end = time.process_time()
    seconds = {"reading": middle - start, "extraction": end - middle}
    return {"file": file, "fields": fields, "pages": len(reading.pages), **seconds}


if __name__ == "__main__":
    main()
