"""Durable before visible (R22), with a store that says when each commit happened and can hold one back."""

import itertools
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after, move_on_after, sleep

from docmill import DocumentProcessingQueue, Job, JobOptions, JobStatus, ProcessingContext, QueueClosedError
from docmill.ports import Change, JobRecord


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Real time: a commit that is held back blocks its thread."""
    return request.param


class ScriptedStore:
    """Keeps every commit in a list. ``hold`` has those commits wait until ``release`` that ``holds`` says."""

    durable = True
    max_result_bytes = 2**20

    def __init__(self) -> None:
        self.commits: list[list[Change]] = []
        self.calls: list[str] = []
        self.threads: set[int] = set()
        self.holds: Callable[[Sequence[Change]], bool] = lambda changes: True
        self._free = threading.Event()
        self._free.set()

    def open(self) -> Iterable[JobRecord]:
        return ()

    def commit(self, changes: Sequence[Change]) -> None:
        self.calls.append("begin")
        self.threads.add(threading.get_ident())
        if self.holds(changes):
            self._free.wait(10.0)
        self.commits.append(list(changes))
        self.calls.append("end")

    def load(self, job_id: str) -> None:
        """Nothing is kept."""

    def prune(self, job_ids: Sequence[str]) -> None:
        self.calls.append("prune")

    def close(self) -> None:
        self.calls.append("close")

    def hold(self) -> None:
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    @property
    def recorded(self) -> dict[str, JobStatus]:
        """The status of each job as it is on disk."""
        return {change.ledger.id: change.after.status for commit in self.commits for change in commit}


class Documents:
    """A processor whose documents end when the test says so."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self._go: dict[str, Signal] = {}

    def let(self, *document_ids: str) -> None:
        for name in document_ids:
            self._go.setdefault(name, Signal()).set()

    async def __call__(self, document_id: str, context: ProcessingContext) -> str:
        self.started.append(document_id)
        context.report(0.5, "half")
        await self._go.setdefault(document_id, Signal()).wait()
        return document_id.upper()


@pytest.fixture
def store() -> ScriptedStore:
    return ScriptedStore()


@pytest.fixture
def documents() -> Documents:
    return Documents()


@pytest.fixture
async def queue(store: ScriptedStore, documents: Documents) -> AsyncIterator[DocumentProcessingQueue]:
    async def echo(document_id: str) -> str:
        return document_id

    queue = DocumentProcessingQueue({"GATED": documents, "ECHO": echo}, store=store)
    with fail_after(10.0):
        await queue.start()
        yield queue
        store.release()
        await queue.aclose(0.0)


async def until(condition: Callable[[], Any]) -> None:
    """Wait for something that another thread brings about."""
    with fail_after(5.0):
        while not condition():  # noqa: ASYNC110 - another thread brings it about
            await sleep(0.002)


async def a_while() -> None:
    """Long enough for anything that should not happen to happen."""
    await sleep(0.05)


def seen(queue: DocumentProcessingQueue, job_id: str) -> Job:
    job = queue.get_job_status(job_id)
    assert job is not None
    return job


async def test_a_new_job_is_on_disk_when_create_job_returns(
    queue: DocumentProcessingQueue, store: ScriptedStore
) -> None:
    """R18."""
    job_id = await queue.create_job(["a"], "GATED")

    assert job_id in store.recorded
    first = store.commits[0][0]
    assert first.before is None
    assert first.ledger.document_ids == ("a",)


async def test_create_job_waits_for_its_commit_and_nobody_sees_the_job_before(
    queue: DocumentProcessingQueue, store: ScriptedStore, documents: Documents
) -> None:
    created: list[str] = []

    async def create() -> None:
        created.append(await queue.create_job(["a"], "GATED"))

    store.hold()
    async with create_task_group() as tasks:
        tasks.start_soon(create)
        await a_while()
        assert created == []
        assert queue.get_all_jobs() == []
        assert queue.stats().jobs == 0
        assert documents.started == []
        store.release()

    assert [job.id for job in queue.get_all_jobs()] == created


