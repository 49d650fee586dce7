"""The worker's side, in this process: what it makes of a chunk, and what it tells meanwhile."""

import json
import logging
import resource
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from docmill.core import Verdict
from docmill.engines.calls import JobFacts
from docmill.engines.remote import worker
from docmill.engines.remote.chunks import Answer, Chunk, ChunkDocument, Note, pack_chunk, read_answer, read_note
from docmill.engines.remote.worker import MOST_PROCESSORS, NoteHandler, Notes, run_chunk
from docmill.engines.travel import is_installed, pack
from docmill.model import FailureCode
from docmill.ports import Declaration


@pytest.fixture(autouse=True)
def nothing_loaded() -> Iterator[None]:
    """No processor of another test, and the level of the log as it was."""
    level = logging.getLogger().level
    worker._loaded.clear()
    yield
    worker._loaded.clear()
    logging.getLogger().setLevel(level)


def sent(
    target: Any, *documents: str, digest: str = "d", outcomes: Any = None, level: int = 60, **changes: Any
) -> Chunk:
    """A chunk that runs a processor."""
    declared = Declaration(**changes.pop("declared", {}))
    processor = changes.pop("processor", None) or pack(("T", target, declared), is_installed)
    chunk = Chunk(
        7,
        digest,
        processor,
        JobFacts("job_1", "T", "ann", {"a": 1}),
        [ChunkDocument(name, 1, 30.0) for name in documents or ("",)],
        outcomes,
        10.0,
        1_000,
        level,
    )
    return chunk._replace(**changes)


def answer_to(chunk: Chunk, *, limit_memory: bool = False) -> tuple[Answer, list[Note]]:
    """What a worker answers, and its notes."""
    notes: list[Note] = []
    body = run_chunk(pack_chunk(chunk), lambda said: notes.append(read_note(said)), limit_memory=limit_memory)
    return read_answer(body, len(chunk.documents)), notes


def act(document_id: str, context: Any) -> Any:
    """Does what a document's name says."""
    import asyncio as loops

    from docmill import PermanentError as Permanent
    from docmill import RetryAfter as Later

    match document_id:
        case "permanent":
            raise Permanent("no")
        case "pause":
            raise Later(3.0)
        case "rogue":
            raise loops.CancelledError
        case "exit":
            raise SystemExit(3)
        case "bytes":
            return b"raw"
        case "large":
            return "x" * 2_000
    return [document_id, context.attempt, context.job_id, context.owner, dict(context.metadata)]


def test_it_answers_for_its_documents_in_their_order() -> None:
    answer, notes = answer_to(sent(act, "a", "b"))

    assert answer.outcomes == [(["a", 1, "job_1", "ann", {"a": 1}],), (["b", 1, "job_1", "ann", {"a": 1}],)]
    assert 0.0 <= answer.seconds < 10.0
    assert notes[0] == Note(7, None, [], [], notes[-1].run)


@pytest.mark.parametrize(
    "document, code, retry",
    [
        ("permanent", FailureCode.PERMANENT, False),
        ("rogue", FailureCode.ROGUE_CANCEL, True),
        ("exit", FailureCode.PROCESSOR_EXIT, True),
        ("bytes", FailureCode.BAD_RESULT, False),
        ("large", FailureCode.RESULT_TOO_LARGE, False),
    ],
)
def test_what_a_processor_raises_is_judged_where_it_was_raised(document: str, code: FailureCode, retry: bool) -> None:
    answer, _ = answer_to(sent(act, document, "b"))

    verdict = answer.outcomes[0]
    assert isinstance(verdict, Verdict)
    assert (verdict.code, verdict.retry) == (code, retry)
    assert len(answer.outcomes) == 2


def test_a_pause_travels_with_the_verdict() -> None:
    answer, _ = answer_to(sent(act, "pause"))

    assert answer.outcomes[0][4] == 3.0


async def act_async(document_id: str, context: Any) -> Any:
    import asyncio as loops

    await loops.sleep(0)
    if document_id == "rogue":
        raise loops.CancelledError
    if document_id == "bad":
        raise ValueError("broken")
    return [document_id, id(loops.get_running_loop())]


