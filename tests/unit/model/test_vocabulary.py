"""Job types, statuses and codes: words that are strings, closed sets that say what they mean."""

from enum import StrEnum

import pytest

from docmill import TERMINAL_STATUSES, FailureCode, JobErrorCode, JobStatus, ProcessingJobType


def test_the_job_types_are_the_four_of_the_seed() -> None:
    assert list(ProcessingJobType) == ["FULL_ANALYSIS", "QUALITY_CHECK", "DATA_EXTRACTION", "BATCH_ANALYSIS"]


def test_the_statuses_are_the_six_of_the_seed() -> None:
    assert list(JobStatus) == ["PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT"]


def test_the_four_statuses_after_which_nothing_comes_are_terminal() -> None:
    assert {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT"} == TERMINAL_STATUSES
    assert [status for status in JobStatus if status.is_terminal] == ["COMPLETED", "FAILED", "CANCELLED", "TIMEOUT"]


@pytest.mark.parametrize("words", [ProcessingJobType, JobStatus, FailureCode, JobErrorCode])
def test_every_word_is_a_str_and_shows_as_one(words: type[StrEnum]) -> None:
    for word in words:
        assert isinstance(word, str)
        assert f"{word}" == word.value
        assert words(word.value) is word


def test_the_failure_codes_are_those_of_the_contract_that_this_version_can_give() -> None:
    assert {
        "processor_error",
        "permanent",
        "document_timeout",
        "retry_budget",
        "job_stopped",
        "cancelled",
        "rogue_cancel",
        "processor_exit",
        "circuit_open",
        "processor_stuck",
        "worker_died",
        "bad_result",
        "result_too_large",
    } <= set(FailureCode)


def test_no_two_codes_of_documents_and_jobs_mean_different_things_by_one_word() -> None:
    assert not set(FailureCode) & set(JobErrorCode)


def test_a_status_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="DONE"):
        JobStatus("DONE")
