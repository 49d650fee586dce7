"""Tests on real clusters, which open ports on all interfaces: each kind of them runs in a place of its own.

What is collected here is not run here. The first of these tests starts a second pytest for each kind, in a namespace,
which runs all tests of that kind on one cluster and writes a report of each. They are reported under the same names.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import namespaces
import psutil
import pytest

from .places import PLACES, Place

HERE: Final = Path(__file__).parent

REPORTS: Final = "DOCMILL_TEST_REPORTS"
"""The file that a pytest inside of a namespace writes its reports to."""

SCRATCH: Final = "DOCMILL_TEST_SCRATCH"
"""A folder with a short path, since sockets are made in it."""

ROOM: Final = 2**20
"""Bytes that the reports of a kind may have."""

LEAVES: Final = ("multiprocessing.resource_tracker",)
"""Processes that the Python of a test ends itself when it ends."""


class Inner:
    """A pytest in a namespace, and the reports that it has written."""

    def __init__(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        self._config = config
        self._left = len(items)
        self._reports: dict[str, list[pytest.TestReport]] = {}
        self._scratch = tempfile.mkdtemp(prefix="dm", dir="/tmp")
        names = Path(self._scratch, "tests")
        names.write_text("".join(f"{item.nodeid}\n" for item in items))
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the pytest runs
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, ROOM)  # nobody reads while another kind is being reported
        coverage = []
        if config.pluginmanager.hasplugin("_cov"):  # which takes up what lies beside its own file
            data = f"--data-file={config.rootpath / '.coverage'}"
            coverage = ["-m", "coverage", "run", "--parallel-mode", data]
        command = [sys.executable, *coverage, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", ""]
        environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
        self._process = subprocess.Popen(
            namespaces.inside([*command, f"@{names}"]),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            pass_fds=[writer],
            cwd=config.rootpath,
            env=environment | {REPORTS: f"/dev/fd/{writer}", SCRATCH: self._scratch},
        )
        os.close(writer)
        self._pipe = os.fdopen(reader, encoding="utf-8")

    def reports(self, item: pytest.Item) -> list[pytest.TestReport]:
        """What became of a test: the reports of its set-up, its call and its end."""
        while not any(report.when == "teardown" for report in self._reports.get(item.nodeid, [])):
            line = self._pipe.readline()
            if not line:
                lost = [self._lost(item)]
                self._count_down()
                return lost
            report = self._config.hook.pytest_report_from_serializable(config=self._config, data=json.loads(line))
            self._reports.setdefault(report.nodeid, []).append(report)
        self._count_down()
        return self._reports[item.nodeid]

    def _count_down(self) -> None:
        """No process of ours is left, not even a dead one, when other tests look at what processes there are."""
        self._left -= 1
        if not self._left:
            self.close()

    def _lost(self, item: pytest.Item) -> pytest.TestReport:
        self._process.wait()
        self._output.seek(0)
        said = self._output.read().decode(errors="replace")[-10_000:]
        words = f"the pytest in the namespace ended with {self._process.returncode} before this test:\n{said}"
        return pytest.TestReport(item.nodeid, item.location, {}, "failed", words, "call")

    def close(self) -> None:
        """Wait for the end of it; killed, it takes everything in its namespace along."""
        if self._pipe.closed:
            return
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._pipe.close()
        self._output.close()
        shutil.rmtree(self._scratch, ignore_errors=True)


inners: dict[str, Inner] = {}


def kind_of(item: pytest.Item) -> str | None:
    """The kind of place that a test needs a namespace for."""
    if not item.path.is_relative_to(HERE):
        return None
    kind = item.callspec.params.get("kind") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else None
    return None if kind in (None, "local") else str(kind)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        kind = kind_of(item)
        if kind is not None and REPORTS not in os.environ:
            package = PLACES[kind].package
            reason = namespaces.obstacle() if find_spec(package) else f"{package} is not installed"
            if reason is not None:
                item.add_marker(pytest.mark.skip(reason))


def start_all(session: pytest.Session) -> None:
    """Start a pytest for each kind of place, side by side, since most of their time is spent waiting for processes."""
    kinds: dict[str, list[pytest.Item]] = {}
    for item in session.items:
        kind = kind_of(item)
        if kind is not None and not item.get_closest_marker("skip"):
            kinds.setdefault(kind, []).append(item)
    for kind, items in kinds.items():
        inners[kind] = Inner(session.config, items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    kind = kind_of(item)
    if kind is None or REPORTS in os.environ or item.get_closest_marker("skip"):
        return None
    if kind not in inners:
        start_all(item.session)
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in inners[kind].reports(item):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    # The test before was torn down in the belief that this one would be set up here.
    item.session._setupstate.teardown_exact(nextitem)
    return True


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if REPORTS in os.environ:
        with Path(os.environ[REPORTS]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(_serialise(report)) + "\n")


def pytest_sessionfinish() -> None:
    while inners:
        inners.popitem()[1].close()


def _serialise(report: pytest.TestReport) -> dict[str, Any]:
    return report._to_json() | {"$report_type": type(report).__name__}


@pytest.fixture(scope="session", params=list(PLACES))
def kind(request: pytest.FixtureRequest) -> str:
    """Where documents run."""
    return str(request.param)


@pytest.fixture(scope="session")
def place(kind: str) -> Iterator[Place]:
    """A place where documents run: one for all tests of a kind."""
    place = PLACES[kind](os.environ.get(SCRATCH, ""))
    try:
        yield place
    finally:
        place.close()
    if REPORTS in os.environ:
        assert left_over() == []


@pytest.fixture(autouse=True)
def release(place: Place, tmp_path: Path) -> Iterator[None]:
    """No test begins with fewer workers than it expects, and whatever it has left holding ends with it."""
    place.get_ready()
    yield
    (tmp_path / "release").touch()


def left_over() -> list[list[str]]:
    """The processes of this namespace that do not belong to pytest itself, once they had time to end."""
    own = {1, os.getpid(), os.getppid()}
    others = [process for process in psutil.process_iter() if process.pid not in own]
    _, alive = psutil.wait_procs(others, timeout=10)
    return [line for process in alive if not any(leaf in " ".join(line := process.cmdline()) for leaf in LEAVES)]