def test_async_documents_of_a_chunk_share_a_loop() -> None:
    answer, _ = answer_to(sent(act_async, "a", "rogue", "bad", "b"))

    first, rogue, bad, last = answer.outcomes
    assert first[0][1] == last[0][1]
    assert [rogue[0], bad[0]] == [FailureCode.ROGUE_CANCEL, FailureCode.PROCESSOR_ERROR]


class Summing:
    def __call__(self, document_id: str, context: Any) -> Any:
        return document_id

    def finalize(self, outcomes: Any, context: Any) -> Any:
        return [outcomes, context.document_id, context.remaining() > 0]


def test_a_summary_is_made_of_all_outcomes() -> None:
    answer, _ = answer_to(sent(Summing(), outcomes=["x", "y"]))

    assert answer.outcomes == [([["x", "y"], "", True],)]


def test_no_document_is_begun_once_the_time_of_the_chunk_is_up() -> None:
    answer, _ = answer_to(sent(act, "a", "b", "c", slice=0.0))

    assert len(answer.outcomes) == 1


def test_no_document_is_begun_once_the_answer_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MAX_ANSWER", 20)

    answer, _ = answer_to(sent(act, "permanent", "a", "b", "c"))

    assert len(answer.outcomes) == 2


def remaining(document_id: str, context: Any) -> Any:
    import time

    time.sleep(0.02)
    return context.remaining()


def test_a_document_has_what_those_before_it_have_left_of_the_budget() -> None:
    answer, _ = answer_to(sent(remaining, "a", "b", "c"))

    first, second, third = (outcome[0] for outcome in answer.outcomes)
    assert 30.0 > first > second > third > 0.0


@pytest.mark.parametrize("processor", [b"no pickle", pack(("T", 3, None), is_installed)])
def test_what_cannot_be_loaded_fails_its_documents_and_says_why(processor: bytes) -> None:
    answer, _ = answer_to(sent(act, "a", "b", processor=processor))

    for verdict in answer.outcomes:
        assert isinstance(verdict, Verdict)
        assert (verdict.code, verdict.retry) == (FailureCode.PERMANENT, False)
        assert verdict.error.startswith("the processor cannot be loaded in a worker: ")


class Counting:
    """Keeps something between documents."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, document_id: str, context: Any) -> int:
        self.calls += 1
        return self.calls


def test_a_processor_stays_loaded() -> None:
    chunk = sent(Counting(), "a", "b")

    assert [answer_to(chunk)[0].outcomes for _ in range(2)] == [[(1,), (2,)], [(3,), (4,)]]


def test_only_so_many_processors_stay_loaded() -> None:
    for number in range(MOST_PROCESSORS + 5):
        answer_to(sent(Counting(), "a", digest=f"d{number}"))

    assert len(worker._loaded) == MOST_PROCESSORS
    assert "d0" not in worker._loaded


def test_memory_is_limited_where_the_process_does_nothing_else() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    try:
        unlimited, _ = answer_to(sent(limit, "a", declared={"max_memory": 2**45}))
        limited, _ = answer_to(sent(limit, "a", declared={"max_memory": 2**45}), limit_memory=True)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)

    assert unlimited.outcomes == [(before[0],)]
    assert limited.outcomes == [(worker.AT_FIRST + 2**45,)]


def limit(document_id: str, context: Any) -> int:
    import resource as limits

    return limits.getrlimit(limits.RLIMIT_AS)[0]


class Told:
    """Runs a chunk in a thread, and hears its notes as they come."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(worker, "EVERY", 0.001)
        self.notes: list[Note] = []
        self.heard = threading.Condition()

    def say(self, body: bytes) -> None:
        with self.heard:
            self.notes.append(read_note(body))
            self.heard.notify_all()

    def wait_for(self, condition: Callable[[Note], object]) -> Note:
        with self.heard:
            assert self.heard.wait_for(lambda: any(map(condition, self.notes)), timeout=20.0)
        return next(filter(condition, self.notes))


def show(document_id: str, context: Any) -> None:
    import thread_cluster

    thread_cluster.stage.acts["show"](document_id, context)


