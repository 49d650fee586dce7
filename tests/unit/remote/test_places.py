"""Which worker gets which chunk."""

import random
from collections import Counter

import pytest

from docmill.engines.remote.places import Places


class Cluster:
    """Workers that take what they are sent, and places that send it."""

    def __init__(self, workers: dict[str, int] | None = None, window: int = 2) -> None:
        self.at: dict[int, str | None] = {}
        self.order: list[int] = []
        self.workers: dict[str, int] = {}
        self.window = window
        self.places = Places(window, self._send)
        if workers is not None:
            self.resize(workers)

    def _send(self, number: int, chunk: bytes, worker: str | None) -> None:
        assert chunk == b"%d" % number
        assert number not in self.at, "sent twice"
        self.at[number] = worker
        self.order.append(number)
        if worker is not None:
            assert self.load()[worker] <= self.window * self.workers[worker]

    def resize(self, workers: dict[str, int]) -> list[int]:
        self.workers = workers
        return self.places.resize(workers)

    def add(self, *numbers: int, alone: bool = False) -> None:
        for number in numbers:
            self.places.add(number, b"%d" % number, alone=alone)

    def load(self) -> Counter[str | None]:
        """The chunks that each worker has."""
        return Counter(worker for number, worker in self.at.items() if number in self.places.chunks)


def test_a_worker_gets_a_window_of_chunks_for_each_thread_and_the_rest_waits() -> None:
    cluster = Cluster({"a": 1, "b": 2})

    cluster.add(*range(10))

    assert cluster.load() == {"a": 2, "b": 4}
    assert len(cluster.places.chunks) == 10
    cluster.places.remove(cluster.order[0])
    assert len(cluster.order) == 7


def test_the_worker_with_the_most_room_is_next() -> None:
    cluster = Cluster({"small": 1, "large": 4})

    cluster.add(0, 1, 2, 3)

    assert cluster.load() == {"large": 4}


def test_where_there_are_no_workers_one_chunk_goes_to_any_that_comes() -> None:
    cluster = Cluster()

    cluster.add(1, 2)

    assert cluster.at == {1: None}
    assert cluster.places.slots == 1
    assert cluster.resize({"a": 2}) == []
    assert (cluster.at, cluster.places.slots) == ({1: None}, 2)
    cluster.places.begun(1, "a")
    assert cluster.at == {1: None, 2: "a"}


def test_where_there_are_no_workers_one_that_must_be_alone_is_so_wherever_it_gets() -> None:
    cluster = Cluster()
    cluster.add(1, 2, alone=True)
    cluster.add(3)
    assert cluster.at == {1: None}

    cluster.resize({"a": 2})
    assert cluster.at == {1: None}, "it may be there, or may get there"
    cluster.places.begun(1, "a")
    assert cluster.at == {1: None}

    cluster.places.remove(1)
    assert cluster.at == {1: None, 2: "a"}


def test_what_went_to_any_worker_and_was_never_found_makes_room_for_the_next() -> None:
    cluster = Cluster()
    cluster.add(1, 2, alone=True)

    cluster.places.lose(1)
    cluster.places.remove(1)

    assert cluster.at == {1: None, 2: None}


def test_a_chunk_that_begins_at_a_worker_that_is_not_known_yet_is_found_there_later() -> None:
    cluster = Cluster()
    cluster.add(1, 2)
    cluster.places.begun(1, "a")
    cluster.places.stick(1)
    assert cluster.resize({}) == [], "the answer may be older than the worker"
    assert cluster.order == [1]

    cluster.resize({"a": 2})

    assert (cluster.at, cluster.places.slots) == ({1: None, 2: "a"}, 1)
    assert cluster.resize({"b": 1}) == [1, 2]
    cluster.places.remove(1)
    cluster.places.remove(2)
    assert cluster.places.slots == 1


def test_the_chunks_of_workers_that_are_gone_are_given_back_and_sent_nowhere_by_itself() -> None:
    cluster = Cluster({"a": 1, "b": 1})
    cluster.add(0, 1, 2, 3)
    at_b = [number for number, worker in cluster.at.items() if worker == "b"]

    assert sorted(cluster.resize({"a": 1})) == sorted(at_b)

    for number in at_b:
        cluster.places.remove(number)
    assert cluster.resize({"a": 1}) == []


def test_what_waits_is_sent_when_workers_come() -> None:
    cluster = Cluster({"a": 1})
    cluster.add(0, 1, 2, 3)

    cluster.resize({"a": 1, "b": 1})

    assert cluster.load() == {"a": 2, "b": 2}


def test_a_worker_that_is_lost_gets_nothing_more() -> None:
    cluster = Cluster({"a": 1, "b": 1})
    cluster.add(0)
    (worker,) = cluster.at.values()

    cluster.places.lose(0)
    cluster.places.remove(0)
    cluster.add(1, 2, 3)

    assert worker not in {cluster.at[number] for number in (1, 2)}
    assert 3 not in cluster.at
    cluster.places.lose(99)
    assert cluster.places.slots == 1


def test_a_chunk_that_must_be_alone_waits_until_its_worker_is_empty_and_keeps_it_so() -> None:
    cluster = Cluster({"a": 1})
    cluster.add(0, 1)
    cluster.add(2, alone=True)
    cluster.add(3)
    assert cluster.order == [0, 1]

    cluster.places.remove(0)
    assert cluster.order == [0, 1], "nothing more is sent to where a chunk is to be alone"
    cluster.places.remove(1)
    assert cluster.order == [0, 1, 2]
    cluster.places.remove(2)

    assert cluster.order == [0, 1, 2, 3]


