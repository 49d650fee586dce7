"""What notebooks show of a job."""

from html.parser import HTMLParser
from typing import Any

import pytest
from anyio import sleep

from docmill import DocumentFailure, DocumentProcessingQueue, Job, JobOptions, JobStatus, ProcessingContext
from docmill.model import Ledger, Row
from docmill.model.card import COLOURS, as_text, card, duration

EVIL = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>&amp;\u202egpj.exe\ud800"


class Page(HTMLParser):
    """The tags, attributes and words of a piece of HTML; tags that are not closed in their order raise."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, list[str | None]] = {}
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._open.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


async def scripted(document_id: str, context: ProcessingContext) -> str:
    if "half" in document_id:
        context.report(0.5, EVIL if "evil" in document_id else "page 2 of 4")
    await sleep(float(document_id.split(maxsplit=1)[0]))
    if "bad" in document_id:
        raise ValueError(f"no good: {EVIL}" if "evil" in document_id else "no good")
    return document_id


@pytest.fixture
async def queue() -> Any:
    async with DocumentProcessingQueue({"SCRIPT": scripted}) as queue:
        yield queue
        await queue.aclose(0.0)


async def seen(queue: DocumentProcessingQueue, after: float, *documents: str, **options: Any) -> Job:
    options = {"timeout": None, "retry_attempts": 0} | options
    job_id = await queue.create_job(documents, "SCRIPT", JobOptions(**options))
    await sleep(after)
    job = queue.get_job_status(job_id)
    assert job is not None
    return job


async def test_a_running_job_shows_how_far_it_is_and_what_is_at_work(queue: DocumentProcessingQueue) -> None:
    page = Page((await seen(queue, 3.5, "1 a", "2 bad", "9 half", "9 b"))._repr_html_())

    for words in ("PROCESSING", "SCRIPT", "2 of 4 documents", "1 failed", "left", "page 2 of 4", "9 half", "9 b"):
        assert words in page.text
    assert "2 bad processor_error: ValueError: no good" in page.text
    assert page.attributes["aria-valuenow"] == ["50", "50"]
    assert page.attributes["role"] == ["progressbar"] * 2


async def test_a_finished_job_shows_what_it_took_and_its_last_failures(queue: DocumentProcessingQueue) -> None:
    job = await seen(queue, 60, "0 ok", *[f"{second} bad" for second in range(1, 6)], "9 ok")
    page = Page(card(job))

    assert "7 of 7 documents, 5 failed, took" in page.text
    assert "5 bad" in page.text
    assert "1 bad" not in page.text
    assert "and 2 that failed before" in page.text


async def test_what_ended_a_job_is_said(queue: DocumentProcessingQueue) -> None:
    job = await seen(queue, 2.0, "9 a", timeout=1.0)

    assert "Job timeout exceeded" in Page(card(job)).text
    assert "running attempts are ending" in Page(card(job)).text
    assert as_text(job).splitlines()[1] == "  Job timeout exceeded"


async def test_hostile_words_stay_words(queue: DocumentProcessingQueue) -> None:
    evil = EVIL.replace("\ud800", "")  # the queue refuses that in ids of requests only
    job = await seen(queue, 3.5, f"1 {evil} bad", f"2 bad evil {evil}", f"9 half evil {evil}", "9 b")
    html = card(job)
    page = Page(html)

    assert set(page.tags) <= {"div", "span", "b", "bdi"}
    assert not [name for name in page.attributes if name.startswith("on") or name in {"src", "href"}]
    assert "<script>" in page.text
    assert "\\u202e" in page.text
    assert "\\ud800" in page.text
    assert "\u202e" not in html
    html.encode()
    as_text(job).encode()


async def test_long_words_are_cut(queue: DocumentProcessingQueue) -> None:
    job = await seen(queue, 3.5, "1 bad " + "x" * 10_000, "9 " + "y" * 10_000)

    assert len(card(job)) < 4_000


async def test_of_a_million_documents_it_looks_at_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[Row] = []

    def failure(ledger: Ledger, row: Row) -> DocumentFailure:
        looked_at.append(row)
        return read(ledger, row)

    read = Ledger.failure
    monkeypatch.setattr(Ledger, "failure", failure)
    async with DocumentProcessingQueue({"SCRIPT": scripted}, max_workers=1_000) as queue:
        documents = [f"{0 if number < 900 else 1} bad {number}" for number in range(1_000_000)]
        job = await seen(queue, 0.5, *documents, max_concurrent=1_000)
        html = job._repr_html_()
        await queue.aclose(0.0)

    assert job.processed_documents == 900
    assert len(looked_at) == 3
    assert "and 995 more at work" in Page(html).text
    assert "1,000,000 documents" in Page(html).text
    assert len(html) < 6_000


@pytest.mark.parametrize("paper", [1.0, 0.0066], ids=["white", "dark grey"])
def test_every_colour_can_be_told_from_a_light_page_and_from_a_dark_one(paper: float) -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    for status in JobStatus:
        darker, lighter = sorted((luminance(COLOURS[status]), paper))
        assert (lighter + 0.05) / (darker + 0.05) >= 3.0, status


@pytest.mark.parametrize(
    "seconds, words",
    [(4.75, "4.8 s"), (59.4, "59 s"), (125.0, "2 min 5 s"), (3599.9, "1 h 0 min"), (11520.0, "3 h 12 min")],
)
def test_durations_are_said_as_a_person_says_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


async def test_as_text_it_is_a_line_and_the_last_failures_at_the_end(queue: DocumentProcessingQueue) -> None:
    running = await seen(queue, 1.5, "1 bad", "9 a")
    over = await seen(queue, 30, *[f"{second} bad" for second in range(5)], "6 a")

    assert as_text(running).startswith("PROCESSING  50 % (1 of 2 documents, 1 failed, about")
    assert as_text(over).splitlines() == [
        "COMPLETED 100 % (6 of 6 documents, 5 failed, took 6.0 s)",
        *[f"  {second} bad: ValueError: no good" for second in (2, 3, 4)],
        "  and 2 more failed",
    ]
