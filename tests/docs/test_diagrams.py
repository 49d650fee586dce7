"""The pictures of docs/explanation are what the generator draws now, and what it draws is what the rules do."""

import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import combinations
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest

from docmill.core import Gate, JobMachine, Scheduler
from docmill.core.breaker import State
from docmill.model import FailureCode, Fault, JobStatus

DOCS = Path(__file__).parents[2] / "docs"
SVG = "{http://www.w3.org/2000/svg}"

NAMES = ["states-of-a-job.svg", "states-of-a-document.svg", "states-of-a-circuit.svg", "layers.svg"]

JOBS = """
    PENDING | start | PROCESSING
    PENDING | cancel_job | CANCELLED, drained
    PENDING | forced cancel | CANCELLED, drained
    PENDING | close (memory) | CANCELLED, drained
    PENDING | close (durable) | PENDING
    PENDING | crash | PENDING
    PENDING | opened without processor | FAILED, drained
    PENDING | cluster away | PENDING
    PENDING | engine lost | FAILED, drained
    PENDING | cluster back | PENDING

    PROCESSING | start | PROCESSING
    PROCESSING | settled | PROCESSING
    PROCESSING | last settled (1 ok or more), finalize follows | PROCESSING
    PROCESSING | last settled (none ok), finalize follows | PROCESSING
    PROCESSING | last settled (1 ok or more) | COMPLETED, drained
    PROCESSING | last settled (none ok) | FAILED, drained
    PROCESSING | finalize ends (1 ok or more) | COMPLETED, drained
    PROCESSING | finalize ends (none ok) | FAILED, drained
    PROCESSING | more than max_failures | FAILED
    PROCESSING | more than max_failures | FAILED, drained
    PROCESSING | cancel_job | CANCELLED
    PROCESSING | cancel_job | CANCELLED, drained
    PROCESSING | forced cancel | CANCELLED, drained
    PROCESSING | job timeout | TIMEOUT
    PROCESSING | job timeout | TIMEOUT, drained
    PROCESSING | close (memory) | CANCELLED, drained
    PROCESSING | close (durable) | PROCESSING
    PROCESSING | crash | PROCESSING
    PROCESSING | 4th crash without progress | FAILED, drained
    PROCESSING | opened without processor | FAILED, drained
    PROCESSING | cluster away | PROCESSING
    PROCESSING | engine lost | FAILED
    PROCESSING | engine lost | FAILED, drained
    PROCESSING | cluster back | PROCESSING

    FAILED | attempt ends | FAILED
    FAILED | last attempt ends | FAILED, drained
    FAILED | cancel_job | FAILED
    FAILED | forced cancel | FAILED, drained
    FAILED | close (memory) | FAILED, drained
    FAILED | close (durable) | FAILED, drained
    FAILED | crash | FAILED, drained
    FAILED | opened without processor | FAILED, drained
    FAILED | cluster away | FAILED
    FAILED | cluster away | FAILED, drained
    FAILED | engine lost | FAILED
    FAILED | cluster back | FAILED

    CANCELLED | attempt ends | CANCELLED
    CANCELLED | last attempt ends | CANCELLED, drained
    CANCELLED | cancel_job | CANCELLED
    CANCELLED | forced cancel | CANCELLED, drained
    CANCELLED | close (memory) | CANCELLED, drained
    CANCELLED | close (durable) | CANCELLED, drained
    CANCELLED | crash | CANCELLED, drained
    CANCELLED | opened without processor | CANCELLED, drained
    CANCELLED | cluster away | CANCELLED
    CANCELLED | cluster away | CANCELLED, drained
    CANCELLED | engine lost | CANCELLED
    CANCELLED | cluster back | CANCELLED

    TIMEOUT | attempt ends | TIMEOUT
    TIMEOUT | last attempt ends | TIMEOUT, drained
    TIMEOUT | cancel_job | TIMEOUT
    TIMEOUT | forced cancel | TIMEOUT, drained
    TIMEOUT | close (memory) | TIMEOUT, drained
    TIMEOUT | close (durable) | TIMEOUT, drained
    TIMEOUT | crash | TIMEOUT, drained
    TIMEOUT | opened without processor | TIMEOUT, drained
    TIMEOUT | cluster away | TIMEOUT
    TIMEOUT | cluster away | TIMEOUT, drained
    TIMEOUT | engine lost | TIMEOUT
    TIMEOUT | cluster back | TIMEOUT

    COMPLETED, drained | cancel_job | COMPLETED, drained
    COMPLETED, drained | forced cancel | COMPLETED, drained
    COMPLETED, drained | close (memory) | COMPLETED, drained
    COMPLETED, drained | close (durable) | COMPLETED, drained
    COMPLETED, drained | crash | COMPLETED, drained
    COMPLETED, drained | opened without processor | COMPLETED, drained
    COMPLETED, drained | cluster away | COMPLETED, drained
    COMPLETED, drained | engine lost | COMPLETED, drained
    COMPLETED, drained | cluster back | COMPLETED, drained

    FAILED, drained | cancel_job | FAILED, drained
    FAILED, drained | forced cancel | FAILED, drained
    FAILED, drained | close (memory) | FAILED, drained
    FAILED, drained | close (durable) | FAILED, drained
    FAILED, drained | crash | FAILED, drained
    FAILED, drained | opened without processor | FAILED, drained
    FAILED, drained | cluster away | FAILED, drained
    FAILED, drained | engine lost | FAILED, drained
    FAILED, drained | cluster back | FAILED, drained

    CANCELLED, drained | cancel_job | CANCELLED, drained
    CANCELLED, drained | forced cancel | CANCELLED, drained
    CANCELLED, drained | close (memory) | CANCELLED, drained
    CANCELLED, drained | close (durable) | CANCELLED, drained
    CANCELLED, drained | crash | CANCELLED, drained
    CANCELLED, drained | opened without processor | CANCELLED, drained
    CANCELLED, drained | cluster away | CANCELLED, drained
    CANCELLED, drained | engine lost | CANCELLED, drained
    CANCELLED, drained | cluster back | CANCELLED, drained

    TIMEOUT, drained | cancel_job | TIMEOUT, drained
    TIMEOUT, drained | forced cancel | TIMEOUT, drained
    TIMEOUT, drained | close (memory) | TIMEOUT, drained
    TIMEOUT, drained | close (durable) | TIMEOUT, drained
    TIMEOUT, drained | crash | TIMEOUT, drained
    TIMEOUT, drained | opened without processor | TIMEOUT, drained
    TIMEOUT, drained | cluster away | TIMEOUT, drained
    TIMEOUT, drained | engine lost | TIMEOUT, drained
    TIMEOUT, drained | cluster back | TIMEOUT, drained
"""
"""The state table of the contract, section 3, for a job: all that may happen to it."""

