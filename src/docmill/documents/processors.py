"""The four job types of the seed as processors: each runs in worker processes, which a hostile document cannot harm."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from docmill.documents.limits import DEFAULT_LIMITS, Budget, Limits
from docmill.documents.ocr import Leveling, OcrChoice, read_scanned, resolve_ocr
from docmill.documents.sources import AnySource, as_source
from docmill.model import Outcome, ProcessingJobType
from docmill.ports import ProcessingContext, Processor, processor

if TYPE_CHECKING:
    from docmill.documents.language_model import LanguageModel
    from docmill.documents.pages import Reading
    from docmill.documents.quality import Quality
    from docmill.documents.values import Extraction

Levelings: TypeAlias = Mapping[int, Leveling]
"""How the pages were laid level that were recognised, by their numbers."""

__all__ = ["BatchAnalysis", "DataExtraction", "FullAnalysis", "QualityCheck", "standard_processors"]

MEMORY: Final = 2**30
"""Bytes of address space that a worker process may have: pdfium takes up to 24 GB of a file of 764 bytes."""

OCR_MEMORY: Final = 2**31
"""With text recognition, whose models take 0.9 GB."""

SHARE: Final = 0.8
"""Of a document's budget: after it reading stops, and what there is becomes a result that says ``truncated``."""

GENERATION: Final = 1
"""Counted up when results change, so that none of an earlier version is taken from the cache."""


def standard_processors(
    source: AnySource,
    *,
    ocr: OcrChoice = None,
    embedded_xml: bool = True,
    language_model: "LanguageModel | None" = None,
    limits: Limits = DEFAULT_LIMITS,
) -> dict[str, Processor]:
    """The processing services of the seed, for ``DocumentProcessingQueue(processors=...)``.

    Args:
        source: where the documents are: a `DocumentSource`, a folder's path, or a mapping of ids to bytes.
        ocr: reads scanned pages: an engine, "auto" for rapidocr if it is installed (extra ``ocr``), or None for none.
        embedded_xml: whether the XML of hybrid invoices is read, and believed before what is printed.
        language_model: asked for what was not found; None, the default, sends nothing anywhere.
        limits: what a document may cost.

    Returns:
        A processor for each `ProcessingJobType`.

    Raises:
        TypeError: ``source`` or ``ocr`` is none.
    """
    reader = (as_source(source), limits)
    options: dict[str, Any] = {"ocr": ocr, "embedded_xml": embedded_xml, "language_model": language_model}
    return {
        ProcessingJobType.QUALITY_CHECK: QualityCheck(*reader),
        ProcessingJobType.DATA_EXTRACTION: DataExtraction(*reader, **options),
        ProcessingJobType.FULL_ANALYSIS: FullAnalysis(*reader, **options),
        ProcessingJobType.BATCH_ANALYSIS: BatchAnalysis(*reader, **options),
    }


class _Service:
    """What the services share: where documents come from, and what they may cost."""

    def __init__(self, source: AnySource, limits: Limits, *, memory: int, version: str) -> None:
        self._source = as_source(source)
        self._limits = limits
        declare = processor(
            isolation="process",
            max_memory=memory,
            version=f"{type(self).__name__} {GENERATION} {version}",
            fingerprint=self.fingerprint,
        )
        declare(self)

    def fingerprint(self, document_id: str, _context: ProcessingContext) -> str:
        """What stands for a document's content in jobs with ``JobOptions(cache=True)``: its SHA-256.

        Args:
            document_id: which document.
        """
        return hashlib.sha256(self._bytes(document_id)).hexdigest()

    def __call__(self, document_id: str, context: ProcessingContext) -> dict[str, Any]:
        """Process one document."""
        raise NotImplementedError

    def _bytes(self, document_id: str) -> bytes:
        return self._source.read(document_id, self._limits.max_bytes)

    @staticmethod
    def _budget(context: ProcessingContext) -> Budget:
        return Budget(context.remaining() * SHARE)


class QualityCheck(_Service):
    """The seed's Document Quality Service: is a document what it claims, whole, and fit to be read by a machine?

    A document that is encrypted, corrupt or of an unknown kind has a result that says so.

    Args:
        source: where the documents are: a `DocumentSource`, a folder's path, or a mapping of ids to bytes.
        limits: what a document may cost.
    """

    def __init__(self, source: AnySource, limits: Limits = DEFAULT_LIMITS) -> None:
        super().__init__(source, limits, memory=MEMORY, version=repr(limits))

    def __call__(self, document_id: str, context: ProcessingContext) -> dict[str, Any]:
        """The quality of one document; docs/documents.md tells the keys.

        Raises:
            DocumentError: there is no such document, or it is too large.
        """
        from docmill.documents.quality import check

        data = self._bytes(document_id)
        return check(data, document_id, limits=self._limits, budget=self._budget(context)).to_data()


