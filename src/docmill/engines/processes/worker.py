"""The other side of the pipes: what a worker process does, from its first line to its last.

It runs one document after another in its main thread, as parsers like it. It need not survive anything: it is
killed at the end of a budget, and a new one takes its place.
"""

import asyncio
import json
import logging
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from math import isnan
from types import MappingProxyType
from typing import Any, Final, NoReturn

from docmill.core import Verdict, judge
from docmill.core.data import encode
from docmill.core.verdict import describe, rogue_cancel
from docmill.engines.processes.frames import CHUNK, Frames, Kind, frame, numbered, read_call
from docmill.model import FailureCode
from docmill.ports import ProcessorSpec, inspect_processor

try:
    import resource
except ImportError:  # pragma: no cover - not on Windows, where workers are refused before they are started
    resource = None  # type: ignore[assignment]

__all__ = ["main"]

PR_SET_PDEATHSIG: Final = 1

MAX_MESSAGE: Final = 2_000
"""Characters of the message of a report."""

MAX_RECORD: Final = 16_000
MAX_NAME: Final = 200
"""Characters of a log record, and of the name of its logger."""

logger = logging.getLogger("docmill.worker")


def main(requests: int, answers: int, parent: int, max_result_bytes: int, level: int) -> None:
    """Serve the host until it says that this is the end, or closes the pipe.

    Args:
        requests: the end of a pipe from which the host's requests are read.
        answers: the end of a pipe to which this process's answers are written.
        parent: the host's process id; without it there is nothing to live for.
        max_result_bytes: how large a result may be as JSON.
        level: the least level of the log records that the host wants.
    """
    _die_with(parent)
    for descriptor in (requests, answers):
        os.set_inheritable(descriptor, False)  # the programs that a processor starts have nothing to say to the host
    host = HostLink(requests, answers)
    # A child of the processor's own must not answer in the worker's name, nor keep the line open after its end.
    os.register_at_fork(after_in_child=host.hang_up)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    logging.basicConfig(level=level, handlers=[HostHandler(host)], force=True)
    logging.captureWarnings(True)
    Worker(host, max_result_bytes).serve()


class HostLink:
    """The two pipes to the host."""

    def __init__(self, requests: int, answers: int) -> None:
        self._requests = requests
        self._answers = answers
        self._lock = threading.Lock()
        self._frames = Frames()
        self._closed = False

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """The frames that the host sends, until it closes."""
        while data := os.read(self._requests, CHUNK):
            yield from self._frames.feed(data)

    def say(self, kind: Kind, body: bytes) -> None:
        """Send a frame. If the host is gone, so is this process."""
        data = memoryview(frame(kind, body))
        with self._lock:
            if self._closed:
                return
            try:
                while data:
                    data = data[os.write(self._answers, data) :]
            except OSError:
                os._exit(1)

    def hang_up(self) -> None:
        """Have nothing to do with the host from now on, in the fork of a worker; its lock may be held for ever."""
        self._lock = threading.Lock()
        if self._closed:
            return  # the fork of a fork; its files may have these numbers
        self._closed = True
        os.close(self._requests)
        os.close(self._answers)


class HostHandler(logging.Handler):
    """Sends log records to the host."""

    def __init__(self, host: HostLink) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter())  # the level and the logger travel beside the text
        self._host = host

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record, with its traceback as text."""
        try:
            text = self.format(record)
            text = text if len(text) <= MAX_RECORD else f"{text[:MAX_RECORD]}..."
            self._host.say(Kind.LOG, json.dumps([record.name[:MAX_NAME], record.levelno, text]).encode())
        except Exception:  # noqa: BLE001 - what logging asks of a handler
            self.handleError(record)


class WorkerContext:
    """The ``ProcessingContext`` of an attempt in a worker process."""

    def __init__(
        self,
        host: HostLink,
        job: tuple[str, str, str | None, Mapping[str, Any]],
        number: int,
        seconds: float,
        document_id: str = "",
        attempt: int = 1,
    ) -> None:
        self.job_id, self.job_type, self.owner, self.metadata = job
        self.document_id = document_id
        self.attempt = attempt
        self._host = host
        self._number = number
        self._end = time.monotonic() + seconds
        self._over = False

    def remaining(self) -> float:
        """Seconds left of the document's budget, never less than 0."""
        return max(0.0, self._end - time.monotonic())

    def report(self, fraction: float, message: str = "") -> None:
        """Say how far the document is, 0.0 to 1.0, from any thread."""
        number: object = fraction
        if not isinstance(number, int | float) or isnan(number):
            raise ValueError(f"a fraction must be a number from 0.0 to 1.0, got {fraction!r}")
        if not self._over:
            fraction = min(max(float(fraction), 0.0), 1.0)
            self.say(Kind.REPORT, json.dumps([fraction, str(message)[:MAX_MESSAGE]]).encode())

    def say(self, kind: Kind, body: bytes) -> None:
        """Say something that belongs to this attempt."""
        self._host.say(kind, numbered(self._number, body))

    def end(self) -> None:
        """The attempt is over: what a thread of it still reports is not about the next one."""
        self._over = True


