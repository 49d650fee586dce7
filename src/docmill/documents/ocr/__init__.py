"""Words of scanned pages: the port of an engine, an engine that works offline, and the way from a page to its words."""

from docmill.documents.ocr.engines import Ocr, OcrChoice, Picture, RapidOcr, resolve_ocr
from docmill.documents.ocr.leveling import Leveling
from docmill.documents.ocr.scanned import read_scanned

__all__ = ["Leveling", "Ocr", "OcrChoice", "Picture", "RapidOcr", "read_scanned", "resolve_ocr"]
