"""Whether something has the shape of a processor, found out without calling it."""

import inspect
from typing import Any

from docmill.ports import ProcessorSpec, inspect_processor
from docmill.testing.conformance.calls import JOB_TYPE

__all__ = ["look_through"]


def look_through(target: Any) -> ProcessorSpec | str:
    """A processor, looked through, or what is wrong with its shape."""
    finalize = getattr(target, "finalize", None)
    problem = None if finalize is None else _bad_finalize(finalize)
    if problem is not None:
        return problem
    try:
        return inspect_processor(JOB_TYPE, target)
    except TypeError as error:
        return str(error)


def _bad_finalize(finalize: Any) -> str | None:
    if not callable(finalize):
        return f"finalize must be a method (outcomes, context), got {finalize!r}"
    if inspect.isgeneratorfunction(finalize) or inspect.isasyncgenfunction(finalize):
        return "finalize must return its summary, but it is a generator"
    signature = inspect.signature(finalize)
    try:
        signature.bind([], None)
    except TypeError:
        return f"finalize must take (outcomes, context), but it takes {signature}"
    return None
