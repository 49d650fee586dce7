"""Contract, section 4: what a failure says is short, on one line, and cannot forge or turn around anything."""

import logging
from typing import Any

import pytest

from docmill import FailureCode

from .support import CHECK, Scripted, opened, options


async def text_of(error: BaseException) -> str:
    async with opened(Scripted(error)) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK, options(retry_attempts=0)))
    text: str = job.errors[0].error
    return text


async def test_it_names_the_type_and_the_message() -> None:
    assert await text_of(ValueError("page 3 is torn")) == "ValueError: page 3 is torn"


async def test_without_a_message_it_is_the_type_alone() -> None:
    assert await text_of(RuntimeError()) == "RuntimeError"


async def test_it_has_at_most_2000_characters() -> None:
    text = await text_of(ValueError("x" * 100_000))
    assert len(text) == 2_000
    assert text.startswith("ValueError: xxx")


async def test_escaping_does_not_make_it_longer_than_2000_characters() -> None:
    assert len(await text_of(ValueError("\x00" * 100_000))) <= 2_000


@pytest.mark.parametrize(
    "unsafe",
    [
        *["\n", "\r", "\t", "\x00", "\x1b", "\x7f", "\x85", "\x9b"],
        *["\u2028", "\u2029", "\u200b", "\u200e", "\u200f", "\ufeff"],
        *["\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"],
        *["\ud800", "\udfff"],
    ],
    ids=lambda character: f"U+{ord(character):04X}",
)
async def test_control_and_bidi_characters_are_escaped(unsafe: str) -> None:
    text = await text_of(ValueError(f"before{unsafe}after"))

    assert unsafe not in text
    assert text == f"ValueError: before{unsafe.encode('unicode_escape').decode()}after"
    assert text.encode()


async def test_what_is_only_foreign_stays_readable() -> None:
    assert await text_of(ValueError("Straße 東京 naïve é ✓")) == "ValueError: Straße 東京 naïve é ✓"


class Unreadable(Exception):
    def __init__(self, answer: Any) -> None:
        super().__init__()
        self._answer = answer

    def __str__(self) -> str:
        if isinstance(self._answer, BaseException):
            raise self._answer
        answer: str = self._answer
        return answer


@pytest.mark.parametrize(
    "answer", [ValueError("no"), RecursionError(), 42, None, SystemExit(1)], ids=lambda answer: type(answer).__name__
)
async def test_an_exception_that_cannot_be_read_is_still_a_failure(answer: Any) -> None:
    assert (await text_of(Unreadable(answer))).startswith("Unreadable")


async def test_an_unreadable_exception_harms_no_other_document() -> None:
    check = Scripted("fine", a=[Unreadable(SystemExit(1))])
    async with opened(check, max_workers=1) as queue:
        job = await queue.wait(await queue.create_job(["a", "b"], CHECK, options(retry_attempts=0)))

    assert [outcome.success for outcome in job.outcomes] == [False, True]
    assert job.errors[0].code is FailureCode.PROCESSOR_ERROR


async def test_the_name_of_the_type_is_escaped_too() -> None:
    forged = type("Forged\nName\u202e", (Exception,), {})
    assert await text_of(forged("x")) == "Forged\\nName\\u202e: x"


async def test_the_last_error_is_the_one_that_is_shown() -> None:
    check = Scripted(ValueError("first"), ValueError("second"), ValueError("third"))
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK))

    assert job.errors[0].error == "ValueError: third"


async def test_no_traceback_is_in_the_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "docmill")
    text = await text_of(ValueError("broken"))
    assert "Traceback" not in text
    assert __file__ not in text