def test_the_worker_with_the_least_to_do_is_kept_for_it() -> None:
    cluster = Cluster({"a": 2, "b": 2})
    cluster.add(0)
    cluster.add(1, alone=True)

    assert cluster.at[1] != cluster.at[0]
    cluster.add(2, 3, 4, 5)
    assert {cluster.at[number] for number in (2, 3, 4)} == {cluster.at[0]}
    assert 5 not in cluster.at


def test_two_that_must_be_alone_are_not_so_together() -> None:
    cluster = Cluster({"a": 4})
    cluster.add(1, 2, alone=True)
    assert cluster.order == [1]

    cluster.places.remove(1)

    assert cluster.order == [1, 2]


def test_one_that_is_not_wanted_any_more_gives_its_worker_free() -> None:
    cluster = Cluster({"a": 1})
    cluster.add(0)
    cluster.add(1, alone=True)
    cluster.add(2)

    cluster.places.remove(1)

    assert cluster.order == [0, 2]


def test_one_whose_worker_goes_gets_another() -> None:
    cluster = Cluster({"a": 1})
    cluster.add(0)
    cluster.add(1, alone=True)

    assert cluster.resize({"b": 1}) == [0]

    assert cluster.at[1] == "b"


def test_a_thread_that_is_stuck_gets_nothing_until_it_ends() -> None:
    cluster = Cluster({"a": 2})
    cluster.add(0, 1, 2, 3)
    cluster.places.stick(0)
    assert cluster.places.slots == 1
    for number in (1, 2, 3):
        cluster.places.remove(number)
    cluster.add(4, 5, 6)
    assert cluster.order == [0, 1, 2, 3, 4, 5]

    cluster.places.remove(0)

    assert cluster.places.slots == 2
    assert cluster.order == [0, 1, 2, 3, 4, 5, 6]


def test_where_all_threads_are_stuck_nothing_is_sent() -> None:
    cluster = Cluster({"a": 1})
    cluster.add(0)
    cluster.places.stick(0)
    cluster.add(1)
    cluster.add(2, alone=True)

    assert (cluster.places.slots, cluster.order) == (0, [0])
    cluster.places.remove(0)
    assert cluster.order == [0, 2]


def test_a_chunk_that_was_not_sent_cannot_be_stuck() -> None:
    cluster = Cluster({"a": 1})
    cluster.places.stick(7)

    assert cluster.places.slots == 1


def begin_somewhere(cluster: Cluster, source: random.Random) -> None:
    """Workers begin with what was sent to any; perhaps one that is not known yet."""
    for number in [name for name in cluster.places.chunks if cluster.at.get(name, "known") is None]:
        cluster.at[number] = source.choice([*cluster.workers, "late"])
        cluster.places.begun(number, str(cluster.at[number]))


def resize_somehow(cluster: Cluster, source: random.Random) -> None:
    """Workers come and go, and what they had goes with them."""
    names = source.sample(["a", "b", "late"], source.choice((0, 1, 2, 3)))
    for gone in cluster.resize({name: source.choice((1, 2)) for name in names}):
        cluster.places.remove(gone)


@pytest.mark.parametrize("seed", range(100))
def test_whatever_happens_no_worker_has_too_much_and_who_must_be_alone_is(seed: int) -> None:
    source = random.Random(seed)
    cluster = Cluster({"a": 1, "b": 2})
    alone: set[int] = set()
    for number in range(300):
        act = source.random()
        running = [name for name in cluster.places.chunks if name in cluster.at]
        if act < 0.5:
            if source.random() < 0.1:
                alone.add(number)
            cluster.add(number, alone=number in alone)
        elif act < 0.9 and cluster.places.chunks:
            cluster.places.remove(source.choice(cluster.places.chunks))
        elif act < 0.93 and running:
            cluster.places.stick(source.choice(running))
        elif act > 0.97:
            resize_somehow(cluster, source)
        elif act > 0.93:
            begin_somewhere(cluster, source)
        there = {name: worker for name, worker in cluster.at.items() if name in cluster.places.chunks}
        for lonely in alone & set(there):
            assert [name for name, worker in there.items() if worker in (there[lonely], None)] == [lonely]

    while running := [name for name in cluster.places.chunks if name in cluster.at]:
        cluster.places.remove(running[0])
    assert not cluster.places.chunks, "something was never sent"


def test_a_chunk_that_begins_when_nobody_waits_for_it_any_more_holds_its_thread() -> None:
    cluster = Cluster({"a": 1, "b": 1})
    cluster.add(1)
    held = cluster.at[1]
    cluster.places.remove(1)
    cluster.places.begun(1, str(held))
    assert cluster.places.slots == 1
    cluster.add(2, 3, 4)
    assert held not in {cluster.at[number] for number in cluster.order[1:]}

    cluster.places.ended(1)
    assert (cluster.places.slots, cluster.at[4]) == (2, held)


def test_the_end_of_a_chunk_whose_answer_is_waited_for_changes_nothing() -> None:
    cluster = Cluster({"a": 1})
    cluster.add(1)
    cluster.places.ended(1)
    assert cluster.places.chunks == [1]


def test_a_chunk_that_begins_at_a_worker_that_is_gone_holds_nothing() -> None:
    cluster = Cluster({"a": 1})
    cluster.places.begun(7, "b")
    assert (cluster.places.chunks, cluster.places.slots) == ([], 1)


def test_a_chunk_is_at_the_worker_that_has_begun_with_it() -> None:
    cluster = Cluster({})
    cluster.add(1)
    cluster.resize({"a": 1, "b": 1})
    cluster.places.begun(1, "b")
    cluster.places.stick(1)
    cluster.add(2, 3, 4)
    assert [cluster.at[number] for number in cluster.order[1:]] == ["a", "a"]
