"""The border: what a queue and create_job are given is checked here, whole, before anything changes."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from docmill.core import Verdict
from docmill.core.data import encode, why_not_json
from docmill.errors import InvalidJobError
from docmill.model import JobOptions
from docmill.model.options import MOST, is_whole

__all__ = ["check_documents", "check_parts", "check_request"]


def check_parts(processors: Any, store: Any, engine: Any) -> None:
    """Whether a queue is made of what it can be made of, as far as that can be seen.

    Raises:
        TypeError: something is of another kind.
    """
    if not isinstance(processors, Mapping):
        raise TypeError(f'processors must map job types to callables, as {{"CHECK": check}}, got {processors!r}')
    if not hasattr(store, "durable"):
        raise TypeError(f'store must be a store, as SQLiteStore("jobs.db"), got {store!r}')
    if not hasattr(engine, "bind"):
        raise TypeError(f"engine must be an engine, as LocalEngine(), got {engine!r}")


def check_request(
    *,
    job_type: Any,
    types: Collection[str],
    options: Any,
    owner: Any,
    idempotency_key: Any,
    metadata: Any,
    priority: Any,
    durable: bool,
) -> list[str]:
    """Every problem of a request but those of its documents, one sentence each."""
    problems = []
    if not isinstance(job_type, str) or job_type not in types:
        registered = ", ".join(sorted(types)) or "none"
        problems.append(f"no processor is registered for job type {job_type!r}; registered are: {registered}")
    if not isinstance(options, JobOptions):
        problems.append(f"options must be JobOptions or None, got {options!r}")
    problems += [
        f"{name} must be None or a str of at least one character, without NUL and lone surrogates, got {value!r}"
        for name, value in (("owner", owner), ("idempotency_key", idempotency_key))
        if value is not None and not _is_text(value)
    ]
    if not isinstance(metadata, Mapping) or not all(isinstance(key, str) for key in metadata):
        problems.append(f"metadata must be a mapping with str keys, or None, got {metadata!r}")
    elif durable and (problem := _why_not_kept(dict(metadata))) is not None:
        problems.append(f"the store can only keep metadata that is JSON, but {problem}")
    if not is_whole(priority, -MOST):
        shown = f"a number of {priority.bit_length()} bits" if isinstance(priority, int) else repr(priority)
        problems.append(f"priority must be a whole number of at most 63 bits, got {shown}")
    return problems


def _why_not_kept(metadata: dict[str, Any]) -> str | None:
    problem = why_not_json(metadata, "metadata")
    if problem is None and isinstance(answer := encode(metadata, MOST), Verdict):
        problem = answer.error  # a key that is no str, or a number of thousands of digits
    return problem


def check_documents(document_ids: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """The documents as a tuple, and every kind of problem that they have."""
    if isinstance(document_ids, str | bytes):
        return (), [f"document_ids must be several ids, got the single {document_ids!r}; write [{document_ids!r}]"]
    try:
        ids = tuple(document_ids)
    except TypeError:
        return (), [f"document_ids must be an iterable of str, got {document_ids!r}"]
    if not ids:
        return (), ["document_ids must have at least one id, got none"]
    if not _are_all_text(ids):
        return (), [
            f"document_ids[{position}] must be a str of at least one character, without NUL and lone surrogates, "
            f"got {value!r}"
            for position, value in enumerate(ids)
            if not _is_text(value)
        ][:10]
    if len(set(ids)) < len(ids):
        return (), [f"document_ids must be different from one another, but {_first_double(ids)!r} is there twice"]
    return ids, []


def freeze(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """A read-only copy."""
    return MappingProxyType(dict(metadata))


def reject(problems: list[str]) -> None:
    """Raise if there is a problem.

    Raises:
        InvalidJobError: there is; it has them all.
    """
    if problems:
        raise InvalidJobError(problems)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and _is_clean(value)


def _is_clean(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _are_all_text(ids: tuple[Any, ...]) -> bool:
    """The same as _is_text for each of them; for a million ids at once it is ten times as fast."""
    try:
        return _is_clean("".join(ids)) and all(ids)
    except TypeError:
        return False


def _first_double(ids: tuple[str, ...]) -> str:
    seen = set()
    for name in ids:
        if name in seen:
            return name
        seen.add(name)
    raise AssertionError("there is no double")
