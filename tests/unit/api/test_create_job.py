"""The border: what create_job accepts, what it refuses, in which words, and that a refusal changes nothing (R35)."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import pytest
from anyio import sleep

from docmill import (
    DocumentProcessingQueue,
    Event,
    IdempotencyConflictError,
    InvalidJobError,
    JobOptions,
    ProcessingJobType,
)


async def check(document_id: str, context: Any) -> str:
    await sleep(1.0)
    return document_id


NAMES = (
    "jobStarted",
    "progress",
    "documentCompleted",
    "documentFailed",
    "documentProgress",
    "jobCompleted",
    "jobFailed",
    "jobCancelled",
)


def make_queue() -> DocumentProcessingQueue:
    return DocumentProcessingQueue({ProcessingJobType.QUALITY_CHECK: check, "TRANSLATE": check})


async def refused(*arguments: Any, **keywords: Any) -> list[str]:
    """Ask for a job that cannot be; return the problems, having seen that nothing has changed."""
    heard: list[Event] = []
    async with make_queue() as queue:
        for name in NAMES:
            queue.on(name, heard.append)
        await queue.wait(await queue.create_job(["before"], "TRANSLATE"))
        await sleep(1.0)
        stats, jobs, told = queue.stats(), [job.id for job in queue.get_all_jobs()], list(heard)
        with pytest.raises(InvalidJobError) as caught:
            await queue.create_job(*arguments, **keywords)
        await sleep(5.0)
        assert queue.stats() == stats
        assert [job.id for job in queue.get_all_jobs()] == jobs
        assert heard == told
    return list(caught.value.problems)


@pytest.mark.parametrize(
    "documents, words",
    [
        ("doc-1", ["document_ids must be several ids", "got the single 'doc-1'", "write ['doc-1']"]),
        (b"doc-1", ["document_ids must be several ids", "b'doc-1'"]),
        (5, ["document_ids must be an iterable of str, got 5"]),
        (None, ["document_ids must be an iterable of str, got None"]),
        ([], ["document_ids must have at least one id, got none"]),
        ((), ["document_ids must have at least one id"]),
        (["a", "b", "a", "b"], ["document_ids must be different from one another", "'a' is there twice"]),
        (["b", "a", "c", "a"], ["'a' is there twice"]),
        (["a", 5], ["document_ids[1] must be a str of at least one character", "got 5"]),
        (["a", None], ["document_ids[1] must be a str", "got None"]),
        (["a", b"b"], ["document_ids[1] must be a str", "got b'b'"]),
        (["a", ["b"]], ["document_ids[1] must be a str", "got ['b']"]),
        ([""], ["document_ids[0] must be a str of at least one character", "got ''"]),
        (["a", "b\0c"], ["document_ids[1] must be", "without NUL and lone surrogates", "got 'b\\x00c'"]),
        (["a", "b\ud800"], ["document_ids[1] must be", "without NUL and lone surrogates", "got 'b\\ud800'"]),
        (["\ud83d", "\ude00"], ["document_ids[0] must be", "without NUL and lone surrogates"]),
    ],
    ids=repr,
)
async def test_documents_that_cannot_be_are_refused(documents: Any, words: list[str]) -> None:
    """Q14, Q15."""
    problems = await refused(documents, "TRANSLATE")

    for word in words:
        assert word in problems[0]


async def test_every_bad_document_is_named_up_to_ten_of_them() -> None:
    assert len(await refused(["a", 1, "", None], "TRANSLATE")) == 3
    assert len(await refused([None] * 1_000, "TRANSLATE")) == 10


class Awkward:
    """Like an array of numbers: it cannot say whether it is true."""

    def __bool__(self) -> bool:
        raise ValueError("the truth value is ambiguous")


async def test_something_that_does_not_know_whether_it_is_true_is_refused_like_any_other_thing() -> None:
    (problem,) = await refused(["a", Awkward()], "TRANSLATE")

    assert "document_ids[1] must be a str" in problem


@pytest.mark.parametrize("job_type", ["NOPE", "translate", "", 5, None, ["TRANSLATE"], ProcessingJobType.FULL_ANALYSIS])
async def test_a_job_type_without_a_processor_is_refused_and_the_registered_ones_are_named(job_type: Any) -> None:
    (problem,) = await refused(["a"], job_type)

    assert problem.startswith("no processor is registered for job type ")
    assert "registered are: QUALITY_CHECK, TRANSLATE" in problem


@pytest.mark.parametrize("options", [{"timeout": 5}, 5, "fast", JobOptions])
async def test_options_of_another_kind_are_refused(options: Any) -> None:
    (problem,) = await refused(["a"], "TRANSLATE", options)

    assert problem.startswith("options must be JobOptions or None, got ")


@pytest.mark.parametrize("name", ["owner", "idempotency_key"])
@pytest.mark.parametrize("value", ["", "a\0b", "a\udfff", 5, b"ann", ["ann"]])
async def test_an_owner_or_a_key_that_is_no_text_is_refused(name: str, value: Any) -> None:
    (problem,) = await refused(["a"], "TRANSLATE", **{name: value})

    assert problem.startswith(f"{name} must be None or a str of at least one character")
    assert repr(value) in problem


@pytest.mark.parametrize("metadata", [5, "batch", [("a", 1)], {1: "a"}, {None: 1}])
async def test_metadata_that_is_no_mapping_with_str_keys_is_refused(metadata: Any) -> None:
    (problem,) = await refused(["a"], "TRANSLATE", metadata=metadata)

    assert problem.startswith("metadata must be a mapping with str keys, or None, got ")


@pytest.mark.parametrize("priority", [True, 1.0, "high", None, float("nan")])
async def test_a_priority_that_is_no_whole_number_is_refused(priority: Any) -> None:
    (problem,) = await refused(["a"], "TRANSLATE", priority=priority)

    assert problem.startswith("priority must be a whole number of at most 63 bits, got ")


async def test_everything_that_is_wrong_is_named_at_once() -> None:
    problems = await refused(["a", "a"], "NOPE", {}, owner="", idempotency_key=5, metadata=5, priority=True)

    assert [problem.split()[0] for problem in problems] == [
        "document_ids",
        "no",
        "options",
        "owner",
        "idempotency_key",
        "metadata",
        "priority",
    ]


async def test_a_request_that_cannot_be_does_not_even_open_the_queue() -> None:
    queue = make_queue()
    with pytest.raises(InvalidJobError):
        await queue.create_job([], "TRANSLATE")

    assert queue._host is None
    await queue.aclose()


async def test_a_queue_without_processors_says_so() -> None:
    with pytest.raises(InvalidJobError, match="registered are: none"):
        await DocumentProcessingQueue({}).create_job(["a"], "TRANSLATE")


def lazily() -> Iterator[str]:
    yield from ("a", "b")


@pytest.mark.parametrize(
    "documents",
    [["a", "b"], ("a", "b"), {"a": 1, "b": 2}, lazily, ["a", "a "], ["ä", "\U0001f600", "a\nb"]],
    ids=repr,
)
async def test_documents_may_be_any_iterable_of_different_strings(documents: Any) -> None:
    documents = documents() if callable(documents) else documents
    async with make_queue() as queue:
        job = await queue.wait(await queue.create_job(documents, "TRANSLATE"))

    assert job.status == "COMPLETED"


async def test_the_job_keeps_everything_that_was_asked_for() -> None:
    options = JobOptions(max_concurrent=2)
    async with make_queue() as queue:
        job_id = await queue.create_job(
            ["a", "b"], "TRANSLATE", options, owner="ann", metadata={"batch": 7}, priority=3
        )
        job = queue.get_job_status(job_id)

    assert job is not None
    assert tuple(job.document_ids) == ("a", "b")
    assert (job.id, job.type, job.options, job.owner) == (job_id, "TRANSLATE", options, "ann")
    assert (job.metadata, job.priority, job.retry_of) == ({"batch": 7}, 3, None)


async def test_the_options_are_the_defaults_if_none_are_given() -> None:
    async with make_queue() as queue:
        job = await queue.wait(await queue.create_job(["a"], "TRANSLATE"))

    assert job.options == JobOptions()


async def test_what_the_caller_does_to_the_arguments_later_does_not_matter() -> None:
    documents, metadata = ["a"], {"batch": 7}
    async with make_queue() as queue:
        job_id = await queue.create_job(documents, "TRANSLATE", metadata=metadata)
        documents.append("b")
        metadata["batch"] = 8
        job = await queue.wait(job_id)

    assert job.total_documents == 1
    assert job.metadata == {"batch": 7}
    assert isinstance(job.metadata, MappingProxyType)


async def test_an_id_is_unguessable_and_begins_with_the_milliseconds_of_its_creation() -> None:
    async with make_queue() as queue:
        ids = [await queue.create_job(["a"], "TRANSLATE") for _ in range(50)]
        job = queue.get_job_status(ids[0])

    assert len(set(ids)) == 50
    assert job is not None
    head, milliseconds, secret = ids[0].split("_")
    assert (head, len(secret)) == ("job", 32)
    assert int(secret, 16)
    assert abs(int(milliseconds) - job.created_at.timestamp() * 1000) <= 1


async def test_ids_and_the_wall_clock_can_be_supplied() -> None:
    class Clock:
        def wall(self) -> float:
            return 1_699_564_800.0

    queue = DocumentProcessingQueue(
        {"TRANSLATE": check}, clock=Clock(), make_id=lambda milliseconds: f"job_{milliseconds}_abc123"
    )
    async with queue:
        job_id = await queue.create_job(["a"], "TRANSLATE")
        job = queue.get_job_status(job_id)

    assert job_id == "job_1699564800000_abc123"
    assert job is not None
    assert job.created_at.isoformat() == "2023-11-09T21:20:00+00:00"


async def test_a_job_of_a_million_documents_is_accepted() -> None:
    async with make_queue() as queue:
        job_id = await queue.create_job((f"doc-{number}" for number in range(1_000_000)), "TRANSLATE")
        job = queue.get_job_status(job_id)
        assert job is not None
        assert job.total_documents == 1_000_000
        await queue.cancel_job(job_id, force=True)


async def test_a_million_documents_with_one_bad_or_double_among_them_are_refused() -> None:
    ids: list[Any] = [f"doc-{number}" for number in range(1_000_000)]
    async with make_queue() as queue:
        ids[777_777] = 5
        with pytest.raises(InvalidJobError, match=r"document_ids\[777777\] must be a str"):
            await queue.create_job(ids, "TRANSLATE")
        ids[777_777] = "doc-3"
        with pytest.raises(InvalidJobError, match="'doc-3' is there twice"):
            await queue.create_job(ids, "TRANSLATE")


async def test_the_same_key_gives_the_same_job_again() -> None:
    """Q21."""
    async with make_queue() as queue:
        first = await queue.create_job(["a", "b"], "TRANSLATE", idempotency_key="key")
        assert await queue.create_job(["a", "b"], "TRANSLATE", idempotency_key="key") == first
        await queue.wait(first)
        assert await queue.create_job(("a", "b"), "TRANSLATE", idempotency_key="key") == first
        assert queue.stats().jobs == 1


@pytest.mark.parametrize(
    "documents, job_type", [(["a"], "TRANSLATE"), (["b", "a"], "TRANSLATE"), (["a", "b"], "QUALITY_CHECK")]
)
async def test_the_same_key_for_something_else_is_a_conflict(documents: list[str], job_type: str) -> None:
    async with make_queue() as queue:
        first = await queue.create_job(["a", "b"], "TRANSLATE", idempotency_key="key")
        with pytest.raises(IdempotencyConflictError) as caught:
            await queue.create_job(documents, job_type, idempotency_key="key")
        assert queue.stats().jobs == 1

    assert (caught.value.key, caught.value.job_id) == ("key", first)


async def test_a_key_belongs_to_its_owner() -> None:
    """R33: nobody learns from a key that somebody else has used it."""
    async with make_queue() as queue:
        ids = {
            await queue.create_job([name], "TRANSLATE", owner=owner, idempotency_key="key")
            for name, owner in (("a", "ann"), ("b", "bob"), ("c", None))
        }

    assert len(ids) == 3


async def test_a_key_is_free_again_once_its_job_is_cleaned_up() -> None:
    async with make_queue() as queue:
        first = await queue.create_job(["a"], "TRANSLATE", idempotency_key="key")
        await queue.wait(first, drained=True)
        await queue.cleanup_old_jobs(0.0)
        second = await queue.create_job(["b"], "TRANSLATE", idempotency_key="key")

    assert second != first
