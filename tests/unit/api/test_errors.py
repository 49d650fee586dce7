"""The errors: one tree, each also the builtin that one would guess, in words that help."""

import pickle
from typing import Any

import pytest

import docmill
from docmill import (
    DocmillError,
    IdempotencyConflictError,
    InvalidJobError,
    JobNotFoundError,
    PermanentError,
    RetryAfter,
    ServiceUnavailableError,
    StoreError,
    errors,
)

ALL = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_is_a_docmill_error_and_is_documented(kind: type[Exception]) -> None:
    """R35."""
    assert issubclass(kind, DocmillError)
    assert kind.__doc__
    assert getattr(docmill, kind.__name__) is kind


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_stands_in_the_tree_at_the_top_of_its_module(kind: type[Exception]) -> None:
    assert errors.__doc__ is not None
    assert kind.__name__ in errors.__doc__


@pytest.mark.parametrize("kind, builtin", [(InvalidJobError, ValueError), (JobNotFoundError, LookupError)])
def test_an_error_can_be_caught_as_the_builtin_that_one_would_guess(
    kind: type[Exception], builtin: type[Exception]
) -> None:
    assert issubclass(kind, builtin)


def test_what_goes_wrong_with_a_store_has_one_base() -> None:
    stores = [kind for kind in ALL if kind.__name__.startswith("Store")]

    assert StoreError in stores
    assert all(issubclass(kind, StoreError) for kind in stores)


def test_a_missing_job_is_named_and_the_three_reasons_are_given() -> None:
    error = JobNotFoundError("job_1")

    assert error.job_id == "job_1"
    assert str(error) == (
        "no job 'job_1' is known here: it was never created, it was cleaned up, or it is another owner's"
    )


def test_an_invalid_job_has_its_problems_one_by_one_and_as_one_text() -> None:
    error = InvalidJobError(["one is wrong", "two is wrong"])

    assert error.problems == ("one is wrong", "two is wrong")
    assert str(error) == "one is wrong; two is wrong"
    assert InvalidJobError("one").problems == ("one",)


def test_a_conflict_of_keys_says_which_job_the_key_stands_for_and_what_to_do() -> None:
    error = IdempotencyConflictError("key-1", "job_1")

    assert (error.key, error.job_id) == ("key-1", "job_1")
    assert "'key-1' already stands for job 'job_1'" in str(error)
    assert "use a new key" in str(error)


def test_retry_after_says_how_long() -> None:
    assert RetryAfter(1.5).seconds == 1.5
    assert RetryAfter(0).seconds == 0.0
    assert str(RetryAfter(90)) == "retry after 90 s"
    assert str(RetryAfter(90, "too many requests")) == "too many requests"


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), -0.1])
def test_retry_after_no_sensible_time_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="RetryAfter needs a finite number of seconds, 0 or more, got"):
        RetryAfter(seconds)


@pytest.mark.parametrize(
    "error",
    [
        PermanentError("broken"),
        RetryAfter(2.5, "busy"),
        RetryAfter(2.5),
        ServiceUnavailableError("down"),
        JobNotFoundError("job_1"),
        InvalidJobError(["one", "two"]),
        IdempotencyConflictError("key", "job_1"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_survives_the_way_from_another_process(error: Any) -> None:
    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
