"""How long an HTTP server asks to be left alone."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["MAX_WAIT", "seconds_of"]

DEFAULT_WAIT = 10.0
"""Seconds, where the server does not say, or says something that cannot be read."""

MAX_WAIT = 3600.0
"""Seconds: no answer of a server may stop a job type for longer."""


def seconds_of(header: str | None, now: datetime) -> float:
    """Read a ``Retry-After`` header: seconds, or an HTTP date.

    Args:
        header: None if there is none.
        now: the current time, with a time zone.

    Returns:
        Seconds, from 0 to an hour.
    """
    text = (header or "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text, re.ASCII):
        return min(float(text), MAX_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return DEFAULT_WAIT
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return min(max((at - now).total_seconds(), 0.0), MAX_WAIT)