DOCUMENTS = """
    UNSTARTED | start | RUNNING

    RUNNING | returns | OK
    RUNNING | returns from the cache | OK
    RUNNING | raises | WAITING
    RUNNING | raises | FAILED | processor_error
    RUNNING | raises | FAILED | retry_budget
    RUNNING | raises | FAILED | job_stopped
    RUNNING | raises PermanentError | FAILED | permanent
    RUNNING | raises RetryAfter | UNSTARTED
    RUNNING | raises RetryAfter | FAILED | processor_error
    RUNNING | raises RetryAfter | FAILED | job_stopped
    RUNNING | budget ends | FAILED | document_timeout
    RUNNING | forced cancel | FAILED | cancelled
    RUNNING | close (memory) | FAILED | cancelled
    RUNNING | close (durable) | FAILED | cancelled
    RUNNING | close (durable) | UNSTARTED
    RUNNING | chunk lost | UNSTARTED
    RUNNING | cluster away | UNSTARTED
    RUNNING | budget ends before its turn | UNSTARTED
    RUNNING | crash | UNSTARTED
    RUNNING | crash | FAILED | poison

    WAITING | start | RUNNING
    WAITING | budget ends | FAILED | retry_budget
    WAITING | budget ends | FAILED | circuit_open
    WAITING | budget ends | FAILED | processor_stuck
    WAITING | job timeout | FAILED | job_stopped
    WAITING | cancel_job | FAILED | job_stopped
    WAITING | forced cancel | FAILED | job_stopped
    WAITING | more than max_failures | FAILED | job_stopped
    WAITING | engine lost | FAILED | job_stopped
    WAITING | close (memory) | FAILED | job_stopped
    WAITING | close (durable) | UNSTARTED
    WAITING | crash | UNSTARTED
"""
"""The same for a document, with the code of its failure."""

