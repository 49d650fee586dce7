"""One processor for each thing that can be wrong, and the words that it is found with."""

import datetime
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from docmill import ProcessingContext, RetryAfter, processor
from docmill.loops import current_loop
from docmill.testing import Verdict

from .support import check, each_backend, find, labels, the


def returning(value: Any) -> Callable[[str], Any]:
    """A sync processor that is fine but for what it returns."""

    def call(document_id: str) -> Any:
        find(document_id)
        return value() if callable(value) else value

    return call


def failing(target: Any, name: str, **settings: Any) -> str:
    """What is wrong with a processor that violates one required check and no other."""
    report = check(target, **settings)
    assert {finding.check for finding in report.failures} == {name}, str(report)
    return report.failures[0].detail


def noted(target: Any, name: str, **settings: Any) -> str:
    """What a report has a note of, though it passes."""
    report = check(target, **settings)
    assert report.passed, str(report)
    (finding,) = (finding for finding in report.notes if finding.check == name)
    return finding.detail


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def circular() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


async def generator(document_id: str, context: Any) -> AsyncIterator[str]:
    yield document_id


def with_finalize(finalize: Any) -> Any:
    return type("Summing", (), {"__call__": lambda self, name: find(name), "finalize": finalize})()


def finalize_generator(self: Any, outcomes: Any, context: Any) -> Iterator[str]:
    yield "summary"


@pytest.mark.parametrize(
    "target, words",
    [
        (generator, "must return its result, but .* is a generator"),
        (lambda: None, r"must take \(document_id, context\) or \(document_id\), but it takes \(\)"),
        (dict, "make an object of the class first"),
        ("check", "must be a callable"),
        (with_finalize("summary"), r"finalize must be a method \(outcomes, context\), got 'summary'"),
        (with_finalize(lambda self: None), r"finalize must take \(outcomes, context\), but it takes \(\)"),
        (with_finalize(finalize_generator), "finalize must return its summary, but it is a generator"),
    ],
)
def test_what_has_no_shape_of_a_processor_is_not_called_at_all(target: Any, words: str) -> None:
    report = check(target)

    assert labels(report).pop("shape") == "FAILED"
    assert set(labels(report).values()) == {"FAILED", "not applicable"}
    assert report.of("leaks")[0].detail == "it is not a processor yet, see shape"
    with pytest.raises(AssertionError, match=words):
        check(target, raises=True)


def test_an_isolation_that_cannot_be_is_found() -> None:
    @processor(isolation="thread")
    async def isolated(document_id: str) -> str:
        return document_id

    assert "isolation='thread' is for a sync one" in failing(isolated, "shape")


@pytest.mark.parametrize(
    "value, words",
    [
        ({"lines": [{"price": float("nan")}]}, "result['lines'][0]['price'] is nan, for which JSON has no word"),
        (
            {"at": datetime.date(2024, 1, 2)},
            "result['at'] is a date, datetime.date(2024, 1, 2), which JSON cannot carry",
        ),
        (b"pdf", "result is a bytes, b'pdf', which JSON cannot carry"),
        ({(1, 2): "x"}, "result cannot be written as JSON: keys must be str"),
        (10**5000, "result cannot be written as JSON: Exceeds the limit"),
        (nested(101), "is nested more than 100 levels deep, or contains itself"),
        (circular(), "is nested more than 100 levels deep, or contains itself"),
        ("x" * 2**20, "result has 1,048,578 bytes as JSON, over 1,048,576; store the bulk elsewhere"),
    ],
    ids=["nan", "date", "bytes", "key", "digits", "deep", "circular", "large"],
)
def test_what_json_cannot_carry_is_found_with_its_place(value: Any, words: str) -> None:
    detail = failing(returning(lambda: value), "result")

    assert detail.startswith("document 'good.pdf': result")
    assert words in detail


def test_a_result_may_have_just_below_a_mebibyte_and_a_hundred_levels() -> None:
    assert check(returning("x" * (2**20 - 2))).passed
    assert check(returning(nested(99))).passed


def test_a_type_that_changes_is_found() -> None:
    turn = count()
    detail = failing(returning(lambda: ["a"] if next(turn) % 2 else None), "result", backends=["asyncio"])

    assert detail == "document 'good.pdf' returned a NoneType the first time and returned a list the second"


