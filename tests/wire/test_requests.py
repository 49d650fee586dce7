"""The request that makes a job, as strangers send it."""

import json
import math
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docmill import DocmillError, JobOptions, ProcessingJobType
from docmill.wire import InvalidRequestError, RequestLimits, create_request_schema, parse_create_request

GOOD: dict[str, Any] = {"documentIds": ["a", "b"], "type": "X"}


def problems_of(body: Any, **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequestError) as caught:
        parse_create_request(body, **{"types": ["X"]} | more)
    return [tuple(problem) for problem in caught.value.problems]


def with_options(**options: Any) -> dict[str, Any]:
    return GOOD | {"options": options}


def test_the_seeds_request_is_read() -> None:
    body = """{"documentIds": ["doc-id-1", "doc-id-2", "doc-id-3"], "type": "FULL_ANALYSIS",
               "options": {"maxConcurrent": 5, "timeout": 300000, "retryAttempts": 2, "retryDelay": 2000}}"""
    for given_body in (body, body.encode(), json.loads(body)):
        request = parse_create_request(given_body, types=ProcessingJobType)
        assert request.document_ids == ("doc-id-1", "doc-id-2", "doc-id-3")
        assert request.type == "FULL_ANALYSIS"
        assert request.options == JobOptions(max_concurrent=5, timeout=300.0, retry_attempts=2, retry_delay=2.0)


def test_what_is_left_out_has_the_seeds_defaults() -> None:
    assert parse_create_request(GOOD).options == JobOptions()
    assert parse_create_request(with_options(timeout=1000)).options == JobOptions(timeout=1.0)


def test_every_problem_is_told_at_once_with_its_place() -> None:
    body = {
        "documentIds": ["a", "a", "\x00", 5, ""],
        "type": "Y",
        "extra": 1,
        "options": {"maxConcurrent": True, "timeout": 999, "retryAttempts": 11, "retryDelay": -1, "more": None},
    }
    assert {path for path, _ in problems_of(body)} == {
        "$.documentIds[1]",
        "$.documentIds[2]",
        "$.documentIds[3]",
        "$.documentIds[4]",
        "$.type",
        "$.extra",
        "$.options.maxConcurrent",
        "$.options.timeout",
        "$.options.retryAttempts",
        "$.options.retryDelay",
        "$.options.more",
    }


def test_a_refused_request_is_a_docmill_error_that_can_be_sent_to_another_process() -> None:
    with pytest.raises(DocmillError, match=r"^\$\.documentIds: must be there; \$\.type: must be there$") as caught:
        parse_create_request("{}")
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.problems == caught.value.problems


@pytest.mark.parametrize(
    "value, words",
    [
        (True, "got true"),
        (None, "got null"),
        ("5", "got a string"),
        ([5], "got an array"),
        ({}, "got an object"),
        (5.5, "got 5.5"),
        (101, "got 101"),
        (10**400, "got a number that is too large"),
        (math.nan, "got a number that is not finite"),
        (math.inf, "got a number that is not finite"),
        (1j, "got what JSON does not have"),
    ],
)
def test_what_is_no_whole_number_in_its_range_is_refused(value: Any, words: str) -> None:
    assert problems_of(with_options(maxConcurrent=value)) == [
        ("$.options.maxConcurrent", f"must be a whole number, 1 to 100, {words}")
    ]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e400", "9" * 5_000, "-" + "9" * 101])
def test_numbers_that_are_too_large_or_none_are_refused(text: str) -> None:
    body = f'{{"documentIds": ["a"], "type": "X", "options": {{"timeout": {text}}}}}'
    assert [path for path, _ in problems_of(body)] == ["$.options.timeout"]


@pytest.mark.parametrize("text", ["434.0", "4.34e2", "434"])
def test_a_whole_number_may_be_written_as_json_likes(text: str) -> None:
    body = f'{{"documentIds": ["a"], "type": "X", "options": {{"retryDelay": {text}}}}}'
    assert parse_create_request(body).options.retry_delay == 0.434


def test_a_key_that_is_there_twice_is_refused() -> None:
    body = '{"documentIds": ["a"], "documentIds": ["b"], "type": "X", "options": {"timeout": 1, "timeout": 2000}}'
    assert problems_of(body) == [
        ("$.documentIds", "must not be there more than once"),
        ("$.options.timeout", "must not be there more than once"),
    ]


@pytest.mark.parametrize(
    "body, words",
    [
        (b"", "must be JSON"),
        (b"{", "must be JSON"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b'{"type": "\xff"}', "must be UTF-8, but the byte at 10 is not"),
        (b"[" * 60_000, "must not be nested that deeply"),
        (b'{"a":' * 60_000, "must not be nested that deeply"),
        (b"[]", "must be an object, got an array"),
        (b'"documentIds"', "must be an object, got a string"),
        (b"null", "must be an object, got null"),
    ],
)
def test_what_is_no_json_object_is_one_problem(body: bytes, words: str) -> None:
    ((path, message),) = problems_of(body)
    assert path == "$"
    assert words in message


