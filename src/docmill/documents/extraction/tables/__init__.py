"""Tables on a page: those that are drawn, and those that are only aligned."""

from docmill.documents.extraction.grid import box_around, readable_words
from docmill.documents.extraction.tables.aligned import find_aligned
from docmill.documents.extraction.tables.lattice import find_lattices, merge_rules
from docmill.documents.extraction.tables.ruled import ruled_grid, words_inside
from docmill.documents.pages import Page, Word
from docmill.documents.values import Table

__all__ = ["find_tables"]

MAX_LATTICES = 60


def find_tables(page: Page) -> list[Table]:
    """Find the tables of a page, from top to bottom.

    Cells that are drawn are taken as they are. Of what is left, paragraphs are set aside, and rows of text with common
    columns of white space are tables; lines across them tell their rows apart. Several lines of text may be one row.

    Args:
        page: its rules may be empty.

    Returns:
        Tables of at least two rows and two columns. A heading over several columns stands in the first one of them.
    """
    words = readable_words(page)
    lines = merge_rules(page.rules)
    tables: list[Table] = []
    for lattice in sorted(find_lattices(lines), key=lambda lattice: lattice.box[1])[:MAX_LATTICES]:
        inside = words_inside(lattice, words)
        grid = ruled_grid(lattice, inside)
        if grid is not None:
            tables.append(Table(page=page.number, bbox=lattice.box, rows=grid))
            words = _without(words, inside)
    tables += [
        Table(page=page.number, bbox=box_around(aligned.words), rows=aligned.rows)
        for aligned in find_aligned(words, lines, page.width)
    ]
    return sorted(tables, key=lambda table: (table.bbox[1], table.bbox[0]))


def _without(words: list[Word], taken: list[Word]) -> list[Word]:
    places = set(map(id, taken))
    return [word for word in words if id(word) not in places]
