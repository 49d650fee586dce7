"""The ring of an owner's messages, and the hub of all owners, against plain models of them."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from docmill import JobStarted
from docmill.asgi.hub import Hub
from docmill.asgi.ring import Ring


def numbers(ring: Ring, after: int = 0) -> list[int]:
    found = []
    while (frame := ring.after(after)) is not None:
        found.append(frame.seq)
        after = frame.seq
    return found


@given(st.lists(st.sampled_from([None, "a", "b", "c"]), max_size=60), st.integers(1, 5))
def test_a_ring_keeps_the_newest_messages_and_of_each_subject_one(subjects: list[str | None], kept: int) -> None:
    ring = Ring(kept, kept)
    model: list[tuple[int, str | None]] = []
    floor = 0
    for seq, subject in enumerate(subjects, 1):
        ring.put('{"a":1}', 0.0, subject)
        model = [item for item in model if subject is None or item[1] != subject] + [(seq, subject)]
        if len(model) > kept:
            floor = model.pop(0)[0]
        assert numbers(ring) == [item[0] for item in model]
        assert ring.floor == floor
        assert ring.seq == seq
        assert (ring.cost == 0) == (not model)
    for after in range(len(subjects) + 1):
        assert numbers(ring, after) == [seq for seq, _ in model if seq > after]


def test_a_burst_is_kept_for_five_seconds() -> None:
    ring = Ring(2, 100)
    for _ in range(50):
        ring.put("{}", 10.0)
    assert len(numbers(ring)) == 50
    ring.put("{}", 15.0)
    assert len(numbers(ring)) == 51
    ring.put("{}", 15.1)
    assert numbers(ring) == [51, 52]
    assert ring.floor == 50


def test_places_of_replaced_messages_do_not_pile_up() -> None:
    ring = Ring(10, 10)
    ring.put("{}", 0.0)
    for _ in range(1_000):
        ring.put("{}", 0.0, "progress")
    assert len(ring._frames) < 200
    assert numbers(ring) == [1_001]


def test_the_past_can_be_found_by_time() -> None:
    ring = Ring(10, 10)
    assert ring.before(5.0) == 0
    for moment in (1.0, 2.0, 3.0):
        ring.put("{}", moment)
    assert [ring.before(moment) for moment in (0.5, 1.0, 1.5, 3.0, 9.0)] == [0, 0, 1, 2, 3]


def started(owner: str | None, job: str = "job") -> JobStarted:
    return JobStarted(job_id=job, owner=owner, seq=1, timestamp=datetime.now(UTC), total_documents=1)


async def test_owners_without_clients_take_bounded_memory() -> None:
    hub = Hub(owned=True, kept=10, burst=10, idle_bytes=100_000)
    first = hub.join("first")
    for at in range(100_000):
        hub.publish(started(f"owner-{at}"))
    assert len(hub._idle) < 50
    assert hub._idle_cost <= 100_000
    assert hub._idle_cost == sum(channel.cost for channel in hub._idle.values())
    hub.leave("first", first)
    assert hub.join("first") is first


async def test_an_owner_who_was_forgotten_begins_a_new_epoch() -> None:
    hub = Hub(owned=True, kept=10, burst=10, idle_bytes=0)
    channel = hub.join("ann")
    hub.leave("ann", channel)
    assert hub.join("ann").epoch != channel.epoch


async def test_two_clients_of_an_owner_share_what_is_kept() -> None:
    hub = Hub(owned=True, kept=10, burst=10, idle_bytes=10_000)
    hub.publish(started("ann"))
    one, two = hub.join("ann"), hub.join("ann")
    assert one is two
    hub.leave("ann", one)
    hub.publish(started("ann"))
    frame = two.ring.after(1)
    assert frame is not None
    assert frame.numbered is frame.numbered
    assert two.ring.seq == 2
