"""Wrong rules on purpose: the core with one line changed, and the checks that have to notice.

A mutant is loaded inside this process: ``docmill.core`` and whatever was built on it are imported afresh from
a changed source, and the real modules are put back afterwards.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from itertools import product
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any, NamedTuple

import docmill.core

__all__ = ["CORE", "STORIES", "Mutant", "is_killed", "mutated"]

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "src" / "docmill" / "core"
STORIES = (
    "test_job.py",
    "test_chunks.py",
    "test_leases.py",
    "test_state_table.py",
    "test_breaker.py",
    "test_herald.py",
    "test_scheduler.py",
    "test_verdict.py",
    "test_waiting.py",
    "test_turns.py",
    "test_data.py",
    "test_trail.py",
    "test_agenda.py",
    "test_estimate.py",
    "test_retries.py",
)
BUILT_ON_IT = ("docmill.core", "core_bench", "core_model", "core_world")

SECONDS = 10
"""Time after which a mutant counts as killed, since it makes the rules spin."""


class Mutant(NamedTuple):
    """One line of the core, changed.

    Attributes:
        module: a module of ``docmill.core``.
        old: text that is there exactly once.
        new: what stands there instead.
        breaks: what is wrong then.
    """

    module: str
    old: str
    new: str
    breaks: str

    @property
    def path(self) -> Path:
        return CORE / f"{self.module}.py"

    def source(self) -> str:
        """The changed source.

        Raises:
            LookupError: the old text is not there exactly once: the row has rotted.
        """
        text = self.path.read_text()
        if text.count(self.old) != 1:
            raise LookupError(f"{self.path.name} has {text.count(self.old)} times, not once: {self.old!r}")
        return text.replace(self.old, self.new)


class Loader(SourceFileLoader):
    """Loads the changed source. Its file name is not the real one, so that coverage does not count it."""

    def __init__(self, name: str, mutant: Mutant) -> None:
        super().__init__(name, str(mutant.path))
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._mutant.source(), f"<mutant of {self._mutant.path.name}>", "exec")


class Finder(MetaPathFinder):
    """Finds the changed module in place of the real one."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != f"docmill.core.{self._mutant.module}":
            return None
        spec = PathFinder.find_spec(fullname, path)
        assert spec is not None
        spec.loader = Loader(fullname, self._mutant)
        return spec


@contextmanager
def mutated(mutant: Mutant) -> Iterator[None]:
    """Within it, imports of the core are of the mutant."""
    kept = {name: module for name, module in sys.modules.items() if _is_built_on_it(name)}
    real_core = docmill.core
    finder = Finder(mutant)
    for name in kept:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if _is_built_on_it(name)]:
            del sys.modules[name]
        sys.modules.update(kept)
        docmill.core = real_core


def _is_built_on_it(name: str) -> bool:
    return name in BUILT_ON_IT or name.startswith("docmill.core.")


def is_killed(mutant: Mutant, *, seeds: range, steps: int) -> str | None:
    """Which check has noticed the mutant: a story, a seed, or that it spins; None if it has survived."""
    with mutated(mutant), _alarm():
        try:
            for name, story in _stories():
                if _fails(story):
                    return name
            wander = import_module("core_world").wander
            for seed in seeds:
                if _fails(lambda seed=seed: wander(seed, steps)):
                    return f"seed {seed}"
        except Spinning:
            return "it spins"
    return None


class Spinning(BaseException):
    """The rules do not come to an end."""


def _fails(check: Callable[[], object]) -> bool:
    try:
        check()
    except BaseException as error:
        if isinstance(error, Spinning | KeyboardInterrupt):
            raise
        return True
    return False


@contextmanager
def _alarm() -> Iterator[None]:
    def spins(number: int, frame: FrameType | None) -> None:
        raise Spinning

    before = signal.signal(signal.SIGALRM, spins)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _stories() -> Iterator[tuple[str, Callable[[], object]]]:
    for name in STORIES:
        spec = spec_from_file_location(f"story_{name[5:-3]}", ROOT / "tests" / "core" / name)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as error:  # noqa: BLE001 - a mutant may break as early as that
            broken = error
            yield name, lambda broken=broken: _raise(broken)
        for label, function in vars(module).items():
            if label.startswith("test_"):
                yield from _calls(f"{name}::{label}", function)


def _raise(error: Exception) -> None:
    raise error


def _calls(label: str, function: Any) -> Iterator[tuple[str, Callable[[], object]]]:
    """A story once for each row of its table. Those that need a fixture are left out."""
    tables = []
    names: list[str] = []
    for mark in getattr(function, "pytestmark", ()):
        if mark.name == "parametrize":
            given, rows = mark.args[:2]
            columns = [column.strip() for column in given.split(",")]
            names += columns
            tables.append([_row(row, len(columns)) for row in rows])
    if set(names) != set(function.__code__.co_varnames[: function.__code__.co_argcount]):
        return
    for rows in product(*tables):
        values = dict(zip(names, [value for row in rows for value in row], strict=True))
        yield label, lambda values=values: function(**values)


def _row(row: Any, width: int) -> tuple[Any, ...]:
    values = getattr(row, "values", row)
    if callable(values):
        values = row
    return tuple(values) if width > 1 or hasattr(row, "marks") else (values,)
