"""Results of earlier jobs, found again by what a document contains."""

import inspect
import json
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any

from docmill.core import Verdict
from docmill.core.data import encode
from docmill.engines.threads import ThreadPool
from docmill.loops import Loop
from docmill.model import Cached, Keyed
from docmill.ports import JudgedError, ProcessorSpec, Store

__all__ = ["Cache"]

Submit = Callable[[str, Any], Awaitable[Any]]


class Cache:
    """Asks the store for a result before a processor is called.

    A result is found again if the document's fingerprint, the job type, the processor's version and the job's
    metadata are the same. It was recorded together with its outcome, so that nothing is in the cache that was not
    shown; failures never are.

    Args:
        store: where results are found, and recorded.
        loop: the loop that the queue runs on.
    """

    def __init__(self, store: Store, loop: Loop) -> None:
        self._store = store
        self._threads = ThreadPool(loop)

    def close(self) -> None:
        """End the idle threads."""
        self._threads.close()

    def around(self, spec: ProcessorSpec, submit: Submit) -> Submit | None:
        """The same call, but for documents of which the result is known; None if the processor cannot have that."""
        version, fingerprint = spec.declaration.version, spec.declaration.fingerprint
        if version is None or fingerprint is None:
            return None

        async def submit_or_recall(document_id: str, context: Any) -> Any:
            mark = await self._call(fingerprint, document_id, context)
            key = _key(spec.job_type, version, mark, context)
            if key is None:
                return await submit(document_id, context)
            known = await self._call(self._store.recall, key)
            if known is not None:
                return Cached(known)
            kept = encode(await submit(document_id, context), self._store.max_result_bytes)
            if isinstance(kept, Verdict):
                raise JudgedError(kept)
            return Keyed(kept, key)

        return submit_or_recall

    async def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call something that may block, in a thread; what it returns may have to be awaited here."""
        if inspect.iscoroutinefunction(function):
            return await function(*arguments)
        return await self._threads.run(function, *arguments)


def _key(job_type: str, version: str, mark: str | bytes, context: Any) -> str | None:
    """What a result is found by; None if the job's metadata cannot be compared.

    Raises:
        TypeError: the fingerprint is neither str nor bytes.
    """
    if not isinstance(mark, str | bytes):
        raise TypeError(f"a fingerprint must be str or bytes, got {mark!r}")
    try:
        metadata = json.dumps(dict(context.metadata), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None
    head = json.dumps([job_type, version, metadata, isinstance(mark, str)])
    tail = mark.encode("utf-8", "surrogatepass") if isinstance(mark, str) else mark
    return sha256(head.encode() + tail).hexdigest()