CIRCUIT = """
    CLOSED | success | CLOSED
    CLOSED | answer from the cache | CLOSED
    CLOSED | other failure | CLOSED
    CLOSED | service failure | CLOSED
    CLOSED | older attempt ends | CLOSED
    CLOSED | enough service failures in a row | OPEN
    CLOSED | RetryAfter | OPEN

    OPEN | older attempt ends | OPEN
    OPEN | RetryAfter | OPEN
    OPEN | cooldown or pause ends | HALF_OPEN
    OPEN | pause ends (no breaker) | CLOSED

    HALF_OPEN | older attempt ends | HALF_OPEN
    HALF_OPEN | probe answered by the cache | HALF_OPEN
    HALF_OPEN | probe fails otherwise | HALF_OPEN
    HALF_OPEN | probe given back | HALF_OPEN
    HALF_OPEN | probe fails by the service | OPEN
    HALF_OPEN | probe reaches its budget | OPEN
    HALF_OPEN | RetryAfter | OPEN
    HALF_OPEN | probe succeeds | CLOSED
"""
"""The contract, section 5, for a circuit."""


def rows(table: str) -> set[tuple[str, ...]]:
    return {tuple(cell.strip() for cell in line.split("|")) for line in table.splitlines() if line.strip()}


def found(edges: Any) -> set[tuple[str, ...]]:
    return {tuple(edge) if edge.code else tuple(edge[:3]) for edge in edges}


class Diagrams(NamedTuple):
    """The modules of the generator, which is a folder to run and not a package."""

    main: Any
    explore: Any
    charts: Any
    layers: Any


@pytest.fixture(scope="module")
def diagrams() -> Iterator[Diagrams]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS / "diagrams")
        main = run_path(str(DOCS / "diagrams" / "__main__.py"))
        yield Diagrams(SimpleNamespace(**main), *map(import_module, ("explore", "charts", "layers")))
    for path in (DOCS / "diagrams").glob("*.py"):
        sys.modules.pop(path.stem, None)


@pytest.fixture(scope="module")
def explored(diagrams: Diagrams) -> Any:
    return diagrams.explore.explore(diagrams.explore.settings())


@pytest.fixture(scope="module")
def drawn(diagrams: Diagrams, explored: Any) -> dict[str, str]:
    pictures: dict[str, str] = diagrams.main.pictures(explored)
    return pictures


def test_the_pictures_are_what_the_generator_draws_now(drawn: dict[str, str]) -> None:
    """If this fails, run ``python docs/diagrams`` and look at what has changed."""
    assert sorted(drawn) == sorted(NAMES)
    for name, picture in drawn.items():
        assert (DOCS / "explanation" / name).read_text("utf-8") == picture, name


def test_a_job_does_what_the_contract_says_and_nothing_else(explored: Any) -> None:
    """R01."""
    assert found(explored.jobs) == rows(JOBS)


def test_a_document_does_what_the_contract_says_and_nothing_else(explored: Any) -> None:
    assert found(explored.documents) == rows(DOCUMENTS)


def test_a_circuit_does_what_the_contract_says_and_nothing_else(explored: Any) -> None:
    """R26."""
    assert found(explored.circuit) == rows(CIRCUIT)


def test_exploring_again_finds_the_same(diagrams: Diagrams) -> None:
    """R32."""
    first, second = (diagrams.explore.explore(list(diagrams.explore.settings())[1:4]) for _ in range(2))
    assert first == second


class Words(NamedTuple):
    """A text of a picture, and the room that it takes at most."""

    text: str
    left: float
    right: float
    top: float
    bottom: float


def read(name: str) -> ElementTree.Element:
    return ElementTree.parse(DOCS / "explanation" / name).getroot()


def words_in(root: ElementTree.Element) -> list[Words]:
    found = []
    for node in root.iter(f"{SVG}text"):
        text, x, y = node.text or "", float(node.attrib["x"]), float(node.attrib["y"])
        # What the widest of the usual fonts needs; names are bold and larger.
        width = len(text) * (8.6 if node.get("class") == "name" else 6.2)
        left = {"start": x, "middle": x - width / 2, "end": x - width}[node.get("text-anchor", "start")]
        if "transform" in node.attrib:
            found.append(Words(text, x - 9, x + 3, y - width, y))
        else:
            found.append(Words(text, left, left + width, y - 9, y + 3))
    return found


