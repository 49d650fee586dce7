"""Documents between two attempts: first their wait runs, then they wait for a seat."""

from math import inf

import pytest

from docmill.core.waiting import Waiting, WaitingRoom
from docmill.model import FailureCode, Fault

FAULT = Fault(FailureCode.PROCESSOR_ERROR, "ValueError: broken")


def waiting(position: int, first_started: float = 0.0) -> Waiting:
    return Waiting(position, 1, first_started, FAULT)


@pytest.fixture
def room() -> WaitingRoom:
    return WaitingRoom(10.0)


def test_an_empty_room_has_no_alarm_and_nobody_due(room: WaitingRoom) -> None:
    assert room.next_alarm == inf
    assert not room.has_due
    assert room.clear() == []
    assert room.pop_late(100.0) == []


def test_nobody_is_due_before_the_wait_has_ended(room: WaitingRoom) -> None:
    """R10."""
    room.enter(waiting(0), 2.0)

    room.end_waits(1.999)
    assert not room.has_due
    room.end_waits(2.0)
    assert room.has_due
    assert room.pop_due() == waiting(0)
    assert not room.has_due


def test_who_has_been_due_longest_goes_first(room: WaitingRoom) -> None:
    room.enter(waiting(0), 3.0)
    room.enter(waiting(1), 1.0)
    room.enter(waiting(2), 2.0)
    room.end_waits(3.0)

    assert [room.pop_due().position for _ in range(3)] == [1, 2, 0]


def test_the_alarm_is_the_end_of_the_next_wait_or_of_the_budget_of_one_who_is_due(room: WaitingRoom) -> None:
    room.enter(waiting(0, first_started=1.0), 2.0)
    room.enter(waiting(1), 12.0)
    assert room.next_alarm == 2.0

    room.end_waits(2.0)
    assert room.next_alarm == 11.0
    room.pop_due()
    assert room.next_alarm == 12.0


def test_who_has_no_seat_within_the_budget_is_late_and_nobody_else(room: WaitingRoom) -> None:
    """R11."""
    room.enter(waiting(0, first_started=0.0), 1.0)
    room.enter(waiting(1, first_started=0.5), 1.0)
    room.enter(waiting(2, first_started=0.0), 9.0)
    room.end_waits(1.0)

    assert room.pop_late(9.999) == []
    assert room.pop_late(10.0) == [waiting(0, first_started=0.0)]
    assert room.pop_due() == waiting(1, first_started=0.5)


def test_clearing_takes_out_who_is_due_and_then_the_others_by_the_end_of_their_waits(room: WaitingRoom) -> None:
    room.enter(waiting(0), 5.0)
    room.enter(waiting(1), 1.0)
    room.enter(waiting(2), 4.0)
    room.end_waits(1.0)

    assert [who.position for who in room.clear()] == [1, 2, 0]
    assert room.next_alarm == inf
    assert not room.has_due
