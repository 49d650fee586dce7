"""A score explains itself."""

from hypothesis import given
from hypothesis import strategies as st

from docmill.documents.quality.issues import ISSUES, issue
from docmill.documents.quality.score import score_of

found = st.builds(issue, st.sampled_from(sorted(ISSUES)), st.none() | st.integers(1, 6))


@given(st.lists(found, max_size=30), st.integers(0, 6))
def test_the_score_and_its_reasons_add_up_to_100(issues, pages: int) -> None:
    score, reasons = score_of(issues, pages)
    assert 0 <= score <= 100
    assert score - sum(reason.points for reason in reasons) == 100
    assert all(reason.points < 0 for reason in reasons)
    assert [reason.points for reason in reasons[:-1]] == sorted(reason.points for reason in reasons[:-1])


def test_an_issue_costs_in_proportion_to_the_pages_that_have_it() -> None:
    score, (reason,) = score_of([issue("blurred", 2), issue("blurred", 3)], 8)
    assert (score, reason.points) == (95, -5)
    assert reason.message.startswith("2 of 8 pages: ")


def test_what_costs_nothing_is_no_reason() -> None:
    assert score_of([issue("rotated", 1), issue("embedded_file")], 1) == (100, [])
