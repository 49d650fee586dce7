"""Every anomaly that can be found: its code, how bad it is, and what it means."""

from docmill.documents.findings import Severity

__all__ = ["ANOMALIES"]

ANOMALIES: dict[str, tuple[Severity, str]] = {
    "total_mismatch": (
        "error",
        "The totals contradict each other: net, tax and gross; gross, prepaid and due; or lines, allowances and net.",
    ),
    "line_sum_mismatch": ("error", "The lines do not come to the total that is given for them."),
    "line_product_mismatch": (
        "error",
        "Quantity x unit price, with base quantity, allowances and charges, is not the amount of the line.",
    ),
    "tax_mismatch": (
        "error",
        "Rate x taxed amount is not the tax, or the tax of all rates does not come to the total tax.",
    ),
    "future_date": ("warning", "The issue date is later than tomorrow."),
    "due_before_issue": ("warning", "It is due before the day on which it was issued."),
    "implausible_date": (
        "warning",
        "The issue date is more than 30 years ago, or the due date more than 10 years after it.",
    ),
    "iban_checksum": ("warning", "The check digits, the length or the structure of the IBAN are wrong."),
    "vat_invalid": ("warning", "The check digits or the form of a VAT id are wrong."),
    "embedded_differs_from_print": (
        "error",
        "A value of the embedded invoice stands nowhere on the pages, so people and programs see different invoices.",
    ),
    "invisible_text": ("warning", "A page has text that nobody can see, and that is not the text layer of a scan."),
    "missing_invoice_number": ("warning", "No invoice number was found; invoices and credit notes must have one."),
    "missing_issue_date": ("warning", "No issue date was found; invoices, credit notes and receipts must have one."),
    "missing_seller": (
        "warning",
        "Neither a name nor a VAT id of the seller was found; invoices, credit notes and receipts must have one.",
    ),
    "missing_buyer": (
        "warning",
        "An embedded invoice has no name of the buyer, which it must have; print is not looked at for it.",
    ),
    "missing_currency": ("warning", "No currency was found; invoices and credit notes must have one."),
    "missing_total": ("warning", "No gross total and no amount due were found; one of the two must be there."),
}
"""By code: the severity, and the meaning in a sentence. The severity of a single anomaly may differ: "error" becomes
"warning" where the values were read from print without certainty, and a field that is missing in an embedded invoice
is an "error", since nothing can have been overlooked there."""
