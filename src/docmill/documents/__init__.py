"""The processing services of the seed: quality checks, extraction and analysis of real documents (extra ``documents``).

``standard_processors`` gives a queue all four job types. Each document is read in a worker process with a memory limit.
Names are imported when they are asked for, so that a service needs no package that only another one uses.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from docmill.documents.errors import (
    CorruptDocumentError,
    DocumentError,
    DocumentNotFoundError,
    DocumentTooLargeError,
    EncryptedDocumentError,
    UnsafePathError,
    UnsupportedDocumentError,
)
from docmill.documents.findings import Anomaly, Issue
from docmill.documents.limits import Budget, Limits
from docmill.documents.pages import Page, Reading, Word
from docmill.documents.sources import DocumentSource, FolderSource, FsspecSource, MemorySource
from docmill.documents.values import Extraction, LineItem, Party, Table, Value

if TYPE_CHECKING:
    from docmill.documents.anomalies import ANOMALIES
    from docmill.documents.language_model import LanguageModel, OpenAICompatible
    from docmill.documents.ocr import Ocr, RapidOcr
    from docmill.documents.processors import (
        BatchAnalysis,
        DataExtraction,
        FullAnalysis,
        QualityCheck,
        standard_processors,
    )
    from docmill.documents.quality import ISSUES
    from docmill.documents.report import PagePictures, write_report

__all__ = [
    "ANOMALIES",
    "ISSUES",
    "Anomaly",
    "BatchAnalysis",
    "Budget",
    "CorruptDocumentError",
    "DataExtraction",
    "DocumentError",
    "DocumentNotFoundError",
    "DocumentSource",
    "DocumentTooLargeError",
    "EncryptedDocumentError",
    "Extraction",
    "FolderSource",
    "FsspecSource",
    "FullAnalysis",
    "Issue",
    "LanguageModel",
    "Limits",
    "LineItem",
    "MemorySource",
    "Ocr",
    "OpenAICompatible",
    "Page",
    "PagePictures",
    "Party",
    "QualityCheck",
    "RapidOcr",
    "Reading",
    "Table",
    "UnsafePathError",
    "UnsupportedDocumentError",
    "Value",
    "Word",
    "standard_processors",
    "write_report",
]

MODULES = {
    "ANOMALIES": "anomalies",
    "BatchAnalysis": "processors",
    "DataExtraction": "processors",
    "FullAnalysis": "processors",
    "ISSUES": "quality",
    "LanguageModel": "language_model",
    "Ocr": "ocr",
    "OpenAICompatible": "language_model",
    "PagePictures": "report",
    "QualityCheck": "processors",
    "RapidOcr": "ocr",
    "standard_processors": "processors",
    "write_report": "report",
}


def __getattr__(name: str) -> Any:
    """What needs packages of the extra is imported when it is asked for."""
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"docmill.documents.{MODULES[name]}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("docmill"):
            raise
        raise ModuleNotFoundError(
            f"docmill.documents.{name} needs {error.name}, which is not installed: pip install 'docmill[documents]'",
            name=error.name,
        ) from error
