"""An electronic invoice as numbers, whichever syntax it came in: what its totals and lines can be checked with."""

from decimal import Decimal

import attrs

from docmill.documents.values import Extraction

__all__ = ["Adjustment", "EmbeddedInvoice", "InvoiceData", "InvoiceLine", "TaxRow"]


@attrs.frozen(kw_only=True)
class Adjustment:
    """An allowance (discount) or a charge (surcharge, freight), of a line or of the whole document.

    Attributes:
        amount: as the invoice gives it: positive for both kinds, as a rule.
        is_charge: True if it is added, False if it is taken off.
        reason: why, in the words of the invoice.
    """

    amount: Decimal
    is_charge: bool
    reason: str | None = None

    @property
    def signed_amount(self) -> Decimal:
        """What it adds to the sum: negative for an allowance."""
        return self.amount if self.is_charge else -self.amount


@attrs.frozen(kw_only=True)
class InvoiceLine:
    """A line. What the invoice does not say is None.

    Attributes:
        number: its id within the invoice.
        description: what was sold.
        quantity: that is billed.
        net_price: of ``base_quantity`` units.
        base_quantity: how many units the price is for; 1 unless the invoice says so.
        adjustments: allowances and charges of this line, already in its total.
        total: what the line comes to, as the invoice gives it.
    """

    number: str | None = None
    description: str | None = None
    quantity: Decimal | None = None
    net_price: Decimal | None = None
    base_quantity: Decimal = Decimal(1)
    adjustments: tuple[Adjustment, ...] = ()
    total: Decimal | None = None

    @property
    def expected_total(self) -> Decimal | None:
        """Quantity x price / base quantity, with the adjustments, not rounded; None if a factor is missing."""
        if self.quantity is None or self.net_price is None or not self.base_quantity:
            return None
        product = self.quantity * self.net_price / self.base_quantity
        return product + sum((each.signed_amount for each in self.adjustments), Decimal(0))


@attrs.frozen(kw_only=True)
class TaxRow:
    """The tax of one rate.

    Attributes:
        basis: what is taxed.
        rate: percent.
        amount: of the tax.
        category: of UNTDID 5305: "S" standard, "Z" zero, "E" exempt, "AE" reverse charge and so on.
    """

    basis: Decimal | None = None
    rate: Decimal | None = None
    amount: Decimal | None = None
    category: str | None = None


@attrs.frozen(kw_only=True)
class InvoiceData:
    """The numbers of an electronic invoice, as it gives them; None for what it does not say.

    By EN 16931: net = line_total - allowances + charges; gross = net + tax; due = gross - prepaid + rounding.

    Attributes:
        syntax: "cii" or "ubl".
        type_code: of UNTDID 1001: "380" invoice, "381" credit note and so on.
        currency: ISO 4217.
        lines: in order; none in profiles without lines.
        adjustments: allowances and charges of the whole document.
        taxes: a row per rate.
        line_total: sum of the lines.
        allowance_total: sum of the document's allowances.
        charge_total: sum of the document's charges.
        net: without tax.
        tax: all of it.
        gross: with tax.
        prepaid: already paid.
        rounding: added to the gross total before it is paid.
        due: what is left to pay.
    """

    syntax: str
    type_code: str | None = None
    currency: str | None = None
    lines: tuple[InvoiceLine, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    taxes: tuple[TaxRow, ...] = ()
    line_total: Decimal | None = None
    allowance_total: Decimal | None = None
    charge_total: Decimal | None = None
    net: Decimal | None = None
    tax: Decimal | None = None
    gross: Decimal | None = None
    prepaid: Decimal | None = None
    rounding: Decimal | None = None
    due: Decimal | None = None


@attrs.frozen(kw_only=True)
class EmbeddedInvoice:
    """Invoice XML that was read.

    Attributes:
        extraction: its values, source "embedded", without page and box.
        data: the same as numbers, for checks.
    """

    extraction: Extraction
    data: InvoiceData
