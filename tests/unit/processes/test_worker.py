"""The worker's side, in this process: what it says to what it is told (its own process is tested elsewhere)."""

import asyncio
import json
import logging
import os
import pickle
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import trio

from docmill import PermanentError, RetryAfter
from docmill.engines import calls
from docmill.engines.calls import Memory
from docmill.engines.processes import worker
from docmill.engines.processes.frames import Frames, Kind, call_frame, frame, split
from docmill.engines.processes.worker import HostHandler, HostLink, Worker
from docmill.ports import Declaration


class Line:
    """A worker's link, and what it has said on it."""

    def __init__(self) -> None:
        self._theirs, self._requests = os.pipe()
        self._answers, mouth = os.pipe()
        self.link = HostLink(self._theirs, mouth)

    def say(self, *frames: bytes) -> None:
        os.write(self._requests, b"".join(frames))

    def heard(self) -> list[tuple[Kind, bytes]]:
        os.set_blocking(self._answers, False)
        try:
            data = os.read(self._answers, 2**16)
        except BlockingIOError:
            return []
        return [(Kind(kind), body) for kind, body in Frames().feed(data)]

    def close(self) -> None:
        self.link.hang_up()
        os.close(self._requests)
        os.close(self._answers)


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.close()


class Processor:
    """Does what a document's name says."""

    def __call__(self, document_id: str, context: Any) -> Any:
        match document_id:
            case "permanent":
                raise PermanentError("no")
            case "pause":
                raise RetryAfter(3.0)
            case "memory":
                raise MemoryError
            case "asyncio":
                raise asyncio.CancelledError
            case "bytes":
                return b"raw"
            case "report":
                context.report(2, "x" * 5_000)
                with pytest.raises(ValueError, match="a fraction must be a number"):
                    context.report("half")
                self.late = context
        return [document_id, context.attempt, context.job_id, context.owner, dict(context.metadata)]

    def finalize(self, outcomes: Any, context: Any) -> Any:
        return [len(outcomes), context.document_id, context.remaining() > 0]


def load(target: Any, **declared: Any) -> bytes:
    return frame(Kind.LOAD, pickle.dumps(("T", target, Declaration(isolation="process", **declared))))


def serve(line: Line, *frames: bytes) -> list[tuple[Kind, bytes]]:
    line.say(*frames, frame(Kind.END, b""))
    Worker(line.link, 1_000).serve()
    return line.heard()


def answers(line: Line, *documents: str, **declared: Any) -> list[Any]:
    """What it answers for documents: the number of the call, the kind, and what the JSON holds."""
    calls = [call_frame(number, 0, 1, 30.0, name) for number, name in enumerate(documents, start=1)]
    job = frame(Kind.JOB, pickle.dumps(("job_1", "T", "ann", {"a": 1})))
    heard = serve(line, load(Processor(), **declared), job, *calls)
    assert [kind for kind, _ in heard[:2]] == [Kind.STARTED, Kind.LOADED]
    return [(split(body)[0], kind, json.loads(split(body)[1])) for kind, body in heard[2:] if kind is not Kind.LOG]


def test_it_answers_with_the_number_of_the_call(line: Line) -> None:
    assert answers(line, "a", "b") == [
        (1, Kind.RESULT, ["a", 1, "job_1", "ann", {"a": 1}]),
        (2, Kind.RESULT, ["b", 1, "job_1", "ann", {"a": 1}]),
    ]


@pytest.mark.parametrize(
    "document, code, worn",
    [
        ("permanent", "permanent", False),
        ("memory", "processor_error", True),
        ("asyncio", "rogue_cancel", False),
        ("bytes", "bad_result", False),
    ],
)
def test_what_a_processor_raises_is_judged_where_it_was_raised(
    line: Line, document: str, code: str, worn: bool
) -> None:
    ((_, kind, answer),) = answers(line, document)

    assert (kind, answer[0], answer[-1]) == (Kind.FAILED, code, worn)


def test_a_pause_travels_with_the_verdict(line: Line) -> None:
    ((_, _, answer),) = answers(line, "pause")

    assert answer[4] == 3.0


