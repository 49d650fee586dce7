"""The report, read as a browser reads it."""

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from docmill import DocumentFailure, DocumentProcessingQueue, DocumentResult, Outcome, process_documents
from docmill.documents.findings import Anomaly, Issue
from docmill.documents.report import write_report
from docmill.documents.values import Extraction, LineItem, Party, Table, Value

VOID = {"br", "img", "link", "meta"}
NOW = datetime(2025, 6, 2, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
NAME = f"{'0' * 32}-1.png"


@dataclass
class Node:
    """An element, and all that is in it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    content: list["Node | str"] = field(default_factory=list)

    def find(self, tag: str, **attributes: str) -> list["Node"]:
        return [
            node
            for node in self.walk()
            if node.tag == tag
            and all(
                value in node.attributes.get(name.rstrip("_").replace("_", "-"), "").split(" ")
                for name, value in attributes.items()
            )
        ]

    def walk(self) -> Iterator["Node"]:
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def children(self) -> list["Node"]:
        return [part for part in self.content if isinstance(part, Node)]

    @property
    def text(self) -> str:
        parts = (" ".join((part.text if isinstance(part, Node) else part).split()) for part in self.content)
        return " ".join(part for part in parts if part)


class Page(HTMLParser):
    """Builds the tree, and insists on every element being closed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.root = Node("")
        self._open = [self.root]
        self.feed(path.read_text("utf-8"))
        assert self._open == [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].content.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self._open[-1].content.append(data)


def result(document_id: str, data: object) -> DocumentResult:
    return DocumentResult(document_id=document_id, data=data, processing_time=0.1, timestamp=NOW, attempts=1)


def failure(document_id: str, error: str) -> DocumentFailure:
    return DocumentFailure(
        document_id=document_id, error=error, code="permanent", attempts=1, processing_time=0.1, timestamp=NOW
    )


def invoice() -> Extraction:
    return Extraction(
        document_type=Value("invoice", "Invoice", 1, (450, 40, 540, 70), 0.97),
        invoice_number=Value("TW-0881", "TW-0881", 1, (480, 120, 540, 134), 0.9),
        issue_date=Value("2025-06-02", "2 June 2025", 1, (470, 140, 540, 154), 0.9),
        currency=Value("GBP", "£2,920.80", 1, (500, 500, 540, 512), 0.9),
        gross_total=Value("2920.80", "£2,920.80", 1, (500, 500, 540, 512), 0.99),
        net_total=Value("1909.00", "£1,909.00", 1, (500, 460, 540, 472), 0.99),
        iban=Value("GB60TEST00000087654327", "GB60 TEST 0000 0087 6543 27", 1, (80, 530, 260, 542), 0.99, valid=False),
        seller=Party(
            name=Value("Tidewrack Weavers", "Tidewrack Weavers", 1, (60, 50, 200, 70), 0.8),
            vat=Value("GB999999973", "GB 999 9999 73", 3, (60, 50, 200, 70), 0.8, valid=True),
        ),
        buyer=Party(name=Value("Pellbrook Gallery", "Pellbrook Gallery", None, None, 1.0, "embedded")),
        lines=[
            LineItem(
                description=Value("Wall hanging", "Wall hanging", 1, (60, 300, 200, 312)),
                amount=Value("1280.00", "1,280.00", 1, (500, 300, 540, 312)),
            ),
            LineItem(),
        ],
        tables=[Table(page=1, bbox=(0, 0, 10, 10), rows=[["Item", "Price"], ["Wall <b>hanging", ""]])],
    )


def analysis(extraction: Extraction | None = None, **changes: Any) -> dict[str, Any]:
    anomaly = Anomaly(
        "total_mismatch",
        "error",
        "Net and tax come to 2290.80.",
        [
            {"field": "gross_total", "value": "2920.80", "page": 1, "bbox": [500.4, 500, 540, 512]},
            {"field": "rate", "value": "20", "page": None, "bbox": None},
        ],
    )
    issue = Issue("skewed", "warning", 1, "The text is not level.")
    quality = {
        "sha256": "ab",
        "score": 85,
        "reasons": [
            {"points": -15, "code": "skewed", "message": "The text is not level."},
            {"points": -4, "code": "low_contrast", "message": "text on 1 of 2 pages is faint."},
        ],
        "issues": [issue.to_data()],
        "pages": [{"number": 1, "kind": "scanned_with_text", "width": 595.28, "height": 841.89, "skew": -1.25}],
    }
    data = {
        "media_type": "application/pdf",
        "page_count": 2,
        "truncated": True,
        "extraction": (extraction or invoice()).to_data(),
        "quality": quality,
        "anomalies": [anomaly.to_data()],
    }
    return data | changes


def pictures_in(folder: Path, content: bytes = PNG, **changes: object) -> dict[str, Any]:
    (folder / NAME).write_bytes(content)
    page = {"page": 1, "file": NAME, "width": 595.28, "height": 841.89}
    return {"folder": str(folder), "pages": [page | changes]}


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(*outcomes: Outcome, pictures: Mapping[str, object] | None = None, **options: Any) -> Node:
        return Page(write_report(tmp_path / "report.html", outcomes, pictures, **options)).root

    return write


def test_it_shows_what_was_found_with_its_confidence_and_source(write: Any) -> None:
    page = write(result("a.pdf", analysis()))
    rows = {row.find("th")[0].text: row for row in page.find("table", class_="fields")[0].find("tr")}
    assert rows["Number"].text == "Number TW-0881 90 % Text"
    assert rows["Gross"].text == "Gross 2,920.80 £2,920.80 99 % Text"
    assert rows["Buyer"].text == "Buyer Pellbrook Gallery 100 % XML"
    assert "check digits wrong" in rows["IBAN"].text
    assert "check digits right" in rows["Seller's VAT ID"].text
    assert "Due" not in rows


def test_it_shows_lines_tables_quality_and_anomalies(write: Any) -> None:
    article = write(result("a.pdf", analysis())).find("article")[0]
    assert article.find("header")[0].text == "a.pdf PDF · 2 pages · cut short by a limit"
    assert article.find("table", class_="lines")[0].find("tbody")[0].text == "Wall hanging 1,280.00"
    assert "Wall <b>hanging" in article.find("details")[0].text
    assert article.find("strong", class_="score")[0].text == "85"
    anomalies, issues = article.find("ul", class_="concerns")
    assert anomalies.text == "Error Net and tax come to 2290.80. total_mismatch Gross 2,920.80 Rate 20"
    assert (
        issues.text == "Warning The text is not level. page 1 skewed -15 Text on 1 of 2 pages is faint. low_contrast -4"
    )
    assert "scanned with text 595 \u00d7 842 pt" in article.find("table", class_="figures")[0].text
    assert "-1.25°" in article.find("table", class_="figures")[0].text


def test_every_value_on_a_page_with_a_picture_has_a_frame_within_it(write: Any, tmp_path: Path) -> None:
    page = write(result("a.pdf", analysis()), pictures={"a.pdf": pictures_in(tmp_path)})
    frames = page.find("a", class_="frame")
    assert len(frames) == 9  # gross and currency share one, the VAT id stands on a page without a picture
    for frame in frames:
        left, top, width, height = (float(figure) for figure in re.findall(r"[\d.]+", frame.attributes["style"]))
        assert 0 <= left < left + width <= 100
        assert 0 <= top < top + height <= 100
    gross = page.find("a", id="at-d1-currency")[0]
    assert gross.attributes["data-key"] == "d1-currency d1-gross_total d1-a1-1"
    assert gross.attributes["class"] == "frame money suspect flush-right"
    assert gross.text == "Currency GBP Gross 2,920.80"
    assert gross.attributes["style"].startswith("left:83.742%;top:59.212%;")


def test_values_and_frames_lead_to_each_other(write: Any, tmp_path: Path) -> None:
    page = write(result("a.pdf", analysis()), result("b.pdf", analysis()), pictures={"b.pdf": pictures_in(tmp_path)})
    ids = [node.attributes["id"] for node in page.walk() if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    links = {node.attributes["href"] for node in page.find("a")}
    assert links <= {f"#{name}" for name in ids}
    assert {"#at-d2-net_total", "#d2-net_total", "#at-d2-currency"} <= links


def test_the_picture_is_in_the_file(write: Any, tmp_path: Path) -> None:
    page = write(result("a.pdf", analysis()), pictures={"a.pdf": pictures_in(tmp_path)})
    (image,) = page.find("img")
    kind, content = image.attributes["src"].split(",")
    assert kind == "data:image/png;base64"
    assert b64decode(content) == PNG
    assert image.attributes["alt"] == "Page 1 of a.pdf"


def test_pictures_beyond_the_bound_go_beside_the_file(write: Any, tmp_path: Path) -> None:
    pictures = {"a.pdf": pictures_in(tmp_path), "b.pdf": pictures_in(tmp_path)}
    page = write(result("a.pdf", analysis()), result("b.pdf", analysis()), pictures=pictures, max_embedded=len(PNG))
    first, second = page.find("img")
    assert first.attributes["src"].startswith("data:")
    assert second.attributes["src"] == f"report_files/{NAME}"
    assert (tmp_path / "report_files" / NAME).read_bytes() == PNG


@pytest.mark.parametrize(
    "changes",
    [
        {"file": "../../etc/passwd"},
        {"file": "secret.png"},
        {"file": f"{'1' * 32}-1.png"},
        {"file": None},
        {"width": 0},
        {"width": -5.0},
        {"height": float("nan")},
        {"page": "1"},
    ],
)
def test_a_picture_that_page_pictures_did_not_make_is_not_shown(
    write: Any, tmp_path: Path, changes: dict[str, object]
) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    pictures = pictures_in(tmp_path, **changes)
    page = write(result("a.pdf", analysis()), pictures={"a.pdf": pictures})
    assert page.find("img") == []


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\n" + bytes(8 * 2**20)])
def test_what_is_no_picture_or_a_huge_one_is_not_shown(write: Any, tmp_path: Path, content: bytes) -> None:
    page = write(result("a.pdf", analysis()), pictures={"a.pdf": pictures_in(tmp_path, content)})
    assert page.find("img") == []


def test_a_page_is_shown_once(write: Any, tmp_path: Path) -> None:
    pictures = pictures_in(tmp_path)
    pictures["pages"] *= 3
    assert len(write(result("a.pdf", analysis()), pictures={"a.pdf": pictures}).find("img")) == 1


def test_the_top_counts_adds_up_and_names_what_stands_out(write: Any) -> None:
    page = write(result("a.pdf", analysis()), result("b.pdf", analysis()), failure("c.pdf", "CorruptDocumentError: no"))
    tiles = {tile.find("dt")[0].text: tile.find("dd")[0].text for tile in page.find("dl")[0].children}
    assert tiles == {
        "documents": "3",
        "processed": "2",
        "failed": "1",
        "anomalies": "2",
        "mean quality": "85",
        "GBP in total": "5,841.60",
    }
    findings = [item.text for item in page.find("ul", class_="findings")[0].find("li")]
    assert findings[:2] == [f"Error {name} Net and tax come to 2290.80." for name in ("a.pdf", "b.pdf")]
    assert findings[2].startswith("Warning a.pdf , b.pdf The same file")
    contents = page.find("table", class_="contents")[0].find("tbody")[0].find("tr")
    assert contents[0].text == "a.pdf Invoice Tidewrack Weavers TW-0881 2025-06-02 GBP 2,920.80 85 1"
    assert contents[2].text == "c.pdf Error CorruptDocumentError: no"


def test_the_top_names_a_few_anomalies_of_each_document(write: Any) -> None:
    data = analysis()
    data["anomalies"] *= 7
    page = write(result("a.pdf", data))
    findings = [item.text for item in page.find("ul", class_="findings")[0].find("li")]
    assert findings[3:] == ["Note a.pdf And 4 more."]
    assert page.find("dl")[0].children[3].text == "anomalies 7"


def test_a_value_without_a_confidence_is_shown_without_one(write: Any) -> None:
    page = write(result("a.pdf", {"iban": {"value": "X", "confidence": None, "source": "oracle"}}))
    assert page.find("table", class_="fields")[0].find("tbody")[0].text == "IBAN X oracle"


def test_a_failed_document_has_a_section_with_its_error(write: Any) -> None:
    (article,) = write(failure("c.pdf", "EncryptedDocumentError: it needs a password")).find("article")
    assert article.text == "c.pdf not processed Error EncryptedDocumentError: it needs a password"


def test_the_summary_of_a_batch_is_shown(write: Any) -> None:
    first, second, third = analysis(), analysis(), analysis(Extraction())
    second["extraction"]["gross_total"]["value"] = "17.00"
    for data, name in ((first, "1"), (second, "2"), (third, "3")):
        data["quality"]["sha256"] = name
        data["anomalies"] = []
    page = write(result("a.pdf", first), result("b.pdf", second), result("c.pdf", third))
    (finding,) = page.find("ul", class_="findings")[0].find("li")
    assert "a.pdf , b.pdf" in finding.text
    assert "TW-0881" in finding.text
    assert "Nothing in its content contradicts itself." in page.text


async def test_a_jobs_own_summary_is_shown(tmp_path: Path) -> None:
    class Batch:
        def __call__(self, document_id: str) -> dict[str, Any]:
            return {}

        def finalize(self, outcomes: object, context: object) -> dict[str, Any]:
            return {
                "documents": 2,
                "totals": {"EUR": {"gross": "12.50"}, "CHF": None},
                "duplicates": {"exact": [["a", "gone", 7], "ab"], "near": [{"ids": ["a", "b"], "similarity": 0.9}]},
                "outliers": [
                    {
                        "document_id": "b",
                        "seller": "Moss",
                        "currency": "EUR",
                        "gross_total": "9000.00",
                        "median": "10.00",
                    }
                ],
            }

    job = await process_documents(["a", "b"], Batch())
    page = Page(write_report(tmp_path, job)).root
    assert (tmp_path / "report.html").exists()
    assert "EUR in total 12.50" in page.text
    texts = [item.text for item in page.find("ul", class_="findings")[0].find("li")]
    assert texts[0].startswith("Warning a , gone The same file")
    assert texts[2].startswith("Warning a , b Nearly the same")
    assert texts[3] == "Warning b EUR 9000.00 is far from the median of Moss, 10.00."


async def test_pictures_may_be_given_as_the_job_that_made_them(tmp_path: Path) -> None:
    def analyse(document_id: str) -> dict[str, Any]:
        return analysis()

    def draw(document_id: str) -> dict[str, Any]:
        return pictures_in(tmp_path)

    async with DocumentProcessingQueue({"ANALYSE": analyse, "DRAW": draw}) as queue:
        jobs = [await queue.wait(await queue.create_job(["a.pdf"], kind)) for kind in ("ANALYSE", "DRAW")]
    page = Page(write_report(tmp_path / "r.html", *jobs)).root
    assert len(page.find("img")) == 1


@pytest.mark.parametrize("service", ["extraction", "quality"])
def test_the_results_of_the_single_services_are_shown_too(write: Any, service: str) -> None:
    article = write(result("a.pdf", {"media_type": "image/png", **analysis()[service]})).find("article")[0]
    assert "PNG" in article.text
    assert ("TW-0881" in article.text) == (service == "extraction")
    assert ("85 of 100" in article.text) == (service == "quality")


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\" ' onmouseover=alert(1) \u202efdp.\ud800\x00"


def hostile(data: object) -> object:
    """The same shape, with every text replaced."""
    if isinstance(data, dict):
        return {key: hostile(value) for key, value in data.items()}
    if isinstance(data, list):
        return [hostile(value) for value in data]
    return HOSTILE * 20 if isinstance(data, str) else data


def test_no_text_of_a_document_becomes_markup(write: Any, tmp_path: Path) -> None:
    pictures = pictures_in(tmp_path)
    page = write(
        result(HOSTILE, hostile(analysis())),
        failure(HOSTILE + "2", HOSTILE),
        pictures={HOSTILE: pictures},
        title=HOSTILE,
    )
    assert len(page.find("script")) == 1
    assert len(page.find("img")) == 1
    for node in page.walk():
        assert not any(name.startswith("on") for name in node.attributes)
        assert not node.attributes.get("href", "#").startswith("javascript")
    shown = (tmp_path / "report.html").read_text("utf-8")
    assert "[U+202E]" in shown
    assert "\u202e" not in shown
    assert "\x00" not in shown
    assert "[U+D800]" in shown


@pytest.mark.parametrize(
    "data",
    [
        None,
        "text",
        [],
        {},
        {"extraction": None, "quality": 3, "anomalies": "all"},
        {"extraction": {"gross_total": "12", "seller": [], "lines": [None, {"amount": {"value": []}}], "tables": [{}]}},
        {"extraction": {"tables": [{"rows": [["a", None, 5, {}], "row"]}]}},
        {"anomalies": [{}, None, {"severity": {}, "evidence": [{"value": "x"}, {}, 3]}]},
        {
            "quality": {
                "score": "high",
                "issues": [{"page": -1}],
                "pages": [{"width": "wide"}],
                "reasons": ["words", {}],
            }
        },
        {"page_count": 1, "quality": {"score": 1e308, "pages": [{"skew": float("inf")}]}},
    ],
)
def test_results_of_any_shape_are_survived(write: Any, data: object) -> None:
    assert len(write(result("a.pdf", data)).find("article")) == 1


@pytest.mark.parametrize(
    "bbox", [[-1e4, -5, 2e4, 5], [1e308] * 4, [0, 0, 0, 0], [float("nan")] * 4, "box", [9, 9, 1, 1]]
)
def test_a_box_of_any_size_stays_on_its_page(write: Any, tmp_path: Path, bbox: object) -> None:
    data = analysis(Extraction(iban=Value("X", "X")))
    data["extraction"]["iban"] |= {"page": 1, "bbox": bbox}
    data["anomalies"] = []
    for frame in write(result("a.pdf", data), pictures={"a.pdf": pictures_in(tmp_path)}).find("a", class_="frame"):
        left, top, width, height = (float(figure) for figure in re.findall(r"[\d.]+", frame.attributes["style"]))
        assert max(left + width, top + height) <= 100


def test_a_document_with_very_much_in_it_makes_a_bounded_section(tmp_path: Path) -> None:
    line = LineItem(amount=Value("1.00", "1.00" * 1000, 1, (0, 0, 10, 10)))
    data = analysis(Extraction(lines=[line] * 5000))
    for number, entry in enumerate(data["extraction"]["lines"]):
        entry["amount"]["bbox"] = [number % 100 * 5, number // 100 * 5, number % 100 * 5 + 4, number // 100 * 5 + 4]
    data["extraction"]["tables"] = [{"page": 1, "rows": [["cell"] * 1000] * 1000}] * 50
    data["anomalies"] = [{"message": "x" * 10_000, "evidence": [{"field": "f", "value": "v"}] * 1000}] * 1000
    path = write_report(tmp_path, [result("a.pdf", data)], {"a.pdf": pictures_in(tmp_path)})
    assert path.stat().st_size < 4_000_000


def test_values_beyond_the_bound_of_a_page_have_no_frame(write: Any, tmp_path: Path) -> None:
    lines = [
        LineItem(
            amount=Value("1", "1", 1, (left, top, left + 4, top + 4)),
            quantity=Value("1", "1", 1, (left + 200, top, left + 204, top + 4)),
            unit_price=Value("1", "1", 1, (left + 400, top, left + 404, top + 4)),
        )
        for left in range(0, 180, 9)
        for top in range(0, 90, 9)
    ]
    data = analysis(Extraction(lines=lines), anomalies=[])
    page = write(result("a.pdf", data), pictures={"a.pdf": pictures_in(tmp_path)})
    assert len(page.find("a", class_="frame")) == 400
    assert len(page.find("table", class_="lines")[0].find("td")) == 800


def test_more_documents_than_asked_for_are_counted_and_not_shown(write: Any) -> None:
    page = write(*(result(f"{number}.pdf", analysis()) for number in range(5)), max_documents=2)
    assert len(page.find("article")) == 2
    assert "3 more documents are not shown." in page.text
    assert page.find("dl")[0].children[0].text == "documents 5"


def test_nothing_is_loaded_and_only_its_own_script_runs(write: Any, tmp_path: Path) -> None:
    page = write(result("a.pdf", analysis()))
    (policy,) = page.find("meta", http_equiv="Content-Security-Policy")
    assert "default-src 'none'" in policy.attributes["content"]
    (allowed,) = re.findall(r"'sha256-([^']+)'", policy.attributes["content"])
    text = (tmp_path / "report.html").read_text("utf-8")
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert b64decode(allowed) == sha256(script.encode()).digest()
    assert "http://" not in text
    assert "https://" not in text


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = write_report(tmp_path / "report.html", [result("a.pdf", {})])
    before = path.read_bytes()

    class Unreadable(dict[str, object]):
        def get(self, key: str, default: object = None) -> object:
            raise RuntimeError(key)

    with pytest.raises(RuntimeError):
        write_report(path, [result("b.pdf", {})], Unreadable(x=1))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_an_empty_batch_makes_a_report(write: Any) -> None:
    assert write().find("dl")[0].text == "documents 0 processed 0 failed 0 anomalies 0"
