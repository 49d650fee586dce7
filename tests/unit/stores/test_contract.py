"""What every durable store does, whatever it keeps jobs in."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from attrs import evolve

from docmill import FailureCode, JobOptions, JobStatus, StoreError
from docmill.model import JobErrorCode, Stored
from docmill.ports import Change, JobRecord, Store

from .conftest import Disk
from .support import decided, failed, ledger, mark, new, ok, plain, record


@contextmanager
def opened(disk: Disk) -> Iterator[tuple[Store, list[JobRecord]]]:
    """A store in use, and the jobs that it gave back."""
    with closing(disk.mount()) as store:
        yield store, list(store.open())


def kept(disk: Disk) -> list[dict[str, Any]]:
    """What a store finds on the disk."""
    with opened(disk) as (_, jobs):
        return [plain(job) for job in jobs]


def commit(disk: Disk, *groups: list[Change]) -> None:
    with opened(disk) as (store, _):
        for changes in groups:
            store.commit(changes)


def test_an_empty_disk_has_no_jobs(disk: Disk) -> None:
    assert kept(disk) == []


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="defaults"),
        pytest.param(
            {
                "options": JobOptions(
                    max_concurrent=7,
                    timeout=None,
                    retry_attempts=0,
                    retry_delay=0,
                    document_timeout=0.1,
                    max_failures=3,
                    jitter=True,
                )
            },
            id="options",
        ),
        pytest.param({"options": JobOptions(timeout=1 / 3, retry_delay=1e-9, max_failures=0)}, id="fractions"),
        pytest.param({"options": JobOptions(timeout=86_400, document_timeout=1e300)}, id="whole and huge seconds"),
        pytest.param({"owner": "Zoë 東京 🦀", "idempotency_key": "ключ"}, id="unicode"),
        pytest.param({"owner": "o' OR 1=1 --", "type": '"; DROP TABLE job; --'}, id="SQL"),
        pytest.param({"priority": -(2**63), "created": 0.1 + 0.2, "wall_offset": 1.5e9 + 1e-6}, id="numbers"),
        pytest.param({"priority": 2**63 - 1, "retry_of": "job_0"}, id="retry"),
        pytest.param(
            {"metadata": {"a": [1, 2.5, None, True, {"ü": "\ud800 \0 \u2028"}], "": {}, "\udfff": "x"}}, id="metadata"
        ),
    ],
)
def test_what_was_asked_for_comes_back_as_it_was(disk: Disk, fields: dict[str, Any]) -> None:
    job = ledger(**fields)
    commit(disk, [new(job)])

    (found,) = kept(disk)
    assert found == record(job, mark(job))
    assert type(found["options"].timeout) is type(job.options.timeout)


@pytest.mark.parametrize(
    "document_ids",
    [["a"], ["ü", "東京.pdf", "🦀", "a\nb", 'quote"', "\\", " "], [f"doc-{number}" for number in range(2_500)]],
    ids=["one", "odd", "thousands"],
)
def test_the_documents_come_back_in_their_order(disk: Disk, document_ids: list[str]) -> None:
    commit(disk, [new(ledger(document_ids=document_ids))])

    assert kept(disk)[0]["document_ids"] == document_ids


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"status": JobStatus.PENDING}, id="pending"),
        pytest.param({"status": JobStatus.PROCESSING, "started": 3.25, "busy": 1 / 7}, id="processing"),
        pytest.param({"reserved": 3, "alone": 0, "blamed": (2, 1)}, id="suspects"),
        pytest.param({"reserved": 3, "alone": 2}, id="alone"),
        pytest.param({"status": JobStatus.CANCELLED, "completed": 9.5, "drained": True}, id="cancelled"),
        pytest.param(
            {
                "status": JobStatus.TIMEOUT,
                "started": 2.0,
                "completed": 9.5,
                "error": "Job timeout exceeded",
                "error_code": JobErrorCode.TIMEOUT,
            },
            id="timeout",
        ),
        pytest.param(
            {"status": JobStatus.COMPLETED, "started": 2.0, "completed": 9.5, "summary": Stored(b'{"n":[1,null]}')},
            id="summary",
        ),
        pytest.param(
            {"status": JobStatus.COMPLETED, "started": 2.0, "completed": 9.5, "summary": Stored(b"null")}, id="null"
        ),
        pytest.param(
            {
                "status": JobStatus.FAILED,
                "started": 2.0,
                "completed": 9.5,
                "error": "ü" * 2_000,
                "error_code": JobErrorCode.NO_PROCESSOR,
                "summary_error": "ValueError: \\ud800 \\x00",
            },
            id="errors",
        ),
    ],
)
def test_the_state_of_a_job_comes_back_as_it_was(disk: Disk, fields: dict[str, Any]) -> None:
    job = ledger()
    after = mark(job, **fields)
    commit(disk, [new(job)], [Change(job, mark(job), after, 12.5, 3, True)])

    assert kept(disk) == [record(job, after, active=12.5, lives=3, told=True)]


@pytest.mark.parametrize("code", list(JobErrorCode))
def test_every_code_of_a_job_comes_back(disk: Disk, code: JobErrorCode) -> None:
    job = ledger()
    after = decided(job, JobStatus.FAILED, error="why", error_code=code)
    commit(disk, [new(job)], [Change(job, mark(job), after)])

    assert kept(disk)[0]["mark"].error_code is code


@pytest.mark.parametrize("lives", [-1, 0, 4])
def test_how_often_the_process_died_comes_back(disk: Disk, lives: int) -> None:
    job = ledger()
    commit(disk, [Change(job, None, mark(job), lives=lives)])

    assert kept(disk)[0]["lives"] == lives


@pytest.mark.parametrize(
    "data",
    [b"null", b'""', b"[]", b"{}", b"0", b"false", b'"\\ud800"', b'"' + b"x" * 100_000 + b'"', '"ü東"'.encode()],
    ids=["None", "empty str", "empty list", "empty dict", "zero", "False", "surrogate", "long", "UTF-8"],
)
def test_a_result_comes_back_as_it_was(disk: Disk, data: bytes) -> None:
    job = ledger()
    job.ok.append(ok(1, data, attempts=3))
    commit(disk, [new(job)], [Change(job, mark(ledger()), mark(job))])

    (found,) = kept(disk)
    assert found == record(job, mark(job))
    assert found["ok"][0][4].data == data


@pytest.mark.parametrize("error", ["", "E", "x" * 2_000, "🦀" * 500, "\ud800 alone", "a\0b", "line\nbreak"])
def test_an_error_comes_back_as_it_was(disk: Disk, error: str) -> None:
    job = ledger()
    job.failed.append(failed(2, error))
    commit(disk, [new(job)], [Change(job, mark(ledger()), mark(job))])

    assert kept(disk) == [record(job, mark(job))]


@pytest.mark.parametrize("code", list(FailureCode))
def test_every_code_of_a_document_comes_back(disk: Disk, code: FailureCode) -> None:
    job = ledger()
    job.failed.append(failed(0, code=code))
    commit(disk, [new(job)], [Change(job, mark(ledger()), mark(job))])

    assert kept(disk)[0]["failed"][0][4].code is code


@pytest.mark.parametrize("status", [JobStatus.PROCESSING, JobStatus.COMPLETED])
def test_jobs_come_back_in_the_order_of_creation_and_outcomes_in_that_of_settlement(
    disk: Disk, status: JobStatus
) -> None:
    first, second = ledger("job_z"), ledger("job_a", created=0.5)
    first.ok += [ok(2, at=7.0), ok(0, at=8.0), ok(1, at=9.0)]
    commit(disk, [new(first), new(second)], [Change(first, mark(ledger()), mark(first, status=status, completed=9.0))])

    found = kept(disk)
    assert [job["id"] for job in found] == ["job_z", "job_a"]
    assert [row[0] for row in found[0]["ok"]] == [2, 0, 1]


def test_changes_follow_one_another(disk: Disk) -> None:
    job = ledger()
    before = mark(job)
    with opened(disk) as (store, _):
        store.commit([new(job)])
        for row in (ok(0), ok(1)):
            job.ok.append(row)
            store.commit([Change(job, before, before := mark(job))])
        job.failed.append(failed(2))
        store.commit([Change(job, before, before := mark(job)), Change(job, before, before := decided(job), told=True)])

    assert kept(disk) == [record(job, before, told=True)]


def test_only_what_lies_before_the_mark_is_recorded(disk: Disk) -> None:
    job = ledger()
    job.ok.append(ok(0))
    after = mark(job)
    job.ok.append(ok(1))
    job.failed.append(failed(2))
    commit(disk, [new(job)], [Change(job, mark(ledger()), after)])

    assert kept(disk) == [record(job, after)]


def test_a_job_may_arrive_with_outcomes(disk: Disk) -> None:
    job = ledger()
    job.ok.append(ok(0))
    commit(disk, [Change(job, None, mark(job), 1.5)])

    assert kept(disk) == [record(job, mark(job), active=1.5)]


def test_an_outcome_that_is_there_already_stays_what_it_is(disk: Disk) -> None:
    """A commit whose answer was lost is made again."""
    job, other = ledger(), ledger()
    job.ok.append(ok(0, b'"first"'))
    other.ok += [ok(0, b'"second"'), ok(1, b'"new"')]
    commit(disk, [new(job)], *[[Change(job, mark(ledger()), mark(job))]] * 2)
    commit(disk, [Change(other, mark(ledger()), mark(other))])

    (found,) = kept(disk)
    assert [(row[0], row[4].data) for row in found["ok"]] == [(0, b'"first"'), (1, b'"new"')]


def test_a_job_that_is_created_twice_is_there_once(disk: Disk) -> None:
    job = ledger(document_ids=[str(number) for number in range(1_500)])
    commit(disk, [new(job)], [new(job)])
    commit(disk, [new(job)])

    assert kept(disk) == [record(job, mark(job))]


def test_a_change_of_a_job_that_was_removed_is_nothing(disk: Disk) -> None:
    job, other = ledger(), ledger("job_2")
    with opened(disk) as (store, _):
        store.commit([new(job), new(other)])
        store.prune([job.id])
        job.ok.append(ok(0))
        store.commit([Change(job, mark(ledger()), mark(job)), Change(other, mark(other), mark(other, reserved=2))])

    assert kept(disk) == [record(other, mark(other, reserved=2))]


def test_a_change_of_a_job_that_was_never_there_is_nothing(disk: Disk) -> None:
    job = ledger()
    job.ok.append(ok(0))
    commit(disk, [Change(job, mark(ledger()), mark(job))])

    assert kept(disk) == []


def test_a_commit_that_fails_has_changed_nothing(disk: Disk) -> None:
    job, newer, broken = ledger(), ledger("job_2"), ledger("job_3")
    job.ok.append(ok(0))
    if disk.unique_keys:
        broken.options = object()  # type: ignore[assignment]
    with opened(disk) as (store, _):
        store.commit([new(job)])
        if not disk.unique_keys:
            disk.mount()  # which fences the one before
        with pytest.raises((StoreError, ValueError, TypeError)):
            store.commit([new(newer), Change(job, mark(ledger()), mark(job)), new(broken)])

    assert kept(disk) == [record(ledger(), mark(ledger()))]


def test_a_store_goes_on_after_a_commit_that_failed(disk: Disk) -> None:
    job, broken = ledger(), ledger("job_3")
    broken.options = object()  # type: ignore[assignment]
    if not disk.unique_keys:
        pytest.skip("there is nothing that it cannot record")
    with opened(disk) as (store, _):
        with pytest.raises((StoreError, ValueError, TypeError)):
            store.commit([new(job), new(broken)])
        store.commit([new(job)])

    assert kept(disk) == [record(job, mark(job))]


@pytest.mark.parametrize("owner", [None, "", "ann"])
def test_an_idempotency_key_is_one_jobs_of_an_owner(disk: Disk, owner: str | None) -> None:
    if not disk.unique_keys:
        pytest.skip("it leaves that to the queue")
    with opened(disk) as (store, _):
        store.commit([new(ledger(owner=owner, idempotency_key="key"))])
        with pytest.raises(StoreError, match="idempotency key"):
            store.commit([new(ledger("job_2", owner=owner, idempotency_key="key")), new(ledger("job_3"))])

    assert [job["id"] for job in kept(disk)] == ["job_1"]


def test_owners_do_not_share_their_idempotency_keys(disk: Disk) -> None:
    jobs = [
        ledger(f"job_{number}", owner=owner, idempotency_key=key)
        for number, (owner, key) in enumerate(
            [(None, "key"), ("", "key"), ("ann", "key"), ("bob", "key"), ("ann", "KEY"), ("ann", None), ("ann", None)]
        )
    ]
    commit(disk, [new(job) for job in jobs])

    assert kept(disk) == [record(job, mark(job)) for job in jobs]


def test_the_key_of_a_job_that_was_removed_is_free_again(disk: Disk) -> None:
    with opened(disk) as (store, _):
        store.commit([new(ledger(idempotency_key="key"))])
        store.prune(["job_1"])
        store.commit([new(ledger("job_2", idempotency_key="key"))])

    assert [job["id"] for job in kept(disk)] == ["job_2"]


def test_what_is_removed_is_gone_and_the_rest_stays(disk: Disk) -> None:
    jobs = [ledger(f"job_{number}") for number in range(4)]
    for job in jobs:
        job.ok.append(ok(0))
    commit(disk, [Change(job, None, mark(job)) for job in jobs])
    with opened(disk) as (store, _):
        store.prune(["job_0", "job_2", "job_9"])
        assert store.load("job_0") is None
        store.prune([])
        store.prune(["job_0"])

    assert kept(disk) == [record(job, mark(job)) for job in (jobs[1], jobs[3])]


def test_an_id_may_come_again_after_its_job_was_removed_and_has_nothing_of_it(disk: Disk) -> None:
    job = ledger(document_ids=["x", "y", "z"])
    job.ok.append(ok(0))
    with opened(disk) as (store, _):
        store.commit([Change(job, None, mark(job))])
        store.prune([job.id])
        store.commit([new(ledger())])

    assert kept(disk) == [record(ledger(), mark(ledger()))]


def test_one_job_can_be_read_whatever_has_become_of_it(disk: Disk) -> None:
    live, done = ledger(), ledger("job_2")
    live.ok.append(ok(0))
    done.ok += [ok(0), ok(1)]
    done.failed.append(failed(2))
    with opened(disk) as (store, _):
        store.commit([Change(live, None, mark(live)), Change(done, None, decided(done), told=True)])
        assert plain(store.load("job_1")) == record(live, mark(live))
        assert plain(store.load("job_2")) == record(done, decided(done), told=True)
        assert store.load("job_3") is None

        live.ok.append(ok(1))
        store.commit([Change(live, mark(live)._replace(ok=1), mark(live))])
        assert plain(store.load("job_1")) == record(live, mark(live))


def test_a_decided_job_can_still_be_read_after_the_store_was_closed(disk: Disk) -> None:
    job = ledger()
    job.ok += [ok(1), ok(2)]
    job.failed.append(failed(0))
    commit(disk, [Change(job, None, decided(job))])
    with opened(disk) as (_, jobs):
        pass

    assert plain(jobs[0]) == record(job, decided(job))


def test_a_store_that_was_closed_can_be_closed_again(disk: Disk) -> None:
    store = disk.mount()
    list(store.open())
    store.close()
    store.close()

    assert kept(disk) == []


def test_a_store_says_that_it_is_durable_and_how_large_a_result_may_be(disk: Disk) -> None:
    with closing(disk.mount()) as store:
        assert store.durable is True
        assert store.max_result_bytes == 2**20


def test_a_hundred_jobs_in_one_commit_are_all_there(disk: Disk) -> None:
    jobs = [ledger(f"job_{number:03}", [f"{number}-{at}" for at in range(20)]) for number in range(100)]
    for job in jobs:
        job.ok += [ok(at) for at in range(0, 20, 2)]
        job.failed += [failed(at) for at in range(1, 20, 2)]
    commit(disk, [Change(job, None, decided(job) if at % 2 else mark(job)) for at, job in enumerate(jobs)])

    found = kept(disk)
    assert found == [record(job, decided(job) if at % 2 else mark(job)) for at, job in enumerate(jobs)]


def test_a_record_is_not_changed_by_what_is_recorded_later(disk: Disk) -> None:
    job = ledger()
    job.ok.append(ok(0))
    commit(disk, [Change(job, None, mark(job))])
    with opened(disk) as (store, (found,)):
        before = evolve(found)
        job.ok.append(ok(1))
        store.commit([Change(job, mark(job)._replace(ok=1), mark(job))])

    assert len(found.ok) == len(before.ok) == 1
