"""What became of one document, as a user reads it and as a ledger row keeps it."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Generic, Literal, NamedTuple, Self, TypeVar, overload

import attrs

from docmill.model.vocabulary import FailureCode

__all__ = ["Cached", "DocumentFailure", "DocumentResult", "Fault", "Keyed", "Later", "Outcome", "Row", "Rows", "Stored"]

T_co = TypeVar("T_co", covariant=True)


@attrs.frozen(kw_only=True)
class DocumentResult:
    """A document that succeeded.

    Attributes:
        document_id: the id given to create_job.
        success: always True; tells a result from a failure.
        data: what the processor returned.
        processing_time: seconds from the start of the first attempt to the settlement, waits included.
        timestamp: when it settled, UTC.
        attempts: how many attempts it took, 1 or more.
        cached: whether the result is an earlier one, and the processor was not called (``JobOptions.cache``).
    """

    document_id: str
    success: Literal[True] = attrs.field(default=True, init=False)
    data: Any
    processing_time: float
    timestamp: datetime
    attempts: int
    cached: bool = False


@attrs.frozen(kw_only=True)
class DocumentFailure:
    """A document that failed for good.

    Attributes:
        document_id: the id given to create_job.
        success: always False; tells a failure from a result.
        error: the last error as ``TypeName: message``, at most 2,000 characters, control characters escaped.
        code: why no further attempt was made.
        attempts: how many attempts were made, 1 or more.
        processing_time: seconds from the start of the first attempt to the settlement, waits included.
        timestamp: when it settled, UTC.
    """

    document_id: str
    success: Literal[False] = attrs.field(default=False, init=False)
    error: str
    code: FailureCode
    attempts: int
    processing_time: float
    timestamp: datetime


Outcome = DocumentResult | DocumentFailure
"""What became of a document; ``success`` tells the two apart."""

Row = tuple[int, int, float, float, Any]
"""An outcome in a ledger: (position of the document, attempts, first start, settlement, payload).

The two times are seconds on the monotonic clock. The payload is a processor's result, which a durable store
keeps as Stored, or a Fault. Rows are
plain tuples since making the attrs object costs ten times as much, and most are never looked at.
"""


class Stored(bytes):
    """A result as it is kept: as JSON, so that nobody can change it afterwards; read anew for each reader."""

    __slots__ = ()

    @property
    def data(self) -> bytes:
        """The JSON."""
        return self

    def read(self) -> Any:
        """The result."""
        return json.loads(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({super().__repr__()})"


class Keyed(Stored):
    """A result that the store is to find again under a key, for the same document in other jobs."""

    key: str

    def __new__(cls, data: bytes, key: str) -> Self:
        """Keep a result under a key."""
        kept = super().__new__(cls, data)
        kept.key = key
        return kept


class Cached(Stored):
    """A result that the store has found under its key, so that the processor was not called."""

    __slots__ = ()


class Fault(NamedTuple):
    """Why an attempt or a document failed: a code, and words for a person."""

    code: FailureCode
    error: str


class Rows(Sequence[T_co], Generic[T_co]):
    """A read-only sequence over the first rows of an append-only list; items are made when they are read."""

    __slots__ = ("_length", "_make", "_rows")

    def __init__(self, rows: Sequence[Row], length: int, make: Callable[[Row], T_co]) -> None:
        self._rows = rows
        self._length = length
        self._make = make

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T_co]: ...
    def __getitem__(self, index: int | slice) -> T_co | Sequence[T_co]:
        if isinstance(index, slice):
            return [self._make(self._rows[i]) for i in range(*index.indices(self._length))]
        if not -self._length <= index < self._length:
            raise IndexError(f"index {index} is out of range for {self._length} items")
        return self._make(self._rows[index % self._length])

    def __iter__(self) -> Iterator[T_co]:
        for index in range(self._length):
            yield self._make(self._rows[index])

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Rows | list | tuple):
            return list(self) == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = [repr(item) for item in self[:3]]
        if self._length > len(shown):
            shown.append(f"... {self._length - len(shown)} more")
        return f"[{', '.join(shown)}]"


class Later(Sequence[T_co], Generic[T_co]):
    """A read-only sequence of which only the length is known, until somebody looks into it.

    Args:
        length: how many items it has.
        load: gets them; called once.
    """

    __slots__ = ("_items", "_length", "_load")

    def __init__(self, length: int, load: Callable[[], Sequence[T_co]]) -> None:
        self._length = length
        self._load = load
        self._items: Sequence[T_co] | None = None

    def _loaded(self) -> Sequence[T_co]:
        if self._items is None:
            self._items = self._load()
        return self._items

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T_co]: ...
    def __getitem__(self, index: int | slice) -> T_co | Sequence[T_co]:
        if isinstance(index, slice) and not range(*index.indices(self._length)):
            return []
        return self._loaded()[index]

    def __iter__(self) -> Iterator[T_co]:
        return iter(self._loaded())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Later | list | tuple):
            return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self._length} items, read when needed>" if self._items is None else repr(self._items)
