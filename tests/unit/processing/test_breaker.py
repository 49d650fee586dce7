"""Contract, section 5: the circuit breaker of a job type, as its jobs meet it (R26)."""

import random
from itertools import pairwise
from typing import Any

import pytest
from anyio import sleep

from docmill import (
    CircuitBreaker,
    FailureCode,
    JobOptions,
    JobStatus,
    PermanentError,
    ServiceUnavailableError,
    processor,
)
from docmill import RetryAfter as Pause

from .support import (
    CHECK,
    HORIZON,
    Ears,
    Scripted,
    Stopwatch,
    at,
    opened,
    options,
    raise_a_cancellation,
    shielded,
    takes,
)

DOWN = ConnectionError("no route to host")


def names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def failing(count: int, error: BaseException = DOWN, **steps_of: list[Any]) -> dict[str, list[Any]]:
    """Scripts of x0, x1 and so on, that fail."""
    return {name: [error] for name in names("x", count)} | steps_of


def guarded(check: Any, **settings: Any) -> Any:
    return processor(breaker=CircuitBreaker(**settings))(check)


def one_by_one(**changes: Any) -> JobOptions:
    return options(**{"max_concurrent": 1, "retry_attempts": 0} | changes)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError(),
        ConnectionRefusedError(),
        TimeoutError("read timed out"),
        ServiceUnavailableError("503"),
        ExceptionGroup("several", [ConnectionError(), TimeoutError()]),
    ],
    ids=["ConnectionError", "ConnectionRefusedError", "TimeoutError", "ServiceUnavailableError", "ExceptionGroup"],
)
async def test_five_failures_of_the_service_in_a_row_open_it_for_ten_seconds(error: Exception) -> None:
    check = Scripted(takes(1), **failing(5, error))
    async with opened(check) as queue:
        ears = Ears(queue, "circuitOpened", "circuitClosed")
        job_id = await queue.create_job([*names("x", 5), "a", "b"], CHECK, one_by_one())
        job = await queue.wait(job_id)

    assert [(start.document_id, start.at) for start in check.starts][4:] == [
        ("x4", at(0)),
        ("a", at(10)),
        ("b", at(11)),
    ]
    assert [(item.name, item.at) for item in ears.heard] == [("circuitOpened", at(0)), ("circuitClosed", at(11))]
    assert job.status is JobStatus.COMPLETED


async def test_four_are_not_enough() -> None:
    check = Scripted("fine", **failing(4))
    async with opened(check) as queue:
        ears = Ears(queue, "circuitOpened")
        await queue.wait(await queue.create_job([*names("x", 4), "a"], CHECK, one_by_one()))

    assert (check.starts_of("a"), ears.heard) == ([at(0)], [])


async def rogue(document_id: str, context: Any) -> None:
    await raise_a_cancellation()


@pytest.mark.parametrize(
    "step",
    [
        ValueError("a broken document"),
        PermanentError("encrypted"),
        BlockingIOError("registered as permanent"),
        KeyError("x"),
        MemoryError(),
        SystemExit(1),
        ExceptionGroup("several", [ValueError(), KeyError()]),
        rogue,
        takes(HORIZON),
    ],
    ids=["ValueError", "Permanent", "registered", "KeyError", "MemoryError", "exit", "group", "rogue", "budget"],
)
async def test_a_hundred_failures_that_speak_of_documents_do_not_open_it(step: Any) -> None:
    check = processor(permanent=[BlockingIOError])(Scripted(step, a=["fine"]))
    async with opened(check) as queue:
        ears = Ears(queue, "circuitOpened")
        job_id = await queue.create_job([*names("x", 100), "a"], CHECK, one_by_one(document_timeout=1))
        job = await queue.wait(job_id)

    assert (ears.heard, job.failed_documents, job.outcome("a").success) == ([], 100, True)


async def test_a_service_error_that_is_registered_as_permanent_does_not_count() -> None:
    check = processor(permanent=[ConnectionError])(Scripted(DOWN))
    async with opened(check) as queue:
        ears = Ears(queue, "circuitOpened")
        await queue.wait(await queue.create_job(names("x", 20), CHECK))

    assert ears.heard == []


