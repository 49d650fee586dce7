"""Events that wait for somebody slow."""

import logging
from collections import OrderedDict
from collections.abc import Hashable
from itertools import count
from typing import Any, Final

from anyio import Event as Signal

from docmill.events import DocumentCompleted, DocumentFailed, DocumentProgress, Progress

__all__ = ["CAPACITY", "Mailbox"]

CAPACITY: Final = 10_000
"""Document outcomes that may wait for one slow async listener or stream before the oldest is dropped."""

logger = logging.getLogger("docmill")


class Mailbox:
    """Waiting events, in order, and never many of them.

    A progress event replaces the one of the same job that still waits, and goes to the end. Document
    outcomes are dropped, oldest first, beyond CAPACITY. Everything else is kept.
    """

    def __init__(self) -> None:
        self._warned = False
        self._items: OrderedDict[Hashable, Any] = OrderedDict()
        self._outcomes: OrderedDict[int, None] = OrderedDict()
        self._numbers = count()
        self._signal = Signal()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Any) -> int:
        """Add an event, or anything else that is to be kept in order; say how many outcomes had to go for it."""
        key = self._key(item)
        self._items.pop(key, None)
        self._items[key] = item
        self.wake()
        return self._limit_outcomes(key) if isinstance(item, DocumentCompleted | DocumentFailed) else 0

    def pop(self) -> Any:
        """Take out the oldest."""
        key, item = self._items.popitem(last=False)
        self._outcomes.pop(key, None)  # type: ignore[call-overload]
        return item

    def wake(self) -> None:
        """End the wait of whoever waits."""
        self._signal.set()

    async def wait(self) -> None:
        """Wait until something is put in, or somebody wakes."""
        self._signal = Signal()
        await self._signal.wait()

    def _key(self, item: Any) -> Hashable:
        if isinstance(item, Progress):
            return item.name, item.job_id
        if isinstance(item, DocumentProgress):
            return item.name, item.job_id, item.document_id
        return next(self._numbers)

    def _limit_outcomes(self, key: Any) -> int:
        self._outcomes[key] = None
        if len(self._outcomes) <= CAPACITY:
            return 0
        oldest, _ = self._outcomes.popitem(last=False)
        del self._items[oldest]
        if not self._warned:
            self._warned = True
            logger.warning("a listener is slow: of its document events, only the newest %d are kept", CAPACITY)
        return 1
