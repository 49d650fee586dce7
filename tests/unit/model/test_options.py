"""JobOptions: the seed's defaults, what is refused and in which words, and the seed's recommendations."""

import math
from typing import Any

import attrs
import pytest

from docmill import DocmillError, InvalidJobError, JobOptions, ProcessingJobType

NAN, INF = math.nan, math.inf


def test_the_defaults_are_those_of_the_seed() -> None:
    options = JobOptions()

    assert options.max_concurrent == 5
    assert options.timeout == 300.0
    assert options.retry_attempts == 2
    assert options.retry_delay == 2.0
    assert options.document_timeout == 30.0
    assert options.max_failures is None
    assert options.jitter is False


def test_options_are_keyword_only() -> None:
    with pytest.raises(TypeError):
        JobOptions(5)  # type: ignore[misc]


def test_options_cannot_be_changed() -> None:
    options = JobOptions()

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        options.timeout = 1.0  # type: ignore[misc]


def test_options_with_the_same_values_are_equal_and_hash_alike() -> None:
    assert JobOptions(timeout=5) == JobOptions(timeout=5.0)
    assert len({JobOptions(), JobOptions()}) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"max_concurrent": 1},
        {"max_concurrent": 1_000_000},
        {"timeout": None},
        {"timeout": 1},
        {"timeout": 0.001},
        {"retry_attempts": 0},
        {"retry_attempts": 100},
        {"retry_delay": 0},
        {"retry_delay": 0.0},
        {"document_timeout": 1e-6},
        {"document_timeout": 86_400},
        {"max_failures": 0},
        {"jitter": True},
    ],
    ids=str,
)
def test_a_value_at_the_edge_of_its_range_is_accepted(given: dict[str, Any]) -> None:
    options = JobOptions(**given)

    assert {name: getattr(options, name) for name in given} == given


WHOLE_FROM_1 = [0, -1, True, False, 1.0, 2.5, NAN, INF, "5", None, [5], 5j]
SECONDS = [-1, -0.001, True, False, NAN, INF, -INF, "5", [5.0], 5j, 10**400]
BAD = {
    "max_concurrent": ("a whole number, 1 or more", WHOLE_FROM_1),
    "timeout": ("a finite number of seconds above 0, or None", [0, 0.0, *SECONDS]),
    "retry_attempts": ("a whole number from 0 to 100", [-1, 101, True, False, 1.0, NAN, INF, "2", None]),
    "retry_delay": ("a finite number of seconds, 0 or more", [None, *SECONDS]),
    "document_timeout": ("a finite number of seconds above 0", [0, 0.0, None, *SECONDS]),
    "max_failures": ("a whole number, 0 or more, or None", [-1, True, False, 1.0, NAN, INF, "2"]),
    "jitter": ("True or False", [0, 1, None, "yes", 0.5]),
}


@pytest.mark.parametrize(
    "name, allowed, value",
    [(name, allowed, value) for name, (allowed, values) in BAD.items() for value in values],
    ids=lambda value: str(value)[:24],
)
def test_a_bad_value_is_refused_with_its_name_what_is_allowed_and_what_was_given(
    name: str, allowed: str, value: Any
) -> None:
    with pytest.raises(InvalidJobError) as caught:
        JobOptions(**{name: value})

    (problem,) = caught.value.problems
    assert problem.startswith(f"{name} must be {allowed}, got ")
    assert repr(value)[:100] in problem


def test_all_bad_values_are_named_at_once() -> None:
    with pytest.raises(InvalidJobError) as caught:
        JobOptions(
            max_concurrent=0,
            timeout=NAN,
            retry_attempts=-1,
            retry_delay=-1.0,
            document_timeout=INF,
            max_failures=-1,
            jitter="no",  # type: ignore[arg-type]
        )

    assert [problem.split()[0] for problem in caught.value.problems] == list(BAD)
    assert str(caught.value) == "; ".join(caught.value.problems)


def test_bad_options_can_be_caught_as_the_builtin_that_one_would_guess() -> None:
    with pytest.raises(ValueError, match="max_concurrent must be") as caught:
        JobOptions(max_concurrent=0)

    assert isinstance(caught.value, DocmillError)


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match="maxConcurrent"):
        JobOptions(maxConcurrent=5)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "count, least, most",
    [
        (1, 3, 5),
        (5, 3, 5),
        (9, 3, 5),
        (10, 5, 10),
        (20, 5, 10),
        (30, 5, 10),
        (31, 10, 15),
        (50, 10, 15),
        (10_000, 10, 15),
    ],
)
def test_the_recommended_concurrency_is_in_the_range_of_the_seed(count: int, least: int, most: int) -> None:
    options = JobOptions.recommended(ProcessingJobType.FULL_ANALYSIS, count)

    assert least <= options.max_concurrent <= most


def test_the_recommended_concurrency_never_falls_as_the_batch_grows() -> None:
    advice = [JobOptions.recommended("FULL_ANALYSIS", count).max_concurrent for count in range(1, 200)]

    assert advice == sorted(advice)
    assert (advice[0], advice[-1]) == (3, 15)


@pytest.mark.parametrize(
    "job_type, timeout",
    [
        (ProcessingJobType.QUALITY_CHECK, 60.0),
        (ProcessingJobType.DATA_EXTRACTION, 180.0),
        (ProcessingJobType.FULL_ANALYSIS, 300.0),
        (ProcessingJobType.BATCH_ANALYSIS, 300.0),
        ("QUALITY_CHECK", 60.0),
        ("TRANSLATE", 300.0),
    ],
)
def test_the_recommended_timeout_is_that_of_the_seed_for_the_type(job_type: str, timeout: float) -> None:
    assert JobOptions.recommended(job_type, 20).timeout == timeout


def test_a_recommendation_leaves_everything_else_at_its_default() -> None:
    advice = JobOptions.recommended("QUALITY_CHECK", 20)

    assert attrs.evolve(advice, max_concurrent=5, timeout=300.0) == JobOptions()


@pytest.mark.parametrize("count", [0, -1, True, 1.0, NAN, "3", None])
def test_a_recommendation_for_no_sensible_number_of_documents_is_refused(count: Any) -> None:
    with pytest.raises(InvalidJobError, match="document_count must be a whole number, 1 or more, got"):
        JobOptions.recommended("QUALITY_CHECK", count)