def texts(root: ElementTree.Element) -> set[str]:
    return {words.text for words in words_in(root)}


@pytest.mark.parametrize("name", NAMES)
def test_no_words_overlap_or_leave_the_picture(name: str) -> None:
    root = read(name)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    words = words_in(root)

    assert width <= 900
    assert [one for one in words if one.left < 0 or one.right > width or one.top < 0 or one.bottom > height] == []
    assert [
        (one.text, other.text)
        for one, other in combinations(words, 2)
        if one.left < other.right and other.left < one.right and one.top < other.bottom and other.top < one.bottom
    ] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_follows_the_page_from_light_to_dark_and_has_words_for_those_who_cannot_see_it(name: str) -> None:
    root = read(name)
    assert "@media (prefers-color-scheme: dark)" in (root.findtext(f"{SVG}style") or "")
    assert root.findtext(f"{SVG}title")


def test_every_status_and_every_state_is_there() -> None:
    assert {*JobStatus, "drained"} <= texts(read("states-of-a-job.svg"))
    assert {state.name for state in State} <= texts(read("states-of-a-circuit.svg"))
    assert {"UNSTARTED", "RUNNING", "WAITING", "OK", "FAILED"} <= texts(read("states-of-a-document.svg"))


def test_every_terminal_state_and_no_other_has_a_double_frame() -> None:
    jobs = list(read("states-of-a-job.svg").iter(f"{SVG}rect"))
    assert sum(rect.get("class") == "final" for rect in jobs) == sum(status.is_terminal for status in JobStatus)


def test_every_arrow_has_its_place(diagrams: Diagrams) -> None:
    charts = {"job": diagrams.charts.JOBS, "document": diagrams.charts.DOCUMENTS, "circuit": diagrams.charts.CIRCUIT}
    for subject, chart in charts.items():
        arrows = [node for node in read(f"states-of-a-{subject}.svg").iter(f"{SVG}path") if node.get("marker-end")]
        assert {node.get("d") for node in arrows} == {route.path for route in chart.routes.values()}


def test_the_codes_that_the_rules_give_are_in_the_picture(explored: Any) -> None:
    shown = " ".join(texts(read("states-of-a-document.svg")))
    codes = {edge.code for edge in explored.documents if edge.code}
    assert codes < set(FailureCode)
    assert all(code in shown for code in codes)


def first_world(diagrams: Diagrams) -> Any:
    return diagrams.explore.explore([next(diagrams.explore.settings())])


def unforeseen(picture: str) -> int:
    return picture.count('class="new"')


def test_a_job_that_completes_when_it_is_cancelled_shows(diagrams: Diagrams, monkeypatch: pytest.MonkeyPatch) -> None:
    before = diagrams.charts.jobs_svg(first_world(diagrams))

    def cancel(self: JobMachine, now: float, *, force: bool = False) -> bool:
        first = not self.decided
        if first:
            self._decide(JobStatus.COMPLETED, now)
        return first

    monkeypatch.setattr(JobMachine, "cancel", cancel)
    changed = first_world(diagrams)
    picture = diagrams.charts.jobs_svg(changed)

    assert ("PENDING", "cancel_job", "COMPLETED, drained") in found(changed.jobs)
    assert unforeseen(before) == 0
    assert unforeseen(picture) == 1
    assert picture != before


def test_a_decided_job_that_is_decided_again_shows(diagrams: Diagrams, monkeypatch: pytest.MonkeyPatch) -> None:
    real = JobMachine.cancel

    def cancel(self: JobMachine, now: float, *, force: bool = False) -> bool:
        if self.decided:
            self.status = JobStatus.CANCELLED
        return real(self, now, force=force)

    monkeypatch.setattr(JobMachine, "cancel", cancel)
    changed = first_world(diagrams)

    assert ("TIMEOUT", "cancel_job", "CANCELLED") in found(changed.jobs)
    assert unforeseen(diagrams.charts.jobs_svg(changed)) > 0


