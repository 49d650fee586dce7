import pickle
from pathlib import Path
from typing import Any

import pytest
from docmill import JobOptions, PermanentError, process_documents
from docmill.testing import check_processor

from docmill_text_statistics import TextStatistics


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "documents"
    root.mkdir()
    (root / "terms.md").write_text("# Terms\n\nThe parties agree that this is the whole of it.\n", "utf-8")
    (root / "page.html").write_text("<p>Das ist nicht alles, und der Rest wird folgen.</p>", "utf-8")
    (root / "long.txt").write_text("One line of the text.\n" * 5_000, "utf-8")
    (root / "image.txt").write_bytes(b"BM\0\0\0\0")
    (tmp_path / "secret.txt").write_text("nobody's business", "utf-8")
    return root


class Ears:
    """As much of a context as the processor uses."""

    def __init__(self) -> None:
        self.fractions: list[float] = []

    def report(self, fraction: float, message: str = "") -> None:
        self.fractions.append(fraction)


def call(processor: TextStatistics, document_id: str, ears: Ears | None = None) -> dict[str, Any]:
    context: Any = ears or Ears()
    return processor(document_id, context)


def test_it_keeps_to_everything_that_docmill_relies_on(root: Path) -> None:
    report = check_processor(TextStatistics(root=root), ["terms.md", "page.html", "long.txt", "image.txt"])

    assert report.notes == ()


def test_it_counts_what_is_in_a_document(root: Path) -> None:
    statistics = TextStatistics(root=root, words_per_minute=10)

    assert call(statistics, "terms.md") == {"words": 11, "sentences": 1, "reading_minutes": 1.1, "language": "en"}


def test_it_reports_how_far_it_is_in_a_long_document(root: Path) -> None:
    ears = Ears()
    call(TextStatistics(root=root), "long.txt", ears)

    assert ears.fractions == [0.4, 0.8]


@pytest.mark.parametrize(
    "document_id, words",
    [
        ("gone.txt", "no such file"),
        ("../secret.txt", "outside of the folder"),
        ("/etc/hostname", "outside of the folder"),
        ("link.txt", "outside of the folder"),
        ("image.txt", "is binary"),
        ("scan.pdf", r"cannot read \.pdf, only \.txt, \.md"),
        ("README", "a file without a suffix"),
        ("long.txt", "is larger than 100,000 bytes"),
    ],
)
def test_what_cannot_be_read_is_refused_for_good(root: Path, document_id: str, words: str) -> None:
    (root / "scan.pdf").touch()
    (root / "README").touch()
    (root / "link.txt").symlink_to(root.parent / "secret.txt")

    with pytest.raises(PermanentError, match=words):
        call(TextStatistics(root=root, max_bytes=100_000), document_id)


def test_the_folder_may_come_from_the_environment(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXT_STATISTICS_ROOT", str(root))

    assert call(TextStatistics(), "terms.md")["words"] == 11


@pytest.mark.parametrize("name", ["words_per_minute", "max_bytes"])
def test_a_configuration_that_makes_no_sense_is_refused_at_once(name: str) -> None:
    settings: Any = {name: 0}

    with pytest.raises(ValueError, match=f"{name} must be 1 or more, got 0"):
        TextStatistics(**settings)


def test_it_can_be_sent_to_a_worker_process(root: Path) -> None:
    statistics = TextStatistics(root=root)

    assert pickle.loads(pickle.dumps(statistics)) == statistics


async def test_a_batch_has_results_errors_and_a_summary(root: Path) -> None:
    documents = ["terms.md", "page.html", "long.txt", "image.txt", "../secret.txt"]

    job = await process_documents(documents, TextStatistics(root=root), JobOptions(retry_attempts=2))

    assert [outcome.success for outcome in job.outcomes] == [True, True, True, False, False]
    assert [(failure.code, failure.attempts) for failure in job.errors] == [("permanent", 1)] * 2
    assert job.summary == {
        "documents": 3,
        "unreadable": 2,
        "words": 11 + 9 + 25_000,
        "languages": {"de": 1, "en": 2},
    }