def test_documents_of_which_none_gives_a_result_are_no_test() -> None:
    detail = failing(find, "result", documents=["bad.pdf", "worse.pdf"])

    assert detail.startswith(
        "none of the documents gave a result; document 'bad.pdf' raised PermanentError: bad.pdf: cannot be read"
    )


def test_what_a_durable_store_would_change_is_a_note() -> None:
    assert (
        noted(returning({"size": (1, 2)}), "round trip")
        == "document 'good.pdf': result['size'] is a tuple, then a list"
    )
    assert noted(returning({1: "a"}), "round trip") == (
        "document 'good.pdf': result[1] is in one of them where result['1'] is in the other"
    )


def test_nan_again_is_the_same_again() -> None:
    assert the(check(returning(lambda: float("nan"))), "determinism").verdict is Verdict.PASSED


@pytest.mark.parametrize(
    "values, words",
    [
        (lambda turn: {"at": turn, "name": "a"}, "result['at'] is 0, then 1"),
        (lambda turn: ["a"] * (2 + turn % 2), "result[2] is only in one of them"),
    ],
)
def test_a_result_that_differs_is_a_note_and_not_held_against_the_queue(
    values: Callable[[int], Any], words: str
) -> None:
    turn = count()
    assert noted(returning(lambda: values(next(turn))), "determinism") == f"document 'good.pdf': {words}"


def test_a_document_that_fails_now_and_then_is_a_note() -> None:
    turn = count()

    def moody(document_id: str) -> str:
        find(document_id)
        if next(turn) == 1:
            raise ConnectionError("no answer")
        return document_id

    assert noted(moody, "determinism") == (
        "document 'good.pdf': returned a str, then raised ConnectionError: no answer"
    )


@pytest.mark.parametrize(
    "error, words",
    [
        (SystemExit(1), "raised SystemExit, which is no Exception and reads as the end of the program"),
        (KeyboardInterrupt(), "raised KeyboardInterrupt, which is no Exception"),
        (ValueError(), "raised ValueError without a message; say what is wrong with which document"),
        (ValueError(" \n"), "raised ValueError without a message"),
    ],
)
@each_backend
def test_what_a_missing_document_must_not_raise_is_found(error: BaseException, words: str, backend: str) -> None:
    async def raising(document_id: str) -> str:
        await checkpoint()
        if document_id != "good.pdf":
            raise error
        return document_id

    detail = failing(raising, "errors", documents=["good.pdf"], missing="gone.pdf", backends=[backend])
    assert detail.startswith(f"document 'gone.pdf' {words}")


def test_a_missing_document_that_gives_a_result_is_found() -> None:
    assert failing(str.upper, "errors", missing="gone.pdf") == (
        "document 'gone.pdf', which does not exist, returned a str; "
        "raise PermanentError, or say missing=None if every id is a document"
    )


def test_what_a_broken_document_raises_counts_too() -> None:
    def exiting(document_id: str) -> str:
        if document_id == "broken.pdf":
            raise SystemExit
        return find(document_id)

    assert failing(exiting, "errors").startswith("document 'broken.pdf' raised SystemExit")


def obeying_not(answer: Callable[[], Any]) -> Callable[[str], Awaitable[str]]:
    """A processor that answers its cancellation in its own way."""

    async def call(document_id: str) -> str:
        try:
            await anyio.sleep(0.002)
        except anyio.get_cancelled_exc_class():
            answer()
        return find(document_id)

    return call


@each_backend
def test_a_swallowed_cancellation_is_found(backend: str) -> None:
    detail = failing(obeying_not(lambda: None), "cancel", backends=[backend])

    assert detail == (
        "document 'good.pdf', cancelled at wait 1 of 1: "
        "it swallowed the cancellation and returned a str; raise it again after cleaning up"
    )


@each_backend
def test_a_cancellation_turned_into_an_error_is_found(backend: str) -> None:
    def refuse() -> None:
        raise RuntimeError("not now")

    detail = failing(obeying_not(refuse), "cancel", backends=[backend])
    assert detail.endswith(
        "it raised RuntimeError: not now instead of the cancellation; raise that again after cleaning up"
    )


