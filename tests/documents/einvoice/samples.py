"""Invoice XML that is written by the test."""

CII = """<?xml version='1.0' encoding='UTF-8'?>
<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
 xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
 xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">
 <rsm:ExchangedDocument><ram:ID>R-17</ram:ID><ram:TypeCode>380</ram:TypeCode>
  <ram:IssueDateTime><udt:DateTimeString format="102">20240305</udt:DateTimeString></ram:IssueDateTime>
 </rsm:ExchangedDocument>
 <rsm:SupplyChainTradeTransaction>
  <ram:IncludedSupplyChainTradeLineItem>
   <ram:AssociatedDocumentLineDocument><ram:LineID>1</ram:LineID></ram:AssociatedDocumentLineDocument>
   <ram:SpecifiedTradeProduct><ram:Name>Screws</ram:Name></ram:SpecifiedTradeProduct>
   <ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice><ram:ChargeAmount>5.00</ram:ChargeAmount>
    <ram:BasisQuantity unitCode="C62">100</ram:BasisQuantity></ram:NetPriceProductTradePrice>
   </ram:SpecifiedLineTradeAgreement>
   <ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode="C62">400</ram:BilledQuantity>
   </ram:SpecifiedLineTradeDelivery>
   <ram:SpecifiedLineTradeSettlement>
    <ram:SpecifiedTradeAllowanceCharge><ram:ChargeIndicator><udt:Indicator>false</udt:Indicator></ram:ChargeIndicator>
     <ram:ActualAmount>1.00</ram:ActualAmount><ram:Reason>Discount</ram:Reason></ram:SpecifiedTradeAllowanceCharge>
    <ram:SpecifiedTradeSettlementLineMonetarySummation><ram:LineTotalAmount>19.00</ram:LineTotalAmount>
    </ram:SpecifiedTradeSettlementLineMonetarySummation>
   </ram:SpecifiedLineTradeSettlement>
  </ram:IncludedSupplyChainTradeLineItem>
  <ram:IncludedSupplyChainTradeLineItem>
   <ram:AssociatedDocumentLineDocument><ram:LineID>2</ram:LineID></ram:AssociatedDocumentLineDocument>
  </ram:IncludedSupplyChainTradeLineItem>
  <ram:ApplicableHeaderTradeAgreement>
   <ram:SellerTradeParty><ram:Name>Nordlicht
     GmbH</ram:Name><ram:SpecifiedTaxRegistration><ram:ID schemeID="FC">201/113</ram:ID>
    </ram:SpecifiedTaxRegistration><ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">DE 136695976</ram:ID>
    </ram:SpecifiedTaxRegistration></ram:SellerTradeParty>
   <ram:BuyerTradeParty><ram:Name>Sonnenhof KG</ram:Name></ram:BuyerTradeParty>
  </ram:ApplicableHeaderTradeAgreement>
  <ram:ApplicableHeaderTradeSettlement>
   <ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
   <ram:SpecifiedTradeSettlementPaymentMeans><ram:PayeePartyCreditorFinancialAccount>
    <ram:IBANID>DE02 1203 0000 0000 2020 51</ram:IBANID></ram:PayeePartyCreditorFinancialAccount>
   </ram:SpecifiedTradeSettlementPaymentMeans>
   <ram:ApplicableTradeTax><ram:CalculatedAmount>4.37</ram:CalculatedAmount><ram:BasisAmount>23.00</ram:BasisAmount>
    <ram:CategoryCode>S</ram:CategoryCode><ram:RateApplicablePercent>19</ram:RateApplicablePercent>
   </ram:ApplicableTradeTax>
   <ram:SpecifiedLogisticsServiceCharge><ram:Description>Freight</ram:Description>
    <ram:AppliedAmount>4.00</ram:AppliedAmount></ram:SpecifiedLogisticsServiceCharge>
   <ram:SpecifiedTradePaymentTerms><ram:DueDateDateTime>
    <udt:DateTimeString format="102">20240404</udt:DateTimeString></ram:DueDateDateTime>
   </ram:SpecifiedTradePaymentTerms>
   <ram:SpecifiedTradeSettlementHeaderMonetarySummation>
    <ram:LineTotalAmount>19.00</ram:LineTotalAmount><ram:ChargeTotalAmount>4.00</ram:ChargeTotalAmount>
    <ram:AllowanceTotalAmount>0.00</ram:AllowanceTotalAmount><ram:TaxBasisTotalAmount>23.00</ram:TaxBasisTotalAmount>
    <ram:TaxTotalAmount currencyID="CHF">4.20</ram:TaxTotalAmount>
    <ram:TaxTotalAmount currencyID="EUR">4.37</ram:TaxTotalAmount>
    <ram:GrandTotalAmount>27.37</ram:GrandTotalAmount><ram:TotalPrepaidAmount>7.37</ram:TotalPrepaidAmount>
    <ram:DuePayableAmount>20.00</ram:DuePayableAmount>
   </ram:SpecifiedTradeSettlementHeaderMonetarySummation>
  </ram:ApplicableHeaderTradeSettlement>
 </rsm:SupplyChainTradeTransaction>
</rsm:CrossIndustryInvoice>"""