async def test_nothing_starts_before_that_is_recorded_and_so_no_start_is_seen_before(
    queue: DocumentProcessingQueue, store: ScriptedStore, documents: Documents
) -> None:
    heard: list[str] = []
    queue.on("jobStarted", lambda event: heard.append(event.name))
    store.holds = lambda changes: any(change.before is not None for change in changes)
    store.hold()
    job_id = await queue.create_job(["a"], "GATED")
    await a_while()

    job = seen(queue, job_id)
    assert documents.started == []
    assert job.status == "PENDING"
    assert job.started_at is None
    assert list(job.running) == []
    assert heard == []

    store.release()
    await until(lambda: heard)
    assert seen(queue, job_id).status == "PROCESSING"
    await until(lambda: documents.started)
    assert [(document.document_id, document.fraction) for document in seen(queue, job_id).running] == [("a", 0.5)]


async def test_an_outcome_is_seen_and_told_only_after_its_commit_while_the_lanes_go_on(
    queue: DocumentProcessingQueue, store: ScriptedStore, documents: Documents
) -> None:
    heard: list[str] = []
    for name in ("progress", "documentCompleted", "jobCompleted"):
        queue.on(name, lambda event: heard.append(event.name))  # type: ignore[call-overload]
    job_id = await queue.create_job(["a", "b", "c"], "GATED", JobOptions(max_concurrent=1))
    await until(lambda: seen(queue, job_id).status == "PROCESSING")

    store.hold()
    documents.let("a", "b")
    await until(lambda: documents.started[:2] == ["a", "b"])
    await a_while()
    job = seen(queue, job_id)
    assert (job.processed_documents, job.progress, len(job.results), job.outcome("a")) == (0, 0, 0, None)
    assert job.estimated_time_remaining is None
    assert heard == []

    store.release()
    await until(lambda: seen(queue, job_id).processed_documents == 2)
    assert heard.count("documentCompleted") == 2
    documents.let("c")
    assert (await queue.wait(job_id)).status == "COMPLETED"


async def test_lanes_go_on_without_waiting_for_the_store_but_not_for_any_number_of_documents(
    queue: DocumentProcessingQueue, store: ScriptedStore, documents: Documents
) -> None:
    names = [f"doc-{number}" for number in range(50)]
    job_id = await queue.create_job(names, "GATED", JobOptions(max_concurrent=2))
    await until(lambda: documents.started)
    await a_while()
    store.hold()
    documents.let(*names)
    await a_while()

    assert 2 < len(documents.started) < 50
    store.release()
    assert (await queue.wait(job_id)).processed_documents == 50


async def test_outcomes_that_settle_during_a_commit_are_grouped_into_the_next_one(
    queue: DocumentProcessingQueue, store: ScriptedStore, documents: Documents
) -> None:
    names = [f"doc-{number}" for number in range(20)]
    job_id = await queue.create_job(names, "GATED", JobOptions(max_concurrent=20))
    await until(lambda: len(documents.started) == 20 and seen(queue, job_id).status == "PROCESSING")
    await a_while()
    before = len(store.commits)

    store.hold()
    documents.let(names[0])
    await until(lambda: store.calls[-1] == "begin")
    documents.let(*names[1:])
    await a_while()
    store.release()
    job = await queue.wait(job_id)

    assert job.status == "COMPLETED"
    assert len(store.commits) - before <= 4
    assert (
        max(change.after.ok - change.before.ok for commit in store.commits for change in commit if change.before) >= 18
    )


async def test_the_changes_of_a_job_follow_one_another_without_a_gap(
    queue: DocumentProcessingQueue, store: ScriptedStore
) -> None:
    """R21: what is on disk at rest is what is in memory."""
    ids = [await queue.create_job([f"{number}" for number in range(50)], "ECHO") for _ in range(3)]
    await queue.join()
    await until(lambda: all(seen(queue, job_id).drained for job_id in ids))

    for job_id in ids:
        changes = [change for commit in store.commits for change in commit if change.ledger.id == job_id]
        assert changes[0].before is None
        for earlier, later in itertools.pairwise(changes):
            assert later.before == earlier.after
        last = changes[-1].after
        job = seen(queue, job_id)
        assert (last.status, last.ok, last.failed, last.drained) == ("COMPLETED", 50, 0, True)
        assert (job.status, len(job.results), job.drained) == ("COMPLETED", 50, True)


