"""A sheet of paper to draw on: points from the top left, standard PDF fonts, the same bytes on every run."""

# Only these scripts need reportlab, so the project's type check runs without it.
# mypy: disable-error-code="import-not-found, import-untyped"

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Literal, NamedTuple
from xml.sax.saxutils import escape

from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_JUSTIFY, TA_LEFT
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFStream, PDFString
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

Align = Literal["left", "right", "center"]

A4 = (595.28, 841.89)
LETTER = (612.0, 792.0)

# A picture goes in as it is; ASCII85 would make it a quarter larger.
rl_config.useA85 = 0


@dataclass(frozen=True)
class Style:
    """A font, its size and its colour."""

    font: str = "Helvetica"
    size: float = 9.5
    color: str = "#1f2328"

    def but(self, *, font: str | None = None, size: float | None = None, color: str | None = None) -> "Style":
        """Return this style with some of its parts replaced."""
        return replace(self, font=font or self.font, size=size or self.size, color=color or self.color)


class Column(NamedTuple):
    """A table column; `x` is the edge (or the middle) that its cells are aligned to."""

    title: str
    x: float
    align: Align = "left"


@dataclass(frozen=True)
class TableLook:
    """How a table is drawn between its `left` and its `right` edge."""

    left: float
    right: float
    head: Style
    body: Style
    row: float = 18
    head_fill: str | None = None
    stripe: str | None = None
    rule: str | None = "#c9ced6"


