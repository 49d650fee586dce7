"""Chunks, answers and notes as bytes: what is sent is what arrives, and nonsense is refused."""

import threading

import pytest

from docmill.core import Verdict
from docmill.engines.calls import JobFacts
from docmill.engines.remote.chunks import (
    Chunk,
    ChunkDocument,
    Note,
    note,
    pack_chunk,
    read_answer,
    read_note,
    unpack_chunk,
    write_answer,
)
from docmill.engines.travel import TravelError
from docmill.model import FailureCode

CHUNK = Chunk(
    7,
    "digest",
    b"processor",
    JobFacts("job_1", "T", "ann", {"a": (1, {2})}),
    [ChunkDocument("a", 1, 30.0), ChunkDocument("ü\n", 2, 0.5)],
    None,
    1.0,
    1_000,
    20,
)

DEAD = Verdict(FailureCode.PROCESSOR_ERROR, "ValueError: \x1b", retry=True, counted=True, pause=None)


def test_a_chunk_arrives_as_it_was_sent() -> None:
    there = unpack_chunk(pack_chunk(CHUNK))

    assert there == CHUNK
    assert there.documents[1].document_id == "ü\n"
    assert there.job.metadata == {"a": (1, {2})}


def test_what_cannot_travel_is_said() -> None:
    with pytest.raises(TravelError, match="it cannot be sent"):
        pack_chunk(CHUNK._replace(outcomes=[threading.Lock()]))


def test_an_answer_arrives_as_it_was_written() -> None:
    pause = Verdict(FailureCode.PROCESSOR_ERROR, "RetryAfter", retry=True, counted=True, pause=2.5)
    answer = read_answer(write_answer(0.25, [b'{"a":[1,null]}', DEAD, pause], [("parser", 30, "odd")]), 3)

    assert answer.seconds == 0.25
    assert answer.outcomes[0] == ({"a": [1, None]},)
    assert answer.outcomes[1] == DEAD._replace(error="ValueError: \\x1b")
    assert answer.outcomes[2] == pause
    assert answer.logs == [("parser", 30, "odd")]


def test_an_answer_may_have_fewer_outcomes_than_documents() -> None:
    assert len(read_answer(write_answer(0.0, [b"1"], []), 5).outcomes) == 1


@pytest.mark.parametrize("outcomes", [[], [b"1", b"2", b"3"]])
def test_an_answer_with_no_outcomes_or_too_many_is_not_believed(outcomes: list[bytes]) -> None:
    with pytest.raises(ValueError, match="outcomes of 2 documents"):
        read_answer(write_answer(0.0, outcomes, []), 2)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_is_not_json_is_not_believed(constant: str) -> None:
    """R36."""
    with pytest.raises(ValueError, match="is not JSON"):
        read_answer(b'[0.0,[["ok",%s]],[]]' % constant.encode(), 1)
    with pytest.raises(ValueError, match="is not JSON"):
        read_note(b'[1,0,[[0,%s,""]],[],""]' % constant.encode())


@pytest.mark.parametrize("seconds", ["-1", "1e999", '"nan"', "null", "[]"])
def test_a_time_that_cannot_be_is_not_believed(seconds: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        read_answer(b'[%s,[["ok",1]],[]]' % seconds.encode(), 1)


@pytest.mark.parametrize("fraction", ["-1", "1e999", '"nan"', "null"])
def test_a_fraction_that_cannot_be_is_not_believed(fraction: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        read_note(b'[1,0,[[0,%s,""]],[],""]' % fraction.encode())


def test_a_long_text_of_a_failure_is_cut() -> None:
    long = DEAD._replace(error="x" * 10_000)

    (verdict,) = read_answer(write_answer(0.0, [long], []), 1).outcomes

    assert isinstance(verdict, Verdict)
    assert len(verdict.error) == 2_000


@pytest.mark.parametrize(
    "said",
    [
        Note(3, None, [], [], ""),
        Note(3, 0, [(0, 0.5, "half"), (1, 1.0, "")], [("parser", 10, "text")], "f00"),
    ],
)
def test_a_note_arrives_as_it_was_written(said: Note) -> None:
    assert read_note(note(*said)) == said


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"[1,2,3]", b'[1,"x",[],[]]', b"[1,1e999,[],[]]", b"[[],0,[],[]]"])
def test_a_note_that_is_none_is_not_believed(body: bytes) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - any one will do, as the reader says
        read_note(body)
