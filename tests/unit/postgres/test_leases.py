"""What the rules know of several hosts: a lease after which nothing starts, and jobs that are lost."""

import logging
from typing import Any

import pytest
from anyio import sleep
from core_bench import Bench

from docmill import JobOptions, StoreError
from docmill.model import JobStatus

from .support import Desk, Make, becomes, declare_dead, query, working


class TestLease:
    """After its lease a host starts nothing, since another one may have the job, and have it further."""

    def test_nothing_starts_at_the_end_of_the_lease_until_it_is_extended(self) -> None:
        bench = Bench()
        bench.scheduler.extend(30.0)
        bench.job(max_concurrent=3)
        bench.take()
        bench.at(29.9)
        bench.take()
        bench.at(30.0)
        assert bench.take_or_none() is None

        bench.scheduler.extend(60.0)
        bench.take()

    def test_a_lane_that_goes_on_by_itself_looks_at_the_lease_first(self) -> None:
        """Whatever was due before, and moved its alarm."""
        bench = Bench()
        bench.scheduler.extend(30.0)
        job = bench.job(9, max_concurrent=1, document_timeout=500.0, timeout=None)
        attempt = bench.take()
        bench.at(29.0)
        following = bench.ok(attempt)
        assert following is not None
        bench.now = 31.0  # the process slept, and nothing was ticked

        assert bench.ok(following) is None
        assert bench.take_or_none(held=job) is None
        assert job.status is JobStatus.PROCESSING
        bench.at(500.0)
        assert bench.take_or_none() is None

    def test_what_ticks_while_it_is_over_does_not_spin_and_lets_nothing_start(self) -> None:
        bench = Bench()
        bench.scheduler.extend(30.0)
        job = bench.job(9, max_concurrent=1, document_timeout=500.0, timeout=None)
        attempt = bench.take()
        bench.at(100.0)
        bench.scheduler.pause(True)
        bench.scheduler.pause(False)  # as a commit that works again

        assert bench.ok(attempt) is None
        assert bench.take_or_none() is None
        bench.scheduler.extend(200.0)
        assert bench.take().job is job

    def test_a_lease_that_is_extended_in_time_changes_nothing(self) -> None:
        bench = Bench()
        job = bench.job(9, max_concurrent=1, timeout=None)
        attempt = bench.take()
        for moment in range(0, 90, 10):
            bench.at(float(moment))
            bench.scheduler.extend(moment + 30.0)
            if job.left > 1:
                attempt = bench.goes_on(attempt)
        bench.ok(attempt)
        assert job.status is JobStatus.COMPLETED

    async def test_a_host_that_cannot_say_that_it_is_alive_starts_nothing_after_its_lease(
        self, make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        store, started, deaf = make(heartbeat=0.1, lease=0.4), [], True
        beat = store.heartbeat

        def fail(*, adopt: bool) -> Any:
            if deaf:
                raise StoreError("not now")
            return beat(adopt=adopt)

        async def work(document_id: str) -> None:
            started.append(document_id)
            await sleep(0.01)

        monkeypatch.setattr(store, "heartbeat", fail)
        caplog.set_level(logging.CRITICAL)
        async with working(store, work) as queue:  # type: ignore[arg-type]
            job_id = await queue.create_job(map(str, range(80)), "CHECK", JobOptions(max_concurrent=1, timeout=None))
            await sleep(0.6)
            before = len(started)
            await sleep(0.2)
            assert 10 < before == len(started) < 60

            deaf = False
            assert len((await queue.wait(job_id)).results) == len(started) == 80


class TestLosing:
    """A job that another host has taken over."""

    def test_a_lost_job_is_unknown_and_nothing_of_it_starts_or_is_told(self) -> None:
        bench = Bench()
        job, other = bench.job(owner="ann", key="k"), bench.job()
        running = bench.take()
        assert running.job is job
        events = len(bench.events)
        bench.scheduler.lose([job.ledger.id, "job_404"], 1.0)

        assert bench.stops() == [running]
        assert running.released
        assert bench.scheduler.find(job.ledger.id) is None
        assert bench.scheduler.find_key("ann", "k") is None
        assert [*bench.scheduler.undecided()] == [other]
        assert {attempt.job for attempt in bench.fill()} == {other}
        assert [event for event in bench.events[events:] if event.job_id == job.ledger.id] == []

    def test_what_users_see_of_it_stays_as_it_is(self) -> None:
        bench = Bench(durable=True)
        job = bench.job()
        bench.commit()
        bench.take()
        bench.commit()
        bench.scheduler.lose([job.ledger.id], 1.0)

        assert bench.gather() == []
        assert job.shown.status is JobStatus.PROCESSING
        assert job.shown.completed is None

    def test_a_lost_job_gives_back_its_seats_and_the_process(self) -> None:
        bench = Bench()
        job = bench.job()
        attempt = bench.take()
        bench.scheduler.lose([job.ledger.id], 1.0)
        bench.stops()
        attempt.job.failed(attempt, object(), 2.0)  # type: ignore[arg-type]

        assert not job.running

    async def test_a_lost_job_that_had_the_process_for_itself_gives_it_back(self, make: Make, dsn: str) -> None:
        first, second, store = Desk(), Desk(), make()
        second.open.set()
        async with working(make(heartbeat=20.0, lease=60.0)) as old:
            job_id = await old.create_job(["slow"], "CHECK")
            await becomes(lambda: old._scheduler.jobs[job_id].running)
            query(dsn, "UPDATE docmill_host SET beat_at = '-infinity'")
            async with working(store, first) as one:
                await becomes(lambda: first.started == ["slow"])
                assert one._scheduler.desk.solo is one._scheduler.jobs[job_id]
                async with working(make(), second) as two:
                    assert await becomes(lambda: declare_dead(dsn, store) or two.get_job_status(job_id))
                    await becomes(lambda: one.get_job_status(job_id) is None)
                    await becomes(lambda: one._scheduler.desk.solo is None)
                    done = await one.create_job(["b"], "CHECK")
                    assert (await one.wait(done)).status is JobStatus.COMPLETED
