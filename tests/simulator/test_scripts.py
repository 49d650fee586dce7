"""Scripted processors: one mood an attempt, for users' tests as for ours."""

from typing import Any

import pytest

from docmill import DocumentProcessingQueue, FailureCode, Job, JobOptions, JobStatus
from docmill.testing import simulate
from docmill.testing.scripts import (
    Mood,
    exits,
    fails,
    fails_then_ok,
    hangs,
    hangs_shielded,
    huge,
    ok,
    permanent,
    raises_on_cancel,
    retry_after,
    rogue_cancel,
    scripted,
    scripted_sync,
    service_down,
    swallows_cancel,
)

CHECK = "CHECK"

backends = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def process(processor: Any, backend: Any, *documents: str, **options: Any) -> Job:
    async def main() -> Job:
        async with DocumentProcessingQueue({CHECK: processor}) as queue:
            job_id = await queue.create_job(documents, CHECK, JobOptions(**options))
            return await queue.wait(job_id, drained=True)

    return simulate(main, backend=backend)


@backends
def test_each_attempt_plays_its_own_mood(backend: Any) -> None:
    script = scripted({"a": fails_then_ok(2, "fine", 1.0)}, default=ok("other"))
    job = process(script, backend, "a", "b")

    assert (job.outcome("a").data, job.outcome("a").attempts) == ("fine", 3)
    assert job.outcome("b").data == "other"
    assert [(played.document_id, played.attempt, played.started) for played in script.played] == [
        ("a", 1, 0.0),
        ("b", 1, 0.0),
        ("a", 2, 3.0),
        ("a", 3, 8.0),
    ]


@backends
def test_the_last_mood_is_for_all_later_attempts(backend: Any) -> None:
    job = process(scripted({"a": [fails()]}), backend, "a", retry_attempts=4, retry_delay=0.1)
    assert job.errors[0].attempts == 5


CODES: list[tuple[Mood, FailureCode]] = [
    (fails(error=lambda: KeyError("k")), FailureCode.PROCESSOR_ERROR),
    (permanent(), FailureCode.PERMANENT),
    (service_down(), FailureCode.PROCESSOR_ERROR),
    (retry_after(1.0), FailureCode.PROCESSOR_ERROR),
    (rogue_cancel(), FailureCode.ROGUE_CANCEL),
    (exits(), FailureCode.PROCESSOR_EXIT),
    (hangs(), FailureCode.DOCUMENT_TIMEOUT),
    (raises_on_cancel(), FailureCode.DOCUMENT_TIMEOUT),
    (hangs_shielded(100.0), FailureCode.DOCUMENT_TIMEOUT),
]


@backends
@pytest.mark.parametrize("mood,code", CODES, ids=[mood.kind for mood, _ in CODES])
def test_a_bad_mood_has_its_code(backend: Any, mood: Mood, code: FailureCode) -> None:
    job = process(scripted({"a": [mood]}), backend, "a", "b", retry_attempts=0)

    assert job.outcome("a").code is code
    assert job.outcome("b").success
    assert job.status is JobStatus.COMPLETED


@backends
def test_what_is_returned_on_cancellation_is_kept(backend: Any) -> None:
    job = process(scripted({"a": [swallows_cancel("saved")]}), backend, "a", document_timeout=5.0)
    assert (job.results[0].data, job.results[0].processing_time) == ("saved", 5.0)


@backends
def test_a_huge_result_is_as_long_as_asked_for(backend: Any) -> None:
    assert len(process(scripted({"a": [huge(3_000_000)]}), backend, "a").results[0].data) == 3_000_000


@backends
@pytest.mark.parametrize("make", [scripted, scripted_sync])
def test_the_summary_has_moods_of_its_own(backend: Any, make: Any) -> None:
    assert process(make(finalize=[ok("all of it", 1.0)]), backend, "a", "b").summary == "all of it"


@backends
def test_a_report_comes_at_half_time(backend: Any) -> None:
    heard = []

    async def main() -> None:
        async with DocumentProcessingQueue({CHECK: scripted({"a": [ok(seconds=4.0, report=0.25)]})}) as queue:
            queue.on("documentProgress", heard.append)
            await queue.wait(await queue.create_job(["a"], CHECK))

    simulate(main, backend=backend)
    assert [(event.fraction, event.message) for event in heard] == [(0.25, "ok")]


@backends
def test_a_sync_script_takes_virtual_seconds(backend: Any) -> None:
    script = scripted_sync({"a": [fails(2.0), ok("fine", 3.0, report=0.5)]})
    job = process(script, backend, "a", retry_delay=1.0)

    assert (job.results[0].data, job.results[0].processing_time) == ("fine", 6.0)
    assert [played.started for played in script.played] == [0.0, 3.0]
