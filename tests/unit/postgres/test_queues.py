"""Queues of several hosts: what one can see and do of jobs that another one runs, and how jobs change hosts."""

import logging
from typing import Any

import anyio
import pytest
from anyio import create_task_group, sleep

from docmill import (
    DocumentProcessingQueue,
    Event,
    FailureCode,
    IdempotencyConflictError,
    InvalidJobError,
    Job,
    JobNotFoundError,
    JobOptions,
    JobStateError,
    JobStatus,
    QueueClosedError,
    StoreError,
)
from docmill.stores import PostgresStore, SQLiteStore

from .support import Desk, Make, becomes, declare_dead, query, working

pytestmark = pytest.mark.anyio

SLOW = JobOptions(max_concurrent=2, timeout=None)


def seen(queue: DocumentProcessingQueue, job_id: str) -> Job:
    job = queue.get_job_status(job_id)
    assert job is not None
    return job


class TestJobsOfOtherHosts:
    """What is known of a job that another host runs."""

    async def test_a_job_is_loaded_as_its_host_sees_it(self, make: Make) -> None:
        async with working(make()) as one, working(make()) as two:
            job_id = await one.create_job(["a", "bad", "ü"], "CHECK", SLOW, metadata={"n": 1}, priority=2)
            mine = await one.wait(job_id)

            assert two.get_job_status(job_id) is None
            assert two.get_all_jobs() == []
            theirs = await two.load_job(job_id)
            assert theirs is not None
            for name in ("id", "document_ids", "type", "options", "metadata", "priority", "status", "progress"):
                assert getattr(theirs, name) == getattr(mine, name), name
            assert [record["data"] for record in theirs.to_records()] == [
                record["data"] for record in mine.to_records()
            ]
            assert theirs.errors[0].code is FailureCode.PERMANENT
            assert theirs.estimated_time_remaining == 0.0
            assert theirs.completed_at is not None
            assert await two.load_job("job_never") is None

    async def test_a_running_job_is_loaded_as_far_as_it_is(self, make: Make) -> None:
        async with working(make()) as one, working(make()) as two:
            job_id = await one.create_job(["a", "slow"], "CHECK", SLOW)
            await becomes(lambda: seen(one, job_id).processed_documents == 1)

            job = await two.load_job(job_id)
            assert job is not None
            assert (job.status, job.progress, job.drained) == (JobStatus.PROCESSING, 50, False)
            assert [result.document_id for result in job.results] == ["a"]
            assert job.estimated_time_remaining is None

    async def test_a_job_that_is_removed_while_it_is_loaded_is_none(self, make: Make) -> None:
        store = make()
        async with working(make()) as one, working(store) as two:
            job_id = await one.create_job(["a"], "CHECK")
            await one.wait(job_id, drained=True)
            load = store.load

            def remove_meanwhile(wanted: str) -> Any:
                found = load(wanted)
                query(store._dsn, "DELETE FROM docmill_job")
                return found

            store.load = remove_meanwhile  # type: ignore[method-assign]
            assert await two.load_job(job_id) is None

    async def test_one_waits_for_it_as_for_any_other(self, make: Make) -> None:
        desk = Desk()
        jobs: list[Job] = []
        async with working(make(), desk) as one, working(make()) as two:
            job_id = await one.create_job(["slow"], "CHECK")

            async def wait(drained: bool) -> None:
                jobs.append(await two.wait(job_id, drained=drained))

            async with create_task_group() as tasks:
                tasks.start_soon(wait, False)
                tasks.start_soon(wait, True)
                await sleep(0.1)
                assert jobs == []
                desk.open.set()
            assert [(job.status, job.drained, len(job.results)) for job in jobs] == [(JobStatus.COMPLETED, True, 1)] * 2

    async def test_a_wait_for_it_ends_when_the_queue_is_closed(self, make: Make) -> None:
        async with working(make()) as one, working(make()) as two:
            job_id = await one.create_job(["slow"], "CHECK")
            events, outcomes = two.events(job_id), two.outcomes(job_id)
            async with create_task_group() as tasks:

                async def wait() -> None:
                    with pytest.raises(QueueClosedError):
                        await two.wait(job_id)

                tasks.start_soon(wait)
                await sleep(0.05)
                await two.aclose(0.0)
            assert [event async for event in events] == []
            assert [outcome async for outcome in outcomes] == []
            assert await two.load_job(job_id) is not None

    async def test_its_outcomes_come_as_they_settle(self, make: Make) -> None:
        desk = Desk()
        got: list[str] = []
        async with working(make(), desk) as one, working(make()) as two:
            job_id = await one.create_job(["a", "bad", "b", "slow", "slow2"], "CHECK", SLOW)
            async with two.outcomes(job_id) as outcomes:
                async for outcome in outcomes:
                    got.append(outcome.document_id)
                    if len(got) == 3:
                        desk.open.set()
            here = [outcome.document_id async for outcome in one.outcomes(job_id)]

        assert got == here
        assert sorted(got) == ["a", "b", "bad", "slow", "slow2"]

    async def test_its_events_come_in_their_order_and_end_with_the_terminal_one(self, make: Make) -> None:
        desk = Desk()
        heard: list[Event] = []
        async with working(make(), desk) as one, working(make()) as two:
            job_id = await one.create_job(["a", "slow"], "CHECK", SLOW, owner="ann")
            await becomes(lambda: seen(one, job_id).processed_documents == 1)
            async with create_task_group() as tasks:

                async def listen() -> None:
                    heard.extend([event async for event in two.events(job_id, documents=True, owner="ann")])

                tasks.start_soon(listen)
                await sleep(0.2)
                desk.open.set()
            late = [event async for event in two.events(job_id)]

        assert [event.name for event in heard] == ["documentCompleted", "progress", "jobCompleted"]
        assert [event.seq for event in heard] == [1, 2, 3]  # type: ignore[union-attr]
        assert heard[0].document_id == "slow"  # type: ignore[union-attr]
        assert heard[1].progress == 100  # type: ignore[union-attr]
        assert [event.event_id for event in (heard[-1], *late)] == [f"{job_id}:COMPLETED"] * 2  # type: ignore[union-attr]
        assert len(heard[-1].results) == 2  # type: ignore[union-attr]

    async def test_the_beginning_of_a_job_is_told_if_it_was_seen_before(self, make: Make) -> None:
        desk = Desk()
        async with working(make(), desk) as one, working(make()) as two:
            await one.create_job(["slow"] + [f"slow{at}" for at in range(60)], "CHECK", JobOptions(max_concurrent=60))
            await becomes(lambda: len(desk.started) == 50)
            job_id = await one.create_job(["a"], "CHECK")
            events = two.events(job_id)
            with anyio.move_on_after(0.2):
                await anext(events)
            desk.open.set()
            assert [event.name async for event in events] == ["jobStarted", "progress", "jobCompleted"]

    async def test_it_is_cancelled_by_its_host_and_exactly_one_call_has_done_it(self, make: Make) -> None:
        desk = Desk()
        answers: list[bool] = []
        async with working(make(), desk) as one, working(make()) as two, working(make()) as three:
            job_id = await one.create_job(["slow", "slow2", "c"], "CHECK", SLOW)
            await becomes(lambda: len(desk.started) == 2)

            async def cancel(queue: DocumentProcessingQueue) -> None:
                answers.append(await queue.cancel_job(job_id))

            async with create_task_group() as tasks:
                tasks.start_soon(cancel, two)
                tasks.start_soon(cancel, three)
            assert sorted(answers) == [False, True]
            assert await one.cancel_job(job_id) is False
            assert seen(one, job_id).status is JobStatus.CANCELLED
            assert desk.cancelled == []

            assert await two.cancel_job(job_id, force=True) is False
            job = await two.wait(job_id, drained=True)
            assert sorted(desk.cancelled) == ["slow", "slow2"]
            assert [failure.code for failure in job.errors] == [FailureCode.CANCELLED] * 2

    async def test_a_cancel_that_comes_after_one_of_its_own_host_has_not_done_it(self, make: Make) -> None:
        answers: list[bool] = []
        async with working(make(heartbeat=0.5)) as one, working(make()) as two:
            job_id = await one.create_job(["slow"], "CHECK")

            async def cancel() -> None:
                answers.append(await two.cancel_job(job_id))

            async with create_task_group() as tasks:
                tasks.start_soon(cancel)
                await sleep(0.1)
                assert await one.cancel_job(job_id) is True
            assert answers == [False]

    async def test_a_cancel_that_comes_too_late_has_not_done_it(self, make: Make) -> None:
        async with working(make()) as one, working(make()) as two:
            job_id = await one.create_job(["a"], "CHECK")
            await one.wait(job_id)
            assert await two.cancel_job(job_id) is False

    async def test_what_failed_of_it_is_tried_again_here(self, make: Make) -> None:
        desk = Desk()
        async with working(make(), desk) as one, working(make()) as two:
            job_id = await one.create_job(["a", "bad", "slow"], "CHECK", SLOW)
            with pytest.raises(JobStateError, match="not drained"):
                await two.retry_job(job_id)
            desk.open.set()
            await one.wait(job_id, drained=True)
            again = await two.retry_job(job_id)

            assert (seen(two, again).document_ids, seen(two, again).retry_of) == (("bad",), job_id)
            with pytest.raises(InvalidJobError):
                await two.retry_job(job_id, codes=["poison"])
            with pytest.raises(JobNotFoundError):
                await two.retry_job("job_never")

    async def test_another_owners_job_is_unknown_on_every_host(self, make: Make) -> None:
        async with working(make()) as one, working(make()) as two:
            job_id = await one.create_job(["a"], "CHECK", owner="ann")
            await one.wait(job_id)
            bob = two.for_owner("bob")
            assert await bob.load_job(job_id) is None
            assert await two.for_owner("ann").load_job(job_id) is not None
            for call in (
                bob.wait(job_id),
                bob.cancel_job(job_id),
                bob.retry_job(job_id),
                anext(bob.events(job_id)),
                anext(bob.outcomes(job_id)),
                two.wait("job_never"),
                two.cancel_job("job_never"),
                anext(two.events("job_never")),
                anext(two.outcomes("job_never")),
            ):
                with pytest.raises(JobNotFoundError):
                    await call

            mine = await two.create_job(["slow"], "CHECK", owner="cid")
            for sync_call in (bob.events, bob.outcomes):
                with pytest.raises(JobNotFoundError):
                    sync_call(mine)

    async def test_nothing_is_known_before_the_queue_is_opened(self, make: Make) -> None:
        queue = DocumentProcessingQueue({"CHECK": Desk()}, store=make())
        assert await queue.load_job("job_1") is None
        with pytest.raises(JobNotFoundError):
            await queue.wait("job_1")
        await queue.aclose()


