"""The fields, lines and tables of a document, from its words and their places, or from invoice XML that it carries."""

from docmill.documents.extraction.engine import embedded_invoice, extract

__all__ = ["embedded_invoice", "extract"]