class DataExtraction(_Service):
    """The seed's Smart Extraction Service: the fields, lines and tables of a document.

    Args:
        source: where the documents are: a `DocumentSource`, a folder's path, or a mapping of ids to bytes.
        limits: what a document may cost.
        ocr: reads scanned pages.
        embedded_xml: whether the XML of hybrid invoices is read.
        language_model: asked for what was not found.
    """

    def __init__(
        self,
        source: AnySource,
        limits: Limits = DEFAULT_LIMITS,
        *,
        ocr: OcrChoice = None,
        embedded_xml: bool = True,
        language_model: "LanguageModel | None" = None,
    ) -> None:
        self._ocr = resolve_ocr(ocr)
        self._embedded_xml = embedded_xml
        self._language_model = language_model
        version = f"{limits!r} {self._ocr!r} {embedded_xml} {language_model!r}"
        super().__init__(source, limits, memory=MEMORY if self._ocr is None else OCR_MEMORY, version=version)

    def __call__(self, document_id: str, context: ProcessingContext) -> dict[str, Any]:
        """What one document says; docs/documents.md tells the keys.

        Raises:
            DocumentError: there is no such document, or it cannot be read.
            RetryAfter, ServiceUnavailableError: the language model cannot answer now.
        """
        data = self._bytes(document_id)
        budget = self._budget(context)
        reading, levelings = self._read(data, document_id, budget)
        extraction = self._extract(reading, budget)
        return {**reading.summary(), **_put_back(extraction.to_data(), levelings)}

    def _read(self, data: bytes, document_id: str, budget: Budget) -> tuple["Reading", Levelings]:
        from docmill.documents.reading import read

        reading = read(data, document_id, limits=self._limits, budget=budget, rules=True)
        if self._ocr is None:
            return reading, {}
        # On a page that is laid level, lines of text are lines.
        return reading, read_scanned(data, reading, self._ocr, limits=self._limits, budget=budget, level=True)

    def _extract(self, reading: "Reading", budget: Budget) -> "Extraction":
        from docmill.documents.extraction import extract
        from docmill.documents.language_model import complete

        extraction = extract(reading, embedded_xml=self._embedded_xml)
        if self._language_model is not None:
            extraction = complete(extraction, reading, self._language_model, budget)
        return extraction


class FullAnalysis(DataExtraction):
    """The seed's AI Document Analyzer: extraction, quality, and what does not add up."""

    def __call__(self, document_id: str, context: ProcessingContext) -> dict[str, Any]:
        """All about one document; docs/documents.md tells the keys.

        Raises:
            DocumentError: there is no such document, or it cannot be read.
            RetryAfter, ServiceUnavailableError: the language model cannot answer now.
        """
        return self._analyze(self._bytes(document_id), document_id, context)[0]

    def _analyze(self, data: bytes, document_id: str, context: ProcessingContext) -> tuple[dict[str, Any], "Reading"]:
        from docmill.documents.quality import check

        budget = self._budget(context)
        reading, levelings = self._read(data, document_id, budget)
        context.report(0.4, "read")
        extraction = self._extract(reading, budget)
        context.report(0.6, "extracted")
        quality = check(data, document_id, limits=self._limits, budget=budget)
        context.report(0.9, "checked")
        found = {
            "extraction": extraction.to_data(),
            "anomalies": [anomaly.to_data() for anomaly in self._anomalies(reading, extraction, quality)],
        }
        return {
            **reading.summary(),
            "truncated": reading.truncated or quality.truncated,
            "quality": quality.to_data(),
            **_put_back(found, levelings),
        }, reading

    def _anomalies(self, reading: "Reading", extraction: "Extraction", quality: "Quality") -> "list[Any]":
        from docmill.documents.anomalies import find_anomalies
        from docmill.documents.extraction import embedded_invoice, extract

        embedded = embedded_invoice(reading, self._limits) if self._embedded_xml else None
        return find_anomalies(
            extraction,
            invoice=None if embedded is None else embedded.data,
            printed=None if embedded is None else extract(reading, embedded_xml=False),
            reading=reading,
            quality=quality.to_data(),
            today=datetime.now(UTC).date(),
        )


class BatchAnalysis(FullAnalysis):
    """The same across a batch: ``Job.summary`` has duplicates, conflicting invoices, unusual amounts, counts."""

    def __call__(self, document_id: str, context: ProcessingContext) -> dict[str, Any]:
        """All about one document, and the fingerprint by which it is compared with the others.

        Raises:
            DocumentError: there is no such document, or it cannot be read.
            RetryAfter, ServiceUnavailableError: the language model cannot answer now.
        """
        from docmill.documents.batch import fingerprint

        data = self._bytes(document_id)
        result, reading = self._analyze(data, document_id, context)
        return result | {"fingerprint": fingerprint(reading, data)}

    def finalize(self, outcomes: Sequence[Outcome], _context: ProcessingContext) -> dict[str, Any]:
        """What stands out across the batch; docs/documents.md tells the keys.

        Args:
            outcomes: what became of each document.
        """
        from docmill.documents.batch import summarise

        return summarise(
            [(outcome.document_id, outcome.data) for outcome in outcomes if outcome.success],
            [(outcome.document_id, outcome.code, outcome.error) for outcome in outcomes if not outcome.success],
        )


def _put_back(data: Any, levelings: Levelings) -> Any:
    """The boxes of everything that was found on a level page, where it stands on the page as it is shown."""
    if isinstance(data, list):
        return [_put_back(item, levelings) for item in data] if levelings else data
    if not isinstance(data, dict) or not levelings:
        return data
    leveling = levelings.get(data.get("page", 0))
    if leveling is not None and data.get("bbox"):
        return data | {"bbox": [round(edge, 2) for edge in leveling.back(tuple(data["bbox"]))]}
    return {key: _put_back(value, levelings) for key, value in data.items()}