async def test_only_a_success_resets_the_count() -> None:
    check = Scripted(takes(1), **failing(5), broken=[ValueError()])
    async with opened(check) as queue:
        ears = Ears(queue, "circuitOpened")
        await queue.wait(await queue.create_job([*names("x", 4), "fine"], CHECK, one_by_one()))
        await queue.wait(await queue.create_job(names("x", 4), CHECK, one_by_one()))
        assert ears.heard == []
        await queue.wait(await queue.create_job(["broken", "x4"], CHECK, one_by_one()))

    assert len(ears.heard) == 1


async def test_attempts_count_and_not_documents() -> None:
    check = guarded(Scripted(DOWN), failures=3, cooldown=100)
    async with opened(check) as queue:
        ears = Ears(queue, "circuitOpened")
        job = await queue.wait(await queue.create_job(["a"], CHECK, options(retry_attempts=5)))

    assert ears.the("circuitOpened").at == at(6)
    assert (job.errors[0].attempts, job.errors[0].code) == (3, FailureCode.CIRCUIT_OPEN)


async def test_the_event_says_why_and_until_when() -> None:
    class Clock:
        def wall(self) -> float:
            return 1_000_000.0 + watch()

    check = guarded(Scripted("fine", **failing(2, a=[takes(3)])), failures=2, cooldown=60)
    watch = Stopwatch()
    async with opened(check, clock=Clock()) as queue:
        ears = Ears(queue, "circuitOpened", "circuitClosed")
        await sleep(5)
        await queue.wait(await queue.create_job([*names("x", 2), "a"], CHECK, one_by_one()))

    opening, closing = ears.heard
    assert (opening.event.job_type, opening.event.error) == (CHECK, "ConnectionError: no route to host")
    assert opening.event.until.timestamp() == at(1_000_000 + 5 + 60)
    assert (closing.event.job_type, closing.at) == (CHECK, at(5 + 60 + 3))


async def test_it_is_the_job_types_own() -> None:
    down, fine = Scripted(DOWN), Scripted("fine")
    async with opened({"DOWN": down, "FINE": fine}) as queue:
        await queue.wait(await queue.create_job(names("x", 5), "DOWN", one_by_one()))
        await queue.create_job(["a"], "DOWN")
        await queue.wait(await queue.create_job(["b"], "FINE"))
        await sleep(1)

    assert (len(down.starts), fine.starts_of("b")) == (5, [at(0)])


async def test_exactly_one_probe_is_let_through_whatever_waits() -> None:
    """R26."""
    check = guarded(Scripted(takes(3), **failing(2)), failures=2, cooldown=10)
    async with opened(check) as queue:
        await queue.wait(await queue.create_job(names("x", 2), CHECK, one_by_one()))
        for prefix in "abc":
            await queue.create_job(names(prefix, 3), CHECK)
        await queue.join()

    later = [start.at for start in check.starts[2:]]
    assert later == [at(10)] + [at(13)] * 8


async def test_a_probe_that_fails_opens_it_again() -> None:
    check = guarded(Scripted(takes(1), **failing(2), a=[takes(2, DOWN)]), failures=2, cooldown=10)
    async with opened(check) as queue:
        ears = Ears(queue, "circuitOpened", "circuitClosed")
        await queue.wait(await queue.create_job([*names("x", 2), "a", "b", "c"], CHECK, one_by_one()))

    assert [check.starts_of(name) for name in "abc"] == [[at(10)], [at(22)], [at(23)]]
    assert [(item.name, item.at) for item in ears.heard] == [
        ("circuitOpened", at(0)),
        ("circuitOpened", at(12)),
        ("circuitClosed", at(23)),
    ]


async def test_a_probe_that_ends_uncounted_frees_the_seat_for_the_next_probe() -> None:
    check = guarded(Scripted(takes(1), **failing(2), a=[takes(2, ValueError())]), failures=2, cooldown=10)
    async with opened(check) as queue:
        ears = Ears(queue, "circuitOpened", "circuitClosed")
        asked = options(retry_attempts=0)
        await queue.wait(await queue.create_job(names("x", 2), CHECK, one_by_one()))
        await queue.wait(await queue.create_job(["a", "b", "c", "d"], CHECK, asked))

    assert [check.starts_of(name) for name in "abcd"] == [[at(10)], [at(12)], [at(13)], [at(13)]]
    assert [(item.name, item.at) for item in ears.heard] == [("circuitOpened", at(0)), ("circuitClosed", at(13))]


