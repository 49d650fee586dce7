"""Electronic invoices: the XML that ZUGFeRD and Factur-X files carry, or that is sent alone (XRechnung, Peppol)."""

from docmill.documents.einvoice.model import Adjustment, EmbeddedInvoice, InvoiceData, InvoiceLine, TaxRow
from docmill.documents.einvoice.reader import read_invoice

__all__ = ["Adjustment", "EmbeddedInvoice", "InvoiceData", "InvoiceLine", "TaxRow", "read_invoice"]
