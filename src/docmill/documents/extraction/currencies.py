"""Currencies: codes, signs and words, and which one a document is in."""

import re

__all__ = ["CODES", "MONEY_SIGN", "code_of"]

_CODES = (
    "AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DEM DKK EGP EUR FRF GBP HKD HRK HUF IDR ILS INR ISK ITL "
    "JPY KRW MAD MXN MYR NOK NZD PEN PHP PKR PLN RON RSD RUB SAR SEK SGD THB TND TRY TWD UAH USD VND ZAR"
)
CODES = frozenset(_CODES.split())
"""ISO 4217 codes that are looked for, some of them out of use."""

_SIGNS = {
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "₽": "RUB",
    "₺": "TRY",
    "₪": "ILS",
    "₩": "KRW",
    "₴": "UAH",
    "₫": "VND",
    "฿": "THB",
    "¥": "JPY",
    "$": "USD",
    "us$": "USD",
    "a$": "AUD",
    "au$": "AUD",
    "c$": "CAD",
    "ca$": "CAD",
    "nz$": "NZD",
    "s$": "SGD",
    "hk$": "HKD",
    "r$": "BRL",
    "rs": "INR",
    "rs.": "INR",
    "inr": "INR",
    "zł": "PLN",
    "zl": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    "fr.": "CHF",
    "sfr": "CHF",
    "sfr.": "CHF",
    "euro": "EUR",
    "euros": "EUR",
    "rm": "MYR",
    "lei": "RON",
    "kr": "kr",
    "kr.": "kr",
    "dollars": "USD",
    "pounds": "GBP",
    "rupees": "INR",
    "rp": "IDR",
}

_CROWNS = {"sv": "SEK", "da": "DKK", "no": "NOK"}

MONEY_SIGN = (
    r"(?:(?:US|AU|CA|NZ|HK|A|C|S|R)?\$|[€£₹₽₺₪₩₴₫฿¥]|"
    r"\b(?:(?:" + "|".join(sorted(CODES)) + r")|Ft|RM|Rp|(?i:Rs\.?|zł|Kč|kr\.?|SFr\.?|Fr\.|Euros?|Lei))(?!\w))"
)
"""A pattern for what stands before or after an amount. ``ft`` and ``rm`` measure, ``Ft`` and ``RM`` are money."""


def code_of(sign: str, language: str | None = None) -> str | None:
    """The ISO 4217 code for a code, a sign or a word; None if it is none.

    Args:
        sign: as printed.
        language: of the document, since three countries write ``kr``.
    """
    upper = re.sub(r"\s", "", sign).upper()
    if upper in CODES:
        return upper
    code = _SIGNS.get(upper.lower())
    return _CROWNS.get(language or "") if code == "kr" else code
