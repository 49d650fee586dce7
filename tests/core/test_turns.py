"""Strict priorities, then owners in turn, then each owner's jobs in turn; and the seats that an engine has."""

from typing import Any

import pytest

from docmill.core import Seats
from docmill.core.turns import Turns


class Job:
    """As much of a job as the turns look at."""

    def __init__(
        self,
        name: str,
        owner: str | None = None,
        priority: int = 0,
        seats: Seats | None = None,
        startable: int = 1,
    ) -> None:
        self.name = name
        self.ledger = self.gate = self
        self.owner = owner
        self.priority = priority
        self.seats = seats
        self.startable = startable


def turns_of(*jobs: Job) -> Turns:
    turns = Turns()
    for job in jobs:
        turns.add(job)  # type: ignore[arg-type]
    return turns


def played(turns: Any, count: int) -> str:
    return " ".join(turns.next().name for _ in range(count))


def test_nobody_has_a_turn_where_nobody_waits() -> None:
    assert Turns().next() is None
    assert Turns().size == 0


def test_the_jobs_of_one_owner_take_turns() -> None:
    """Q24."""
    assert played(turns_of(Job("a"), Job("b"), Job("c")), 7) == "a b c a b c a"


def test_owners_take_turns_however_many_jobs_each_has() -> None:
    """Q24."""
    turns = turns_of(Job("a1", "ann"), Job("a2", "ann"), Job("a3", "ann"), Job("b1", "bob"), Job("n1"))

    assert played(turns, 9) == "a1 b1 n1 a2 b1 n1 a3 b1 n1"


def test_a_higher_priority_goes_before_all_of_a_lower_one() -> None:
    """Q24: strict, so that the lower one may starve."""
    low, high = Job("low", "ann"), Job("high", "bob", priority=1)
    turns = turns_of(low, high)

    assert played(turns, 3) == "high high high"
    turns.remove(high)  # type: ignore[arg-type]
    assert played(turns, 2) == "low low"


def test_priorities_may_be_negative() -> None:
    assert played(turns_of(Job("usual"), Job("humble", priority=-1)), 2) == "usual usual"


def test_who_comes_back_goes_behind_those_who_wait() -> None:
    first, second = Job("first"), Job("second")
    turns = turns_of(first, second)
    turns.remove(first)  # type: ignore[arg-type]
    turns.add(first)  # type: ignore[arg-type]

    assert turns.size == 2
    assert played(turns, 2) == "second first"


def test_the_turns_are_empty_once_the_last_one_has_left() -> None:
    jobs = Job("a", "ann"), Job("b", "bob"), Job("c", "ann", priority=3)
    turns = turns_of(*jobs)
    for job in jobs:
        turns.remove(job)  # type: ignore[arg-type]

    assert turns.size == 0
    assert turns.next() is None


class Engine:
    """Has seats, and remembers when it was called for more and when it told of a change."""

    def __init__(self, capacity: int = 0) -> None:
        self.seats = Seats(capacity, self.call)
        self.calls = 0
        self.changes = 0

    def call(self) -> None:
        self.calls += 1

    def changed(self) -> None:
        self.changes += 1

    def furnish(self, *jobs: Job) -> Turns:
        turns = Turns()
        turns.furnish(self.seats, self.changed)
        for job in jobs:
            turns.add(job)  # type: ignore[arg-type]
        return turns


def test_a_job_has_no_turn_while_its_engine_has_no_free_seat() -> None:
    engine = Engine()
    turns = engine.furnish(Job("a", seats=engine.seats))

    assert turns.size == 0
    assert turns.next() is None
    engine.seats.resize(1)
    assert turns.size == 1
    assert played(turns, 1) == "a"
    engine.seats.take()
    assert turns.size == 0
    assert turns.next() is None
    engine.seats.leave()
    assert turns.size == 1


def test_a_seat_that_an_engine_takes_away_is_missed_at_once() -> None:
    engine = Engine(capacity=2)
    turns = engine.furnish(Job("a", seats=engine.seats), Job("b", seats=engine.seats))
    engine.seats.take()
    assert turns.size == 2

    engine.seats.resize(-1)

    assert turns.size == 0
    assert engine.changes == 1
    engine.seats.leave()
    assert turns.size == 2


def test_more_seats_than_before_do_not_count_a_job_twice() -> None:
    engine = Engine(capacity=1)
    turns = engine.furnish(Job("a", seats=engine.seats))

    engine.seats.resize(3)

    assert turns.size == 1


def test_jobs_that_need_no_seat_go_on_while_others_wait_for_one() -> None:
    engine = Engine()
    turns = engine.furnish(Job("seated", seats=engine.seats, priority=9), Job("free"))

    assert turns.size == 1
    assert played(turns, 2) == "free free"


def test_lines_take_turns_and_within_a_line_its_jobs() -> None:
    engine = Engine(capacity=9)
    turns = engine.furnish(Job("a", seats=engine.seats), Job("b", seats=engine.seats), Job("free"))

    assert played(turns, 6) == "free a free b free a"


def test_a_higher_priority_goes_first_in_whatever_line_it_stands() -> None:
    engine = Engine(capacity=9)
    turns = engine.furnish(Job("low", seats=engine.seats), Job("high", priority=1))
    assert played(turns, 2) == "high high"

    turns = engine.furnish(Job("high", seats=engine.seats, priority=1), Job("low"))
    assert played(turns, 2) == "high high"


def test_a_job_that_leaves_a_line_without_seats_is_not_counted_off() -> None:
    engine = Engine()
    waiting, other = Job("waiting", seats=engine.seats), Job("other")
    turns = engine.furnish(waiting, other)

    turns.remove(waiting)  # type: ignore[arg-type]

    assert turns.size == 1
    engine.seats.resize(1)
    assert turns.size == 1
    assert played(turns, 2) == "other other"


def test_an_engine_is_called_while_jobs_wait_for_its_seats_and_only_then() -> None:
    engine = Engine(capacity=1)
    job = Job("a", seats=engine.seats)
    turns = engine.furnish(job)

    turns.call()
    assert engine.calls == 0
    engine.seats.take()
    turns.call()
    assert engine.calls == 1
    turns.remove(job)  # type: ignore[arg-type]
    turns.call()
    assert engine.calls == 1


def test_the_same_seats_serve_several_job_types() -> None:
    engine = Engine(capacity=1)
    turns = engine.furnish(Job("a", seats=engine.seats))

    turns.furnish(engine.seats, engine.changed)

    assert turns.seats == [engine.seats]
    assert played(turns, 2) == "a a"


@pytest.mark.parametrize("most, wanted", [(1, 1), (4, 4), (6, 5)])
def test_a_line_tells_how_many_attempts_its_jobs_could_start(most: int, wanted: int) -> None:
    engine = Engine()
    engine.furnish(
        Job("a", "ann", seats=engine.seats, startable=3),
        Job("b", "bob", seats=engine.seats),
        Job("c", priority=2, seats=engine.seats),
    )

    assert engine.seats.line.demand(most) == wanted


def test_seats_work_before_anybody_stands_in_line() -> None:
    seats = Seats(1)

    seats.take()
    assert not seats.free
    seats.resize(1)
    assert seats.free
