"""Invoices and credit notes in OASIS UBL 2: Peppol, XRechnung and their kin."""

from collections.abc import Iterator
from decimal import Decimal

from docmill.documents.einvoice.build import Header, extraction_of
from docmill.documents.einvoice.model import Adjustment, EmbeddedInvoice, InvoiceData, InvoiceLine, TaxRow
from docmill.documents.einvoice.tree import Node

__all__ = ["read"]


def read(root: Node) -> EmbeddedInvoice:
    """Read an invoice or a credit note from its root element."""
    data = _data(root)
    return EmbeddedInvoice(extraction=extraction_of(_header(root), data), data=data)


def _header(root: Node) -> Header:
    seller = root.first("AccountingSupplierParty", "Party")
    buyer = root.first("AccountingCustomerParty", "Party")
    return Header(
        invoice_number=root.text("ID"),
        issue_date=root.text("IssueDate"),
        due_date=root.text("DueDate") or root.text("PaymentMeans", "PaymentDueDate"),
        seller_name=_name(seller),
        seller_vat=_vat(seller),
        buyer_name=_name(buyer),
        buyer_vat=_vat(buyer),
        iban=root.text("PaymentMeans", "PayeeFinancialAccount", "ID"),
    )


def _name(party: Node) -> str | None:
    return party.text("PartyLegalEntity", "RegistrationName") or party.text("PartyName", "Name")


def _vat(party: Node) -> str | None:
    for scheme in party.each("PartyTaxScheme"):
        if (scheme.text("TaxScheme", "ID") or "").upper() == "VAT":
            return scheme.text("CompanyID")
    return None


def _data(root: Node) -> InvoiceData:
    currency = root.text("DocumentCurrencyCode")
    total = root.first("LegalMonetaryTotal")
    tax = _tax_total(root, currency)
    default_type = "381" if root.name == "CreditNote" else "380"
    return InvoiceData(
        syntax="ubl",
        type_code=root.text("InvoiceTypeCode|CreditNoteTypeCode") or default_type,
        currency=currency,
        lines=tuple(_lines(root)),
        adjustments=tuple(_adjustments(root)),
        taxes=tuple(_tax(row) for row in tax.each("TaxSubtotal")),
        line_total=total.number("LineExtensionAmount"),
        allowance_total=total.number("AllowanceTotalAmount"),
        charge_total=total.number("ChargeTotalAmount"),
        net=total.number("TaxExclusiveAmount"),
        tax=tax.number("TaxAmount"),
        gross=total.number("TaxInclusiveAmount"),
        prepaid=total.number("PrepaidAmount"),
        rounding=total.number("PayableRoundingAmount"),
        due=total.number("PayableAmount"),
    )


def _tax_total(root: Node, currency: str | None) -> Node:
    """The total in the currency of the document; a second one may be in that of the tax office."""
    totals = list(root.each("TaxTotal"))
    ours = [total for total in totals if total.first("TaxAmount").attribute("currencyID") in {"", currency}]
    return next(iter(ours or totals), Node(None))


def _tax(row: Node) -> TaxRow:
    return TaxRow(
        basis=row.number("TaxableAmount"),
        rate=row.number("TaxCategory", "Percent"),
        amount=row.number("TaxAmount"),
        category=row.text("TaxCategory", "ID"),
    )


def _lines(root: Node) -> Iterator[InvoiceLine]:
    for item in root.each("InvoiceLine|CreditNoteLine"):
        yield InvoiceLine(
            number=item.text("ID"),
            description=item.text("Item", "Name") or item.text("Item", "Description"),
            quantity=item.number("InvoicedQuantity|CreditedQuantity"),
            net_price=item.number("Price", "PriceAmount"),
            base_quantity=item.number("Price", "BaseQuantity") or Decimal(1),
            adjustments=tuple(_adjustments(item)),
            total=item.number("LineExtensionAmount"),
        )


def _adjustments(node: Node) -> Iterator[Adjustment]:
    for each in node.each("AllowanceCharge"):
        amount = each.number("Amount")
        if amount is not None:
            charge = (each.text("ChargeIndicator") or "").lower() == "true"
            yield Adjustment(amount=amount, is_charge=charge, reason=each.text("AllowanceChargeReason"))
