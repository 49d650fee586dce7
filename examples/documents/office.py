"""An invoice as a text document (docx): a zip archive of XML, made by hand; every name is invented."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from xml.sax.saxutils import escape
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from amounts import Item, Notation, Totals, iban

DUTCH = Notation(".", ",", "€ {}")

TYPES = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/word/document.xml" ContentType=\
"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>
</Types>
"""
RELATIONSHIPS = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" \
Target="word/document.xml"/>
</Relationships>
"""
DOCUMENT = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>
{}
<w:sectPr><w:pgSz w:w="11906" w:h="16838"/>
<w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134"/></w:sectPr>
</w:body></w:document>
"""


def word_invoice() -> bytes:
    """A translator's invoice in Dutch, as she writes it in a word processor."""
    items = [
        Item("Vertaling Noors-Nederlands, 4.200 woorden", "4200", "woorden", "0.14", "21"),
        Item("Redactie van het nawoord", "6.5", "uur", "58.00", "21"),
        Item("Spoedtoeslag", "1", "stuk", "75.00", "21"),
    ]
    totals = Totals(items)
    rows = [("Omschrijving", "Aantal", "Prijs", "Bedrag")]
    rows += [
        (
            item.description,
            DUTCH.number(item.quantity),
            DUTCH.number(item.price),
            DUTCH.number(item.amount),
        )
        for item in items
    ]
    sums = [
        ("Totaal exclusief btw", DUTCH.amount(totals.net)),
        ("Btw 21 %", DUTCH.amount(totals.tax)),
        ("Totaal inclusief btw", DUTCH.amount(totals.gross)),
    ]
    return _archive(
        _paragraph("Vertaalbureau Roerdomp", bold=True, size=32),
        _paragraph("Rietkade 12, 9999 ZZ Waterhoek"),
        _paragraph("Btw-nummer NL999990007B01"),
        _paragraph("Factuur", bold=True, size=28),
        _paragraph("Factuurnummer: 2025-041"),
        _paragraph("Factuurdatum: 16-06-2025"),
        _paragraph("Vervaldatum: 16-07-2025"),
        _paragraph("Aan: Uitgeverij De Lege Plank, Zolderstraat 3, 9998 YY Boekelo aan Zee"),
        _table(rows),
        _paragraph(""),
        _table(sums),
        _paragraph(f"Gelieve te betalen op IBAN {iban('NL', 'TEST0123456789')} onder vermelding van het nummer."),
    )


def _archive(*blocks: str) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w", ZIP_STORED) as archive:
        for name, content in (
            ("[Content_Types].xml", TYPES),
            ("_rels/.rels", RELATIONSHIPS),
            ("word/document.xml", DOCUMENT.format("\n".join(blocks))),
        ):
            # An entry that is given no time has the first one that a zip file can say.
            archive.writestr(ZipInfo(name), content)
    return file.getvalue()


def _paragraph(text: str, *, bold: bool = False, size: int = 22) -> str:
    style = f'<w:rPr>{"<w:b/>" if bold else ""}<w:sz w:val="{size}"/></w:rPr>'
    return f'<w:p><w:r>{style}<w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def _table(rows: Iterable[Sequence[str]]) -> str:
    return "<w:tbl>" + "".join(_row(row) for row in rows) + "</w:tbl>"


def _row(cells: Sequence[str]) -> str:
    return "<w:tr>" + "".join(f"<w:tc>{_paragraph(cell)}</w:tc>" for cell in cells) + "</w:tr>"