@each_backend
def test_a_processor_that_goes_on_after_its_cancellation_is_found_and_thrown_away(backend: str) -> None:
    refusals = []

    async def stubborn(document_id: str) -> str:
        end = time.monotonic() + 0.005
        while time.monotonic() < end:
            try:
                await anyio.sleep(0.002)
            except anyio.get_cancelled_exc_class():
                refusals.append(document_id)
                end = time.monotonic() + 60.0
        return find(document_id)

    report = check(stubborn, backends=[backend])
    detail = the(report, "cancel").detail
    assert "cancelled at wait 1 of" in detail
    assert "it was still running 0.1 s later; let the cancellation through" in detail
    seen = len(refusals)
    time.sleep(0.02)
    assert len(refusals) == seen


@each_backend
def test_a_long_shield_is_found(backend: str) -> None:
    async def shielded(document_id: str) -> str:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(0.06)
        return find(document_id)

    detail = failing(shielded, "cancel", documents=["good.pdf"], backends=[backend], runs=2, grace=0.03)
    assert "shield no more than a short cleaning up" in detail


@each_backend
def test_the_last_wait_is_cancelled_too(backend: str) -> None:
    async def late(document_id: str) -> str:
        for _ in range(6):
            await anyio.sleep(0.001)
        await obeying_not(lambda: None)(document_id)
        return document_id

    detail = failing(late, "cancel", backends=[backend])
    assert detail.startswith("document 'good.pdf', cancelled at wait 7 of 7: it swallowed")
    assert detail.count("\n") == 0


@each_backend
def test_a_task_left_behind_is_found(backend: str) -> None:
    async def linger() -> None:
        await anyio.sleep(60)

    async def leaking(document_id: str) -> str:
        find(document_id)
        try:
            await anyio.sleep(0.002)
        except anyio.get_cancelled_exc_class():
            current_loop().spawn(linger, "a lingering task")
            raise
        return document_id

    detail = failing(leaking, "cancel", backends=[backend])
    assert detail == ("document 'good.pdf', cancelled at wait 1 of 1: it left behind a task 'a lingering task'")


def test_a_thread_left_behind_by_a_cancelled_call_is_found() -> None:
    bell = threading.Event()

    async def leaking(document_id: str) -> str:
        find(document_id)
        try:
            await anyio.sleep(0.002)
        except anyio.get_cancelled_exc_class():
            threading.Thread(target=bell.wait, name="a lingering thread", daemon=True).start()
            raise
        return document_id

    assert "it left behind a thread 'a lingering thread'" in failing(leaking, "cancel", backends=["asyncio"])
    bell.set()


def test_a_file_left_open_by_a_cancelled_call_is_found() -> None:
    opened: list[int] = []

    async def leaking(document_id: str) -> str:
        find(document_id)
        number = os.open(os.devnull, os.O_RDONLY)
        opened.append(number)
        await anyio.sleep(0.002)
        os.close(opened.pop())
        return document_id

    assert f"it left behind a file descriptor {os.devnull!r}" in failing(leaking, "cancel", backends=["asyncio"])
    assert opened
    for number in opened:
        os.close(number)


def test_what_ends_within_the_grace_is_not_left_behind() -> None:
    async def tidying(document_id: str) -> str:
        find(document_id)
        try:
            await anyio.sleep(0.002)
        except anyio.get_cancelled_exc_class():
            threading.Thread(target=time.sleep, args=(0.03,)).start()
            raise
        return document_id

    report = check(tidying, backends=["asyncio"])
    assert the(report, "cancel").verdict is Verdict.PASSED


def test_a_long_document_that_does_not_look_at_its_budget_is_a_note() -> None:
    def slow(document_id: str) -> str:
        find(document_id)
        time.sleep(0.02)
        return document_id

    detail = noted(slow, "budget", grace=0.01)
    assert detail.startswith("document 'good.pdf': the whole result after 0.0")
    assert detail.endswith("look at context.remaining() from time to time, and raise or return what you have")


def test_a_processor_that_raises_without_a_budget_passes() -> None:
    def careful(document_id: str, context: ProcessingContext) -> str:
        find(document_id)
        if context.remaining() == 0.0:
            raise TimeoutError("no time left")
        time.sleep(0.02)
        return document_id

    assert the(check(careful, grace=0.01), "budget").verdict is Verdict.PASSED


def test_a_processor_that_blocks_the_event_loop_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docmill.testing.conformance.checks.BLOCKING", 0.01)

    async def blocking(document_id: str) -> str:
        find(document_id)
        time.sleep(0.02)  # noqa: ASYNC251 - what is tested
        await checkpoint()
        return document_id

    detail = noted(blocking, "responsive", documents=["good.pdf"], backends=["asyncio"], runs=2)
    assert detail.startswith("document 'good.pdf': 0.0")
    assert "s without a wait; nothing else on the loop ran meanwhile" in detail