async def test_a_decision_is_seen_told_and_waited_for_only_after_its_commit(
    queue: DocumentProcessingQueue, store: ScriptedStore, documents: Documents
) -> None:
    heard: list[str] = []
    waited: list[JobStatus] = []
    queue.on("jobCompleted", lambda event: heard.append(event.name))

    async def wait() -> None:
        waited.append((await queue.wait(job_id)).status)

    job_id = await queue.create_job(["a"], "GATED")
    await until(lambda: seen(queue, job_id).status == "PROCESSING")
    await a_while()
    async with create_task_group() as tasks:
        tasks.start_soon(wait)
        store.hold()
        documents.let("a")
        await a_while()
        assert (waited, heard, seen(queue, job_id).status) == ([], [], "PROCESSING")
        assert seen(queue, job_id).completed_at is None
        assert [job.id for job in queue.get_all_jobs(active=True)] == [job_id]
        store.release()

    assert (waited, heard) == (["COMPLETED"], ["jobCompleted"])
    assert store.recorded[job_id] == "COMPLETED"


async def test_cancel_job_is_true_only_once_it_is_on_disk(queue: DocumentProcessingQueue, store: ScriptedStore) -> None:
    """R17."""
    answers: list[bool] = []

    async def cancel() -> None:
        answers.append(await queue.cancel_job(job_id))

    job_id = await queue.create_job(["a"], "GATED")
    await until(lambda: seen(queue, job_id).status == "PROCESSING")
    await a_while()
    store.hold()
    async with create_task_group() as tasks:
        tasks.start_soon(cancel)
        await a_while()
        assert answers == []
        assert seen(queue, job_id).status == "PROCESSING"
        store.release()

    assert answers == [True]
    assert store.recorded[job_id] == "CANCELLED"


async def test_a_second_cancel_is_not_told_of_the_first_before_that_is_on_disk(
    queue: DocumentProcessingQueue, store: ScriptedStore
) -> None:
    """False means that the job is decided, and nobody may know that yet."""
    answers: list[tuple[str, bool]] = []

    async def cancel(name: str) -> None:
        answers.append((name, await queue.cancel_job(job_id)))

    job_id = await queue.create_job(["a"], "GATED")
    await until(lambda: seen(queue, job_id).status == "PROCESSING")
    await a_while()
    store.hold()
    async with create_task_group() as tasks:
        tasks.start_soon(cancel, "first")
        await a_while()
        tasks.start_soon(cancel, "second")
        await a_while()
        assert answers == []
        store.release()

    assert sorted(answers) == [("first", True), ("second", False)]


async def test_every_call_of_the_store_comes_from_one_thread_that_is_not_the_loops(
    queue: DocumentProcessingQueue, store: ScriptedStore
) -> None:
    await queue.wait(await queue.create_job([str(number) for number in range(100)], "ECHO"))

    assert len(store.threads) == 1
    assert threading.get_ident() not in store.threads


async def test_one_key_is_one_job_though_two_ask_for_it_at_once(
    queue: DocumentProcessingQueue, store: ScriptedStore
) -> None:
    """Q21: the second request must not overtake the commit of the first."""
    created: list[str] = []

    async def create() -> None:
        created.append(await queue.create_job(["a"], "ECHO", idempotency_key="key"))

    store.hold()
    async with create_task_group() as tasks:
        tasks.start_soon(create)
        tasks.start_soon(create)
        await a_while()
        store.release()

    assert len(created) == 2
    assert len(set(created)) == 1
    assert queue.stats().jobs == 1
    assert len(store.recorded) == 1


async def test_a_caller_that_is_cancelled_during_its_commit_leaves_no_job_that_only_the_disk_knows(
    queue: DocumentProcessingQueue, store: ScriptedStore
) -> None:
    """R21: the job is there, or it is not, in memory as on disk."""
    store.hold()
    with move_on_after(0.02):
        await queue.create_job(["a"], "ECHO")
    store.release()
    await queue.join()
    await a_while()
    await queue.join()

    assert set(store.recorded) == {job.id for job in queue.get_all_jobs()}


async def test_what_ends_while_the_queue_closes_is_recorded_before_it_is_closed(
    queue: DocumentProcessingQueue, store: ScriptedStore, documents: Documents
) -> None:
    job_id = await queue.create_job(["a"], "GATED")
    await until(lambda: documents.started)
    async with create_task_group() as tasks:
        tasks.start_soon(queue.aclose, 5.0)
        await a_while()
        documents.let("a")

    assert store.recorded[job_id] == "COMPLETED"
    assert seen(queue, job_id).status == "COMPLETED"
    assert store.calls[-1] == "close"