class Worker:
    """Loads processors and calls them, as the host says."""

    def __init__(self, host: HostLink, max_result_bytes: int) -> None:
        self._host = host
        self._max_result_bytes = max_result_bytes
        self._specs: list[ProcessorSpec | Verdict] = []
        self._job: tuple[str, str, str | None, Mapping[str, Any]] = ("", "", None, {})

    def serve(self) -> None:
        """Do what the host says until it closes the line."""
        self._host.say(Kind.STARTED, b"")
        for kind, body in self._host.frames():
            match kind:
                case Kind.CALL:
                    number, processor, attempt, seconds, document_id = read_call(body)
                    context = WorkerContext(self._host, self._job, number, seconds, document_id, attempt)
                    self._run(processor, context, document_id)
                case Kind.FINALIZE:
                    number, processor, outcomes, seconds = pickle.loads(body)  # noqa: S301 - from the host
                    self._run(processor, WorkerContext(self._host, self._job, number, seconds), outcomes)
                case Kind.JOB:
                    job_id, job_type, owner, metadata = pickle.loads(body)  # noqa: S301 - from the host
                    self._job = job_id, job_type, owner, MappingProxyType(metadata)
                case Kind.LOAD:
                    self._load(body)
                case Kind.END:
                    return

    def _load(self, body: bytes) -> None:
        try:
            sent = pickle.loads(body)  # noqa: S301 - from the host
            self._specs.append(_unloadable(sent) if isinstance(sent, str) else inspect_processor(*sent))
        except BaseException as error:
            logger.error("a processor cannot be loaded in a worker process", exc_info=error)
            self._specs.append(_unloadable(describe(error)))
        self._host.say(Kind.LOADED, b"")

    def _run(self, processor: int, context: WorkerContext, argument: Any) -> None:
        """Call a processor with a document, or its ``finalize`` with the outcomes of all."""
        spec = self._specs[processor]
        if isinstance(spec, Verdict):
            self._failed(context, spec, worn=False)
            return
        limit = spec.declaration.max_memory
        try:
            with Memory(limit):
                call: Any = spec.call if context.document_id else spec.finalize
                answer = encode(call(argument, context), self._max_result_bytes)
        except BaseException as error:
            context.end()
            verdict = self._judge(spec, error)
            logger.debug("attempt %d of document %r failed", context.attempt, context.document_id, exc_info=error)
            # What a MemoryError leaves behind would be held against the documents that follow.
            self._failed(context, verdict, worn=isinstance(error, MemoryError))
            return
        context.end()
        if isinstance(answer, Verdict):
            self._failed(context, answer, worn=False)
        else:
            context.say(Kind.RESULT, answer)

    def _judge(self, spec: ProcessorSpec, error: BaseException) -> Verdict:
        if isinstance(error, asyncio.CancelledError) or _is_trios(error):
            return rogue_cancel(error)
        return judge(error, spec.declaration.permanent, spec.declaration.breaker)

    @staticmethod
    def _failed(context: WorkerContext, verdict: Verdict, *, worn: bool) -> None:
        context.say(Kind.FAILED, json.dumps([*verdict, worn]).encode())


class Memory:
    """A limit to the address space, for as long as a processor runs; without one nothing is changed."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit

    def __enter__(self) -> None:
        if self._limit is not None:
            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            soft = self._limit if hard == resource.RLIM_INFINITY else min(self._limit, hard)
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))

    def __exit__(self, *_: object) -> None:
        if self._limit is not None:
            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _is_trios(error: BaseException) -> bool:
    trio = sys.modules.get("trio")
    return trio is not None and isinstance(error, trio.Cancelled)


def _unloadable(problem: str) -> Verdict:
    error = f"the processor cannot be loaded in a worker process: {problem}"
    return Verdict(FailureCode.PERMANENT, error, retry=False, counted=False)


def _die_with(parent: int) -> None:
    """End when the host ends, however it does, even while native code runs here that never returns."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    else:
        threading.Thread(target=_watch, args=(parent,), name="docmill watch", daemon=True).start()


def _watch(parent: int) -> NoReturn:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