@pytest.mark.parametrize(
    "fractions, words",
    [
        ([0.5, 0.25], "reported 0.25 after 0.5; progress never falls"),
        ([0.5, 50], "reported 50; a fraction is a number from 0.0 to 1.0"),
        ([-0.1], "reported -0.1; a fraction is"),
    ],
)
def test_progress_that_falls_or_is_none_is_found(fractions: list[float], words: str) -> None:
    def reporting(document_id: str, context: ProcessingContext) -> str:
        find(document_id)
        for fraction in fractions:
            context.report(fraction)
        return document_id

    assert failing(reporting, "progress").startswith(f"document 'good.pdf': {words}")


@pytest.mark.parametrize("fraction", [float("nan"), "half"])
def test_what_is_no_number_is_refused_at_once_as_by_the_queue(fraction: Any) -> None:
    def reporting(document_id: str, context: ProcessingContext) -> str:
        find(document_id)
        context.report(fraction)
        return document_id

    report = check(reporting)
    assert "raised ValueError: a fraction must be a number from 0.0 to 1.0" in the(report, "result").detail
    assert f"reported {fraction!r}; a fraction is a number" in the(report, "progress").detail


@each_backend
def test_a_state_that_calls_share_is_found(backend: str) -> None:
    class Sharing:
        current = ""

        async def __call__(self, document_id: str) -> str:
            self.current = find(document_id)
            await anyio.sleep(0.002)
            return self.current

    detail = failing(Sharing(), "concurrency", documents=["good.pdf", "long.pdf"], backends=[backend])
    assert detail == "document 'good.pdf': result is 'good.pdf', then 'long.pdf' (alone, then with others)"


def test_calls_that_exclude_one_another_are_found() -> None:
    class Exclusive:
        busy = False

        async def __call__(self, document_id: str) -> str:
            if self.busy:
                raise BlockingIOError("one at a time")
            self.busy = True
            try:
                await anyio.sleep(0.002)
            finally:
                self.busy = False
            return find(document_id)

    detail = failing(Exclusive(), "concurrency", documents=["good.pdf"], backends=["asyncio"])
    assert detail == (
        "document 'good.pdf': returned a str alone, but failed with others: BlockingIOError: one at a time"
    )


def test_a_document_that_fails_only_alone_is_found() -> None:
    class Shy:
        running = 0

        async def __call__(self, document_id: str) -> str:
            self.running += 1
            await anyio.sleep(0.005)
            company = self.running > 1
            await anyio.sleep(0.005)
            self.running -= 1
            if document_id == "long.pdf" and not company:
                raise LookupError("long.pdf is lonely")
            return find(document_id)

    detail = failing(Shy(), "concurrency", documents=["good.pdf", "long.pdf"], backends=["asyncio"])
    assert detail == (
        "document 'long.pdf': raised LookupError: long.pdf is lonely alone, but gave a result with others"
    )


def test_a_queue_that_does_not_get_through_ends_the_checks() -> None:
    def limited(document_id: str) -> str:
        if document_id.startswith("busy"):
            raise RetryAfter(3600)
        return find(document_id)

    documents = [*(f"busy-{number}.pdf" for number in range(4)), "good.pdf"]
    detail = failing(limited, "concurrency", timeout=0.1, documents=documents)
    assert detail == "a queue was not through with the documents after 0.3 s"


@each_backend
def test_an_interrupt_ends_the_checks_and_not_the_suite(backend: str) -> None:
    async def interrupting(document_id: str) -> str:
        await checkpoint()
        if document_id != "good.pdf":
            raise KeyboardInterrupt
        return document_id

    report = check(interrupting, backends=[backend])
    assert [finding.check for finding in report.failures] == ["errors", "concurrency"]
    assert report.failures[1].detail == "a queue was closed by the KeyboardInterrupt that the processor raised"


def test_a_finalize_that_cannot_stand_failed_documents_is_found() -> None:
    target = with_finalize(lambda self, outcomes, context: [outcome.data for outcome in outcomes])

    assert failing(target, "finalize").startswith("finalize raised AttributeError:")


def test_a_summary_that_json_cannot_carry_is_found() -> None:
    target = with_finalize(lambda self, outcomes, context: {"all": set(outcomes)})

    assert failing(target, "finalize").startswith("finalize: result['all'] is a set")