def test_trios_cancellation_is_a_rogue_one_too() -> None:
    async def cancelled() -> BaseException:
        with trio.CancelScope() as scope:
            scope.cancel()
            try:
                await trio.sleep_forever()
            except trio.Cancelled as error:
                caught = error
                raise
        return caught

    assert calls._is_trios(trio.run(cancelled))
    assert not calls._is_trios(ValueError())


def test_a_report_is_cut_and_one_that_comes_too_late_is_not_sent(line: Line) -> None:
    processor = Processor()
    job = frame(Kind.JOB, pickle.dumps(("job_1", "T", None, {})))
    line.say(job, call_frame(7, 0, 1, 30.0, "report"), frame(Kind.END, b""))
    service = Worker(line.link, 1_000)
    service._specs.append(worker.inspect_processor("T", processor, Declaration(isolation="process")))
    service.serve()
    processor.late.report(0.5)

    reports = [body for kind, body in line.heard() if kind is Kind.REPORT]
    assert len(reports) == 1
    number, words = split(reports[0])
    assert (number, json.loads(words)[0], len(json.loads(words)[1])) == (7, 1.0, 2_000)


def test_a_summary_is_made_of_all_outcomes(line: Line) -> None:
    heard = serve(line, load(Processor()), frame(Kind.FINALIZE, pickle.dumps((4, 0, ["x", "y"], 30.0))))

    number, answer = split(heard[-1][1])
    assert (number, json.loads(answer)) == (4, [2, "", True])


@pytest.mark.parametrize("body", [b"no pickle", pickle.dumps(("T", 3, None)), pickle.dumps("it is given up")])
def test_what_cannot_be_loaded_fails_its_documents_and_says_why(line: Line, body: bytes) -> None:
    heard = serve(line, frame(Kind.LOAD, body), call_frame(1, 0, 1, 30.0, "a"))

    verdict = json.loads(split(heard[-1][1])[1])
    assert verdict[0] == "permanent"
    assert verdict[1].startswith("the processor cannot be loaded in a worker process: ")


def test_memory_is_limited_while_a_processor_runs_and_not_after() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    with Memory(2**45):
        assert resource.getrlimit(resource.RLIMIT_AS)[0] == 2**45
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == before[1]
    resource.setrlimit(resource.RLIMIT_AS, before)
    with Memory(None):
        assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_a_log_record_is_sent_and_a_long_one_is_cut(line: Line) -> None:
    handler = HostHandler(line.link)
    handler.emit(logging.LogRecord("parser", logging.WARNING, "", 0, "%s", ("y" * 20_000,), None))

    ((kind, body),) = line.heard()
    name, level, text = json.loads(body)
    assert (kind, name, level, len(text)) == (Kind.LOG, "parser", logging.WARNING, 16_003)


def test_a_record_that_cannot_be_written_is_left_to_logging(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    handled: list[Any] = []
    handler = HostHandler(line.link)
    monkeypatch.setattr(handler, "handleError", handled.append)
    record = logging.LogRecord("parser", logging.WARNING, "", 0, "%d", ("no number",), None)

    handler.emit(record)

    assert handled == [record]


def test_the_fork_of_a_worker_says_nothing(line: Line) -> None:
    line.link.hang_up()
    line.link.hang_up()

    line.link.say(Kind.LOG, b"{}")

    assert line.heard() == []


def test_without_a_host_there_is_nothing_to_live_for(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    link = HostLink(-1, -1)

    link.say(Kind.LOG, b"{}")

    assert ended == [1]


def test_where_the_kernel_does_not_end_it_a_thread_looks_for_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(worker.sys, "platform", "darwin")
    monkeypatch.setattr(os, "_exit", lambda code: ended.set())

    worker._die_with(parent=-1)

    assert ended.wait(10.0)


def test_on_linux_the_kernel_is_asked_to_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import ctypes

    asked: list[Any] = []
    ended: list[int] = []

    class Library:
        def __init__(self, name: None) -> None:
            self.prctl = lambda *arguments: asked.append(arguments)

    monkeypatch.setattr(ctypes, "CDLL", Library)
    monkeypatch.setattr(os, "_exit", ended.append)
    worker._die_with(os.getppid())
    assert ended == []
    worker._die_with(-1)

    assert asked == [(worker.PR_SET_PDEATHSIG, signal.SIGKILL)] * 2
    assert ended == [1]