def test_notes_tell_where_it_is_what_it_reports_and_what_it_logs(monkeypatch: pytest.MonkeyPatch, stage: Any) -> None:
    told, contexts = Told(monkeypatch), []
    logging.getLogger().setLevel(logging.WARNING)

    def acts(document_id: str, context: Any) -> None:
        contexts.append(context)
        if document_id == "second":
            context.report(0.25, "a quarter")
            context.report(2, "x" * 5_000)
            logging.getLogger("parser").info("page %d", 3)
            threading.Thread(target=lambda: logging.getLogger("other").error("not of this chunk")).start()
            assert stage.release.wait(20.0)

    stage.acts["show"] = acts
    chunk = pack_chunk(sent(show, "first", "second", level=logging.INFO))
    thread = threading.Thread(target=run_chunk, args=(chunk, told.say), kwargs={"limit_memory": False}, name="worker")
    thread.start()
    told.wait_for(lambda said: said.at == 1)
    ((place, fraction, message),) = told.wait_for(lambda said: said.reports).reports
    (record,) = told.wait_for(lambda said: said.logs).logs
    stage.release.set()
    thread.join(20.0)
    contexts[1].report(0.5, "too late")
    reports = [report for said in told.notes for report in said.reports]

    assert place == 1
    assert (fraction, len(message)) in {(0.25, 9), (1.0, 2_000)}  # the latest one at the moment of the note
    assert (reports[-1][1], len(reports[-1][2])) == (1.0, 2_000)
    assert record == ("parser", logging.INFO, "page 3")
    assert "too late" not in [message for _, _, message in reports]
    assert not any(name == "other" for said in told.notes for name, _, _ in said.logs)
    assert not [handler for handler in logging.getLogger().handlers if isinstance(handler, NoteHandler)]


def logs(document_id: str, context: Any) -> None:
    import logging as log

    log.getLogger("parser").warning("%s", "y" * 20_000)
    try:
        raise ValueError("broken")
    except ValueError:
        log.getLogger("n" * 500).exception("it failed")


def test_what_was_not_told_yet_comes_with_the_answer() -> None:
    answer, _ = answer_to(sent(logs, "a", level=logging.WARNING))

    (name, level, text), (long_name, _, trace) = answer.logs
    assert (name, level, len(text)) == ("parser", logging.WARNING, 16_003)
    assert len(long_name) == 200
    assert trace.startswith("it failed\nTraceback")
    assert trace.endswith("ValueError: broken")


def test_log_records_beyond_a_number_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MOST_RECORDS", 2)
    notes = Notes(1, lambda _: None)
    for number in range(5):
        notes.log("parser", 30, f"{number}")

    assert [text for _, _, text in notes.records()] == ["0", "1", "3 more log records were dropped"]
    assert notes.records() == []


def test_a_record_that_cannot_be_written_is_left_to_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    handled: list[Any] = []
    handler = NoteHandler(Notes(1, lambda _: None))
    monkeypatch.setattr(handler, "handleError", handled.append)
    record = logging.LogRecord("parser", logging.WARNING, "", 0, "%d", ("no number",), None)

    handler.emit(record)

    assert handled == [record]


def test_a_host_that_cannot_be_told_does_not_keep_a_chunk_from_its_end() -> None:
    def say(body: bytes) -> None:
        raise ConnectionError("no host")

    body = run_chunk(pack_chunk(sent(act, "a")), say, limit_memory=False)

    assert len(read_answer(body, 1).outcomes) == 1


def test_a_quiet_chunk_tells_nothing_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[bytes] = []
    monkeypatch.setattr(worker, "EVERY", 0.001)
    notes = Notes(1, said.append)
    notes.flush()
    with notes.kept(60):
        looked = threading.Event()
        monkeypatch.setattr(notes, "_over", Counted(looked, 5))
        assert looked.wait(20.0)

    assert [json.loads(note)[1] for note in said] == [None]


class Counted(threading.Event):
    """An event that says when it was waited for so many times."""

    def __init__(self, done: threading.Event, times: int) -> None:
        super().__init__()
        self._done, self._left = done, times

    def wait(self, timeout: float | None = None) -> bool:
        self._left -= 1
        if self._left <= 0:
            self._done.set()
        return super().wait(timeout)
