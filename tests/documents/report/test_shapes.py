"""Reading results of any shape."""

import pytest

from docmill.documents.report.shapes import box_of, dicts_of, mapping_of, number_of, text_of, whole_of

NOTHING = [None, [], "text", 7, object()]


@pytest.mark.parametrize("data", NOTHING)
def test_what_is_no_mapping_has_no_keys(data: object) -> None:
    assert mapping_of(data) == {}
    assert mapping_of(data, "a", "b") == {}


def test_a_path_leads_to_an_inner_mapping() -> None:
    assert mapping_of({"a": {"b": {"c": 1}}}, "a", "b") == {"c": 1}


@pytest.mark.parametrize("data", [None, "ab", b"ab", {"a": 1}, 3])
def test_what_is_no_list_has_no_mappings(data: object) -> None:
    assert list(dicts_of(data, 10)) == []


def test_a_list_is_read_up_to_the_limit() -> None:
    assert list(dicts_of([{"a": 1}, "b", {"c": 2}, {"d": 3}], 3)) == [{"a": 1}, {"c": 2}]


@pytest.mark.parametrize("data, text", [("a", "a"), (" ", None), (None, None), (1.5, "1.5"), ([], None), (True, None)])
def test_text_is_what_says_something(data: object, text: str | None) -> None:
    assert text_of(data) == text


@pytest.mark.parametrize("data", [float("nan"), float("inf"), 10**400, True, "1", None, 1j])
def test_what_is_no_finite_number_is_none(data: object) -> None:
    assert number_of(data) is None


@pytest.mark.parametrize("data, number", [(3, 3), (0, 0), (-1, None), (1.0, None), (True, None), (2**60, None)])
def test_a_whole_number_counts_something(data: object, number: int | None) -> None:
    assert whole_of(data) == number


def test_a_box_has_its_edges_in_order() -> None:
    assert box_of([30, 40.5, 10, 20]) == (10, 20, 30, 40.5)


@pytest.mark.parametrize("data", [None, "1234", [1, 2, 3], [1, 2, 3, float("nan")], [1, 2, 3, "4"], [0, 0, 1e9, 1]])
def test_what_is_no_box_on_a_page_is_none(data: object) -> None:
    assert box_of(data) is None
