"""Compare MinHash signatures, and find those that are alike without comparing each with each."""

import base64
import binascii
import struct
from collections.abc import Iterator, Mapping
from operator import eq

__all__ = ["ROWS", "band_groups", "decode", "similarity"]

ROWS = 128
"""Numbers in a signature: the standard error of a similarity of 0.9 is 0.027."""

BAND = 8
"""Numbers in a band. Of pairs with a similarity of 0.85, 99.4 % share at least one of the 16 bands; with 0.5, 6 %."""

_NUMBERS = struct.Struct(f"<{ROWS}I")

_BAND_BYTES = 4 * BAND


def decode(encoded: object) -> bytes | None:
    """Read a signature out of a result; None if there is none, or it is not one.

    It stays bytes, a tenth of what the numbers take: a batch may have a hundred thousand of them.
    """
    if not isinstance(encoded, str):
        return None
    try:
        signature = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return signature if len(signature) == _NUMBERS.size else None


def similarity(one: bytes, other: bytes) -> float:
    """The share of equal numbers: an estimate of the Jaccard similarity of the two sets of shingles."""
    equal: int = sum(map(eq, _NUMBERS.unpack(one), _NUMBERS.unpack(other)))
    return equal / ROWS


def band_groups(signatures: Mapping[int, bytes]) -> Iterator[list[int]]:
    """Groups of keys whose signatures are equal in one band: two that are alike meet in some group.

    One band is gone through at a time, so that only one index is in memory.
    """
    for start in range(0, _NUMBERS.size, _BAND_BYTES):
        groups: dict[bytes, list[int]] = {}
        for key, signature in signatures.items():
            groups.setdefault(signature[start : start + _BAND_BYTES], []).append(key)
        yield from (group for group in groups.values() if len(group) > 1)
