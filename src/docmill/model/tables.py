"""A job's documents as rows of a table."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

import attrs

from docmill.model.outcomes import Outcome

__all__ = ["data_frame", "expanded", "records"]

COLUMNS: Final = (
    "document_id",
    "success",
    "data",
    "error",
    "code",
    "attempts",
    "processing_time",
    "timestamp",
    "cached",
)


class Documents(Protocol):
    """What is read of a job."""

    @property
    def document_ids(self) -> Sequence[str]:
        """The documents, in the order given."""

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """Those that are settled."""


def records(job: Documents) -> list[dict[str, Any]]:
    """One flat dict a document, in the order of ``document_ids``."""
    settled = {outcome.document_id: attrs.asdict(outcome, recurse=False) for outcome in job.outcomes}
    blank: dict[str, Any] = dict.fromkeys(COLUMNS)
    return [blank | {"document_id": name} | settled.get(name, {}) for name in job.document_ids]


def expanded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with the keys of results that are dicts in place of ``data``; each row has the same keys."""
    keys: dict[str, None] = {}
    for row in rows:
        if isinstance(row["data"], dict):
            keys |= dict.fromkeys(map(str, row["data"]))
    blank = {_column(key): None for key in keys}
    keep = not keys or any(row["data"] is not None and not isinstance(row["data"], dict) for row in rows)
    return [_expand(row, blank, keep=keep) for row in rows]


def _expand(row: dict[str, Any], blank: dict[str, None], *, keep: bool) -> dict[str, Any]:
    data = row["data"]
    is_dict = isinstance(data, dict)
    values = {_column(str(key)): value for key, value in data.items()} if is_dict else {}
    wide: dict[str, Any] = {}
    for name, value in row.items():
        if name == "data":
            wide |= blank | values
            if keep:
                wide["data"] = None if is_dict else value
        else:
            wide[name] = value
    return wide


def _column(key: str) -> str:
    return f"data.{key}" if key in COLUMNS else key


def data_frame(rows: list[dict[str, Any]]) -> Any:
    """The rows as a pandas DataFrame.

    Raises:
        ImportError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError("to_pandas needs pandas: pip install 'docmill[pandas]'") from error
    return pd.DataFrame(rows)
