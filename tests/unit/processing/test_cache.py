"""Results of earlier jobs: JobOptions(cache=True) with @processor(version=, fingerprint=)."""

from collections.abc import Callable
from typing import Any

import pytest
from anyio import sleep

from docmill import CircuitBreaker, DocumentProcessingQueue, FailureCode, JobOptions, processor
from docmill.testing import SimulatedDisk, virtual_backends

CACHED = JobOptions(cache=True, retry_attempts=0)


@pytest.fixture(params=virtual_backends)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


class Reader:
    """A processor over documents whose content is in a dict."""

    def __init__(self, **contents: str) -> None:
        self.contents = contents
        self.calls: list[str] = []

    def fingerprint(self, document_id: str, context: Any) -> str:
        return self.contents[document_id]

    def processor(self, version: str | None = "1", **declared: Any) -> Callable[..., Any]:
        @processor(version=version, fingerprint=self.fingerprint, **declared)
        async def read(document_id: str, context: Any) -> dict[str, Any]:
            self.calls.append(document_id)
            await sleep(1.0)
            if self.contents[document_id] == "broken":
                raise ValueError("broken")
            return {"words": len(self.contents[document_id].split()), "by": document_id}

        return read


async def run(queue: DocumentProcessingQueue, *names: str, **request: Any) -> Any:
    options = request.pop("options", CACHED)
    return await queue.wait(await queue.create_job(names, "READ", options, **request), drained=True)


async def test_a_document_of_the_same_content_is_not_processed_again() -> None:
    reader = Reader(a="one two", b="one two", c="three")
    async with DocumentProcessingQueue({"READ": reader.processor()}) as queue:
        await run(queue, "a")
        job = await run(queue, "b", "c")

    first, second = job.outcomes
    assert reader.calls == ["a", "c"]
    assert (first.data, first.cached, first.attempts) == ({"words": 2, "by": "a"}, True, 1)
    assert (second.data["by"], second.cached) == ("c", False)
    assert job.to_records()[0]["cached"] is True


async def test_without_the_option_everything_is_processed() -> None:
    reader = Reader(a="one")
    async with DocumentProcessingQueue({"READ": reader.processor()}) as queue:
        await run(queue, "a")
        job = await run(queue, "a", options=JobOptions())

    assert reader.calls == ["a", "a"]
    assert not job.results[0].cached


async def test_a_processor_without_a_version_has_no_earlier_results() -> None:
    reader = Reader(a="one")
    async with DocumentProcessingQueue({"READ": reader.processor(version=None)}) as queue:
        await run(queue, "a")
        await run(queue, "a")

    assert reader.calls == ["a", "a"]


async def test_other_metadata_and_another_version_are_another_result() -> None:
    reader = Reader(a="one")
    disk = SimulatedDisk()
    async with DocumentProcessingQueue({"READ": reader.processor()}, store=disk.mount()) as queue:
        await run(queue, "a", metadata={"language": "en", "pages": 2})
        await run(queue, "a", metadata={"language": "de", "pages": 2})
        await run(queue, "a", metadata={"pages": 2, "language": "en"})
    assert reader.calls == ["a", "a"]

    async with DocumentProcessingQueue({"READ": reader.processor(version="2")}, store=disk.mount()) as queue:
        await run(queue, "a", metadata={"language": "en", "pages": 2})
    assert reader.calls == ["a", "a", "a"]


async def test_results_outlive_the_process_with_a_durable_store() -> None:
    reader = Reader(a="one")
    disk = SimulatedDisk()
    async with DocumentProcessingQueue({"READ": reader.processor()}, store=disk.mount()) as queue:
        await run(queue, "a")
    async with DocumentProcessingQueue({"READ": reader.processor()}, store=disk.mount()) as queue:
        job = await run(queue, "a")

    assert reader.calls == ["a"]
    assert job.results[0].cached
    assert job.results[0].data == {"words": 1, "by": "a"}


async def test_failures_are_never_kept() -> None:
    reader = Reader(a="broken")
    async with DocumentProcessingQueue({"READ": reader.processor()}) as queue:
        await run(queue, "a")
        job = await run(queue, "a")

    assert reader.calls == ["a", "a"]
    assert job.errors[0].code is FailureCode.PROCESSOR_ERROR


async def test_a_fingerprint_that_raises_fails_the_attempt() -> None:
    reader = Reader()
    async with DocumentProcessingQueue({"READ": reader.processor()}) as queue:
        job = await run(queue, "missing")

    assert reader.calls == []
    assert job.errors[0].error == "KeyError: 'missing'"


async def test_a_fingerprint_must_be_words_or_bytes() -> None:
    reader = Reader(a=3)  # type: ignore[arg-type]
    async with DocumentProcessingQueue({"READ": reader.processor()}) as queue:
        job = await run(queue, "a")

    assert job.errors[0].error == "TypeError: a fingerprint must be str or bytes, got 3"


async def test_a_fingerprint_may_be_async_and_bytes() -> None:
    calls = []

    async def fingerprint(document_id: str, context: Any) -> bytes:
        return b"the same"

    @processor(version="1", fingerprint=fingerprint)
    def read(document_id: str) -> str:
        calls.append(document_id)
        return document_id

    async with DocumentProcessingQueue({"READ": read}) as queue:
        await run(queue, "a")
        job = await run(queue, "b")

    assert (calls, job.results[0].data) == (["a"], "a")


async def test_what_is_found_again_cannot_be_changed_by_who_reads_it() -> None:
    reader = Reader(a="one")
    async with DocumentProcessingQueue({"READ": reader.processor()}) as queue:
        first = await run(queue, "a")
        first.results[0].data["words"] = 99
        job = await run(queue, "a")

    assert job.results[0].data["words"] == 1


async def test_a_result_that_was_found_again_says_nothing_about_the_service() -> None:
    down = False

    @processor(version="1", fingerprint=lambda name, context: name, breaker=CircuitBreaker(2, 10.0))
    async def read(document_id: str) -> str:
        if down:
            raise ConnectionError("down")
        return document_id

    async with DocumentProcessingQueue({"READ": read}) as queue:
        opened = []
        queue.on("circuitOpened", lambda event: opened.append(event.error))
        await run(queue, "known")
        down = True
        await run(queue, "a", "known", "b", options=JobOptions(cache=True, retry_attempts=0, max_concurrent=1))
        assert len(opened) == 1, "the success in between was none of the service's"
        await sleep(11.0)
        await run(queue, "known")
        job = await run(queue, "c")

    assert job.errors[0].code is FailureCode.PROCESSOR_ERROR
    assert len(opened) == 2, "only a call of the service closes the circuit"


async def test_results_that_json_cannot_carry_are_bad_where_they_are_to_be_found_again() -> None:
    @processor(version="1", fingerprint=lambda name, context: name)
    def read(document_id: str) -> bytes:
        return b"raw"

    async with DocumentProcessingQueue({"READ": read}) as queue:
        job = await run(queue, "a")

    assert job.errors[0].code is FailureCode.BAD_RESULT


@pytest.mark.parametrize("wrong", ["", 3, b"1"])
def test_a_version_must_be_words(wrong: Any) -> None:
    with pytest.raises(ValueError, match="version must be a str of at least one character, or None, got"):
        processor(version=wrong)
