"""What must not be left in any text, whichever format it comes from."""

import re

__all__ = ["UNWANTED", "clean"]

UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufb00-\ufb06\ufeff\ufff0-\ufffc\ufffe\uffff]"
)
"""Controls, soft hyphens, marks of direction, halves of pairs, ligatures, and what is no character."""

HYPHEN = re.compile("[\xad\x02\ufffe]$")
"""A hyphen where a word is broken at the end of a line, under one of the three names that pdfium has for it."""

LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}


def clean(text: str) -> str:
    """Drop what cannot be printed, and write ligatures as letters; white space stays."""
    if not UNWANTED.search(text):
        return text
    return UNWANTED.sub("", HYPHEN.sub("-", text).translate(LIGATURES))