class Sheet:
    """A PDF under construction, one page after the other."""

    def __init__(
        self,
        title: str,
        author: str,
        size: tuple[float, float] = A4,
        password: str | None = None,
    ) -> None:
        self._file = BytesIO()
        # 128 bits: stronger encryption draws random salts, and the file must come out the same each time.
        lock = StandardEncryption(password, f"{password}-owner", strength=128) if password else None
        # Uncompressed, so that the bytes do not depend on the zlib at hand and a text editor can read them.
        self._canvas = Canvas(self._file, pagesize=size, pageCompression=0, invariant=1, encrypt=lock)
        self._canvas.setTitle(title)
        self._canvas.setAuthor(author)
        self.width, self.height = size

    def text(self, x: float, y: float, text: str, style: Style, align: Align = "left") -> None:
        """Write one line with its baseline at `y`."""
        self._canvas.setFont(style.font, style.size)
        self._canvas.setFillColor(HexColor(style.color))
        draw = {
            "left": self._canvas.drawString,
            "right": self._canvas.drawRightString,
            "center": self._canvas.drawCentredString,
        }[align]
        draw(x, self.height - y, text)

    def lines(
        self,
        x: float,
        y: float,
        lines: Iterable[str],
        style: Style,
        leading: float = 13,
        align: Align = "left",
    ) -> float:
        """Write lines below each other and return the baseline of the next one."""
        for line in lines:
            self.text(x, y, line, style, align)
            y += leading
        return y

    def prose(
        self,
        x: float,
        y: float,
        width: float,
        text: str,
        style: Style,
        leading: float = 13,
        justify: bool = False,
    ) -> float:
        """Write paragraphs, wrapped, below `y` and return where the next one would begin."""
        look = ParagraphStyle(
            "prose",
            fontName=style.font,
            fontSize=style.size,
            leading=leading,
            textColor=HexColor(style.color),
            alignment=TA_JUSTIFY if justify else TA_LEFT,
        )
        for paragraph in text.split("\n\n"):
            block = Paragraph(escape(paragraph), look)
            _, height = block.wrapOn(self._canvas, width, self.height)
            block.drawOn(self._canvas, x, self.height - y - height)
            y += height + leading / 2
        return y

    def rule(self, x1: float, y: float, x2: float, color: str = "#c9ced6", width: float = 0.6) -> None:
        """Draw a horizontal line."""
        self._canvas.setStrokeColor(HexColor(color))
        self._canvas.setLineWidth(width)
        self._canvas.line(x1, self.height - y, x2, self.height - y)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str | None = None,
        stroke: str | None = None,
        radius: float = 0,
    ) -> None:
        """Draw a rectangle from its upper left corner."""
        self._canvas.setLineWidth(0.7)
        if fill:
            self._canvas.setFillColor(HexColor(fill))
        if stroke:
            self._canvas.setStrokeColor(HexColor(stroke))
        self._canvas.roundRect(
            x,
            self.height - y - height,
            width,
            height,
            radius,
            stroke=int(stroke is not None),
            fill=int(fill is not None),
        )

    def curve(self, points: Sequence[tuple[float, float]], color: str, width: float = 1.1) -> None:
        """Draw one smooth stroke through groups of control points, as a pen would."""
        path = self._canvas.beginPath()
        path.moveTo(points[0][0], self.height - points[0][1])
        for (x1, y1), (x2, y2), (x3, y3) in zip(points[1::3], points[2::3], points[3::3], strict=True):
            path.curveTo(x1, self.height - y1, x2, self.height - y2, x3, self.height - y3)
        self._canvas.setStrokeColor(HexColor(color))
        self._canvas.setLineWidth(width)
        self._canvas.setLineCap(1)
        self._canvas.drawPath(path)

    def stamp(self, x: float, y: float, lines: Sequence[str], style: Style, angle: float) -> None:
        """Press a framed, tilted stamp onto the page, centred on the point."""
        self._canvas.saveState()
        self._canvas.translate(x, self.height - y)
        self._canvas.rotate(angle)
        self._canvas.setStrokeColor(HexColor(style.color))
        self._canvas.setFillColor(HexColor(style.color))
        self._canvas.setLineWidth(1.6)
        height = style.size * 1.35 * len(lines) + 10
        self._canvas.roundRect(-62, -height / 2, 124, height, 4)
        self._canvas.setFont(style.font, style.size)
        for number, line in enumerate(lines, start=1):
            self._canvas.drawCentredString(0, height / 2 - number * style.size * 1.35 - 1, line)
        self._canvas.restoreState()

    def image(self, data: bytes) -> None:
        """Fill the page with a JPEG."""
        self._canvas.drawImage(ImageReader(BytesIO(data)), 0, 0, self.width, self.height)

    def table(self, y: float, columns: Sequence[Column], rows: Iterable[Sequence[str]], look: TableLook) -> float:
        """Draw a table below `y` and return its lower edge; a cell may hold several lines."""
        if look.head_fill:
            self.box(look.left, y, look.right - look.left, look.row, fill=look.head_fill)
        for column in columns:
            self.text(column.x, y + look.row * 0.68, column.title, look.head, column.align)
        y += look.row
        for number, row in enumerate(rows):
            y = self._table_row(y, columns, row, look, look.stripe if number % 2 else None)
        return y

    def _table_row(
        self, y: float, columns: Sequence[Column], row: Sequence[str], look: TableLook, fill: str | None
    ) -> float:
        leading = look.body.size * 1.3
        height = look.row + leading * max(cell.count("\n") for cell in row)
        if fill:
            self.box(look.left, y, look.right - look.left, height, fill=fill)
        for column, cell in zip(columns, row, strict=True):
            self.lines(column.x, y + look.row * 0.68, cell.split("\n"), look.body, leading, column.align)
        if look.rule:
            self.rule(look.left, y + height, look.right, look.rule)
        return y + height

    def attach(self, name: str, data: bytes) -> None:
        """Embed one file under a name, as hybrid invoices do with their XML."""
        document = self._canvas._doc  # noqa: SLF001 - reportlab has no other way to embed a file
        content = document.Reference(PDFStream(PDFDictionary({"Type": PDFName("EmbeddedFile")}), data, filters=[]))
        file = PDFDictionary(
            {
                "Type": PDFName("Filespec"),
                "F": PDFString(name),
                "UF": PDFString(name),
                "AFRelationship": PDFName("Alternative"),
                "EF": PDFDictionary({"F": content}),
            }
        )
        names = PDFArray([PDFString(name), document.Reference(file)])
        document.Catalog.Names = PDFDictionary({"EmbeddedFiles": PDFDictionary({"Names": names})})

    def next_page(self) -> None:
        """Finish this page and begin another."""
        self._canvas.showPage()

    def finish(self) -> bytes:
        """Finish the last page and return the file."""
        self._canvas.showPage()
        self._canvas.save()
        return self._file.getvalue()
