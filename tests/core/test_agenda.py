"""Alarms: one for each item, its earliest; who was armed first goes first."""

from math import inf

from docmill.core.agenda import Agenda


class Sleeper:
    """Somebody with an alarm, who may arm it again when it goes off."""

    def __init__(self, agenda: Agenda, again: float = inf) -> None:
        self.alarm = inf
        self.ticks: list[float] = []
        self._agenda = agenda
        self._again = again

    def tick(self, now: float) -> None:
        self.ticks.append(now)
        self._agenda.arm(self, self._again)
        self._again = inf


def ring(agenda: Agenda, now: float) -> list[Sleeper]:
    rung = []
    for item in agenda.due(now):
        item.tick(now)
        rung.append(item)
    return rung  # type: ignore[return-value]


def test_an_empty_agenda_never_wakes_anybody() -> None:
    assert Agenda().next == inf


def test_alarms_go_off_in_the_order_of_their_times_and_not_before() -> None:
    agenda = Agenda()
    late, early, later = Sleeper(agenda), Sleeper(agenda), Sleeper(agenda)
    agenda.arm(late, 2.0)
    agenda.arm(early, 1.0)
    agenda.arm(later, 3.0)

    assert agenda.next == 1.0
    assert ring(agenda, 0.5) == []
    assert ring(agenda, 2.0) == [early, late]
    assert agenda.next == 3.0


def test_among_equal_times_who_was_armed_first_goes_first() -> None:
    agenda = Agenda()
    sleepers = [Sleeper(agenda) for _ in range(5)]
    for sleeper in sleepers:
        agenda.arm(sleeper, 1.0)

    assert ring(agenda, 1.0) == sleepers


def test_arming_says_whether_the_agenda_became_earlier() -> None:
    agenda = Agenda()
    one, other = Sleeper(agenda), Sleeper(agenda)

    assert agenda.arm(one, 2.0)
    assert not agenda.arm(other, 3.0)
    assert agenda.arm(other, 1.0)
    assert not agenda.arm(other, 1.0)


def test_a_later_alarm_does_not_put_off_an_earlier_one() -> None:
    agenda = Agenda()
    sleeper = Sleeper(agenda)
    agenda.arm(sleeper, 1.0)

    assert not agenda.arm(sleeper, 2.0)
    assert agenda.next == 1.0


def test_an_alarm_that_was_moved_forward_goes_off_once() -> None:
    agenda = Agenda()
    sleeper = Sleeper(agenda)
    agenda.arm(sleeper, 2.0)
    agenda.arm(sleeper, 1.0)

    assert ring(agenda, 3.0) == [sleeper]
    assert sleeper.ticks == [3.0]
    assert agenda.next == inf


def test_an_item_that_is_ticked_may_arm_itself_again() -> None:
    agenda = Agenda()
    sleeper = Sleeper(agenda, again=5.0)
    agenda.arm(sleeper, 1.0)

    assert ring(agenda, 1.0) == [sleeper]
    assert agenda.next == 5.0
    assert ring(agenda, 5.0) == [sleeper]


def test_an_entry_that_was_overtaken_is_not_the_next_alarm() -> None:
    agenda = Agenda()
    ticked_elsewhere, other = Sleeper(agenda), Sleeper(agenda)
    agenda.arm(ticked_elsewhere, 1.0)
    agenda.arm(other, 2.0)
    ticked_elsewhere.alarm = inf

    assert agenda.next == 2.0
