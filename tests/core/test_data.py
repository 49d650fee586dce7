"""What a result may be where it has to leave the process (contract, section 4)."""

import json
from typing import Any

import pytest

from docmill.core import Verdict, data
from docmill.core.data import MAX_DEPTH, encode, walk, why_not_json
from docmill.model import FailureCode


def refused(result: Any, max_bytes: int = 1_000) -> Verdict:
    verdict = encode(result, max_bytes)
    assert isinstance(verdict, Verdict)
    assert not verdict.retry
    assert not verdict.counted
    return verdict


def nested(levels: int) -> Any:
    result: Any = None
    for _ in range(levels):
        result = [result]
    return result


@pytest.mark.parametrize(
    "result",
    [None, True, 0, -1.5, "", "é\ud800 \x00", [], {}, {"pages": [{"words": 3, "text": None}]}, nested(MAX_DEPTH)],
)
def test_what_json_can_carry_comes_back_as_it_was(result: Any) -> None:
    written = encode(result)

    assert isinstance(written, bytes)
    assert json.loads(written) == result


def test_tuples_become_lists_and_the_keys_of_dicts_words() -> None:
    written = encode({1: (2, 3)})

    assert isinstance(written, bytes)
    assert json.loads(written) == {"1": [2, 3]}


@pytest.mark.parametrize(
    "result, words",
    [
        (b"raw", "result is a bytes, b'raw', which JSON cannot carry; return str, numbers, lists and dicts"),
        ({"a": [0, {1, 2}]}, "result['a'][1] is a set, {1, 2}, which JSON cannot carry"),
        ([float("nan")], "result[0] is nan, for which JSON has no word; return None there"),
        ({"x": float("-inf")}, "result['x'] is -inf, for which JSON has no word"),
        (nested(5_000), "nested more than 100 levels deep, or contains itself; return a flat list of records"),
        ({(1, 2): 3}, "result cannot be written as JSON: keys must be str"),
    ],
)
def test_a_bad_result_is_named_with_its_place_and_a_way_out(result: Any, words: str) -> None:
    verdict = refused(result)

    assert verdict.code is FailureCode.BAD_RESULT
    assert words in verdict.error


def test_a_result_that_contains_itself_is_a_bad_one() -> None:
    result: list[Any] = []
    result.append(result)

    assert refused(result).code is FailureCode.BAD_RESULT


def test_a_result_may_be_as_large_as_the_limit_and_no_larger() -> None:
    assert encode("x" * 98, 100) == b'"' + b"x" * 98 + b'"'

    verdict = refused("x" * 99, 100)

    assert verdict.code is FailureCode.RESULT_TOO_LARGE
    assert verdict.error.startswith("result has 101 bytes as JSON, over 100; store the bulk elsewhere")


def test_a_value_that_is_json_has_nothing_that_keeps_it_from_being_so() -> None:
    assert why_not_json({"a": [1, "b", None, 2.5, True, (3,)]}) is None


def test_a_walk_through_what_contains_itself_ends() -> None:
    result: list[Any] = []
    result.append(result)

    assert len(list(walk(result))) == MAX_DEPTH + 2


def test_without_the_encoder_in_c_results_are_written_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    write = data._make_writer()

    assert write({"a": [1, None, "é"]}) == '{"a":[1,null,"\\u00e9"]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        write(float("nan"))