@pytest.mark.parametrize("step", [takes(HORIZON), shielded(100)], ids=["obeying", "abandoned"])
async def test_a_probe_at_its_budget_opens_it_again(step: Any) -> None:
    check = guarded(Scripted(takes(1), **failing(2), a=[step]), failures=2, cooldown=10)
    async with opened(check) as queue:
        ears = Ears(queue, "circuitOpened")
        await queue.wait(await queue.create_job([*names("x", 2), "a", "b"], CHECK, one_by_one()))

    assert (check.starts_of("a"), check.starts_of("b")) == ([at(10)], [at(50)])
    assert [item.at for item in ears.heard] == [at(0), at(40)]


async def test_a_probe_that_is_cancelled_by_force_frees_the_seat() -> None:
    check = guarded(Scripted(takes(1), **failing(2), a=[takes(20)]), failures=2, cooldown=10)
    async with opened(check) as queue:
        await queue.wait(await queue.create_job(names("x", 2), CHECK, one_by_one()))
        probing = await queue.create_job(["a"], CHECK)
        await sleep(1)
        other = await queue.create_job(["b"], CHECK)
        await sleep(11)
        await queue.cancel_job(probing, force=True)
        await queue.wait(other)

    assert (check.starts_of("a"), check.starts_of("b")) == ([at(10)], [at(12)])


async def test_a_probe_that_asks_for_a_pause_gets_it() -> None:
    check = guarded(Scripted(takes(1), **failing(2), a=[Pause(40), "fine"]), failures=2, cooldown=10)
    async with opened(check) as queue:
        await queue.wait(
            await queue.create_job(
                [*names("x", 2), "a"], CHECK, options(max_concurrent=1, retry_attempts=1, document_timeout=1)
            )
        )

    assert check.starts_of("a") == [at(10), at(50)]


@pytest.mark.parametrize("end", ["fine", DOWN, ValueError()], ids=["success", "failure", "uncounted"])
async def test_what_began_before_the_opening_says_nothing_about_the_service_of_now(end: Any) -> None:
    """Neither while it is open, nor while it is half-open, nor after it has closed."""
    check = guarded(
        Scripted(takes(5), early=[takes(5, end)], middle=[takes(12, end)], **failing(2)), failures=2, cooldown=10
    )
    async with opened(check) as queue:
        ears = Ears(queue, "circuitOpened", "circuitClosed")
        asked = options(max_concurrent=3, retry_attempts=0)
        ids = ["early", "middle", *names("x", 2), *names("p", 4)]
        await queue.wait(await queue.create_job(ids, CHECK, asked))

    assert sorted(start.at for start in check.starts if start.document_id.startswith("p")) == [
        at(10),
        at(15),
        at(15),
        at(15),
    ]
    assert [(item.name, item.at) for item in ears.heard] == [("circuitOpened", at(0)), ("circuitClosed", at(15))]


async def test_a_success_from_before_the_opening_does_not_reset_the_count_of_now() -> None:
    check = guarded(
        Scripted("fine", early=[takes(20)], probe=[takes(1)], y=[takes(1, DOWN)], z=[takes(14, DOWN)], **failing(2)),
        failures=2,
        cooldown=10,
    )
    async with opened(check) as queue:
        ears = Ears(queue, "circuitOpened", "circuitClosed")
        asked = options(max_concurrent=2, retry_attempts=0)
        await queue.wait(await queue.create_job(["early", *names("x", 2), "probe", "y", "z"], CHECK, asked))

    assert [(item.name, item.at) for item in ears.heard] == [
        ("circuitOpened", at(0)),
        ("circuitClosed", at(11)),
        ("circuitOpened", at(26)),
    ]


async def test_documents_between_retries_wait_within_their_budget_and_settle_at_its_end() -> None:
    """R11."""
    check = guarded(Scripted(DOWN), failures=2, cooldown=100)
    async with opened(check) as queue:
        ears = Ears(queue, "documentFailed")
        job = await queue.wait(await queue.create_job(["a", "b"], CHECK))

    assert {(failure.code, failure.attempts, round(failure.processing_time, 6)) for failure in job.errors} == {
        (FailureCode.CIRCUIT_OPEN, 1, 30)
    }
    assert {failure.error for failure in job.errors} == {"ConnectionError: no route to host"}
    assert [item.at for item in ears.heard] == [at(30), at(30)]


async def test_documents_between_retries_that_have_budget_left_go_on_when_it_closes() -> None:
    check = guarded(Scripted(takes(1), a=[DOWN, takes(1)], b=[DOWN, takes(1)]), failures=2, cooldown=10)
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a", "b"], CHECK))

    assert sorted(check.starts_of("a")[1:] + check.starts_of("b")[1:]) == [at(10), at(11)]
    assert job.failed_documents == 0


