"""Ask a language model for what is missing, and believe only what stands on the pages."""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from docmill.documents.language_model.port import LanguageModel, UnusableAnswerError
from docmill.documents.language_model.wishes import WISHES, schema_of
from docmill.documents.limits import Budget
from docmill.documents.pages import Reading
from docmill.documents.printed import Printed
from docmill.documents.values import Extraction, Value

__all__ = ["complete"]

CONFIDENCE = 0.6
"""Of a value that a model names and that stands on the pages: somewhere, not necessarily in the place it has there."""

DOUBTFUL = 0.5
"""A value with less confidence is asked for again."""

RESERVE = 1.0
"""Seconds of the document's budget that are kept for what comes after."""

_WITHOUT_VALUES = {"letter", "report"}


def complete(extraction: Extraction, reading: Reading, model: LanguageModel, budget: Budget) -> Extraction:
    """Fill in what an extraction lacks, or is not sure of.

    One question is asked for the whole document, and none if nothing is missing, if the document is a letter or a
    report, if it has no words, or if its time is nearly over. An answer that is no object, or does not come before the
    end of the budget, changes nothing.

    Args:
        extraction: what was found so far; it stays as it is.
        reading: the pages.
        model: whom to ask.
        budget: the time of the document.

    Returns:
        A copy with the values that the model named and that were found on the pages, with source "llm" and a
        confidence of at most 0.6; a value that was found before with less than 0.5 is confirmed or replaced.

    Raises:
        RetryAfter: the model is to be left alone for a while.
        ServiceUnavailableError: it cannot be reached, or fails.
        PermanentError: it refuses requests like this one.
    """
    printed = Printed(reading)
    names = _missing(extraction)
    timeout = budget.remaining() - RESERVE
    if not names or not printed.sources or timeout <= 0 or _has_no_values(extraction):
        return extraction
    try:
        answer: object = model.extract(printed.text, schema_of(names), timeout=timeout)
    except (UnusableAnswerError, TimeoutError):
        return extraction
    return _with_answer(extraction, names, answer, printed) if isinstance(answer, Mapping) else extraction


def _has_no_values(extraction: Extraction) -> bool:
    kind = extraction.document_type
    return kind is not None and kind.confidence >= DOUBTFUL and kind.value in _WITHOUT_VALUES


def _missing(extraction: Extraction) -> list[str]:
    return [name for name in WISHES if (value := _get(extraction, name)) is None or value.confidence < DOUBTFUL]


def _get(extraction: Extraction, name: str) -> Value | None:
    value: Value | None = getattr(*_place(extraction, name))
    return value


def _place(extraction: Extraction, name: str) -> tuple[Any, str]:
    """The object and the attribute that a flat name stands for."""
    side, _, part = name.partition("_")
    return (getattr(extraction, side), part) if side in {"seller", "buyer"} else (extraction, name)


def _with_answer(
    extraction: Extraction, names: Iterable[str], answer: Mapping[str, Any], printed: Printed
) -> Extraction:
    completed = attrs.evolve(extraction, seller=attrs.evolve(extraction.seller), buyer=attrs.evolve(extraction.buyer))
    for name in names:
        words = answer.get(name)
        value = _value(name, words, printed) if isinstance(words, str) else None
        if value is not None:
            setattr(*_place(completed, name), _better(_get(extraction, name), value))
    return completed


def _value(name: str, words: str, printed: Printed) -> Value | None:
    wish = WISHES[name]
    found = wish.find(words, printed)
    if found is None:
        return None
    value, place = found
    return Value(
        value=value,
        raw=place.raw,
        page=place.page,
        bbox=place.bbox,
        confidence=CONFIDENCE * place.confidence,
        source="llm",
        valid=wish.is_valid(value),
    )


def _better(before: Value | None, value: Value) -> Value:
    """A value that was doubtful, and that the model names as well, keeps its place on the page."""
    if before is None or before.value != value.value:
        return value
    return attrs.evolve(before, confidence=max(before.confidence, value.confidence))
