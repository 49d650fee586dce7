"""Strict priorities, then owners in turn, then each owner's jobs in turn."""

from typing import Any

from docmill.core.turns import Turns


class Job:
    """As much of a job as the turns look at."""

    def __init__(self, name: str, owner: str | None = None, priority: int = 0) -> None:
        self.name = name
        self.ledger = self
        self.owner = owner
        self.priority = priority


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
