"""Invoices in UN/CEFACT Cross Industry Invoice: ZUGFeRD 1 and 2, Factur-X, XRechnung.

ZUGFeRD 1 has other names for the outer elements than its successors; where both are read, ``|`` stands between them.
"""

from collections.abc import Iterator
from decimal import Decimal

from docmill.documents.einvoice.build import Header, extraction_of
from docmill.documents.einvoice.model import Adjustment, EmbeddedInvoice, InvoiceData, InvoiceLine, TaxRow
from docmill.documents.einvoice.tree import Node

__all__ = ["read"]

_DOCUMENT = "ExchangedDocument|HeaderExchangedDocument"
_TRANSACTION = "SupplyChainTradeTransaction|SpecifiedSupplyChainTradeTransaction"
_AGREEMENT = "ApplicableHeaderTradeAgreement|ApplicableSupplyChainTradeAgreement"
_SETTLEMENT = "ApplicableHeaderTradeSettlement|ApplicableSupplyChainTradeSettlement"
_SUMMATION = "SpecifiedTradeSettlementHeaderMonetarySummation|SpecifiedTradeSettlementMonetarySummation"
_LINE_AGREEMENT = "SpecifiedLineTradeAgreement|SpecifiedSupplyChainTradeAgreement"
_LINE_DELIVERY = "SpecifiedLineTradeDelivery|SpecifiedSupplyChainTradeDelivery"
_LINE_SETTLEMENT = "SpecifiedLineTradeSettlement|SpecifiedSupplyChainTradeSettlement"
_LINE_SUMMATION = "SpecifiedTradeSettlementLineMonetarySummation|SpecifiedTradeSettlementMonetarySummation"
_DATE = ("DateTimeString|DateTime",)


def read(root: Node) -> EmbeddedInvoice:
    """Read an invoice from its root element."""
    transaction = root.first(_TRANSACTION)
    settlement = transaction.first(_SETTLEMENT)
    data = _data(root, transaction, settlement)
    return EmbeddedInvoice(extraction=extraction_of(_header(root, transaction, settlement), data), data=data)


def _header(root: Node, transaction: Node, settlement: Node) -> Header:
    seller = transaction.first(_AGREEMENT, "SellerTradeParty")
    buyer = transaction.first(_AGREEMENT, "BuyerTradeParty")
    return Header(
        invoice_number=root.text(_DOCUMENT, "ID"),
        issue_date=root.text(_DOCUMENT, "IssueDateTime", *_DATE),
        due_date=settlement.text("SpecifiedTradePaymentTerms", "DueDateDateTime", *_DATE),
        seller_name=seller.text("Name"),
        seller_vat=_vat(seller),
        buyer_name=buyer.text("Name"),
        buyer_vat=_vat(buyer),
        iban=settlement.text("SpecifiedTradeSettlementPaymentMeans", "PayeePartyCreditorFinancialAccount", "IBANID"),
    )


def _vat(party: Node) -> str | None:
    for number in party.each("SpecifiedTaxRegistration", "ID"):
        if number.attribute("schemeID") == "VA":
            return number.text()
    return None


def _data(root: Node, transaction: Node, settlement: Node) -> InvoiceData:
    currency = settlement.text("InvoiceCurrencyCode")
    total = settlement.first(_SUMMATION)
    return InvoiceData(
        syntax="cii",
        type_code=root.text(_DOCUMENT, "TypeCode"),
        currency=currency,
        lines=tuple(_lines(transaction)),
        adjustments=tuple(_adjustments(settlement)) + tuple(_freight(settlement)),
        taxes=tuple(_tax(row) for row in settlement.each("ApplicableTradeTax")),
        line_total=total.number("LineTotalAmount"),
        allowance_total=total.number("AllowanceTotalAmount"),
        charge_total=total.number("ChargeTotalAmount"),
        net=total.number("TaxBasisTotalAmount"),
        tax=_in_currency(total, currency),
        gross=total.number("GrandTotalAmount"),
        prepaid=total.number("TotalPrepaidAmount"),
        rounding=total.number("RoundingAmount"),
        due=total.number("DuePayableAmount"),
    )


def _in_currency(total: Node, currency: str | None) -> Decimal | None:
    """The tax may be given a second time, in the currency of the tax office."""
    taxes = list(total.each("TaxTotalAmount"))
    ours = [tax for tax in taxes if tax.attribute("currencyID") in {"", currency}]
    return next((tax.number() for tax in ours or taxes), None)


def _tax(row: Node) -> TaxRow:
    return TaxRow(
        basis=row.number("BasisAmount"),
        rate=row.number("RateApplicablePercent|ApplicablePercent"),
        amount=row.number("CalculatedAmount"),
        category=row.text("CategoryCode"),
    )


def _lines(transaction: Node) -> Iterator[InvoiceLine]:
    for item in transaction.each("IncludedSupplyChainTradeLineItem"):
        total = item.number(_LINE_SETTLEMENT, _LINE_SUMMATION, "LineTotalAmount")
        price = item.first(_LINE_AGREEMENT, "NetPriceProductTradePrice")
        if total is None and price.number("ChargeAmount") is None:
            continue  # A line of ZUGFeRD 1 may be no more than a note.
        base = price.number("BasisQuantity")
        yield InvoiceLine(
            number=item.text("AssociatedDocumentLineDocument", "LineID"),
            description=item.text("SpecifiedTradeProduct", "Name"),
            quantity=item.number(_LINE_DELIVERY, "BilledQuantity"),
            net_price=price.number("ChargeAmount"),
            base_quantity=base or Decimal(1),
            adjustments=tuple(_adjustments(item.first(_LINE_SETTLEMENT))),
            total=total,
        )


def _adjustments(settlement: Node) -> Iterator[Adjustment]:
    for each in settlement.each("SpecifiedTradeAllowanceCharge"):
        amount = each.number("ActualAmount")
        if amount is not None:
            charge = each.text("ChargeIndicator", "Indicator") or each.text("ChargeIndicator") or ""
            yield Adjustment(amount=amount, is_charge=charge.lower() == "true", reason=each.text("Reason"))


def _freight(settlement: Node) -> Iterator[Adjustment]:
    for each in settlement.each("SpecifiedLogisticsServiceCharge"):
        amount = each.number("AppliedAmount")
        if amount is not None:
            yield Adjustment(amount=amount, is_charge=True, reason=each.text("Description"))
