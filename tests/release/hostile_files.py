"""Documents that mean harm, or look as if they did; all of them made here, small on disk, the same on every run."""

import random
import struct
import zlib
from collections.abc import Callable, Iterator

from tests.documents.reading.making import (
    CONTENT_TYPES,
    HELVETICA,
    PAGE,
    RESOURCES,
    Entry,
    Part,
    body,
    docx_of,
    entry,
    paragraph,
    pdf_of,
    png_of,
    repeated,
    sheet,
    sheets,
    show,
    stream,
    zip_of,
)

TEXT = show(72, 700, "Invoice No 4711 Total 119.00 EUR")

INVOICE = b'<?xml version="1.0"?><Invoice xmlns="urn:example"><ID>4711</ID></Invoice>'

Maker = Callable[[], bytes]


def healthy() -> dict[str, bytes]:
    """Documents with nothing wrong about them, which are in the same batch."""
    return {
        "letter.pdf": sheets([TEXT, show(72, 650, "Second page")]),
        "letter.docx": docx_of(body(paragraph("Invoice No 4711") + paragraph("Total 119.00 EUR"))),
        "scan.png": png_of(200, 300),
        "notes.txt": b"Invoice No 4711\nTotal 119.00 EUR\n",
        "invoice.xml": INVOICE,
    }


def hostile(scale: int) -> Iterator[tuple[str, bytes]]:
    """All kinds, by name.

    Args:
        scale: 1 for files that are done with in a moment, 100 for the real thing.
    """
    makers = {**_pdf_structures(scale), **_pdf_contents(scale), **_archives(scale), **_pictures(scale), **_others()}
    for name, make in makers.items():
        yield name, make()
    yield from _mutants(5 * scale)


