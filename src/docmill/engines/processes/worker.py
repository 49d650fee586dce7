"""The other side of the pipes: what a worker process does, from its first line to its last.

It runs one document after another in its main thread, as parsers like it. It need not survive anything: it is
killed at the end of a budget, and a new one takes its place.
"""

import json
import logging
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Final, NoReturn

from docmill.core import Verdict
from docmill.core.data import encode
from docmill.core.verdict import describe
from docmill.engines.calls import CallContext, JobFacts, Memory, RecordHandler, judge_call
from docmill.engines.processes.frames import CHUNK, Frames, Kind, frame, numbered, read_call
from docmill.model import FailureCode
from docmill.ports import ProcessorSpec, inspect_processor

__all__ = ["main"]

PR_SET_PDEATHSIG: Final = 1

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


class HostHandler(RecordHandler):
    """Sends log records to the host."""

    def __init__(self, host: HostLink) -> None:
        super().__init__(lambda *record: host.say(Kind.LOG, json.dumps(record).encode()))


class Worker:
    """Loads processors and calls them, as the host says."""

    def __init__(self, host: HostLink, max_result_bytes: int) -> None:
        self._host = host
        self._max_result_bytes = max_result_bytes
        self._specs: list[ProcessorSpec | Verdict] = []
        self._job = JobFacts("", "", None, {})

    def serve(self) -> None:
        """Do what the host says until it closes the line."""
        self._host.say(Kind.STARTED, b"")
        for kind, body in self._host.frames():
            match kind:
                case Kind.CALL:
                    number, processor, attempt, seconds, document_id = read_call(body)
                    self._run(number, processor, self._context(number, document_id, attempt, seconds), document_id)
                case Kind.FINALIZE:
                    number, processor, outcomes, seconds = pickle.loads(body)  # noqa: S301 - from the host
                    self._run(number, processor, self._context(number, "", 1, seconds), outcomes)
                case Kind.JOB:
                    job_id, job_type, owner, metadata = pickle.loads(body)  # noqa: S301 - from the host
                    self._job = JobFacts(job_id, job_type, owner, MappingProxyType(metadata))
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

    def _context(self, number: int, document_id: str, attempt: int, seconds: float) -> CallContext:
        def report(fraction: float, message: str) -> None:
            self._host.say(Kind.REPORT, numbered(number, json.dumps([fraction, message]).encode()))

        return CallContext(self._job, document_id, attempt, seconds, report)

    def _run(self, number: int, processor: int, context: CallContext, argument: Any) -> None:
        """Call a processor with a document, or its ``finalize`` with the outcomes of all."""
        spec = self._specs[processor]
        if isinstance(spec, Verdict):
            self._failed(number, spec, worn=False)
            return
        limit = spec.declaration.max_memory
        try:
            with Memory(limit):
                call: Any = spec.call if context.document_id else spec.finalize
                answer = encode(call(argument, context), self._max_result_bytes)
        except BaseException as error:
            context.end()
            verdict = judge_call(spec, error)
            logger.debug("attempt %d of document %r failed", context.attempt, context.document_id, exc_info=error)
            # What a MemoryError leaves behind would be held against the documents that follow.
            self._failed(number, verdict, worn=isinstance(error, MemoryError))
            return
        context.end()
        if isinstance(answer, Verdict):
            self._failed(number, answer, worn=False)
        else:
            self._host.say(Kind.RESULT, numbered(number, answer))

    def _failed(self, number: int, verdict: Verdict, *, worn: bool) -> None:
        self._host.say(Kind.FAILED, numbered(number, json.dumps([*verdict, worn]).encode()))


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