def test_a_document_that_does_not_wait_for_its_next_attempt_shows(
    diagrams: Diagrams, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = diagrams.charts.documents_svg(first_world(diagrams))

    def wait(self: JobMachine, attempt: Any, verdict: Any, now: float) -> None:
        self._return(attempt.position, attempt.attempt)

    monkeypatch.setattr(JobMachine, "_wait", wait)
    changed = first_world(diagrams)

    assert ("RUNNING", "raises", "UNSTARTED") in found(changed.documents)
    assert "WAITING" not in {edge.target for edge in changed.documents}
    assert diagrams.charts.documents_svg(changed) != before


def test_a_document_that_fails_with_a_lost_chunk_shows(diagrams: Diagrams, monkeypatch: pytest.MonkeyPatch) -> None:
    def unstart(self: JobMachine, attempt: Any) -> None:
        self._fail(attempt.position, 1, attempt.started, Fault(FailureCode.WORKER_DIED, "its chunk was lost"), 0.0)
        self._settled(0.0)
        self.survey()

    monkeypatch.setattr(JobMachine, "_unstart", unstart)
    changed = diagrams.explore.explore([setting for setting in diagrams.explore.settings() if setting.seats][:1])

    assert ("RUNNING", "chunk lost", "FAILED", "worker_died") in found(changed.documents)
    assert not any(edge.target == "UNSTARTED" for edge in changed.documents)


def test_an_engine_that_is_lost_without_a_word_to_its_jobs_shows(
    diagrams: Diagrams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scheduler, "_fail_for", lambda *_: None)
    changed = diagrams.explore.explore([setting for setting in diagrams.explore.settings() if setting.seats][1:2])

    assert ("PENDING", "engine lost", "PENDING") in found(changed.jobs)
    assert not any(edge.stimulus == "engine lost" and edge.source != edge.target for edge in changed.jobs)


def test_a_circuit_that_closes_without_a_probe_shows(diagrams: Diagrams, monkeypatch: pytest.MonkeyPatch) -> None:
    def tick(self: Gate, now: float) -> None:
        self._close(now)
        self._settle_calm()

    monkeypatch.setattr(Gate, "tick", tick)
    changed = diagrams.explore.explore(
        [setting for setting in diagrams.explore.settings() if setting.breaker is not None][:1]
    )

    assert ("OPEN", "cooldown or pause ends", "CLOSED") in found(changed.circuit)
    assert "HALF_OPEN" not in {edge.target for edge in changed.circuit}


def dots(root: ElementTree.Element) -> set[tuple[str, str]]:
    titles = [node.findtext(f"{SVG}title") or "" for node in root.iter(f"{SVG}circle")]
    return {(name, other) for name, _, other in (title.partition(" imports ") for title in titles)}


def test_every_package_and_module_is_in_the_picture_of_the_layers() -> None:
    source = DOCS.parent / "src" / "docmill"
    packages = {path.parent.name for path in source.glob("*/__init__.py")}
    modules = {path.stem for path in source.glob("*.py")} - {"__init__"}
    assert packages | modules <= texts(read("layers.svg"))


def test_the_core_imports_only_the_nouns() -> None:
    assert {other for name, other in dots(read("layers.svg")) if name == "core"} == {"events", "model", "errors"}


def test_every_import_goes_down_but_between_a_queue_and_its_owners_view() -> None:
    root = read("layers.svg")
    names = [words.text for words in words_in(root) if words.left == 12]
    up = {(name, other) for name, other in dots(root) if names.index(other) <= names.index(name)}
    assert up == {("owned", "queue")}


def test_an_import_that_is_new_is_a_new_dot(
    diagrams: Diagrams, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "docmill"
    package.mkdir()
    for name in texts(read("layers.svg")):
        if name.isidentifier():
            (package / f"{name}.py").write_text('"""Nothing yet."""\n', "utf-8")
    (package / "core.py").write_text('"""Rules."""\n\ndef late():\n    from docmill.runtime import host\n', "utf-8")
    (package / "model.py").write_text('"""Nouns."""\n\nimport docmill.errors\nfrom docmill import wire\n', "utf-8")
    monkeypatch.setattr(diagrams.layers, "PACKAGE", package)

    root = ElementTree.fromstring(diagrams.layers.layers_svg())

    assert dots(root) == {("core", "runtime"), ("model", "errors"), ("model", "wire")}