class TestKeys:
    """One key, one job, however many hosts."""

    async def test_the_same_request_to_another_host_gives_the_same_job(self, make: Make) -> None:
        async with working(make()) as one, working(make()) as two:
            job_id = await one.create_job(["a", "b"], "CHECK", owner="ann", idempotency_key="key")

            assert await two.create_job(["a", "b"], "CHECK", owner="ann", idempotency_key="key") == job_id
            with pytest.raises(IdempotencyConflictError, match="'key' already stands for job"):
                await two.create_job(["a"], "CHECK", owner="ann", idempotency_key="key")
            assert await two.create_job(["a"], "CHECK", owner="bob", idempotency_key="key") != job_id
            assert await two.create_job(["a"], "CHECK") != job_id
            await two.join()

    async def test_requests_to_all_hosts_at_once_give_one_job(self, make: Make, dsn: str) -> None:
        ids: list[str] = []
        async with working(make()) as one, working(make()) as two:

            async def create(queue: DocumentProcessingQueue, key: str) -> None:
                ids.append(await queue.create_job([key], "CHECK", idempotency_key=key))

            async with create_task_group() as tasks:
                for number in range(10):
                    for queue in (one, two, one):
                        tasks.start_soon(create, queue, str(number))
        assert len(ids) == 30
        assert len(set(ids)) == 10
        assert query(dsn, "SELECT count(*) FROM docmill_job") == [(10,)]