def _pdf_structures(scale: int) -> dict[str, Maker]:
    """Page trees, tables and boxes that lie."""
    boxes = {
        "huge": "0 0 200000000 200000000",
        "tiny": "0 0 0.001 0.001",
        "infinite": f"0 0 {'9' * 60} {'9' * 60}",
        "inverted": "600 800 0 0",
        "words": "/a /b (c) null",
        "far": "1e9 1e9 1000000600 1000000800",
    }
    plain = sheet(TEXT)
    table = plain.rfind(b"xref\n0")
    return {
        **{f"box-{name}.pdf": lambda box=box: sheet(TEXT, box=box) for name, box in boxes.items()},
        "pages-many.pdf": lambda: _many_pages(1_000 * scale),
        "pages-deep.pdf": lambda: _deep_pages(50 * scale),
        "pages-loop.pdf": lambda: sheet(TEXT, catalog="", more={2: "<</Type/Pages/Kids[2 0 R 3 0 R]/Count 2>>"}),
        "pages-count.pdf": lambda: sheet(TEXT, more={2: "<</Type/Pages/Kids[3 0 R]/Count 2000000000>>"}),
        "pages-negative.pdf": lambda: sheet(TEXT, more={2: "<</Type/Pages/Kids[3 0 R]/Count -5>>"}),
        "pages-none.pdf": lambda: sheet(TEXT, more={2: "<</Type/Pages/Kids[]/Count 0>>"}),
        "parent-loop.pdf": lambda: sheet(TEXT, more={2: "<</Type/Pages/Kids[3 0 R]/Count 1/Parent 3 0 R>>"}),
        "length-itself.pdf": lambda: sheet(contents=stream(TEXT, length="4 0 R")),
        "length-huge.pdf": lambda: sheet(contents=stream(TEXT, length=2**40)),
        "length-negative.pdf": lambda: sheet(contents=stream(TEXT, length=-1)),
        "table-missing.pdf": lambda: plain[:table],
        "table-wrong.pdf": lambda: plain[:table] + plain[table:].replace(b"00000 n", b"00007 n"),
        "table-shifted.pdf": lambda: plain.replace(b"%PDF-1.7\n", b"%PDF-1.7\n%" + b"x" * 99 + b"\n"),
        "table-itself.pdf": lambda: sheet(TEXT, trailer=f"/Prev {table}"),
        "table-far.pdf": lambda: plain.replace(b"startxref\n", b"startxref\n99999"),
        "arrays-deep.pdf": lambda: sheet(TEXT, more={6: "[" * 1_000 * scale + "]" * 1_000 * scale}),
        "names-deep.pdf": lambda: sheet(TEXT, more={6: "<</A" * 1_000 * scale + ">>" * 1_000 * scale}),
        "names-loop.pdf": lambda: sheet(
            TEXT, catalog="/Names<</EmbeddedFiles 6 0 R>>", more={6: "<</Kids[6 0 R 6 0 R]>>"}
        ),
        "objects-loop.pdf": lambda: sheet(TEXT, more={4: "6 0 R", 6: "4 0 R"}),
        "lock-odd.pdf": lambda: sheet(TEXT, trailer="/Encrypt<</Filter/Standard/V 9/R 9/O()/U()/P -1>>"),
        "junk-before.pdf": lambda: b"\0" * 2_000 + plain,
        **{f"cut-{share}.pdf": lambda share=share: plain[: len(plain) * share // 10] for share in range(1, 10, 2)},
    }


def _pdf_contents(scale: int) -> dict[str, Maker]:
    """Streams that unpack to too much, and drawings that never end."""
    size = 10 * scale + 24
    flate = "/Filter/FlateDecode"
    image = "/Type/XObject/Subtype/Image/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/FlateDecode"
    side = 330 * scale
    pinned = "<</Type/Annot/Subtype/FileAttachment/FS 6 0 R>>"

    def packed(operators: bytes) -> bytes:
        return sheet(contents=stream(zlib.compress(operators), flate))

    return {
        "forms-twice.pdf": _forms_twice,
        "forms-fan.pdf": _forms_fan,
        "bomb.pdf": lambda: sheet(contents=stream(repeated(size, b" "), flate)),
        "bomb-twice.pdf": lambda: sheet(
            contents=stream(zlib.compress(repeated(size, b" ")), "/Filter[/FlateDecode/FlateDecode]")
        ),
        "bomb-attached.pdf": lambda: _attached(stream(repeated(size), "/Type/EmbeddedFile" + flate)),
        "bomb-picture.pdf": lambda: sheet(
            "q 600 0 0 700 0 0 cm /I Do Q",
            resources="/XObject<</I 6 0 R>>",
            more={6: stream(repeated(size), f"{image}/Width {side}/Height {side}")},
        ),
        "picture-lies.pdf": lambda: sheet(
            "q 600 0 0 700 0 0 cm /I Do Q",
            resources="/XObject<</I 6 0 R>>",
            more={6: stream(zlib.compress(b"\0" * 99), f"{image}/Width 2147483647/Height 2147483647")},
        ),
        "saves.pdf": lambda: packed(b"q " * 50_000 * scale + TEXT.encode()),
        "text-long.pdf": lambda: packed(b"BT /F1 12 Tf 72 700 Td " + b"(aaaaaaaaaa) Tj " * 5_000 * scale + b"ET"),
        "words-many.pdf": lambda: packed(b"BT /F1 1 Tf 9 700 Td " + b"(a ) Tj " * 2_000 * scale + b"ET"),
        "paths-many.pdf": lambda: packed(b"0 0 m 600 9 l S " * 20_000 * scale),
        "path-long.pdf": lambda: packed(b"0 0 m " + b"600 9 l 0 9 l " * 20_000 * scale + b"S"),
        "pictures-many.pdf": lambda: packed(b"BI /W 1 /H 1 /BPC 8 /CS /G ID \0 EI " * 2_000 * scale),
        "font-itself.pdf": lambda: sheet(TEXT, more={5: "<</Type/Font/Subtype/Type0/DescendantFonts[5 0 R]>>"}),
        "font-drawn.pdf": _font_that_draws_itself,
        "font-map.pdf": _font_with_a_map_of_everything,
        "notes-many.pdf": lambda: sheet(TEXT, page=f"/Annots[{'6 0 R ' * 1_000 * scale}]", more={6: pinned}),
        "numbers.pdf": lambda: sheet(f"{'9' * 400} 0 0 -{'9' * 400} 1e999 nan cm {TEXT}"),
        "surrogates.pdf": lambda: _mapped("<D800>", "<0000>", "<DFFF>", "<FFFE>"),
        "script.pdf": lambda: sheet(TEXT, catalog="/OpenAction<</S/JavaScript/JS(while\\(true\\){app.alert\\(1\\)})>>"),
    }


def _many_pages(count: int) -> bytes:
    page = f"<<{PAGE}/MediaBox[0 0 600 800]/Resources<<{RESOURCES}>>>>"
    kids = " ".join(f"{10 + at} 0 R" for at in range(count))
    objects: dict[int, Part] = {
        1: "<</Type/Catalog/Pages 2 0 R>>",
        2: f"<</Type/Pages/Kids[{kids}]/Count {count}>>",
        4: stream(TEXT),
        5: HELVETICA,
    }
    return pdf_of(objects | {10 + at: page for at in range(count)})


def _deep_pages(depth: int) -> bytes:
    levels: dict[int, Part] = {
        (2 if at == 0 else 100 + at): f"<</Type/Pages/Kids[{101 + at if at < depth - 1 else 3} 0 R]/Count 1>>"
        for at in range(depth)
    }
    return sheet(TEXT, more=levels)


def _form(operators: str, resources: str) -> bytes:
    return stream(operators, f"/Type/XObject/Subtype/Form/BBox[0 0 600 700]/Resources<<{resources}>>")


def _forms_twice() -> bytes:
    itself = _form(f"/X Do {TEXT} /X Do", f"/XObject<</X 6 0 R>>{RESOURCES}")
    return sheet("/X Do", resources="/XObject<</X 6 0 R>>", more={6: itself})


def _forms_fan() -> bytes:
    forms: dict[int, Part] = {10 + at: _form("/X Do " * 10, f"/XObject<</X {11 + at} 0 R>>") for at in range(9)}
    return sheet("/X Do", resources="/XObject<</X 10 0 R>>", more=forms | {19: _form(TEXT, RESOURCES)})


def _attached(file: bytes, name: str = "invoice.xml") -> bytes:
    return sheet(
        TEXT,
        catalog="/Names<</EmbeddedFiles<</Names[(a) 6 0 R]>>>>",
        more={6: f"<</Type/Filespec/F({name})/UF({name})/EF<</F 7 0 R>>>>", 7: file},
    )


def _font_that_draws_itself() -> bytes:
    font = (
        "<</Type/Font/Subtype/Type3/FontBBox[0 0 1000 1000]/FontMatrix[.001 0 0 .001 0 0]/FirstChar 65/LastChar 65"
        "/Widths[1000]/Encoding<</Differences[65/A]>>/CharProcs<</A 6 0 R>>/Resources<</Font<</F1 5 0 R>>>>>>"
    )
    glyph = stream("1000 0 d0 BT /F1 500 Tf (AA) Tj ET")
    return sheet("BT /F1 50 Tf 72 700 Td (AAAA) Tj ET", more={5: font, 6: glyph})


def _mapped(*targets: str) -> bytes:
    """Text whose characters mean these."""
    pairs = " ".join(f"<{65 + at:02X}> {target}" for at, target in enumerate(targets))
    codes = "begincmap 1 begincodespacerange <00> <FF> endcodespacerange "
    codes += f"{len(targets)} beginbfchar {pairs} endbfchar endcmap"
    letters = "".join(chr(65 + at) for at in range(len(targets)))
    font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>"
    return sheet(show(72, 700, f"x{letters}y"), more={5: font, 6: stream(codes)})


def _font_with_a_map_of_everything() -> bytes:
    codes = "begincmap 1 begincodespacerange <00000000> <FFFFFFFF> endcodespacerange "
    codes += "1 beginbfrange <00000000> <FFFFFFFF> <0000> endbfrange endcmap"
    font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>"
    return sheet(TEXT, more={5: font, 6: stream(codes)})


def _archives(scale: int) -> dict[str, Maker]:
    """Word documents, and what looks like some."""
    size = 20 * scale + 100
    laughs = "".join(f'<!ENTITY {chr(98 + at)} "{f"&{chr(97 + at)};" * 10}">' for at in range(9))
    head = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">'
    secret = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    inner = body(paragraph("&x;")).partition("?>")[2]
    name = "word/document.xml"
    good = entry(name, body(paragraph("Total 119.00")))
    wide = '<w:tc><w:tcPr><w:gridSpan w:val="9999"/></w:tcPr></w:tc>' * 99
    attributes = " ".join(f'a{at}=""' for at in range(1_000 * scale))
    bomb = repeated(size, b"a", head=body("<w:p><w:r><w:t>").partition("</w:body>")[0].encode(), raw=True)
    return {
        "zip-bomb.docx": lambda: docx_of(Entry(name, bomb, size * 2**20, 0)),
        "zip-lies.docx": lambda: docx_of(Entry(name, bomb, 100, 0)),
        "zip-quoted.docx": lambda: docx_of(Entry(name, repeated(1, b"a", raw=True), 2**32 - 2, 0)),
        "zip-entries.docx": lambda: docx_of(good, (Entry(f"a{at}", b"", 0, 0, 0) for at in range(600 * scale + 2_000))),
        "zip-deep.docx": lambda: docx_of(body("<w:sdt>" * 1_000 * scale + "</w:sdt>" * 1_000 * scale)),
        "zip-tables.docx": lambda: docx_of(body("<w:tbl><w:tr><w:tc>" * 20 + "</w:tc></w:tr></w:tbl>" * 20)),
        "zip-span.docx": lambda: docx_of(body(f"<w:tbl><w:tr>{wide}</w:tr></w:tbl>")),
        "zip-laughs.docx": lambda: docx_of(head + laughs + "]>" + inner.replace("&x;", "&j;")),
        "zip-reads.docx": lambda: docx_of(secret + inner),
        "zip-attributes.docx": lambda: docx_of(body(f"<w:p {attributes}/>")),
        "zip-locked.docx": lambda: docx_of(entry(name, "x", flags=1)),
        "zip-method.docx": lambda: docx_of(entry(name, body(""), method=14)),
        "zip-bodyless.docx": lambda: zip_of([entry("[Content_Types].xml", CONTENT_TYPES), entry("word/document1", "")]),
        "zip-escape.docx": lambda: docx_of(good, [entry("../../../../tmp/escaped", "x"), entry("/etc/escaped", "x")]),
        "zip-twice.docx": lambda: docx_of(good, [good, good]),
        "zip-cut.docx": lambda: docx_of(good)[:-30],
        "zip-empty.docx": lambda: zip_of([]),
        "zip-broken.docx": lambda: docx_of(body("<w:p><w:r>")[:-40]),
    }


def _pictures(scale: int) -> dict[str, Maker]:
    """Pictures that are larger than they look."""
    side = 300 * scale
    frame = struct.pack("<HHHIIHHIIHHII", 3, 256, 4, 1, 1, 257, 4, 1, 1, 273, 4, 1, 8)
    bitmap = struct.pack("<IHHIIiiHHIIiiII", 99, 0, 0, 54, 40, 2**31 - 1, -(2**31), 1, 24, *[0] * 6)
    endless = b"II*\0\x08\0\0\0" + frame + struct.pack("<I", 8)
    return {
        "bomb.png": lambda: png_of(side, side, repeated(side * (side + 1) // 2**20 + 1, b"\xff")),
        "lies.png": lambda: png_of(0, 0, b"", struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 0, 0, 0, 0)),
        "nothing.png": lambda: png_of(0, 0, b"", struct.pack(">IIBBBBB", 0, 0, 8, 0, 0, 0, 0)),
        "wide.png": lambda: png_of(600 * scale, 2),
        "cut.png": lambda: png_of(50, 50)[:60],
        "endless.tif": lambda: endless,
        "tags.tif": lambda: b"II*\0\x08\0\0\0" + b"\xff\xff" + b"\x03\x01\x04\0\xff\xff\xff\xff" * 200,
        "cut.jpg": lambda: b"\xff\xd8\xff\xe0" + b"\0" * 50,
        "lies.gif": lambda: b"GIF89a\xff\xff\xff\xff\x80\0\0" + b"\0" * 20,
        "cut.webp": lambda: b"RIFF\xff\xff\xff\xffWEBPVP8 " + b"\0" * 30,
        "lies.bmp": lambda: b"BM" + bitmap,
    }


def _others() -> dict[str, Maker]:
    """What is not what it says, or is nothing."""
    plain = sheet(TEXT)
    return {
        "empty.pdf": bytes,
        "empty.docx": bytes,
        "one-byte.pdf": lambda: b"%",
        "header.pdf": lambda: b"%PDF-1.7\n",
        "page-not-found.pdf": lambda: b"<html><body>404 Not Found</body></html>",
        "picture.pdf": lambda: png_of(9, 9),
        "letter-as.docx": lambda: plain,
        "program.pdf": lambda: b"\x7fELF\2\1\1" + bytes(500),
        "noise.pdf": lambda: random.Random(1).randbytes(5_000),
        "noise.docx": lambda: b"PK\x03\x04" + random.Random(2).randbytes(5_000),
        "entities.xml": lambda: b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "b">]><d>&a;</d>',
        "controls.txt": lambda: b"a\f" * 3_000,
        "line.txt": lambda: b"word " * 200_000,
    }


def _mutants(count: int) -> Iterator[tuple[str, bytes]]:
    """Healthy documents after a few accidents each, by seed."""
    picture = struct.pack("<HHHIIHHIIHHIIHHII", 4, 256, 4, 1, 9, 257, 4, 1, 9, 258, 3, 1, 8, 273, 4, 1, 62)
    kinds = {
        "pdf": _attached(stream(INVOICE, "/Type/EmbeddedFile")),
        "docx": docx_of(body(paragraph("Total") + "<w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>")),
        "png": png_of(30, 30),
        "tif": b"II*\0\x08\0\0\0" + picture + b"\0" * 100,
    }
    for kind, data in kinds.items():
        for seed in range(count):
            yield f"mutant-{seed}.{kind}", _mutated(data, random.Random(f"{kind}-{seed}"))


def _mutated(data: bytes, dice: random.Random) -> bytes:
    mutant = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        start = dice.randrange(len(mutant))
        length = dice.choice((1, 1, 2, 8, 64))
        accident = dice.randrange(4)
        if accident == 0:
            mutant[start : start + length] = dice.randbytes(length)
        elif accident == 1 and len(mutant) > 2 * length:
            del mutant[start : start + length]
        elif accident == 2:
            mutant[start:start] = mutant[start : start + length] * dice.choice((1, 2, 50))
        else:
            mutant[start] ^= 1 << dice.randrange(8)
    return bytes(mutant)