@pytest.mark.parametrize(
    "text, words",
    [
        ("a\nb", "a control character, got U+000A at 1"),
        ("\x7f", "a control character, got U+007F at 0"),
        ("\x9f", "a control character, got U+009F at 0"),
        ("\ud800", "a lone surrogate, got U+D800 at 0"),
        ("x" * 257, "must have 1 to 256 characters, got 257"),
    ],
)
def test_ids_are_clean_text(text: str, words: str) -> None:
    ((path, message),) = problems_of(GOOD | {"documentIds": [text]})
    assert path == "$.documentIds[0]"
    assert words in message
    assert problems_of(json.dumps(GOOD | {"documentIds": [text]})) == [(path, message)]


def test_ids_may_be_of_any_script() -> None:
    assert parse_create_request(GOOD | {"documentIds": ["\U0001f600" * 256]}).document_ids == ("\U0001f600" * 256,)


@pytest.mark.parametrize("ids", ["abc", b"abc", 5, None, {"a": 1}])
def test_ids_that_are_no_array_are_refused(ids: Any) -> None:
    assert [path for path, _ in problems_of(GOOD | {"documentIds": ids})] == ["$.documentIds"]


def test_too_many_ids_are_one_problem() -> None:
    assert problems_of(GOOD | {"documentIds": [5] * 10_001}) == [
        ("$.documentIds", "must have 1 to 10000 items, got 10001")
    ]


def test_names_of_unknown_keys_are_quoted_and_cut() -> None:
    paths = [path for path, _ in problems_of(GOOD | {"a b": 1, "x" * 100: 2, "\ud800": 3, 7: 4})]
    assert paths == ['$["a b"]', f'$["{"x" * 60}..."]', '$["\\ud800"]', '$["7"]']


def test_without_a_list_of_types_any_clean_text_is_one() -> None:
    assert parse_create_request(GOOD | {"type": "anything"}).type == "anything"
    assert problems_of(GOOD | {"type": ""}, types=None) == [("$.type", "must have 1 to 256 characters, got 0")]
    assert problems_of(GOOD | {"type": 5}) == [("$.type", "must be one of X, got 5")]


def test_limits_can_be_set() -> None:
    limits = RequestLimits(documents=1, id_length=1, timeout=2.0)
    assert [path for path, _ in problems_of(GOOD | {"options": {"timeout": 2001}}, limits=limits)] == [
        "$.documentIds",
        "$.options.timeout",
    ]
    schema = create_request_schema(["X"], limits)["properties"]
    assert schema["documentIds"]["maxItems"] == 1
    assert schema["options"]["properties"]["timeout"]["maximum"] == 2000


def test_the_schema_names_defaults() -> None:
    options = create_request_schema()["properties"]["options"]["properties"]
    assert {key: field["default"] for key, field in options.items()} == {
        "maxConcurrent": 5,
        "timeout": 300_000,
        "retryAttempts": 2,
        "retryDelay": 2000,
    }


names = st.one_of(st.text(max_size=3), st.sampled_from(["a", "x" * 256, "x" * 257, "\n", "\x85"]))
numbers = st.one_of(
    st.integers(-1, 12), st.sampled_from([True, 434.0, 0.5, -0.0, 99, 100, 101, 999, 1000, 60_000, 60_001, 86_400_001])
)
anything = st.recursive(
    st.none() | st.booleans() | numbers | names, lambda inner: st.lists(inner, max_size=2), max_leaves=4
)
options = st.dictionaries(
    st.sampled_from(["maxConcurrent", "timeout", "retryAttempts", "retryDelay", "other"]),
    numbers | anything,
    max_size=3,
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "documentIds": st.lists(names, max_size=3) | anything,
        "type": st.sampled_from(["X", "Y", 5]),
        "options": options | anything,
    },
) | st.dictionaries(names, anything, max_size=2)


@given(bodies)
@settings(deadline=None, max_examples=500)
def test_the_schema_and_the_parser_take_the_same_requests(body: Any) -> None:
    validators = pytest.importorskip("jsonschema_rs", reason="it is only installed with schemathesis")
    valid = validators.validator_for(create_request_schema(["X"])).is_valid(body)
    try:
        parse_create_request(json.dumps(body), types=["X"])
    except InvalidRequestError:
        taken = False
    else:
        taken = True
    assert taken == valid


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_whatever_is_sent_is_read_or_refused(body: bytes | str) -> None:
    with pytest.raises(InvalidRequestError):
        parse_create_request(body)