async def test_unstarted_documents_wait_with_their_budget_not_begun() -> None:
    budgets = []

    async def rest(document_id: str, context: Any) -> None:
        budgets.append(context.remaining())

    check = guarded(Scripted(rest, **failing(2)), failures=2, cooldown=1000)
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job([*names("x", 2), "a", "b"], CHECK, one_by_one()))

    assert (check.starts_of("a"), budgets) == ([at(1000)], [at(30), at(30)])
    assert job.outcome("a").processing_time == at(0)


async def test_a_new_job_stays_pending_while_it_is_open() -> None:
    check = guarded(Scripted(takes(1), **failing(2)), failures=2, cooldown=100)
    async with opened(check) as queue:
        await queue.wait(await queue.create_job(names("x", 2), CHECK, one_by_one()))
        job_id = await queue.create_job(["a"], CHECK, JobOptions(timeout=5))
        await sleep(50)
        assert queue.get_job_status(job_id).status is JobStatus.PENDING
        job = await queue.wait(job_id)

    assert (job.status, check.starts_of("a")) == (JobStatus.COMPLETED, [at(100)])


async def test_the_job_timeout_still_rules() -> None:
    """R14."""
    check = guarded(Scripted(DOWN), failures=2, cooldown=100)
    async with opened(check) as queue:
        asked = JobOptions(max_concurrent=1, timeout=20)
        job = await queue.wait(await queue.create_job(["a", "b", "c"], CHECK, asked), drained=True)

    assert (job.status, job.duration, job.processed_documents) == (JobStatus.TIMEOUT, at(20), 2)
    assert {failure.code for failure in job.errors} == {FailureCode.JOB_STOPPED}


async def test_a_job_can_be_cancelled_while_it_is_open() -> None:
    check = guarded(Scripted(DOWN), failures=2, cooldown=100)
    async with opened(check) as queue:
        job_id = await queue.create_job(["a", "b", "c"], CHECK, options(max_concurrent=1))
        await sleep(5)
        assert await queue.cancel_job(job_id)
        job = await queue.wait(job_id, drained=True)
        await sleep(200)

    assert (job.processed_documents, len(check.starts)) == (2, 2)


async def test_trips_on_names_further_classes() -> None:
    check = guarded(Scripted("fine", **failing(2, ZeroDivisionError())), failures=2, trips_on=[ArithmeticError])
    async with opened(check) as queue:
        await queue.wait(await queue.create_job([*names("x", 2), "a"], CHECK, one_by_one()))

    assert check.starts_of("a") == [at(10)]


@pytest.mark.parametrize("code", [FailureCode.DOCUMENT_TIMEOUT, "document_timeout"])
async def test_trips_on_may_name_the_code_of_a_spent_budget(code: str) -> None:
    check = guarded(Scripted("fine", x0=[takes(HORIZON)], x1=[shielded(60)]), failures=2, trips_on=[code])
    async with opened(check) as queue:
        await queue.wait(await queue.create_job(["x0", "x1", "a"], CHECK, one_by_one()))

    assert check.starts_of("a") == [at(70)]


async def test_without_a_breaker_nothing_opens() -> None:
    check = processor(breaker=None)(Scripted(DOWN))
    async with opened(check) as queue:
        ears = Ears(queue, "circuitOpened")
        job = await queue.wait(await queue.create_job(names("x", 100), CHECK, one_by_one()))

    assert (ears.heard, job.failed_documents, job.duration) == ([], 100, at(0))


async def test_failures_and_cooldown_are_the_declared_ones() -> None:
    check = guarded(Scripted("fine", **failing(1)), failures=1, cooldown=0.5)
    async with opened(check) as queue:
        await queue.wait(await queue.create_job(["x0", "a"], CHECK, one_by_one()))

    assert check.starts_of("a") == [at(0.5)]


