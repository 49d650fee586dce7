"""Blocks of text: segments below one another with a common left edge, as addresses are set."""

from collections.abc import Sequence

import attrs

from docmill.documents.extraction.layout import Row, Segment, around
from docmill.documents.extraction.party_words import ZIP_CITY
from docmill.documents.pages import Box

__all__ = ["Block", "blocks_of"]

_MAX_OPEN = 16
_MAX_LINES = 12


@attrs.define(eq=False)
class Block:
    """Lines of text that belong together.

    Attributes:
        page: the number of their page.
        lines: from top to bottom.
    """

    page: int
    lines: list[Segment]

    @property
    def box(self) -> Box:
        """Around all lines."""
        return around(line.box for line in self.lines)

    @property
    def text(self) -> str:
        """Its lines."""
        return "\n".join(line.text for line in self.lines)

    @property
    def town_line(self) -> int | None:
        """The first line with a postal code and a town, as an index."""
        return next((number for number, line in enumerate(self.lines) if ZIP_CITY.search(line.text)), None)


def blocks_of(rows: Sequence[Row]) -> list[Block]:
    """Put segments into blocks, in the order of their first lines."""
    blocks: list[Block] = []
    open_blocks: list[Block] = []
    for row in rows:
        for segment in row.segments:
            block = next((each for each in reversed(open_blocks) if _continues(each, row, segment)), None)
            if block is None:
                block = Block(row.page, [])
                blocks.append(block)
                open_blocks.append(block)
                del open_blocks[:-_MAX_OPEN]
            block.lines.append(segment)
    return blocks


def _continues(block: Block, row: Row, segment: Segment) -> bool:
    last = block.lines[-1]
    height = max(last.box[3] - last.box[1], 1.0)
    gap = segment.box[1] - last.box[3]
    ratio = (segment.box[3] - segment.box[1]) / height
    return (
        block.page == row.page
        and len(block.lines) < _MAX_LINES
        and abs(segment.box[0] - last.box[0]) < 0.7 * height
        and -0.6 * height < gap < 0.75 * height
        and 0.6 < ratio < 1.7
        and segment.row != last.row
    )
