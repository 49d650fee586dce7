"""The line that README.md gives first does what it says."""

import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
DOCUMENTS = EXAMPLES / "documents"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / "quickstart.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_it_reads_the_shipped_documents_and_says_what_it_could_not_read() -> None:
    done = run()
    assert done.returncode == 0, done.stderr
    assert "12 documents: 10 ok, 2 failed" in done.stdout
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if ".pdf" in line}
    assert "not a valid PDF" in rows["invoice-broken.pdf"]
    assert "needs a password" in rows["payslip-locked.pdf"]
    assert "scanned" in rows["delivery-scan.pdf"]
    assert "digital" in rows["invoice-us.pdf"]


def test_an_empty_folder_is_a_message_and_not_a_traceback(tmp_path: Path) -> None:
    done = run(str(tmp_path))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert str(tmp_path) in done.stdout + done.stderr


def test_there_are_a_dozen_small_documents() -> None:
    documents = list(DOCUMENTS.glob("*.pdf"))
    assert len(documents) == 12
    assert sum(path.stat().st_size for path in documents) < 400_000