@pytest.mark.parametrize("seed", range(8))
async def test_no_attempt_starts_while_it_is_open_and_one_at_a_time_while_it_is_half_open(seed: int) -> None:
    """R26 and R16, with a service that goes away and comes back at random."""
    dice = random.Random(seed)
    outages = sorted(dice.uniform(0, 200) for _ in range(6))
    starts: list[float] = []
    ends: list[tuple[float, float]] = []
    watch = Stopwatch()

    def is_down() -> bool:
        return any(begin <= watch() < end for begin, end in zip(outages[::2], outages[1::2], strict=True))

    async def check(document_id: str, context: Any) -> None:
        begin = watch()
        starts.append(begin)
        try:
            await sleep(dice.uniform(0.1, 3))
            if is_down():
                raise DOWN
            if dice.random() < 0.2:
                raise ValueError(document_id)
        finally:
            ends.append((begin, watch()))

    async with opened(guarded(check, failures=3, cooldown=7)) as queue:
        ears = Ears(queue, "circuitOpened", "circuitClosed")
        for _ in range(5):
            await queue.create_job(names("d", 60), CHECK)
        await queue.join()
        jobs = queue.get_all_jobs()

    assert all(job.status is JobStatus.COMPLETED for job in jobs)
    for opening, following in pairwise([*ears.heard, None]):
        if opening.name != "circuitOpened":
            continue
        half_open = opening.at + 7
        assert not [start for start in starts if opening.at + 1e-6 < start < half_open - 1e-6]
        until = HORIZON if following is None else following.at
        probes = sorted(span for span in ends if half_open - 1e-6 <= span[0] < until - 1e-6)
        for earlier, later in pairwise(probes):
            assert later[0] >= earlier[1] - 1e-6


def stuck(check: Scripted, most: int, **declaration: Any) -> Any:
    return processor(max_abandoned=most, **declaration)(check)


async def test_abandoned_attempts_up_to_the_limit_stop_the_processor_until_one_comes_back() -> None:
    """Section 5, R29: processor_stuck."""
    check = stuck(Scripted(takes(1), x0=[shielded(100)], x1=[shielded(120)]), 2)
    async with opened(check) as queue:
        ears = Ears(queue, "circuitOpened", "circuitClosed")
        job_id = await queue.create_job([*names("x", 2), "a", "b"], CHECK, options(max_concurrent=2))
        await sleep(50)
        assert queue.stats().abandoned == 2
        job = await queue.wait(job_id)

    opening, closing = ears.heard
    assert (opening.name, opening.at, opening.event.until) == ("circuitOpened", at(30), None)
    assert "abandoned" in opening.event.error
    assert (closing.name, closing.at) == ("circuitClosed", at(100))
    assert (check.starts_of("a"), check.starts_of("b")) == ([at(100)], [at(100)])
    assert job.outcome("a").success


async def test_one_abandoned_attempt_below_the_limit_stops_nobody() -> None:
    check = stuck(Scripted(takes(1), x0=[shielded(100)]), 2)
    async with opened(check) as queue:
        await queue.wait(await queue.create_job(["x0", "a"], CHECK, options(max_concurrent=1)))

    assert check.starts_of("a") == [at(30)]


async def test_documents_between_retries_of_a_stuck_processor_settle_at_their_budget() -> None:
    check = stuck(Scripted(takes(1), x0=[shielded(1000)], a=[takes(20, ValueError("broken"))]), 1)
    async with opened(check) as queue:
        asked = options(max_concurrent=2, retry_delay=15, document_timeout=40)
        await queue.create_job(["x0"], CHECK, options(document_timeout=30))
        job = await queue.wait(await queue.create_job(["a"], CHECK, asked))

    (failure,) = job.errors
    assert (failure.code, failure.error, failure.processing_time) == (
        FailureCode.PROCESSOR_STUCK,
        "ValueError: broken",
        at(40),
    )


async def test_no_more_are_abandoned_than_the_limit_and_what_ran_when_it_was_reached() -> None:
    """R29, R16: all attempts hang for 200 s, and yet the job ends."""
    check = stuck(Scripted(shielded(200)), 3)
    most = 0
    async with opened(check) as queue:
        job_id = await queue.create_job(names("x", 12), CHECK, options(max_concurrent=4))
        for _ in range(100):
            await sleep(10)
            most = max(most, queue.stats().abandoned)
        job = await queue.wait(job_id)

    assert most <= 3 + 4
    assert job.status is JobStatus.FAILED
    assert {failure.code for failure in job.errors} == {FailureCode.DOCUMENT_TIMEOUT}


async def test_a_stuck_processor_without_a_breaker_is_stuck_all_the_same() -> None:
    check = stuck(Scripted(takes(1), x0=[shielded(100)]), 1, breaker=None)
    async with opened(check) as queue:
        await queue.wait(await queue.create_job(["x0", "a"], CHECK, options(max_concurrent=1)))

    assert check.starts_of("a") == [at(100)]