_NAMES_OF_ZUGFERD_1 = {
    "rsm:CrossIndustryInvoice": "rsm:CrossIndustryDocument",
    "rsm:ExchangedDocument": "rsm:HeaderExchangedDocument",
    "rsm:SupplyChainTradeTransaction": "rsm:SpecifiedSupplyChainTradeTransaction",
    "ram:ApplicableHeaderTrade": "ram:ApplicableSupplyChainTrade",
    "ram:SpecifiedLineTrade": "ram:SpecifiedSupplyChainTrade",
    "ram:SpecifiedTradeSettlementHeaderMonetarySummation": "ram:SpecifiedTradeSettlementMonetarySummation",
    "ram:SpecifiedTradeSettlementLineMonetarySummation": "ram:SpecifiedTradeSettlementMonetarySummation",
    "ram:RateApplicablePercent": "ram:ApplicablePercent",
}


def zugferd_1() -> str:
    """The same invoice with the names of ZUGFeRD 1."""
    xml = CII
    for new, old in _NAMES_OF_ZUGFERD_1.items():
        xml = xml.replace(new, old)
    return xml


UBL = """<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" xmlns:cbc="cbc" xmlns:cac="cac">
 <cbc:ID>U-9</cbc:ID><cbc:IssueDate>2024-03-05</cbc:IssueDate><cbc:DueDate>2024-04-04</cbc:DueDate>
 <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
 <cac:AccountingSupplierParty><cac:Party><cac:PartyName><cbc:Name>Blue</cbc:Name></cac:PartyName>
  <cac:PartyTaxScheme><cbc:CompanyID>201</cbc:CompanyID><cac:TaxScheme><cbc:ID>FC</cbc:ID></cac:TaxScheme>
  </cac:PartyTaxScheme>
  <cac:PartyTaxScheme><cbc:CompanyID>BE0428759497</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
  </cac:PartyTaxScheme>
  <cac:PartyLegalEntity><cbc:RegistrationName>Blue Heron BV</cbc:RegistrationName></cac:PartyLegalEntity>
 </cac:Party></cac:AccountingSupplierParty>
 <cac:AccountingCustomerParty><cac:Party><cac:PartyName><cbc:Name>Green Farms</cbc:Name></cac:PartyName></cac:Party>
 </cac:AccountingCustomerParty>
 <cac:PaymentMeans><cac:PayeeFinancialAccount><cbc:ID>BE68539007547034</cbc:ID></cac:PayeeFinancialAccount>
 </cac:PaymentMeans>
 <cac:AllowanceCharge><cbc:ChargeIndicator>true</cbc:ChargeIndicator><cbc:Amount>5.00</cbc:Amount>
 </cac:AllowanceCharge>
 <cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator></cac:AllowanceCharge>
 <cac:TaxTotal><cbc:TaxAmount currencyID="USD">9.99</cbc:TaxAmount></cac:TaxTotal>
 <cac:TaxTotal><cbc:TaxAmount currencyID="EUR">5.25</cbc:TaxAmount>
  <cac:TaxSubtotal><cbc:TaxableAmount>25.00</cbc:TaxableAmount><cbc:TaxAmount>5.25</cbc:TaxAmount>
   <cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>21</cbc:Percent></cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>
 <cac:LegalMonetaryTotal><cbc:LineExtensionAmount>20.00</cbc:LineExtensionAmount>
  <cbc:TaxExclusiveAmount>25.00</cbc:TaxExclusiveAmount><cbc:TaxInclusiveAmount>30.25</cbc:TaxInclusiveAmount>
  <cbc:PayableRoundingAmount>0.05</cbc:PayableRoundingAmount><cbc:PayableAmount>30.30</cbc:PayableAmount>
 </cac:LegalMonetaryTotal>
 <cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity>2</cbc:InvoicedQuantity>
  <cbc:LineExtensionAmount>20.00</cbc:LineExtensionAmount><cac:Item><cbc:Name>Nets</cbc:Name></cac:Item>
  <cac:Price><cbc:PriceAmount>10.00</cbc:PriceAmount></cac:Price></cac:InvoiceLine>
</Invoice>"""


def credit_note() -> str:
    """The same as a credit note, which has other names for some elements."""
    return (
        UBL.replace("<Invoice ", "<CreditNote ")
        .replace("</Invoice>", "</CreditNote>")
        .replace("<cbc:DueDate>2024-04-04</cbc:DueDate>", "")
        .replace("<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>", "")
        .replace("<cac:PaymentMeans>", "<cac:PaymentMeans><cbc:PaymentDueDate>2024-04-05</cbc:PaymentDueDate>")
        .replace("InvoiceLine", "CreditNoteLine")
        .replace("InvoicedQuantity", "CreditedQuantity")
    )
