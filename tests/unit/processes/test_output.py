"""Contract, section 5: what workers print and log reaches the program's logger, safe to show."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest

from .support import isolated, once, opened, run, until

WORKER = "docmill.worker"


@pytest.fixture(autouse=True)
def everything_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


async def heard(caplog: pytest.LogCaptureFixture, target: Callable[..., Any], document_id: str = "a") -> list[Any]:
    """The records of the loggers of a worker's that arrive until the queue is closed."""
    async with opened(isolated(target)) as queue:
        await run(queue, [document_id], once())
    return [record for record in caplog.records if hasattr(record, "worker_pid")]


async def test_printed_lines_are_logged_at_info(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> None:
        print("one")
        print("two", file=sys.stderr)
        print()
        print("three\nfour")

    records = await heard(caplog, check)

    assert sorted(record.getMessage() for record in records) == ["four", "one", "three", "two"]
    assert {(record.name, record.levelno) for record in records} == {(WORKER, logging.INFO)}
    assert all(record.worker_pid for record in records)


async def test_what_is_written_past_python_is_logged_too(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> None:
        import ctypes
        import os

        os.write(1, b"to descriptor 1\n")
        os.write(2, b"to descriptor 2\n")
        libc = ctypes.CDLL(None)
        libc.puts(b"by the C library")
        libc.fflush(None)

    records = await heard(caplog, check)

    assert [record.getMessage() for record in records] == ["to descriptor 1", "to descriptor 2", "by the C library"]


async def test_a_printed_line_is_heard_while_the_document_is_at_work(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> None:
        import time

        print("begun")
        time.sleep(3600)

    async with opened(isolated(check)) as queue:
        job_id = await queue.create_job(["a"], "CHECK", once(document_timeout=1_000))
        await until(lambda: "begun" in caplog.messages)
        await queue.cancel_job(job_id, force=True)


async def test_a_line_without_an_end_is_logged_when_the_worker_has_ended(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> None:
        import os

        os.write(1, b"no end")
        os._exit(1)

    assert [record.getMessage() for record in await heard(caplog, check)] == ["no end"]


async def test_a_line_that_is_too_long_is_logged_in_pieces(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> None:
        print("x" * 1_000_000)

    messages = [record.getMessage() for record in await heard(caplog, check)]

    assert len(messages) > 2
    assert "".join(messages) == "x" * 1_000_000


async def test_characters_that_could_forge_a_line_are_escaped(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> None:
        import logging

        text = "a\x1b[31mred\u202eb\rc"
        print(text)
        logging.getLogger("parser").warning(text)

    messages = [record.getMessage() for record in await heard(caplog, check)]

    assert messages == ["a\\x1b[31mred\\u202eb\\rc"] * 2


async def test_bytes_that_are_no_text_harm_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> None:
        import os

        os.write(1, bytes(range(256)) * 20 + b"\nthe end\n")

    messages = [record.getMessage() for record in await heard(caplog, check)]

    assert messages[-1] == "the end"
    assert all(message.isprintable() for message in messages)


async def test_a_flood_is_heard_to_its_end(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> None:
        import logging

        for number in range(3_000):
            print(f"printed {number}")
            logging.getLogger("parser").info("logged %d", number)

    records = await heard(caplog, check)

    printed = [record.getMessage() for record in records if record.name == WORKER]
    logged = [record.getMessage() for record in records if record.name == "parser"]
    assert printed == [f"printed {number}" for number in range(3_000)]
    assert logged == [f"logged {number}" for number in range(3_000)]


async def test_records_have_the_logger_and_the_level_that_they_had(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> None:
        import logging

        logging.getLogger("parser").debug("fine %s", "print")
        logging.getLogger("parser.pages").error("broken %d", 7)
        logging.getLogger().warning("at the root")
        logging.getLogger("parser").log(35, "in between")

    records = await heard(caplog, check)

    assert [(record.name, record.levelno, record.getMessage()) for record in records] == [
        ("parser", logging.DEBUG, "fine print"),
        ("parser.pages", logging.ERROR, "broken 7"),
        ("root", logging.WARNING, "at the root"),
        ("parser", 35, "in between"),
    ]


async def test_a_traceback_is_logged_as_text(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> None:
        import logging

        try:
            {}["missing"]
        except KeyError:
            logging.getLogger("parser").exception("no such key")

    (record,) = await heard(caplog, check)
    first, *_, last = record.getMessage().split("\n")

    assert (record.levelno, first, last) == (logging.ERROR, "no such key", "KeyError: 'missing'")
    assert "Traceback (most recent call last):" in record.getMessage()


async def test_warnings_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> None:
        import warnings

        warnings.warn("old fashioned", UserWarning, stacklevel=1)

    (record,) = await heard(caplog, check)

    assert record.name == "py.warnings"
    assert "UserWarning: old fashioned" in record.getMessage()


async def test_a_record_that_cannot_be_formatted_costs_nothing_but_itself(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> str:
        import logging

        logging.getLogger("parser").error("%d", "no number")
        logging.getLogger("parser").error("the next one")
        return document_id

    async with opened(isolated(check)) as queue:
        job = await run(queue, ["a"], once())

    assert job.results[0].data == "a"
    assert "the next one" in caplog.messages


async def test_a_percent_sign_is_only_a_percent_sign(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> None:
        print("100 %s %d")

    assert [record.getMessage() for record in await heard(caplog, check)] == ["100 %s %d"]


async def test_what_the_host_does_not_want_to_hear_is_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> list[bool]:
        import logging

        log = logging.getLogger("parser")
        log.debug("too fine")
        log.warning("worth it")
        return [log.isEnabledFor(logging.INFO), log.isEnabledFor(logging.WARNING)]

    caplog.set_level(logging.WARNING)
    async with opened(isolated(check)) as queue:
        job = await run(queue, ["a"], once())

    assert job.results[0].data == [False, True]
    assert [record.getMessage() for record in caplog.records if record.name == "parser"] == ["worth it"]


async def test_a_logger_that_is_silenced_here_stays_silent(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> None:
        import logging

        logging.getLogger("parser").warning("nobody asked")
        logging.getLogger("other").warning("asked for")

    log = logging.getLogger("parser")
    log.setLevel(logging.ERROR)
    try:
        records = await heard(caplog, check)
    finally:
        log.setLevel(logging.NOTSET)

    assert [record.getMessage() for record in records] == ["asked for"]


async def test_a_failed_attempt_has_its_traceback_in_the_log_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> None:
        raise ValueError("broken")

    (record,) = await heard(caplog, check)

    assert (record.name, record.levelno) == (WORKER, logging.DEBUG)
    assert record.getMessage().startswith("attempt 1 of document 'a' failed\nTraceback")
    assert record.getMessage().endswith("ValueError: broken")


async def test_a_sudden_death_is_logged_as_a_warning_of_docmill(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> None:
        import os

        os._exit(3)

    async with opened(isolated(check)) as queue:
        await run(queue, ["a"], once())

    told = [record for record in caplog.records if record.name == "docmill" and record.levelno == logging.WARNING]
    assert [record.getMessage().split(" ", 3)[3] for record in told] == ["exited with code 3"]


async def test_a_segfault_leaves_the_stack_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def check(document_id: str) -> None:
        import ctypes

        ctypes.string_at(0)

    messages = [record.getMessage() for record in await heard(caplog, check)]

    assert messages[0] == "Fatal Python error: Segmentation fault"
    assert any("in check" in message for message in messages)