def test_a_thread_leaked_by_each_call_is_found() -> None:
    bell = threading.Event()

    def leaking(document_id: str) -> str:
        find(document_id)
        threading.Thread(target=bell.wait, name="leaked", daemon=True).start()
        return document_id

    detail = failing(leaking, "leaks")
    assert detail == "after 4 calls: one more thread 'leaked'\nafter 4 calls: one more thread 'leaked'"
    bell.set()


@each_backend
def test_a_task_leaked_by_each_call_is_found(backend: str) -> None:
    async def linger() -> None:
        await anyio.sleep(60)

    async def leaking(document_id: str) -> str:
        current_loop().spawn(linger, "leaked")
        return find(document_id)

    detail = failing(leaking, "leaks", runs=20, backends=[backend])
    assert detail.splitlines()[0] == "after 20 calls: one more task 'leaked'"
    assert detail.splitlines()[-1] == "and 15 more"


def test_a_file_leaked_by_each_call_is_found() -> None:
    opened: list[int] = []

    def leaking(document_id: str) -> str:
        opened.append(os.open(os.devnull, os.O_RDONLY))
        return find(document_id)

    assert f"one more file descriptor {os.devnull!r}" in failing(leaking, "leaks")
    for number in opened:
        os.close(number)


def test_a_leak_of_the_last_document_alone_is_found() -> None:
    opened: list[int] = []

    def leaking(document_id: str) -> str:
        if document_id == "long.pdf":
            opened.append(os.open(os.devnull, os.O_RDONLY))
        return find(document_id)

    detail = failing(leaking, "leaks", runs=2, documents=["good.pdf", "broken.pdf", "worse.pdf", "long.pdf"])
    assert detail.startswith("after 8 calls: one more file descriptor")
    for number in opened:
        os.close(number)


def test_memory_that_grows_is_a_note_with_its_place() -> None:
    kept: list[bytes] = []

    def hoarding(document_id: str) -> str:
        kept.append(bytes(200_000))
        return find(document_id)

    detail = noted(hoarding, "memory", max_growth=300_000)
    assert " bytes more after 2 calls (max_growth=300,000), most of them from " in detail
    assert f"{__file__}:" in detail


def test_a_sync_processor_that_cannot_be_pickled_is_a_note() -> None:
    def local(document_id: str) -> str:
        return find(document_id)

    detail = noted(local, "pickling")
    assert "Can't pickle local object" in detail
    assert detail.endswith("Define it at the top level of a module, and open clients and files on first use")


@each_backend
def test_a_call_that_does_not_end_ends_the_checks(backend: str) -> None:
    async def endless(document_id: str) -> str:
        await anyio.sleep(60)
        return document_id

    report = check(endless, timeout=0.1, backends=[backend])
    assert the(report, "result").detail == (
        "document 'good.pdf': no end within 0.1 s; give check_processor a longer timeout= if documents take that long"
    )
    assert the(report, "cancel").detail == "not tried after result has failed for good"


def test_a_thread_that_does_not_end_is_left_behind() -> None:
    bell = threading.Event()

    def endless(document_id: str) -> str:
        bell.wait(60)
        return document_id

    assert "no end within 0.1 s" in failing(endless, "result", timeout=0.1)
    bell.set()


def test_an_advice_that_does_not_end_fails_all_the_same() -> None:
    bell = threading.Event()

    def patient(document_id: str, context: ProcessingContext) -> str:
        if context.remaining() == 0.0:
            bell.wait(60)
        return find(document_id)

    assert "no end within 0.1 s" in failing(patient, "budget", timeout=0.1)
    bell.set()


@each_backend
def test_an_event_loop_that_is_blocked_for_good_does_not_hang_the_suite(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docmill.testing.conformance.session.SLACK", 0.0)
    bell = threading.Event()
    calls = []

    async def blocking(document_id: str) -> str:
        calls.append(document_id)
        bell.wait(60)
        return document_id

    detail = failing(blocking, "result", timeout=0.1, grace=0.05, backends=[backend])
    assert detail.startswith("the event loop was not heard of for more than 0.1 s: the processor blocks it")
    bell.set()
    time.sleep(0.05)
    assert calls == ["good.pdf"]


def test_an_error_of_the_kit_itself_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(session: Any, report: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("docmill.testing.conformance.kit.check_all", broken)
    with pytest.raises(ZeroDivisionError):
        check(find)
