"""Score tables against the truth of the ICDAR 2013 competition: `python -m tests.benchmarks.tables FOLDER`.

FOLDER holds ``NAME.pdf`` and ``NAME-str.xml`` side by side, at any depth. What is measured is the structure of
tables as the competition defines it: the adjacency relations between a cell that is not empty and the next one
that is not empty to its right and below it (empty cells between them are skipped; a cell over several rows or
columns has one relation to each of its neighbours). A relation is right if both texts and the direction are,
after NFKC, without white space, in lower case.

All relations of a document are pooled as a multiset, those of the truth and those of every table that was
found, so tables need not be matched to each other: a table that was not found costs recall, one that is none
costs precision. Each region of the truth is a table of its own. Reported are the mean of the F1 of the
documents and the F1 over all relations; beside docmill, what pdfplumber finds with its default settings (drawn
lines) if it is installed.
"""

import argparse
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias
from xml.etree import ElementTree

Relation: TypeAlias = tuple[str, str, str]
"""The texts of two neighbours, and "right" or "below"."""

Grid: TypeAlias = Sequence[Sequence[str]]


class Cell(NamedTuple):
    """A cell of the truth: its text, and the rows and columns that it covers, both ends included."""

    text: str
    rows: range
    columns: range


class Score(NamedTuple):
    """Relations that are right, that were found, and that there are."""

    right: int
    found: int
    wanted: int

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 1 if there is nothing to find and nothing was found."""
        both = self.found + self.wanted
        return 2 * self.right / both if both else 1.0

    def __add__(self, other: object) -> "Score":
        assert isinstance(other, Score)
        return Score(self.right + other.right, self.found + other.found, self.wanted + other.wanted)


def normal(text: str) -> str:
    """What of a text is compared."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def relations_of_cells(cells: Iterable[Cell]) -> Counter[Relation]:
    """The relations of one table whose cells may cover several rows and columns."""
    filled = [cell for cell in cells if normal(cell.text)]
    places = {(row, column): cell for cell in filled for row in cell.rows for column in cell.columns}
    if not places:
        return Counter()
    last_row, last_column = max(row for row, _ in places), max(column for _, column in places)
    pairs: set[tuple[Cell, Cell, str]] = set()
    for (row, column), cell in places.items():
        right = ((row, after) for after in range(column + 1, last_column + 1))
        below = ((after, column) for after in range(row + 1, last_row + 1))
        for direction, line in (("right", right), ("below", below)):
            other = next((places[place] for place in line if place in places), None)
            if other is not None and other is not cell:
                pairs.add((cell, other, direction))
    return Counter((normal(one.text), normal(other.text), direction) for one, other, direction in pairs)


def relations_of_grid(grid: Grid) -> Counter[Relation]:
    """The relations of one table of plain rows."""
    return relations_of_cells(
        Cell(text, range(row, row + 1), range(column, column + 1))
        for row, cells in enumerate(grid)
        for column, text in enumerate(cells)
    )


def compare(found: Iterable[Grid], wanted: Counter[Relation]) -> Score:
    """Score the tables of one document."""
    relations: Counter[Relation] = Counter()
    for grid in found:
        relations += relations_of_grid(grid)
    return Score((relations & wanted).total(), relations.total(), wanted.total())


def truth(path: Path) -> Counter[Relation]:
    """The relations of a document of the competition."""
    relations: Counter[Relation] = Counter()
    for region in ElementTree.parse(path).iter("region"):
        relations += relations_of_cells(_cell(cell) for cell in region.iter("cell"))
    return relations


def _cell(element: ElementTree.Element) -> Cell:
    row, column = int(element.attrib["start-row"]), int(element.attrib["start-col"])
    last_row, last_column = int(element.get("end-row", row)), int(element.get("end-col", column))
    return Cell(element.findtext("content") or "", range(row, last_row + 1), range(column, last_column + 1))


def docmill_tables(path: Path) -> list[Grid]:
    """What docmill finds."""
    from docmill.documents.extraction.tables import find_tables
    from docmill.documents.reading import read

    reading = read(path.read_bytes(), path.name, rules=True)
    return [table.rows for page in reading.pages for table in find_tables(page)]


def pdfplumber_tables(path: Path) -> list[Grid]:
    """What pdfplumber finds along drawn lines, its default."""
    import pdfplumber

    with pdfplumber.open(path) as pdf:
        return [
            [[cell or "" for cell in row] for row in table] for page in pdf.pages for table in page.extract_tables()
        ]


def measure(folder: Path, find: Callable[[Path], list[Grid]]) -> tuple[dict[str, Score], float]:
    """The score of each document, and the CPU seconds for all of them, reading included."""
    started = time.process_time()
    scores = {path.name: compare(find(path), truth(_truth_of(path))) for path in documents(folder)}
    return scores, time.process_time() - started


def documents(folder: Path) -> list[Path]:
    """The PDFs that have a truth."""
    return sorted(path for path in folder.rglob("*.pdf") if _truth_of(path).exists())


def _truth_of(path: Path) -> Path:
    return path.with_name(f"{path.stem}-str.xml")


def main() -> None:
    parser = argparse.ArgumentParser(description="Adjacency relations of tables, as in the ICDAR 2013 competition.")
    parser.add_argument("folder", type=Path, help="with NAME.pdf and NAME-str.xml side by side")
    parser.add_argument("--verbose", action="store_true", help="print the score of each document")
    arguments = parser.parse_args()
    print(f"{'':12} {'mean F1':>8} {'pooled F1':>10} {'precision':>10} {'recall':>8} {'CPU s':>7}  documents")
    for name, find in (("docmill", docmill_tables), ("pdfplumber", pdfplumber_tables)):
        try:
            scores, seconds = measure(arguments.folder, find)
        except ImportError as missing:
            print(f"{name:12} not measured: {missing}")
            continue
        report(name, scores, seconds)
        if arguments.verbose:
            for document, score in scores.items():
                print(f"    {document:30} F1 {score.f1:.3f}  {score.right}/{score.found}/{score.wanted}")


def report(name: str, scores: dict[str, Score], seconds: float) -> None:
    """Print one line."""
    pooled = Score(0, 0, 0)
    for score in scores.values():
        pooled += score
    mean = sum(score.f1 for score in scores.values()) / max(len(scores), 1)
    precision, recall = pooled.right / max(pooled.found, 1), pooled.right / max(pooled.wanted, 1)
    print(f"{name:12} {mean:8.3f} {pooled.f1:10.3f} {precision:10.3f} {recall:8.3f} {seconds:7.1f}  {len(scores)}")


if __name__ == "__main__":
    main()
