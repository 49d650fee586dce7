"""Check digits of bank accounts and VAT numbers. They are a flag on a value, never a reason to drop it."""

import importlib
import re
from functools import lru_cache

__all__ = ["is_iban_valid", "is_vat_valid"]

_EU = "AT BE BG CY CZ DE DK EE EL ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
_MODULES = dict.fromkeys(_EU.split(), "stdnum.eu.vat") | {
    "GB": "stdnum.gb.vat",
    "CH": "stdnum.ch.vat",
    "NO": "stdnum.no.mva",
}
_GSTIN = re.compile(r"\d{2}[A-Z]{5}\d{4}[A-Z]\w{3}")


def is_iban_valid(iban: str) -> bool:
    """Whether the check digits, the length and the structure of the country are right.

    Args:
        iban: without spaces.
    """
    return _check("stdnum.iban", iban)


def is_vat_valid(vat: str) -> bool | None:
    """Whether the check digits are right; None for a number whose country is not known.

    Args:
        vat: without spaces, with the prefix of its country.
    """
    if _GSTIN.fullmatch(vat):
        return _check("stdnum.in_.gstin", vat)
    module = _MODULES.get(vat[:2].upper())
    return None if module is None else _check(module, vat)


@lru_cache(maxsize=1024)
def _check(module: str, number: str) -> bool:
    return bool(importlib.import_module(module).is_valid(number))