async def test_a_job_that_cannot_finish_stays_what_it_is_on_disk_and_is_not_cancelled(
    queue: DocumentProcessingQueue, store: ScriptedStore, documents: Documents
) -> None:
    heard: list[str] = []
    for name in ("jobCancelled", "jobFailed", "jobCompleted"):
        queue.on(name, lambda event: heard.append(event.name))  # type: ignore[call-overload]
    running = await queue.create_job(["a", "b"], "GATED", JobOptions(max_concurrent=1))
    await until(lambda: documents.started)
    await queue.aclose(0.0)

    assert store.recorded[running] == "PROCESSING"
    assert seen(queue, running).status == "PROCESSING"
    assert seen(queue, running).failed_documents == 0
    assert heard == []


async def test_who_waits_for_a_job_that_stays_undecided_is_told_that_the_queue_is_closed(
    queue: DocumentProcessingQueue, documents: Documents
) -> None:
    errors: list[Exception] = []

    async def ask(call: Callable[[], Any]) -> None:
        try:
            await call()
        except QueueClosedError as error:
            errors.append(error)

    job_id = await queue.create_job(["a"], "GATED")
    await until(lambda: documents.started)
    async with create_task_group() as tasks:
        for drained in (False, True):
            tasks.start_soon(ask, lambda drained=drained: queue.wait(job_id, drained=drained))
        tasks.start_soon(ask, queue.join)
        await a_while()
        await queue.aclose(0.0)

    assert len(errors) == 3
    with pytest.raises(QueueClosedError):
        await queue.wait(job_id)


async def test_the_store_is_closed_once_and_never_in_the_middle_of_a_commit(
    queue: DocumentProcessingQueue, store: ScriptedStore, documents: Documents
) -> None:
    await queue.create_job(["a", "b"], "GATED", JobOptions(max_concurrent=1))
    await until(lambda: documents.started)
    await a_while()
    store.hold()
    documents.let("a")
    await until(lambda: store.calls[-1] == "begin")
    threading.Timer(0.2, store.release).start()
    await queue.aclose(0.0)

    assert store.calls.count("close") == 1
    assert store.calls[-1] == "close"
    assert store.calls.count("begin") == store.calls.count("end")


async def test_a_job_whose_commit_is_under_way_at_the_close_does_not_leave_its_creator_waiting(
    queue: DocumentProcessingQueue, store: ScriptedStore
) -> None:
    answers: list[Any] = []

    async def create() -> None:
        try:
            answers.append(await queue.create_job(["a"], "GATED"))
        except QueueClosedError as error:
            answers.append(error)

    store.hold()
    async with create_task_group() as tasks:
        tasks.start_soon(create)
        await a_while()
        threading.Timer(0.1, store.release).start()
        await queue.aclose(1.0)

    (answer,) = answers
    if isinstance(answer, str):
        assert answer in store.recorded
        assert queue.get_job_status(answer) is not None
    else:
        assert queue.get_all_jobs() == []


async def test_outcomes_are_streamed_as_they_become_durable(
    queue: DocumentProcessingQueue, store: ScriptedStore, documents: Documents
) -> None:
    read: list[str] = []

    async def follow() -> None:
        stream = queue.outcomes(job_id)
        with suppress(StopAsyncIteration):
            while True:
                read.append((await anext(stream)).document_id)

    job_id = await queue.create_job(["a", "b"], "GATED")
    await until(lambda: len(documents.started) == 2)
    await a_while()
    async with create_task_group() as tasks:
        tasks.start_soon(follow)
        store.hold()
        documents.let("a")
        await a_while()
        assert read == []
        store.release()
        await until(lambda: read == ["a"])
        documents.let("b")

    assert read == ["a", "b"]


async def test_old_jobs_are_removed_from_the_store_too(queue: DocumentProcessingQueue, store: ScriptedStore) -> None:
    await queue.wait(await queue.create_job(["a"], "ECHO"), drained=True)

    assert await queue.cleanup_old_jobs(0.0) == 1
    await until(lambda: "prune" in store.calls)
    assert queue.get_all_jobs() == []
