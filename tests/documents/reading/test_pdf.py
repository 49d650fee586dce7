"""Opening PDFs: what is refused, what is repaired, and what is known about them."""

import subprocess
import sys
import threading
import zlib

import attrs
import pytest

from docmill.documents.errors import (
    CorruptDocumentError,
    DocumentTooLargeError,
    EncryptedDocumentError,
    UnsupportedDocumentError,
)
from docmill.documents.limits import Budget, Limits
from docmill.documents.pages import Attachment
from docmill.documents.reading import read
from docmill.documents.reading.pdf import open_pdf

from .making import HELVETICA, Part, pdf_of, sheet, sheets, show, stream

PLAIN = sheet(show(72, 700, "Total"))

INVOICE = b"<Invoice/>"


def attached(name: str, content: Part = INVOICE, entries: str = "") -> bytes:
    return sheet(
        show(72, 700, "Total"),
        catalog="/Names<</EmbeddedFiles<</Names[(a) 6 0 R]>>>>",
        more={
            6: f"<</Type/Filespec/F({name})/UF({name})/EF<</F 7 0 R>>>>",
            7: stream(content, f"/Type/EmbeddedFile{entries}"),
        },
    )


class Steps:
    """A clock that goes on by a second each time it is looked at."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def test_a_reading_says_what_it_is_of() -> None:
    reading = read(PLAIN, "a.pdf")

    assert reading.summary() == {"media_type": "application/pdf", "page_count": 1, "truncated": False}
    assert reading.text == "Total"


def test_a_document_with_too_many_bytes_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(DocumentTooLargeError, match="max_bytes is 10"):
        read(PLAIN, limits=Limits(max_bytes=10))
    with pytest.raises(DocumentTooLargeError, match="max_bytes is 10"), open_pdf(PLAIN, Limits(max_bytes=10)):
        pass


def test_a_document_with_too_many_pages_is_cut_and_says_so() -> None:
    reading = read(sheets(["", "", ""]), limits=Limits(max_pages=2))

    assert (len(reading.pages), reading.page_count, reading.truncated) == (2, 3, True)


def test_reading_stops_at_the_end_of_the_budget_with_what_there_is() -> None:
    # Of the clock's seconds the start takes one, and each page one.
    reading = read(sheets([""] * 9), budget=Budget(4, Steps()))

    assert (len(reading.pages), reading.page_count, reading.truncated) == (3, 9, True)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"%PDF-1.7\n" + b"x" * 500, b"\0" * 2_000 + PLAIN])
def test_what_is_no_pdf_is_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptDocumentError):
        read(data, "a.pdf")


def test_a_pdf_without_pages_is_corrupt() -> None:
    with pytest.raises(CorruptDocumentError, match="without pages"):
        read(sheet(more={2: "<</Type/Pages/Kids[]/Count 0>>"}))


def test_a_pdf_none_of_whose_pages_can_be_parsed_is_corrupt() -> None:
    with pytest.raises(CorruptDocumentError, match="none of its pages"):
        read(sheet(more={3: "(no page)"}))


def test_one_page_that_cannot_be_parsed_is_blank_and_the_others_are_read() -> None:
    objects: dict[int, Part] = {
        1: "<</Type/Catalog/Pages 2 0 R>>",
        2: "<</Type/Pages/Kids[3 0 R 9 0 R]/Count 2>>",
        3: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        4: stream(show(72, 700, "Total")),
        5: HELVETICA,
    }
    good, bad = read(pdf_of(objects)).pages

    assert [word.text for word in good.words] == ["Total"]
    assert (bad.number, bad.words) == (2, [])
    assert min(bad.width, bad.height) > 0


def test_a_pdf_that_needs_a_password_is_refused_as_encrypted() -> None:
    lock = f"/Encrypt<</Filter/Standard/V 1/R 2/O<{'41' * 32}>/U<{'42' * 32}>/P -4>>/ID[<41><41>]"

    with pytest.raises(EncryptedDocumentError, match="password"):
        read(sheet(show(72, 700, "Total"), trailer=lock))


def test_a_way_of_encrypting_that_is_not_known_is_unsupported() -> None:
    with pytest.raises((UnsupportedDocumentError, EncryptedDocumentError), match="encrypted"):
        read(sheet(trailer="/Encrypt<</Filter/Unheard/V 1/R 2/P -4>>/ID[<41><41>]"))


def test_a_pdf_in_order_has_no_damage() -> None:
    with open_pdf(PLAIN) as pdf:
        assert pdf.damage == []


@pytest.mark.parametrize(
    "data, damage",
    [
        (b"junk\n" + PLAIN, "junk_before_header"),
        (PLAIN.replace(b"%%EOF", b""), "missing_end"),
        (PLAIN.replace(b"startxref\n", b"startxref\n9"), "bad_startxref"),
        (PLAIN[: PLAIN.rfind(b"startxref")], "bad_startxref"),
        (PLAIN.replace(b"startxref\n", b"startxref\n9"), "xref_rebuilt"),
        (PLAIN[: PLAIN.rfind(b"xref\n0")], "xref_rebuilt"),
    ],
)
def test_a_damaged_pdf_is_read_all_the_same_and_its_damage_is_named(data: bytes, damage: str) -> None:
    assert read(data).text == "Total"
    with open_pdf(data) as pdf:
        assert damage in pdf.damage


def test_places_may_be_counted_from_a_header_after_junk() -> None:
    with open_pdf(b"junk\n" + PLAIN) as pdf:
        assert "bad_startxref" not in pdf.damage


def test_a_pdf_that_was_cut_off_is_read_as_far_as_it_goes() -> None:
    whole = sheets([show(72, 700, "first"), show(72, 700, "second")])
    cut = whole[: whole.index(b"(second)")]

    assert read(cut).pages[0].words[0].text == "first"


def test_what_only_looks_like_a_catalogue_does_not_help() -> None:
    with pytest.raises(CorruptDocumentError):
        read(b"%PDF-1.7\n" + b"/Catalog" * 200)
    with pytest.raises(CorruptDocumentError):
        read(b"%PDF-1.7\n1 0 obj <</Type/Catalog>>")


def test_xml_files_that_are_embedded_are_attachments() -> None:
    reading = read(attached("Factur-X.XML"))

    assert reading.attachments == [Attachment("Factur-X.XML", INVOICE)]


def test_an_embedded_file_may_say_that_it_is_xml_instead_of_being_named_so() -> None:
    assert read(attached("invoice", entries="/Subtype/text#2Fxml")).attachments == [Attachment("invoice", INVOICE)]


def test_other_embedded_files_are_no_attachments_but_are_counted() -> None:
    assert read(attached("terms.txt")).attachments == []
    with open_pdf(attached("terms.txt")) as pdf:
        assert pdf.embedded_files == 1


@pytest.mark.parametrize("content", [b"", b"x" * 2_000])
def test_an_embedded_file_that_is_empty_or_too_large_is_left_out(content: bytes) -> None:
    assert read(attached("a.xml", content), limits=Limits(max_unpacked_bytes=1_000)).attachments == []


def test_an_embedded_file_is_measured_unpacked() -> None:
    packed = attached("a.xml", zlib.compress(b"x" * 2_000), "/Filter/FlateDecode")

    assert read(packed, limits=Limits(max_unpacked_bytes=1_000)).attachments == []
    assert len(read(packed).attachments[0].data) == 2_000


def test_no_more_than_some_embedded_files_are_taken() -> None:
    names = " ".join(f"(n{at:03}) 6 0 R" for at in range(50))
    many = sheet(
        catalog=f"/Names<</EmbeddedFiles<</Names[{names}]>>>>",
        more={6: "<</Type/Filespec/F(a.xml)/EF<</F 7 0 R>>>>", 7: stream(INVOICE)},
    )

    assert len(read(many).attachments) == 20


def test_a_file_that_is_pinned_to_a_page_is_an_attachment() -> None:
    pinned = sheet(
        page="/Annots[6 0 R 8 0 R 9 0 R]",
        more={
            6: "<</Type/Annot/Subtype/FileAttachment/Rect[0 0 9 9]/FS<</Type/Filespec/F(a.xml)/EF<</F 7 0 R>>>>>>",
            7: stream(INVOICE),
            8: "<</Type/Annot/Subtype/Text/Rect[0 0 9 9]>>",
            9: "(none)",
        },
    )

    assert read(pinned).attachments == [Attachment("a.xml", INVOICE)]


def test_an_odd_name_of_an_embedded_file_is_made_harmless() -> None:
    odd = attached("x").replace(b"/UF(x)", b"/UF<FEFFD800" + b"0041" * 500 + b"002E0078006D006C>")
    reading = read(odd)

    assert all(len(found.name) <= 255 for found in reading.attachments)
    for found in reading.attachments:
        found.name.encode("utf-8")


def test_scripts_and_forms_are_noticed() -> None:
    with open_pdf(PLAIN) as pdf:
        assert (pdf.has_javascript, pdf.form, pdf.embedded_files) == (False, None, 0)
    with open_pdf(sheet(catalog="/OpenAction<</S /JavaScript/JS(1)>>/AcroForm<</Fields[]>>")) as pdf:
        assert (pdf.has_javascript, pdf.form) == (True, "acroform")
    named = sheet(catalog="/Names<</JavaScript<</Names[(a) 6 0 R]>>>>", more={6: "<</S/JavaScript/JS(1)>>"})
    with open_pdf(named) as pdf:
        assert pdf.has_javascript
    with open_pdf(sheet(catalog="/AcroForm<</XFA[(a) 6 0 R]/Fields[]>>", more={6: stream("<xdp/>")})) as pdf:
        assert pdf.form == "xfa"


def test_a_pdf_that_is_not_encrypted_permits_everything() -> None:
    with open_pdf(PLAIN) as pdf:
        assert not pdf.is_encrypted
        assert all(attrs.astuple(pdf.permissions))


def test_threads_take_turns() -> None:
    entered: list[str] = []

    def enter() -> None:
        with open_pdf(PLAIN):
            entered.append("second")

    with open_pdf(PLAIN):
        other = threading.Thread(target=enter)
        other.start()
        other.join(0.05)
        entered.append("first")
    other.join()
    assert entered == ["first", "second"]


def test_nothing_is_said_at_the_end_of_the_interpreter_even_if_a_document_is_still_open() -> None:
    script = (
        "import sys; from docmill.documents.reading.pdf import open_pdf\n"
        "data = sys.stdin.buffer.read()\n"
        "keep = open_pdf(data); pdf = keep.__enter__(); page = pdf.page(1); shown = page.__enter__()\n"
        "print(len(shown.words()[0]))\n"
    )
    ended = subprocess.run([sys.executable, "-W", "error", "-c", script], input=PLAIN, capture_output=True, check=True)

    assert (ended.stdout.strip(), ended.stderr) == (b"1", b"")
