"""What stands out across a batch: duplicates, conflicting invoices, unusual amounts, counts and totals."""

from docmill.documents.batch.fingerprint import fingerprint
from docmill.documents.batch.summary import summarise

__all__ = ["fingerprint", "summarise"]
