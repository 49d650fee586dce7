"""The line that README.md gives first does what it says."""

import importlib.util
import re
import runpy
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
DOCUMENTS = EXAMPLES / "documents"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / "quickstart.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


class Report(HTMLParser):
    """What the test wants to know of the page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.frames: list[str] = []
        self.images: list[str] = []
        self.sections = 0
        self.text = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "a" and attributes.get("class", "").startswith("frame"):
            self.frames.append(attributes["style"])
        elif tag == "img":
            self.images.append(attributes["src"])
        elif tag == "article":
            self.sections += 1

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.slow
def test_it_analyses_the_shipped_documents_and_writes_a_report(tmp_path: Path) -> None:
    done = run("--report", str(tmp_path / "report.html"))
    assert done.returncode == 0, done.stderr
    assert "21 documents: 19 ok, 2 failed" in done.stdout

    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert "invoice" in rows["invoice-en.pdf"]
    assert "FP-2417" in rows["invoice-en.pdf"]
    assert "2025-03-14" in rows["invoice-en.pdf"]
    assert "2413.92 GBP" in rows["invoice-en.pdf"]
    assert "letter" in rows["letter.pdf"]

    words = " ".join(done.stdout.split())
    assert "invoice-broken.pdf CorruptDocumentError:" in words
    assert "payslip-locked.pdf EncryptedDocumentError:" in words
    for name, code in (
        ("hybrid-differs.pdf", "embedded_differs_from_print"),
        ("wrong-total.pdf", "total_mismatch"),
        ("wrong-iban.pdf", "iban_checksum"),
        ("wrong-dates.pdf", "due_before_issue"),
    ):
        assert f"{name} {code}:" in words

    report = Report(tmp_path / "report.html")
    assert report.sections == 21
    # One for each page but those of the docx, which has none, and of the two that failed.
    assert len(report.images) == 19
    assert all(image.startswith("data:image/") for image in report.images)
    assert len(report.frames) > 100
    for frame in report.frames:
        left, top, width, height = (float(figure) for figure in re.findall(r"[\d.]+", frame))
        assert 0 <= left < left + width <= 100
        assert 0 <= top < top + height <= 100
    assert "Fernhollow & Pike Bindery Ltd" in report.text
    assert "The same file, several times." in report.text


def test_an_empty_folder_is_a_message_and_not_a_traceback(tmp_path: Path) -> None:
    done = run(str(tmp_path))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert str(tmp_path) in done.stdout + done.stderr


def test_ocr_that_is_not_installed_is_said_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    monkeypatch.setattr(sys, "argv", ["quickstart.py", "--ocr"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(EXAMPLES / "quickstart.py"), run_name="__main__")
    assert ended.value.code == 2
    assert "pip install 'docmill[ocr]'" in capsys.readouterr().err


def test_a_report_that_has_no_place_is_said_before_anything_runs(tmp_path: Path) -> None:
    done = run("--report", str(tmp_path / "nowhere" / "report.html"))
    assert done.returncode == 2
    assert f"there is no folder {tmp_path / 'nowhere'}" in done.stderr


def test_the_documents_are_a_few_small_files() -> None:
    documents = [path for path in DOCUMENTS.iterdir() if path.suffix in {".docx", ".pdf", ".png"}]
    assert len(documents) == 21
    assert sum(path.stat().st_size for path in documents) < 700_000


@pytest.mark.skipif(importlib.util.find_spec("reportlab") is None, reason="only the script that draws them needs it")
def test_the_documents_are_what_their_script_makes() -> None:
    command = [sys.executable, str(DOCUMENTS / "make_documents.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
