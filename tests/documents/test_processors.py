"""The four job types of the seed on real documents: in a queue, in worker processes, as a user runs them."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from docmill import DocumentProcessingQueue, FailureCode, Job, JobOptions, JobStatus, ProcessingJobType
from docmill.documents import (
    CorruptDocumentError,
    Extraction,
    FolderSource,
    FullAnalysis,
    Limits,
    MemorySource,
    Word,
    standard_processors,
)
from docmill.documents.limits import DEFAULT_LIMITS, Budget
from docmill.documents.ocr import Leveling
from docmill.documents.processors import OCR_MEMORY, DataExtraction, _put_back
from docmill.ports import inspect_processor
from docmill.stores import SQLiteStore

EXAMPLES = Path(__file__).parents[2] / "examples" / "documents"
GOOD, LOCKED, BROKEN = "invoice-en.pdf", "payslip-locked.pdf", "invoice-broken.pdf"


class Context:
    """What a processor needs of a context when it is called without a queue."""

    def __init__(self, seconds: float = 30.0) -> None:
        self.seconds = seconds
        self.said: list[tuple[float, str]] = []

    def remaining(self) -> float:
        return self.seconds

    def report(self, fraction: float, message: str = "") -> None:
        self.said.append((fraction, message))


async def run(job_type: str, *names: str, **options: Any) -> Job:
    queue = DocumentProcessingQueue(standard_processors(EXAMPLES, **options))
    async with queue:
        job_id = await queue.create_job(names, job_type, JobOptions(max_concurrent=2, retry_delay=0.01))
        return await queue.wait(job_id, drained=True)


def test_every_job_type_of_the_seed_has_a_processor() -> None:
    processors = standard_processors(EXAMPLES)
    assert set(processors) == set(ProcessingJobType)
    for job_type, target in processors.items():
        spec = inspect_processor(job_type, target)
        assert spec.declaration.isolation == "process"
        assert spec.declaration.max_memory == 2**30
        assert (spec.finalize is not None) == (job_type == ProcessingJobType.BATCH_ANALYSIS)


async def test_a_quality_check_has_a_result_even_of_what_cannot_be_read() -> None:
    job = await run(ProcessingJobType.QUALITY_CHECK, GOOD, LOCKED, BROKEN)

    assert job.status is JobStatus.COMPLETED
    good, locked, broken = (job.outcome(name).data for name in (GOOD, LOCKED, BROKEN))
    assert (good["media_type"], good["page_count"], good["pages"][0]["kind"]) == ("application/pdf", 1, "digital")
    assert good["score"] > 90
    assert locked["encrypted"]
    assert broken["corrupt"]
    assert {issue["severity"] for each in (locked, broken) for issue in each["issues"]} >= {"error"}
    assert max(locked["score"], broken["score"]) < 50


async def test_an_extraction_gives_values_with_their_places() -> None:
    job = await run(ProcessingJobType.DATA_EXTRACTION, GOOD)

    (result,) = job.results
    assert result.data["truncated"] is False
    extraction = Extraction.from_data(result.data)
    flat = extraction.to_flat()
    assert (flat["document_type"], flat["language"], flat["currency"]) == ("invoice", "en", "GBP")
    assert flat["gross_total"] == "2413.92"
    assert len(flat["lines"]) == 5
    value = extraction.gross_total
    assert value is not None
    assert value.page == 1
    assert value.bbox is not None
    assert 0 < value.bbox[0] < value.bbox[2] < 600
    assert value.source == "text"


async def test_a_full_analysis_has_everything_and_fails_what_cannot_be_read() -> None:
    job = await run(ProcessingJobType.FULL_ANALYSIS, GOOD, "wrong-total.pdf", LOCKED, BROKEN)

    assert [result.document_id for result in job.results] == [
        GOOD,
        "wrong-total.pdf",
    ] or job.processed_documents
    good, wrong = job.outcome(GOOD).data, job.outcome("wrong-total.pdf").data
    assert set(good) == {"media_type", "page_count", "truncated", "extraction", "quality", "anomalies"}
    assert good["anomalies"] == []
    assert [anomaly["code"] for anomaly in wrong["anomalies"]] == ["total_mismatch"]
    assert wrong["anomalies"][0]["evidence"]
    failures = {failure.document_id: failure for failure in job.errors}
    assert {failure.code for failure in failures.values()} == {FailureCode.PERMANENT}
    assert "EncryptedDocumentError: it needs a password" in failures[LOCKED].error
    assert "CorruptDocumentError" in failures[BROKEN].error
    assert {failure.attempts for failure in failures.values()} == {1}


async def test_embedded_invoice_data_comes_first_unless_it_is_switched_off() -> None:
    one = await run(ProcessingJobType.FULL_ANALYSIS, "hybrid.pdf", "hybrid-differs.pdf")
    other = await run(ProcessingJobType.FULL_ANALYSIS, "hybrid.pdf", embedded_xml=False)

    assert one.outcome("hybrid.pdf").data["extraction"]["gross_total"]["source"] == "embedded"
    assert one.outcome("hybrid.pdf").data["anomalies"] == []
    differs = one.outcome("hybrid-differs.pdf").data["anomalies"]
    assert "embedded_differs_from_print" in {anomaly["code"] for anomaly in differs}
    assert other.outcome("hybrid.pdf").data["extraction"]["gross_total"]["source"] == "text"


async def test_a_batch_analysis_sees_what_one_document_does_not_show() -> None:
    job = await run(ProcessingJobType.BATCH_ANALYSIS, GOOD, "invoice-copy.pdf", "invoice-fr.pdf", BROKEN)

    assert job.summary_error is None
    assert (job.summary["documents"], job.summary["failed"]) == (4, 1)
    assert job.summary["duplicates"]["exact"] == [[GOOD, "invoice-copy.pdf"]]
    assert job.outcome(GOOD).data["fingerprint"]["sha256"] == job.outcome(GOOD).data["quality"]["sha256"]


async def test_the_same_content_is_processed_once_for_all_jobs_that_look_in_the_cache(tmp_path: Path) -> None:
    source = MemorySource({name: (EXAMPLES / GOOD).read_bytes() for name in ("one.pdf", "other.pdf")})
    store = SQLiteStore(tmp_path / "jobs.db")
    async with DocumentProcessingQueue(standard_processors(source), store=store) as queue:
        first, second = [
            await queue.wait(await queue.create_job([name], "QUALITY_CHECK", JobOptions(cache=True)), drained=True)
            for name in ("one.pdf", "other.pdf")
        ]

    assert first.results[0].data == second.results[0].data
    assert (first.results[0].cached, second.results[0].cached) == (False, True)


def test_a_change_of_the_settings_is_a_change_of_the_version() -> None:
    def version(**options: Any) -> str | None:
        target = standard_processors(EXAMPLES, **options)[ProcessingJobType.FULL_ANALYSIS]
        return inspect_processor("X", target).declaration.version

    assert version() == version()
    assert (
        len({version(), version(embedded_xml=False), version(limits=Limits(max_pages=1)), version(ocr=Recites())}) == 4
    )


def test_processors_travel() -> None:
    for target in standard_processors(EXAMPLES, ocr=Recites()).values():
        again = pickle.loads(pickle.dumps(target))
        assert inspect_processor("X", again).declaration.version == inspect_processor("X", target).declaration.version


def test_at_the_end_of_the_budget_there_is_a_result_that_says_so() -> None:
    context = Context(seconds=0.0)
    result = FullAnalysis(FolderSource(EXAMPLES))("report-columns.pdf", context)  # type: ignore[arg-type]

    assert result["truncated"] is True
    assert [fraction for fraction, _ in context.said] == [0.4, 0.6, 0.9]


def test_a_document_that_is_no_document_is_an_error_of_a_documented_class() -> None:
    service = DataExtraction(MemorySource({"a.pdf": b"%PDF-1.7 nonsense"}))
    with pytest.raises(CorruptDocumentError):
        service("a.pdf", Context())  # type: ignore[arg-type]


class Recites:
    """An engine that reads the same words on every picture."""

    def __repr__(self) -> str:
        return "Recites()"

    def recognize(self, image: Any, dpi: float) -> list[Word]:
        return [
            Word(text, 60.0 + 70 * column, 100.0 + 20 * row, 120.0 + 70 * column, 112.0 + 20 * row, 0.9)
            for row, line in enumerate(("Invoice No. 4711", "Total EUR 119.00"))
            for column, text in enumerate(line.split())
        ]


def test_a_scan_is_read_by_the_engine_and_its_values_stand_on_the_page_as_it_is_shown() -> None:
    service = DataExtraction(FolderSource(EXAMPLES), ocr=Recites())
    assert inspect_processor("X", service).declaration.max_memory == OCR_MEMORY

    extraction = Extraction.from_data(service("delivery-scan.pdf", Context()))  # type: ignore[arg-type]

    assert extraction.invoice_number is not None
    assert (extraction.invoice_number.value, extraction.invoice_number.source) == ("4711", "ocr")
    assert extraction.gross_total is not None
    assert extraction.gross_total.value == "119.00"


def test_boxes_are_put_back_wherever_they_are() -> None:
    turned = {2: Leveling(width=100.0, height=200.0, turn=90)}
    data = {
        "gross_total": {"value": "1", "page": 2, "bbox": [10.0, 20.0, 30.0, 40.0]},
        "issue_date": {"value": "1", "page": 1, "bbox": [10.0, 20.0, 30.0, 40.0]},
        "due_date": {"value": "1", "page": None, "bbox": None},
        "lines": [{"amount": {"page": 2, "bbox": [10.0, 20.0, 30.0, 40.0]}}],
    }
    back = [round(edge, 2) for edge in turned[2].back((10.0, 20.0, 30.0, 40.0))]

    found = _put_back(data, turned)

    assert back != [10.0, 20.0, 30.0, 40.0]
    assert found["gross_total"]["bbox"] == found["lines"][0]["amount"]["bbox"] == back
    assert found["issue_date"] == data["issue_date"]
    assert found["due_date"] == data["due_date"]
    assert _put_back(data, {}) is data


def test_a_budget_ends() -> None:
    now = 10.0
    budget = Budget(5.0, lambda: now)
    assert (budget.remaining(), budget.is_over) == (5.0, False)
    now = 15.0
    assert (budget.remaining(), budget.is_over) == (0.0, True)
    assert Budget().remaining() == np.inf
    assert Limits() == DEFAULT_LIMITS
