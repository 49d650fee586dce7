"""Makes small documents, byte by byte, so that each can have exactly the one oddity that a test is about."""

import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PAGE = "/Type/Page/Parent 2 0 R/Contents 4 0 R"
RESOURCES = "/Font<</F1 5 0 R>>"
HELVETICA = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"

Part = str | bytes


def as_bytes(part: Part) -> bytes:
    return part if isinstance(part, bytes) else part.encode("latin-1")


def stream(content: Part, entries: str = "", length: int | str | None = None) -> bytes:
    """A stream object; `entries` go into its dictionary."""
    body = as_bytes(content)
    return f"<<{entries}/Length {len(body) if length is None else length}>>\nstream\n".encode() + body + b"\nendstream"


def pdf_of(objects: Mapping[int, Part], trailer: str = "", header: bytes = b"%PDF-1.7\n") -> bytes:
    """A PDF of these objects; number 1 is its catalogue."""
    out, places = bytearray(header), {}
    for number, content in objects.items():
        places[number] = len(out)
        out += f"{number} 0 obj\n".encode() + as_bytes(content) + b"\nendobj\n"
    start, size = len(out), max(objects) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n".encode()
    for number in range(1, size):
        out += f"{places[number]:010} 00000 n \n".encode() if number in places else b"0000000000 65535 f \n"
    out += f"trailer\n<</Size {size}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def show(x: float, y: float, text: str, size: float = 10, font: str = "F1") -> str:
    """Operators that write text with its baseline at a place; y counts from the bottom, as PDF does."""
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /{font} {size} Tf 1 0 0 1 {x} {y} Tm ({escaped}) Tj ET\n"


def sheet(
    content: Part = "",
    *,
    box: str = "0 0 600 800",
    page: str = "",
    resources: str = "",
    catalog: str = "",
    contents: bytes | None = None,
    more: Mapping[int, Part] | None = None,
    trailer: str = "",
) -> bytes:
    """A PDF with one page.

    Args:
        content: the operators on it.
        box: the page's size.
        page: further entries of the page.
        resources: further resources.
        catalog: further entries of the catalogue.
        contents: object 4 as a whole, instead of `content`.
        more: further objects, from number 6.
        trailer: further entries of it.
    """
    objects: dict[int, Part] = {
        1: f"<</Type/Catalog/Pages 2 0 R{catalog}>>",
        2: "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: f"<<{PAGE}/MediaBox[{box}]/Resources<<{RESOURCES}{resources}>>{page}>>",
        4: contents if contents is not None else stream(content),
        5: HELVETICA,
        **(more or {}),
    }
    return pdf_of(objects, trailer)


def sheets(contents: Iterable[Part]) -> bytes:
    """A PDF with a page for each content."""
    contents = list(contents)
    kids = " ".join(f"{10 + 2 * at} 0 R" for at in range(len(contents)))
    objects: dict[int, Part] = {
        1: "<</Type/Catalog/Pages 2 0 R>>",
        2: f"<</Type/Pages/Kids[{kids}]/Count {len(contents)}>>",
        5: HELVETICA,
    }
    for at, content in enumerate(contents):
        number = 10 + 2 * at
        objects[number] = (
            f"<</Type/Page/Parent 2 0 R/Contents {number + 1} 0 R/MediaBox[0 0 600 800]/Resources<<{RESOURCES}>>>>"
        )
        objects[number + 1] = stream(content)
    return pdf_of(objects)


@dataclass(frozen=True)
class Entry:
    """A file in a zip archive, about which anything may be said.

    Attributes:
        name: of the file.
        packed: its content as it is stored: raw deflate for method 8.
        size: bytes that it is said to unpack to.
        crc: of the unpacked content.
    """

    name: str
    packed: bytes
    size: int
    crc: int
    method: int = 8
    flags: int = 0


def entry(name: str, content: Part, *, method: int = 8, flags: int = 0) -> Entry:
    """An honest entry."""
    data = content if isinstance(content, bytes) else content.encode()
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = pack.compress(data) + pack.flush() if method == 8 else data
    return Entry(name, packed, len(data), zlib.crc32(data), method, flags)


def zip_of(entries: Iterable[Entry]) -> bytes:
    """A zip archive."""
    out, directory, count = bytearray(), bytearray(), 0
    for item in entries:
        name = item.name.encode()
        sizes = struct.pack("<IIIHH", item.crc, len(item.packed), item.size, len(name), 0)
        common = struct.pack("<HHHHH", 20, item.flags, item.method, 0, 0x21) + sizes
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + common
        directory += struct.pack("<HHHII", 0, 0, 0, 0, len(out)) + name
        out += b"PK\x03\x04" + common + name + item.packed
        count += 1
    end = struct.pack("<HHHHIIH", 0, 0, count & 0xFFFF, count & 0xFFFF, len(directory), len(out), 0)
    return bytes(out + directory + b"PK\x05\x06" + end)


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
CONTENT_TYPES = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def body(content: str) -> str:
    """The XML of a Word document's body."""
    return f'<?xml version="1.0"?><w:document xmlns:w="{WORD}"><w:body>{content}</w:body></w:document>'


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def docx_of(document: Part | Entry, more: Iterable[Entry] = ()) -> bytes:
    """A Word document with this body."""
    main = document if isinstance(document, Entry) else entry("word/document.xml", document)
    return zip_of([entry("[Content_Types].xml", CONTENT_TYPES), main, *more])


def png_of(width: int, height: int, pixels: bytes | None = None, ihdr: bytes | None = None) -> bytes:
    """A grey PNG; white without `pixels`, which is compressed data."""
    header = ihdr or struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress((b"\0" + b"\xff" * width) * height) if pixels is None else pixels
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    packed = (struct.pack(">I", len(d)) + kind + d + struct.pack(">I", zlib.crc32(kind + d)) for kind, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def repeated(mebibytes: int, fill: bytes = b"\0", *, head: bytes = b"", raw: bool = False) -> bytes:
    """So many MiB of the same byte, deflated; made from one block that is repeated, so that it takes no time.

    Args:
        mebibytes: of it.
        fill: the byte.
        head: what is before them.
        raw: whether it is for a zip archive, not for a zlib stream.
    """
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    begin = pack.compress(head) + pack.flush(zlib.Z_FULL_FLUSH)
    block = pack.compress(fill * 2**20) + pack.flush(zlib.Z_FULL_FLUSH)
    deflated = begin + block * mebibytes + pack.flush()
    if raw:
        return deflated
    checksum = zlib.adler32(head)
    for _ in range(mebibytes):
        checksum = zlib.adler32(fill * 2**20, checksum)
    return b"\x78\xda" + deflated + struct.pack(">I", checksum)
