"""The example notebooks run from their first cell to their last, and show what they promise."""

import re
from pathlib import Path
from typing import Any

import pytest

jupytext = pytest.importorskip("jupytext", reason="jupytext is not installed")
nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
for package in ("ipykernel", "pandas", "matplotlib", "pypdfium2"):
    pytest.importorskip(package, reason=f"{package} is not installed")

NOTEBOOKS = Path(__file__).parents[2] / "examples" / "notebooks"

pytestmark = [
    pytest.mark.slow,
    # Warnings of Jupyter's own packages are not ours.
    pytest.mark.filterwarnings("ignore"),
]


def executed(name: str) -> Any:
    """A notebook with the outputs of its cells."""
    notebook = jupytext.read(NOTEBOOKS / name)
    # The folder is where Jupyter itself starts the kernel of a notebook.
    client = nbclient.NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(NOTEBOOKS)}})
    return client.execute()


def shown(notebook: Any, kind: str) -> list[str]:
    """All outputs of one media type."""
    return [
        output["data"][kind]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if kind in output.get("data", {})
    ]


def first_cell(notebook: Any) -> list[str]:
    """The lines of the first cell with code, empty ones left out."""
    code = next(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return [line for line in code.splitlines() if line.strip()]


def test_the_first_one_reads_a_folder_in_six_lines() -> None:
    notebook = executed("first.py")
    card, table = shown(notebook, "text/html")

    assert len(first_cell(notebook)) <= 6
    assert "COMPLETED" in card
    assert "payslip-locked.pdf" in table


def test_the_page_on_notebooks_begins_with_the_same_lines() -> None:
    page = (NOTEBOOKS.parents[1] / "docs" / "how-to" / "notebooks.md").read_text("utf-8")
    block = page.split("```python\n")[1].split("```")[0]

    lines = [line.replace("invoices", "../documents") for line in block.splitlines() if line.strip()]
    assert lines == first_cell(jupytext.read(NOTEBOOKS / "first.py"))


def test_the_one_on_documents_goes_from_a_folder_to_a_comparison() -> None:
    notebook = executed("documents.py")
    pages = shown(notebook, "text/html")
    cards = [page for page in pages if 'role="progressbar"' in page]
    tables = [page for page in pages if "<table" in page]

    assert [re.findall("COMPLETED|FAILED|PROCESSING", card)[0] for card in cards] == ["COMPLETED"] * 3
    assert "invoice-de.pdf" in tables[0]
    assert "EncryptedDocumentError" in tables[1]
    assert "with XML" in tables[-1]
    assert len(shown(notebook, "image/png")) == 2  # where the time went, and a page
