"""Results and errors as sequences: read-only, and each item made only when it is read."""

from collections.abc import Sequence
from datetime import UTC, datetime

import attrs
import pytest

from docmill import DocumentFailure, DocumentResult, FailureCode
from docmill.model import Row, Rows


class Maker:
    """Makes an item from a row, and remembers which it has made."""

    def __init__(self) -> None:
        self.made: list[int] = []

    def __call__(self, row: Row) -> str:
        self.made.append(row[0])
        return f"item {row[0]}"


def rows_of(count: int) -> list[Row]:
    return [(position, 1, 0.0, 1.0, None) for position in range(count)]


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture
def five(maker: Maker) -> Rows[str]:
    return Rows(rows_of(8), 5, maker)


def test_only_the_rows_that_are_meant_can_be_seen(five: Rows[str]) -> None:
    assert len(five) == 5
    assert list(five) == ["item 0", "item 1", "item 2", "item 3", "item 4"]


def test_nothing_is_made_before_it_is_read(five: Rows[str], maker: Maker) -> None:
    assert len(five) == 5
    assert bool(five)
    assert maker.made == []

    assert five[3] == "item 3"
    assert maker.made == [3]


def test_a_negative_index_counts_from_the_end_of_what_is_meant(five: Rows[str]) -> None:
    assert five[-1] == "item 4"
    assert five[-5] == "item 0"


@pytest.mark.parametrize("index", [5, 7, -6, 1_000])
def test_an_index_beyond_what_is_meant_is_an_index_error(five: Rows[str], index: int) -> None:
    with pytest.raises(IndexError, match=f"index {index} is out of range for 5 items"):
        five[index]


@pytest.mark.parametrize(
    "part",
    [
        slice(None),
        slice(1, 3),
        slice(-2, None),
        slice(None, None, -1),
        slice(None, None, 2),
        slice(3, 100),
        slice(4, 1),
        slice(-100, 2),
    ],
    ids=str,
)
def test_a_slice_is_what_the_same_slice_of_a_list_is(five: Rows[str], part: slice) -> None:
    assert five[part] == list(five)[part]


def test_a_slice_makes_only_its_own_items(five: Rows[str], maker: Maker) -> None:
    assert five[1:3] == ["item 1", "item 2"]

    assert maker.made == [1, 2]


def test_it_is_a_sequence_with_everything_that_follows_from_that(five: Rows[str]) -> None:
    assert isinstance(five, Sequence)
    assert "item 2" in five
    assert "item 5" not in five
    assert five.index("item 3") == 3
    assert five.count("item 3") == 1
    assert list(reversed(five)) == ["item 4", "item 3", "item 2", "item 1", "item 0"]


def test_it_equals_what_has_the_same_items(five: Rows[str], maker: Maker) -> None:
    assert five == Rows(rows_of(5), 5, maker)
    assert five == ["item 0", "item 1", "item 2", "item 3", "item 4"]
    assert five == ("item 0", "item 1", "item 2", "item 3", "item 4")
    assert five != ["item 0"]
    assert five != Rows(rows_of(5), 4, maker)
    assert five != 5
    assert five != "item 0"


def test_an_empty_one_equals_an_empty_list_and_is_false(maker: Maker) -> None:
    empty = Rows(rows_of(3), 0, maker)

    assert empty == []
    assert not empty
    assert repr(empty) == "[]"


def test_it_cannot_be_written_to(five: Rows[str]) -> None:
    with pytest.raises(TypeError):
        five[0] = "mine"  # type: ignore[index]
    with pytest.raises(AttributeError):
        five.append("mine")  # type: ignore[attr-defined]


def test_it_cannot_be_hashed_since_a_list_cannot(five: Rows[str]) -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(five)


def test_its_repr_shows_the_first_three_and_how_many_follow(maker: Maker) -> None:
    assert repr(Rows(rows_of(3), 3, maker)) == "['item 0', 'item 1', 'item 2']"
    assert repr(Rows(rows_of(9), 9, maker)) == "['item 0', 'item 1', 'item 2', ... 6 more]"


def test_the_repr_of_a_million_makes_three(maker: Maker) -> None:
    assert repr(Rows(rows_of(1) * 1_000_000, 1_000_000, maker)).endswith("... 999997 more]")
    assert len(maker.made) == 3


def test_a_result_and_a_failure_say_which_they_are() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    result = DocumentResult(document_id="a", data={"n": 1}, processing_time=1.5, timestamp=now, attempts=1)
    failure = DocumentFailure(
        document_id="b",
        error="ValueError: no",
        code=FailureCode.PERMANENT,
        attempts=1,
        processing_time=0.5,
        timestamp=now,
    )

    assert result.success is True
    assert failure.success is False
    for outcome in (result, failure):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            outcome.attempts = 7  # type: ignore[misc]


def test_whether_it_succeeded_cannot_be_claimed_otherwise() -> None:
    with pytest.raises(TypeError):
        DocumentResult(  # type: ignore[call-arg]
            document_id="a", success=False, data=None, processing_time=0.0, timestamp=datetime.now(UTC), attempts=1
        )