class TestChangingHosts:
    """A job goes on at another host, and what was recorded of it is not done again."""

    async def test_a_host_that_is_closed_hands_its_jobs_over_at_once(self, make: Make) -> None:
        first, second = Desk(), Desk()
        second.open.set()
        async with working(make(lease=60.0), second) as two:
            async with working(make(lease=60.0), first) as one:
                job_id = await one.create_job(["a", "b", "slow", "slow2"], "CHECK", SLOW)
                done = await one.create_job(["c"], "CHECK")
                await becomes(lambda: seen(one, job_id).processed_documents == 2)
                await one.wait(done)
            with anyio.fail_after(2.0):
                job = await two.wait(job_id)

            assert sorted(second.started) == ["slow", "slow2"]
            assert (job.status, len(job.results)) == (JobStatus.COMPLETED, 4)
            assert {job.id for job in two.get_all_jobs()} == {job_id, done}
            assert await two.cleanup_old_jobs(0.0) == 2
            assert await two.load_job(done) is None

    async def test_a_terminal_event_that_nobody_heard_is_told_by_the_host_that_adopts_the_job(self, make: Make) -> None:
        heard: list[Event] = []
        async with working(make()) as two:
            two.on("jobCompleted", heard.append)
            async with working(make()) as one:
                job_id = await one.create_job(["a"], "CHECK")
                await one.wait(job_id)
                told = await two.create_job(["b"], "CHECK")
                await two.wait(told)
            await becomes(lambda: len(heard) == 2)

        assert [event.event_id for event in heard] == [f"{told}:COMPLETED", f"{job_id}:COMPLETED"]  # type: ignore[union-attr]

    async def test_a_host_that_is_paused_loses_its_jobs_and_whoever_waits_there_hears_of_their_end(
        self, make: Make, dsn: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The heart of a queue is stopped, as a debugger or a suspended machine would."""
        caplog.set_level(logging.INFO, "docmill")
        first, second = Desk(), Desk()
        store = make()
        heard: list[Event] = []
        outcomes: list[str] = []
        jobs: list[Job] = []
        answers: list[bool] = []
        async with working(store, first) as one, working(make(), second) as two:
            job_id = await one.create_job(["a", "slow", "slow2"], "CHECK", SLOW)
            await becomes(lambda: seen(one, job_id).processed_documents == 1 and len(first.started) == 3)

            async def listen() -> None:
                heard.extend([event async for event in one.events(job_id, documents=True)])

            async def follow() -> None:
                outcomes.extend([outcome.document_id async for outcome in one.outcomes(job_id)])

            async def wait(drained: bool) -> None:
                jobs.append(await one.wait(job_id, drained=drained))

            async with create_task_group() as tasks:
                tasks.start_soon(listen)
                tasks.start_soon(follow)
                tasks.start_soon(wait, False)
                tasks.start_soon(wait, True)
                await sleep(0.05)
                # Again and again, since it says that it is alive. Without an adoption all of this proves nothing.
                assert await becomes(lambda: declare_dead(dsn, store) or two.get_job_status(job_id))
                await becomes(lambda: one.get_job_status(job_id) is None)
                await becomes(lambda: sorted(first.cancelled) == ["slow", "slow2"])
                assert one.stats().running == 0
                first.open.set()
                await sleep(0.1)
                assert jobs == []
                second.open.set()
            answers.append(await one.cancel_job(job_id))

        assert sorted(second.started) == ["slow", "slow2"]
        assert [(job.status, len(job.results)) for job in jobs] == [(JobStatus.COMPLETED, 3)] * 2
        assert sorted(outcomes) == ["a", "slow", "slow2"]
        assert [event.name for event in heard][-1] == "jobCompleted"
        assert {event.document_id for event in heard if event.name == "documentCompleted"} == {"slow", "slow2"}  # type: ignore[union-attr]
        assert answers == [False]
        assert "1 jobs go on at another host" in caplog.text
        assert "1 jobs of other hosts go on here, 1 of them undecided" in caplog.text

    async def test_what_a_host_does_with_a_job_that_it_has_lost_unawares_is_not_recorded_and_not_shown(
        self, make: Make, dsn: str
    ) -> None:
        first, second = Desk(), Desk()
        store = make(heartbeat=30.0, lease=60.0)
        heard: list[Event] = []
        async with working(store, first) as one, working(make(), second) as two:
            for name in ("documentCompleted", "jobCompleted", "jobCancelled"):
                one.on(name, heard.append)  # type: ignore[call-overload]
            job_id = await one.create_job(["slow"], "CHECK")
            await becomes(lambda: first.started)
            declare_dead(dsn, store)
            assert await becomes(lambda: two.get_job_status(job_id))
            await becomes(lambda: second.started)
            first.open.set()
            await becomes(lambda: one.get_job_status(job_id) is None)
            assert heard == []
            assert query(dsn, "SELECT count(*) FROM docmill_outcome") == [(0,)]

            second.open.set()
            assert (await one.wait(job_id)).status is JobStatus.COMPLETED
            assert (await one.wait(await one.create_job(["b"], "CHECK"))).status is JobStatus.COMPLETED

    async def test_a_cancel_of_a_job_that_was_lost_unawares_is_passed_on(self, make: Make, dsn: str) -> None:
        first, second = Desk(), Desk()
        store = make(heartbeat=30.0, lease=60.0)
        async with working(store, first) as one, working(make(), second) as two:
            job_id = await one.create_job(["slow"], "CHECK")
            await becomes(lambda: first.started)
            declare_dead(dsn, store)
            assert await becomes(lambda: two.get_job_status(job_id))

            assert await one.cancel_job(job_id) is True
            assert seen(two, job_id).status is JobStatus.CANCELLED

    async def test_a_request_to_cancel_reaches_the_host_that_adopts_the_job(self, make: Make, dsn: str) -> None:
        store = make(heartbeat=30.0, lease=60.0)
        async with working(store) as one, working(make(heartbeat=0.4)) as two:
            job_id = await one.create_job(["slow"], "CHECK")
            answers: list[bool] = []

            async def cancel() -> None:
                answers.append(await two.cancel_job(job_id))

            async with create_task_group() as tasks:
                tasks.start_soon(cancel)
                await sleep(0.1)
                declare_dead(dsn, store)
            assert answers == [True]
            assert seen(two, job_id).status is JobStatus.CANCELLED

    async def test_a_crash_of_its_host_is_counted_and_its_running_documents_are_suspects(
        self, make: Make, dsn: str
    ) -> None:
        first, second = Desk(), Desk()
        second.open.set()
        store = make(heartbeat=30.0, lease=60.0)
        async with working(store, first) as one, working(make(), second) as two:
            job_id = await one.create_job(["slow", "slow2", *"abcdef"], "CHECK", JobOptions(max_concurrent=2))
            await becomes(lambda: len(first.started) == 2)
            declare_dead(dsn, store)
            assert await becomes(lambda: two.get_job_status(job_id))
            job = await two.wait(job_id)

            assert (job.status, len(job.results)) == (JobStatus.COMPLETED, 8)
            assert sorted(second.started) == ["a", "b", "c", "d", "e", "f", "slow", "slow2"]

    async def test_a_host_that_is_being_closed_adopts_nothing(self, make: Make) -> None:
        desk = Desk()
        async with working(make(), desk) as two:
            await two.create_job(["slow"], "CHECK")
            await becomes(lambda: desk.started)
            async with create_task_group() as tasks:
                tasks.start_soon(two.aclose, 1.0)
                await sleep(0.05)
                async with working(make()) as one:
                    job_id = await one.create_job(["slow"], "CHECK")
                await sleep(0.5)
                assert two.get_job_status(job_id) is None
                desk.open.set()
        async with working(make()) as three:
            assert three.get_job_status(job_id) is not None

    async def test_a_new_job_whose_host_was_given_up_meanwhile_is_created_all_the_same(
        self, make: Make, dsn: str
    ) -> None:
        store = make(heartbeat=30.0, lease=60.0)
        commit = store.commit

        def paused(changes: Any) -> Any:
            if changes[0].before is not None:
                return commit(changes)
            commit(changes)
            declare_dead(dsn, store)
            with other_store_adopts():
                return commit(changes)

        def other_store_adopts() -> Any:
            from contextlib import closing

            other = make()
            assert list(other.open())
            return closing(other)

        store.commit = paused  # type: ignore[method-assign]
        async with working(store) as one:
            job_id = await one.create_job(["a"], "CHECK", idempotency_key="key")
            assert one.get_job_status(job_id) is None
            assert await one.load_job(job_id) is not None
            store.commit = commit  # type: ignore[method-assign]
            assert await one.create_job(["a"], "CHECK", idempotency_key="key") == job_id

    async def test_a_heartbeat_that_fails_is_made_again(
        self, make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        store = make(heartbeat=0.05)
        beats = 0
        beat = store.heartbeat

        def fail_twice(*, adopt: bool) -> Any:
            nonlocal beats
            beats += 1
            if beats < 3:
                raise StoreError("not now")
            return beat(adopt=adopt)

        monkeypatch.setattr(store, "heartbeat", fail_twice)
        async with working(store):
            await becomes(lambda: beats > 4)
        assert [record.message for record in caplog.records] == [
            "other hosts cannot be told that this one is alive; that is tried again"
        ]


async def test_a_store_of_one_host_is_looked_into_as_well(tmp_path: Any) -> None:
    queue = DocumentProcessingQueue({"CHECK": Desk()}, store=SQLiteStore(tmp_path / "jobs.db"))
    async with queue:
        job_id = await queue.create_job(["a"], "CHECK", owner="ann")
        await queue.wait(job_id)
        assert await queue.load_job("job_never") is None
        assert await queue.load_job(job_id, owner="bob") is None
        with pytest.raises(JobNotFoundError):
            queue.events("job_never")
        query_ids = [job.id for job in queue.get_all_jobs()]
        del queue._scheduler.jobs[job_id]
        loaded = await queue.load_job(job_id, owner="ann")
        assert loaded is not None
        assert [loaded.id] == query_ids
        assert loaded.results[0].data == {"document": "a"}


async def test_a_look_at_a_job_that_is_given_up_leaves_no_thread_behind(make: Make) -> None:
    store = make()
    async with working(make()) as one, working(store) as two:
        job_id = await one.create_job(["slow"], "CHECK")
        load = store.load

        def slowly(job_id: str) -> Any:
            import time

            time.sleep(0.2)
            return load(job_id)

        store.load = slowly  # type: ignore[method-assign]
        with anyio.move_on_after(0.05) as scope:
            await two.load_job(job_id)
        assert scope.cancelled_caught
        assert isinstance(store, PostgresStore)
