"""A bill as an electronic invoice: UN/CEFACT Cross Industry Invoice XML, as Factur-X and ZUGFeRD embed it in a PDF."""

from collections.abc import Iterator
from datetime import date
from xml.sax.saxutils import escape

from amounts import Item, cents
from billing import Bill, Company

NAMESPACES = (
    'xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100" '
    'xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100" '
    'xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"'
)
PROFILE = "urn:cen.eu:en16931:2017"

# UN/ECE Recommendation 20: pieces, hours, metres, litres, sets.
UNITS = {"pcs": "C62", "hours": "HUR", "m": "MTR", "litres": "LTR", "Satz": "SET"}


def cross_industry_invoice(bill: Bill) -> bytes:
    """Write a bill as XML."""
    return "\n".join(_document(bill)).encode()


def _document(bill: Bill) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f"<rsm:CrossIndustryInvoice {NAMESPACES}>"
    yield (
        "<rsm:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter>"
        f"<ram:ID>{PROFILE}</ram:ID>"
        "</ram:GuidelineSpecifiedDocumentContextParameter></rsm:ExchangedDocumentContext>"
    )
    yield (
        f"<rsm:ExchangedDocument><ram:ID>{bill.number}</ram:ID><ram:TypeCode>380</ram:TypeCode>"
        f"<ram:IssueDateTime>{_day(bill.issued)}</ram:IssueDateTime></rsm:ExchangedDocument>"
    )
    yield "<rsm:SupplyChainTradeTransaction>"
    for number, item in enumerate(bill.items, start=1):
        yield _line(number, item)
    yield (
        "<ram:ApplicableHeaderTradeAgreement>"
        f"<ram:SellerTradeParty>{_party(bill.seller)}</ram:SellerTradeParty>"
        f"<ram:BuyerTradeParty>{_party(bill.buyer)}</ram:BuyerTradeParty>"
        "</ram:ApplicableHeaderTradeAgreement>"
    )
    yield "<ram:ApplicableHeaderTradeDelivery/>"
    yield from _settlement(bill)
    yield "</rsm:SupplyChainTradeTransaction>"
    yield "</rsm:CrossIndustryInvoice>\n"


def _line(number: int, item: Item) -> str:
    unit = UNITS[item.unit]
    return (
        "<ram:IncludedSupplyChainTradeLineItem>"
        f"<ram:AssociatedDocumentLineDocument><ram:LineID>{number}</ram:LineID></ram:AssociatedDocumentLineDocument>"
        f"<ram:SpecifiedTradeProduct><ram:Name>{escape(item.description)}</ram:Name></ram:SpecifiedTradeProduct>"
        "<ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice>"
        f"<ram:ChargeAmount>{item.price}</ram:ChargeAmount>"
        "</ram:NetPriceProductTradePrice></ram:SpecifiedLineTradeAgreement>"
        "<ram:SpecifiedLineTradeDelivery>"
        f'<ram:BilledQuantity unitCode="{unit}">{item.quantity}</ram:BilledQuantity>'
        "</ram:SpecifiedLineTradeDelivery>"
        "<ram:SpecifiedLineTradeSettlement>"
        "<ram:ApplicableTradeTax><ram:TypeCode>VAT</ram:TypeCode><ram:CategoryCode>S</ram:CategoryCode>"
        f"<ram:RateApplicablePercent>{item.rate}</ram:RateApplicablePercent></ram:ApplicableTradeTax>"
        "<ram:SpecifiedTradeSettlementLineMonetarySummation>"
        f"<ram:LineTotalAmount>{item.amount}</ram:LineTotalAmount>"
        "</ram:SpecifiedTradeSettlementLineMonetarySummation></ram:SpecifiedLineTradeSettlement>"
        "</ram:IncludedSupplyChainTradeLineItem>"
    )


def _settlement(bill: Bill) -> Iterator[str]:
    totals = bill.totals
    yield f"<ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>{bill.currency}</ram:InvoiceCurrencyCode>"
    yield (
        "<ram:SpecifiedTradeSettlementPaymentMeans><ram:TypeCode>58</ram:TypeCode><ram:PayeePartyCreditorFinancialAccount>"
        f"<ram:IBANID>{bill.iban.replace(' ', '')}</ram:IBANID>"
        "</ram:PayeePartyCreditorFinancialAccount></ram:SpecifiedTradeSettlementPaymentMeans>"
    )
    for rate, (base, tax) in totals.taxes.items():
        yield (
            f"<ram:ApplicableTradeTax><ram:CalculatedAmount>{tax}</ram:CalculatedAmount><ram:TypeCode>VAT</ram:TypeCode>"
            f"<ram:BasisAmount>{cents(base)}</ram:BasisAmount><ram:CategoryCode>S</ram:CategoryCode>"
            f"<ram:RateApplicablePercent>{rate}</ram:RateApplicablePercent></ram:ApplicableTradeTax>"
        )
    yield f"<ram:SpecifiedTradePaymentTerms><ram:DueDateDateTime>{_day(bill.due)}</ram:DueDateDateTime>"
    yield "</ram:SpecifiedTradePaymentTerms>"
    yield (
        "<ram:SpecifiedTradeSettlementHeaderMonetarySummation>"
        f"<ram:LineTotalAmount>{totals.net}</ram:LineTotalAmount>"
        f"<ram:TaxBasisTotalAmount>{totals.net}</ram:TaxBasisTotalAmount>"
        f'<ram:TaxTotalAmount currencyID="{bill.currency}">{totals.tax}</ram:TaxTotalAmount>'
        f"<ram:GrandTotalAmount>{totals.gross}</ram:GrandTotalAmount>"
        f"<ram:DuePayableAmount>{totals.gross}</ram:DuePayableAmount>"
        "</ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement>"
    )


def _day(day: date) -> str:
    return f'<udt:DateTimeString format="102">{day:%Y%m%d}</udt:DateTimeString>'


def _party(company: Company) -> str:
    return (
        f"<ram:Name>{escape(company.name)}</ram:Name><ram:PostalTradeAddress>"
        f"<ram:PostcodeCode>{company.postcode}</ram:PostcodeCode><ram:LineOne>{escape(company.street)}</ram:LineOne>"
        f"<ram:CityName>{company.town}</ram:CityName><ram:CountryID>{company.country}</ram:CountryID>"
        '</ram:PostalTradeAddress><ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">'
        f"{company.vat.replace(' ', '')}</ram:ID></ram:SpecifiedTaxRegistration>"
    )
