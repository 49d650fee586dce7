"""The pieces of worker processes by themselves: frames, words for deaths, arguments that cannot be."""

import signal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill import processor
from docmill.engines import LocalEngine
from docmill.engines.processes.frames import Frames, FrameTooLargeError, Kind, frame
from docmill.engines.processes.worker_process import how_it_died

MANY = st.lists(st.tuples(st.sampled_from(Kind), st.binary(max_size=50)), max_size=8)


@given(MANY, st.lists(st.integers(1, 40), max_size=60))
def test_frames_come_out_as_they_went_in_however_they_are_cut(sent: list[tuple[Kind, bytes]], cuts: list[int]) -> None:
    data = b"".join(frame(kind, body) for kind, body in sent)
    frames, got, at = Frames(), [], 0
    for cut in [*cuts, len(data)]:
        got += frames.feed(data[at : at + cut])
        at += cut

    assert got == sent


def test_a_frame_may_be_empty() -> None:
    assert list(Frames(max_bytes=0).feed(frame(Kind.LOG, b""))) == [(Kind.LOG, b"")]


def test_a_frame_that_is_too_large_is_refused_as_soon_as_its_length_is_known() -> None:
    frames = Frames(max_bytes=10)
    assert list(frames.feed(frame(Kind.RESULT, b"x" * 10))) == [(Kind.RESULT, b"x" * 10)]

    with pytest.raises(FrameTooLargeError, match="a frame of 11 bytes, over 10"):
        list(frames.feed(frame(Kind.RESULT, b"x" * 11)[:5]))


def test_the_frames_before_one_that_is_too_large_are_given_back() -> None:
    got = Frames(max_bytes=3).feed(frame(Kind.LOG, b"one") + frame(Kind.LOG, b"two and more"))

    assert next(got) == (Kind.LOG, b"one")
    with pytest.raises(FrameTooLargeError):
        next(got)


def test_an_unknown_kind_is_told_as_its_number() -> None:
    assert list(Frames().feed(b"\0\0\0\1\xc8x")) == [(200, b"x")]


@pytest.mark.parametrize(
    "code, words",
    [
        (0, "exited with code 0"),
        (7, "exited with code 7"),
        (-signal.SIGSEGV, "was killed by SIGSEGV"),
        (-signal.SIGABRT, "was killed by SIGABRT"),
        (-signal.SIGKILL, "was killed by SIGKILL, perhaps for want of memory"),
        (-99, "was killed by signal 99"),
    ],
)
def test_a_death_in_words(code: int, words: str) -> None:
    assert how_it_died(code) == words


@pytest.mark.parametrize("name", ["max_threads", "max_processes", "max_documents_per_worker"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "2", True, float("nan")])
def test_an_engine_wants_whole_numbers(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be a whole number, 1 or more, or None, got {value!r}$"):
        LocalEngine(**{name: value})


@pytest.mark.parametrize("value", [0, None, 2.5, "many"])
def test_the_size_of_a_result_is_a_number_of_bytes(value: Any) -> None:
    words = f"^max_result_bytes must be a whole number of bytes, 1 or more, got {value!r}$"
    with pytest.raises(ValueError, match=words):
        LocalEngine(max_result_bytes=value)


def test_an_engine_that_is_not_open_has_no_workers() -> None:
    engine = LocalEngine(max_threads=None, max_processes=None, max_documents_per_worker=None)

    assert (engine.processes, engine.threads) == (0, 0)
    engine.kill()


@pytest.mark.parametrize("value", [0, 2**26 - 1, 1e9, "1 GiB", True])
def test_a_limit_to_the_memory_is_a_number_of_bytes_that_is_enough(value: Any) -> None:
    words = (
        "^max_memory must be a whole number of bytes, 67,108,864 or more, together with isolation='process', "
        f"got {value!r} with isolation='process'$"
    )
    with pytest.raises(ValueError, match=words):
        processor(isolation="process", max_memory=value)


@pytest.mark.parametrize("isolation", [None, "thread"])
def test_only_a_process_has_a_limit_to_its_memory(isolation: Any) -> None:
    with pytest.raises(ValueError, match="together with isolation='process', got 1073741824 with isolation="):
        processor(isolation=isolation, max_memory=2**30)


def test_the_least_limit_is_allowed() -> None:
    def check(document_id: str) -> None: ...

    assert processor(isolation="process", max_memory=2**26)(check) is check
