"""Which syntax invoice XML is written in, and what it says."""

from docmill.documents.einvoice import cii, ubl
from docmill.documents.einvoice.model import EmbeddedInvoice
from docmill.documents.einvoice.tree import parse
from docmill.documents.limits import Limits

__all__ = ["read_invoice"]

_READERS = {
    "CrossIndustryInvoice": cii.read,
    "CrossIndustryDocument": cii.read,
    "Invoice": ubl.read,
    "CreditNote": ubl.read,
}


def read_invoice(xml: bytes, limits: Limits) -> EmbeddedInvoice | None:
    """Read an invoice in UN/CEFACT CII (ZUGFeRD, Factur-X, XRechnung) or UBL.

    Args:
        xml: as it is embedded or sent.
        limits: of size and depth.

    Returns:
        None for what is no invoice, no XML, or exceeds the limits: a broken attachment must not hide what is printed.
    """
    root = parse(xml, limits)
    reader = None if root is None else _READERS.get(root.name)
    if root is None or reader is None:
        return None
    invoice = reader(root)
    return invoice if invoice.extraction.invoice_number or invoice.extraction.gross_total else None
