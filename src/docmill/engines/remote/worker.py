"""What a worker of a cluster does with a chunk. It needs docmill, and nothing of the host."""

import asyncio
import inspect
import logging
import pickle
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from docmill.core import Verdict
from docmill.core.data import encode
from docmill.core.verdict import describe
from docmill.engines.calls import CallContext, JobFacts, Memory, RecordHandler, address_space, judge_call
from docmill.engines.remote.chunks import Chunk, note, unpack_chunk, write_answer
from docmill.model import FailureCode
from docmill.ports import ProcessorSpec, inspect_processor

__all__ = ["run_chunk"]

EVERY: Final = 0.2
"""Seconds between two notes of a chunk."""

MAX_ANSWER: Final = 8 * 2**20
"""Bytes of results after which no further document of a chunk is begun."""

MOST_RECORDS: Final = 1_000
"""Log records between two notes; what is beyond is counted."""

MOST_PROCESSORS: Final = 64
"""Processors that stay loaded."""

AT_FIRST: Final = address_space()
"""Bytes of address space of this process before it has run anything: those of a cluster have gigabytes of it."""

Say = Callable[[bytes], object]

logger = logging.getLogger("docmill.worker")

_loaded: dict[str, ProcessorSpec | Verdict] = {}
_loading = threading.Lock()


def run_chunk(body: bytes, say: Say, *, limit_memory: bool) -> bytes:
    """Run the documents of a chunk, one after another, in this thread.

    Args:
        body: the chunk.
        say: sends a note to the host, from any thread. The first one is sent before anything else happens.
        limit_memory: whether ``max_memory`` of the processor may be enforced, on top of what the process has had at
            first: it does nothing else.

    Returns:
        The answer for the host. The documents that it has no outcomes of were not begun, since time was up.
    """
    chunk = unpack_chunk(body)
    notes = Notes(chunk.number, say)
    notes.flush()
    spec = _load(chunk)
    began = time.monotonic()
    # The runner makes an event loop only when it is asked to run something.
    with notes.kept(chunk.level), closing(asyncio.Runner()) as runner:
        outcomes = _run_all(chunk, spec, notes, partial(_call, runner, limit_memory=limit_memory))
    return write_answer(time.monotonic() - began, outcomes, notes.records())


def _run_all(
    chunk: Chunk, spec: ProcessorSpec | Verdict, notes: "Notes", call: Callable[..., bytes | Verdict]
) -> list[bytes | Verdict]:
    if isinstance(spec, Verdict):
        return [spec] * len(chunk.documents)
    job_id, job_type, owner, metadata = chunk.job
    job = JobFacts(job_id, job_type, owner, MappingProxyType(dict(metadata)))
    began = time.monotonic()
    outcomes: list[bytes | Verdict] = []
    size = 0
    for index, (document_id, attempt, seconds) in enumerate(chunk.documents):
        spent = time.monotonic() - began
        if index and (spent >= chunk.slice or size > MAX_ANSWER):
            break
        notes.at = index
        context = CallContext(job, document_id, attempt, seconds - spent, partial(notes.report, index))
        outcome = call(spec, context, chunk.outcomes, chunk.max_result_bytes)
        context.end()
        outcomes.append(outcome)
        size += 0 if isinstance(outcome, Verdict) else len(outcome)
    return outcomes


def _call(
    runner: asyncio.Runner,
    spec: ProcessorSpec,
    context: CallContext,
    outcomes: Sequence[Any] | None,
    max_result_bytes: int,
    *,
    limit_memory: bool,
) -> bytes | Verdict:
    """Call a processor with a document, or its ``finalize`` with the outcomes of all."""
    try:
        most = spec.declaration.max_memory
        with Memory(AT_FIRST + most if limit_memory and most is not None else None):
            call: Any = spec.call if outcomes is None else spec.finalize
            result = call(context.document_id if outcomes is None else outcomes, context)
            if inspect.isawaitable(result):
                result = runner.run(_wait_for(result))
            return encode(result, max_result_bytes)
    except BaseException as error:
        logger.debug("attempt %d of document %r failed", context.attempt, context.document_id, exc_info=error)
        return judge_call(spec, error)


async def _wait_for(result: Any) -> Any:
    return await result


def _load(chunk: Chunk) -> ProcessorSpec | Verdict:
    """The processor of a chunk; it stays loaded, with all that it keeps in its module or in itself."""
    with _loading:
        if chunk.digest not in _loaded:
            while len(_loaded) >= MOST_PROCESSORS:
                del _loaded[next(iter(_loaded))]
            _loaded[chunk.digest] = _unpack(chunk.processor)
        return _loaded[chunk.digest]


def _unpack(processor: bytes) -> ProcessorSpec | Verdict:
    try:
        return inspect_processor(*pickle.loads(processor))  # noqa: S301 - from the host
    except BaseException as error:  # noqa: BLE001 - whatever an import raises
        problem = f"the processor cannot be loaded in a worker: {describe(error)}"
        return Verdict(FailureCode.PERMANENT, problem, retry=False, counted=False)


class Notes:
    """What the host is told while a chunk runs: where it is, what the processor reports, what is logged.

    Attributes:
        at: the place in the chunk of the document that is running.
    """

    def __init__(self, number: int, say: Say) -> None:
        self.at: int | None = None
        self._number = number
        self._run = secrets.token_hex(4)
        self._say = say
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._reports: dict[int, tuple[float, str]] = {}
        self._records: list[tuple[str, int, str]] = []
        self._dropped = 0
        self._told: int | None = None

    @contextmanager
    def kept(self, level: int) -> Iterator[None]:
        """Send notes as long as this lasts, with the log records of this thread."""
        root = logging.getLogger()
        handler = NoteHandler(self)
        root.addHandler(handler)
        if root.getEffectiveLevel() > level:
            root.setLevel(level)  # for good, since other chunks may run in this process at the same time
        threading.Thread(target=self._keep, name="docmill notes", daemon=True).start()
        try:
            yield
        finally:
            self._over.set()
            root.removeHandler(handler)

    def report(self, index: int, fraction: float, message: str) -> None:
        """The processor says how far it is with a document."""
        with self._lock:
            self._reports[index] = fraction, message

    def log(self, name: str, level: int, text: str) -> None:
        """Something was logged."""
        with self._lock:
            if len(self._records) < MOST_RECORDS:
                self._records.append((name, level, text))
            else:
                self._dropped += 1

    def records(self) -> list[tuple[str, int, str]]:
        """The log records that were not told yet."""
        with self._lock:
            records, self._records = self._records, []
            dropped, self._dropped = self._dropped, 0
        if dropped:
            records.append((logger.name, logging.WARNING, f"{dropped} more log records were dropped"))
        return records

    def flush(self) -> None:
        """Tell what there is to tell."""
        with self._lock:
            reports, self._reports = self._reports, {}
        self._told = self.at
        told = [(index, *said) for index, said in reports.items()]
        body = note(self._number, self.at, told, self.records(), self._run)
        try:
            self._say(body)
        except Exception as error:
            logger.debug("the host cannot be told", exc_info=error)

    def _keep(self) -> None:
        while not self._over.wait(EVERY):
            if self._reports or self._records or self.at != self._told:
                self.flush()


class NoteHandler(RecordHandler):
    """Has the log records of the thread in which it was made told to the host."""

    def __init__(self, notes: Notes) -> None:
        super().__init__(notes.log)
        thread = threading.get_ident()
        self.addFilter(lambda record: record.thread == thread)
