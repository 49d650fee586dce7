"""What an exception means (contract, section 4)."""

import pytest

from docmill.core import CircuitBreaker, judge
from docmill.core.verdict import MAX_ERROR_TEXT, Verdict, describe, rogue_cancel, stopped
from docmill.errors import PermanentError, RetryAfter, ServiceUnavailableError
from docmill.model import FailureCode

BREAKER = CircuitBreaker()
ERROR, EXIT, PERMANENT = FailureCode.PROCESSOR_ERROR, FailureCode.PROCESSOR_EXIT, FailureCode.PERMANENT


class OutOfQuota(Exception):
    pass


class Unreadable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def group(*errors: BaseException) -> BaseException:
    return BaseExceptionGroup("several", errors)


@pytest.mark.parametrize(
    "error, code, retry, counted, pause",
    [
        pytest.param(ValueError("x"), ERROR, True, False, None, id="an ordinary exception"),
        pytest.param(MemoryError(), ERROR, True, False, None, id="no memory"),
        pytest.param(RecursionError(), ERROR, True, False, None, id="too deep"),
        pytest.param(PermanentError("x"), PERMANENT, False, False, None, id="permanent"),
        pytest.param(FileNotFoundError("x"), PERMANENT, False, False, None, id="registered as permanent"),
        pytest.param(RetryAfter(7), ERROR, True, True, 7.0, id="a pause"),
        pytest.param(RetryAfter(1e300), ERROR, True, True, 366 * 86_400.0, id="a pause for ever"),
        pytest.param(ConnectionResetError(), ERROR, True, True, None, id="the service: connection"),
        pytest.param(TimeoutError(), ERROR, True, True, None, id="the service: timeout"),
        pytest.param(ServiceUnavailableError(), ERROR, True, True, None, id="the service: says so"),
        pytest.param(SystemExit(1), EXIT, True, False, None, id="exit"),
        pytest.param(GeneratorExit(), EXIT, True, False, None, id="generator exit"),
        pytest.param(KeyboardInterrupt(), EXIT, True, False, None, id="interrupt"),
        pytest.param(group(ValueError(), KeyError()), ERROR, True, False, None, id="a group of exceptions"),
        pytest.param(group(ValueError(), SystemExit()), EXIT, True, False, None, id="a mixed group"),
        pytest.param(group(ConnectionError(), SystemExit()), EXIT, True, False, None, id="never counted"),
        pytest.param(group(ValueError(), PermanentError()), PERMANENT, False, False, None, id="one is permanent"),
        pytest.param(group(ConnectionError(), TimeoutError()), ERROR, True, True, None, id="all of the service"),
        pytest.param(group(ConnectionError(), ValueError()), ERROR, True, False, None, id="some of the service"),
        pytest.param(group(RetryAfter(1), group(RetryAfter(3))), ERROR, True, True, 3.0, id="the longer pause"),
    ],
)
def test_what_a_processor_raises_means_one_thing(
    error: BaseException, code: FailureCode, retry: bool, counted: bool, pause: float | None
) -> None:
    verdict = judge(error, (FileNotFoundError,), BREAKER)

    assert (verdict.code, verdict.retry, verdict.counted, verdict.pause) == (code, retry, counted, pause)


def test_without_a_breaker_nothing_is_counted() -> None:
    assert not judge(ConnectionError(), (), None).counted


def test_a_breaker_counts_what_it_names_too() -> None:
    assert not judge(OutOfQuota(), (), BREAKER).counted
    assert judge(OutOfQuota(), (), CircuitBreaker(trips_on=(OutOfQuota,))).counted


@pytest.mark.parametrize(
    "error, text",
    [
        (ValueError("broken"), "ValueError: broken"),
        (ValueError(), "ValueError"),
        (Unreadable(), "Unreadable: (its message cannot be read)"),
        (ValueError("two\nlines"), "ValueError: two\\nlines"),
        (ValueError("\x1b[2J"), "ValueError: \\x1b[2J"),
        (ValueError("\u202egnp.exe"), "ValueError: \\u202egnp.exe"),
        (ValueError("\udc80"), "ValueError: \\udc80"),
        (ValueError("a\u2028b\u2029c"), "ValueError: a\\u2028b\\u2029c"),
        (ValueError("caf\u00e9 \u4e2d"), "ValueError: caf\u00e9 \u4e2d"),
        (ValueError("no-break\u00a0space"), "ValueError: no-break\u00a0space"),
    ],
)
def test_an_error_text_is_type_and_message_and_safe_to_print(error: BaseException, text: str) -> None:
    assert describe(error) == text
    assert judge(error, (), None).error == text


@pytest.mark.parametrize("message", ["x" * 5_000, "\n" * 5_000])
def test_an_error_text_is_never_longer_than_2000_characters(message: str) -> None:
    assert MAX_ERROR_TEXT == 2_000
    assert len(describe(ValueError(message))) == 2_000


def test_a_group_of_one_is_shown_as_that_one() -> None:
    assert judge(ExceptionGroup("tasks", [ValueError("broken")]), (), None).error == "ValueError: broken"


def test_a_group_of_several_is_shown_as_a_group() -> None:
    assert judge(ExceptionGroup("tasks", [ValueError(), KeyError()]), (), None).error.startswith(
        "ExceptionGroup: tasks"
    )


def test_an_attempt_at_its_budget_is_never_retried() -> None:
    verdict = stopped(FailureCode.DOCUMENT_TIMEOUT, 30.0, BREAKER)

    assert verdict == Verdict(
        FailureCode.DOCUMENT_TIMEOUT, "no result within the document's budget of 30 s", retry=False, counted=False
    )


def test_an_attempt_that_was_cancelled_says_so() -> None:
    verdict = stopped(FailureCode.CANCELLED, 30.0, None)

    assert verdict == Verdict(FailureCode.CANCELLED, "cancelled while it was running", retry=False, counted=False)


def test_a_breaker_may_name_the_budget_as_a_failure_of_the_service() -> None:
    breaker = CircuitBreaker(trips_on=(FailureCode.DOCUMENT_TIMEOUT,))

    assert stopped(FailureCode.DOCUMENT_TIMEOUT, 30.0, breaker).counted
    assert not stopped(FailureCode.CANCELLED, 30.0, breaker).counted
    assert not stopped(FailureCode.DOCUMENT_TIMEOUT, 30.0, None).counted


def test_a_cancellation_that_nobody_asked_for_is_a_failure_that_may_be_retried() -> None:
    verdict = rogue_cancel(OSError("gone"))

    assert (verdict.code, verdict.retry, verdict.counted) == (FailureCode.ROGUE_CANCEL, True, False)
    assert verdict.error == "OSError: gone (raised by the processor; nobody asked for it)"
