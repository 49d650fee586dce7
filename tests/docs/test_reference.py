"""The reference holds every public name, with an example that runs and a docstring that says what is to be known."""

import ast
import builtins
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import Enum
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any, NamedTuple, get_args, get_origin
from unittest import SkipTest

import pytest
from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser, SkipParser

import docmill
from docmill import Engine, Store
from docmill.documents import LanguageModel, Ocr
from docmill.ports.store import SharedStore

ROOT = Path(__file__).parents[2]
PACKAGE = Path(docmill.__file__).parent
REFERENCE = ROOT / "docs" / "reference"
PAGES = sorted(REFERENCE.glob("*.md"))

PUBLIC_MODULES = (
    "docmill",
    "docmill.asgi",
    "docmill.blocking",
    "docmill.documents",
    "docmill.engines",
    "docmill.errors",
    "docmill.events",
    "docmill.notebook",
    "docmill.plugins",
    "docmill.progress",
    "docmill.stores",
    "docmill.testing",
    "docmill.timeline",
    "docmill.wire",
)
"""What README.md, CONTRIBUTING.md and the how-to guides import from. ``core``, ``runtime``, ``model`` and the like are
internal: what a caller needs of them is handed out by ``docmill``."""

CLUSTERS = {"docmill.engines.dask": "distributed", "docmill.engines.ray": "ray"}
"""Public modules that cannot be imported without a package that is large."""

HANDED_OUT = {
    "docmill.Job",
    "docmill.OwnedQueue",
    "docmill.blocking.EventStream",
    "docmill.blocking.OutcomeStream",
    "docmill.blocking.OwnedQueue",
    "docmill.testing.Script",
    "docmill.testing.SimulatedStore",
    "docmill.testing.SyncScript",
}
"""Classes of which callers are given objects and never make one, so that its parameters are nobody's business."""

UNIT = re.compile(r"\b(seconds?|ms|0(\.0)? to 1(\.0)?|percent|points|pixels per inch|finely)\b", re.IGNORECASE)
"""What makes a number one that can be read: a time, a share, a length or an angle."""


class Public(NamedTuple):
    """A public name: the first module that has it, and the object."""

    module: str
    name: str
    value: Any

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


def public_names() -> list[Public]:
    """Every public name once: one that several modules export is named after the first of them."""
    seen: list[Public] = []
    for module in (*PUBLIC_MODULES, *(module for module, package in CLUSTERS.items() if find_spec(package))):
        exporting = importlib.import_module(module)
        for name in exporting.__all__:
            value = getattr(exporting, name)
            if not any(known.name == name and known.value is value for known in seen):
                seen.append(Public(module, name, value))
    return seen


NAMES = public_names()


def is_function(value: Any) -> bool:
    return inspect.isfunction(value) and not value.__name__.startswith("_") and "<locals>" not in value.__qualname__


CALLABLES = [public for public in NAMES if is_function(public.value)]
CLASSES = [public for public in NAMES if inspect.isclass(public.value)]
VALUES = [public for public in NAMES if public not in CALLABLES and public not in CLASSES]
MADE = [public for public in CLASSES if str(public) not in HANDED_OUT]


def methods() -> Iterator[Public]:
    """Every public method, property and class method of a public class that docmill itself defines, once."""
    seen = set()
    for public in CLASSES:
        for owner in public.value.__mro__:
            if owner.__module__.partition(".")[0] != "docmill":
                continue
            for name, value in vars(owner).items():
                function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
                if name.startswith("_") or not inspect.isfunction(function) or function in seen:
                    continue
                seen.add(function)
                yield Public(str(public), name, function)


METHODS = list(methods())
PORTS = (Store, SharedStore, Engine, LanguageModel, Ocr)


def is_number(annotation: Any) -> bool:
    return annotation is float or (get_origin(annotation) is UnionType and float in get_args(annotation))


# What a docstring says


SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises):$")
ENTRY = re.compile(r"^ {4}\*{0,2}([\w.]+):\s")


@cache
def sections(docstring: str) -> dict[str, dict[str, str]]:
    """The entries of each section of a docstring in Google's style, by name."""
    found: dict[str, dict[str, str]] = {}
    entries: dict[str, str] | None = None
    name = ""
    for line in inspect.cleandoc(docstring).splitlines():
        if heading := SECTION.match(line):
            entries = found.setdefault(heading[1], {})
        elif line and not line.startswith(" "):
            entries = None
        elif entries is not None and (entry := ENTRY.match(line)):
            name = entry[1]
            entries[name] = line.partition(":")[2]
        elif entries is not None and name in entries:
            entries[name] += f" {line.strip()}"
    return found


def docstring_of(value: Any) -> str:
    return value.__doc__ or ""


def documented(value: Any) -> dict[str, str]:
    """What a function or a class, its bases included, says of its parameters and attributes."""
    said: dict[str, str] = {}
    for owner in reversed(value.__mro__) if inspect.isclass(value) else [value]:
        found = sections(docstring_of(owner))
        said |= found.get("Args", {}) | found.get("Attributes", {})
    return said


def told_by(public: Public) -> dict[str, str]:
    """What a reader finds about the parameters: there, where it says "See", or at the port that it implements."""
    said = documented(public.value)
    if named := re.match(r"See ``(\w+)\.(\w+)``", docstring_of(public.value)):
        namesake = next(
            cls for cls in CLASSES if cls.name == named[1] and cls.module == public.module.rpartition(".")[0]
        )
        said |= documented(getattr(namesake.value, named[2]))
    for port in PORTS:
        implementer = next((cls.value for cls in CLASSES if str(cls) == public.module), None)
        if implementer and inspect.isfunction(vars(port).get(public.name)) and implements(implementer, port):
            said = documented(vars(port)[public.name]) | said
    return said


def implements(cls: type, port: type) -> bool:
    wanted = {name for name, value in vars(port).items() if inspect.isfunction(value) and not name.startswith("_")}
    return all(callable(getattr(cls, name, None)) for name in wanted)


def parameters(value: Any) -> dict[str, inspect.Parameter]:
    if inspect.isclass(value) and (
        issubclass(value, Enum) or is_protocol(value) or not hasattr(value.__init__, "__code__")
    ):
        return {}
    found = inspect.signature(value).parameters
    return {name: item for name, item in found.items() if name not in ("self", "cls") and not name.startswith("_")}


def is_protocol(value: Any) -> bool:
    return getattr(value, "_is_protocol", False)


# What the code does


def raised_by(function: Callable[..., Any]) -> Iterator[type[BaseException]]:
    """The exceptions that the code of a function itself raises, not counting what it calls, and what it catches."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    names = vars(builtins) | inspect.unwrap(function).__globals__
    for node in walk_own(tree.body[0]):
        if isinstance(node, ast.Raise) and node.exc is not None:
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            value = names.get(raised.id) if isinstance(raised, ast.Name) else None
            if inspect.isclass(value) and issubclass(value, Exception):
                yield value


def walk_own(node: ast.AST) -> Iterator[ast.AST]:
    """A node and what is in it, but not in the functions and classes that it defines."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from walk_own(child)


def makers(cls: type) -> Iterator[Callable[..., Any]]:
    """The functions of docmill that run when an object of a class is made."""
    for name in ("__init__", "__attrs_post_init__"):
        function = vars(cls).get(name)
        if inspect.isfunction(function) and Path(function.__code__.co_filename).is_relative_to(PACKAGE):
            yield function


def says_that_it_raises(docstring: str, error: type[BaseException], names: dict[str, Any]) -> bool:
    named = [names.get(name) for name in sections(docstring).get("Raises", {})]
    return any(inspect.isclass(value) and issubclass(error, value) for value in named)


def exceptions_by_name() -> dict[str, Any]:
    return {public.name: public.value for public in CLASSES if issubclass(public.value, BaseException)} | vars(builtins)


# What the pages hold


class ReferencePage:
    """A page of the reference.

    Attributes:
        directives: the names that are taken from their docstrings.
        used: the objects that its blocks use.
        missing: those of blocks that cannot run here, and why.
    """

    DIRECTIVE = re.compile(r"^\.\. auto\w+:: ([\w.]+)", re.MULTILINE)

    def __init__(self, path: Path) -> None:
        self.path = path
        self.directives = set(self.DIRECTIVE.findall(path.read_text("utf-8")))
        self.used: list[Any] = []
        self.missing: list[tuple[Any, str]] = []
        self._names: dict[str, Any] = {}
        document = Document.parse(str(path), CodeBlockParser("python", self._read), SkipParser())
        for example in document.examples():
            try:
                example.evaluate()
            except SkipTest as skipped:
                if "is not installed" in str(skipped):
                    self.missing += [(value, str(skipped)) for value in self._values(example)]

    def _read(self, example: Example) -> None:
        self.used += self._values(example)

    def _values(self, example: Example) -> Iterator[Any]:
        nodes = [*ast.walk(ast.parse(example.parsed))]
        for node in nodes:
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "docmill":
                with suppress(ModuleNotFoundError):  # in a block that is left out
                    exporting = importlib.import_module(node.module)
                    self._names |= {alias.asname or alias.name: getattr(exporting, alias.name) for alias in node.names}
        for node in nodes:
            if isinstance(node, ast.Name) and node.id in self._names:
                yield self._names[node.id]


@cache
def pages() -> list[ReferencePage]:
    return [ReferencePage(path) for path in PAGES]


def page_of(public: Public) -> ReferencePage | None:
    return next((page for page in pages() if str(public) in page.directives), None)


def names_of(publics: list[Public]) -> Any:
    return pytest.mark.parametrize("public", publics, ids=str)


@names_of(NAMES)
def test_a_page_of_the_reference_takes_it_from_its_docstring(public: Public) -> None:
    assert page_of(public) is not None, f"no page of docs/reference has a directive for {public}"


@names_of(NAMES)
def test_an_example_on_its_page_uses_it(public: Public) -> None:
    page = page_of(public)
    assert page is not None
    if not any(used is public.value for used in page.used):
        reason = next((why for value, why in page.missing if value is public.value), None)
        assert reason is not None, f"no python block of {page.path.name} uses {public}"
        pytest.skip(reason)


@names_of([*CALLABLES, *CLASSES, *METHODS])
def test_it_has_a_docstring(public: Public) -> None:
    assert inspect.getdoc(public.value)


@names_of([*CALLABLES, *MADE, *METHODS])
def test_its_docstring_tells_each_parameter(public: Public) -> None:
    missing = sorted(set(parameters(public.value)) - set(told_by(public)))
    assert not missing, f"{public} does not say what {', '.join(missing)} is"


@names_of([*CALLABLES, *MADE, *METHODS])
def test_a_number_with_a_unit_tells_it(public: Public) -> None:
    said = told_by(public)
    for name, parameter in parameters(public.value).items():
        if is_number(parameter.annotation):
            assert UNIT.search(said.get(name, "")), f"{public} does not say the unit of {name}"
    if not inspect.isclass(public.value) and is_number(inspect.signature(public.value).return_annotation):
        assert UNIT.search(docstring_of(public.value)), f"{public} does not say the unit of what it returns"


@names_of([*CALLABLES, *METHODS])
def test_what_a_function_raises_is_named(public: Public) -> None:
    for error in raised_by(public.value):
        assert says_that_it_raises(docstring_of(public.value), error, exceptions_by_name()), (
            f"{public} raises {error.__name__} and does not say so"
        )


@names_of(CLASSES)
def test_what_making_one_raises_is_named(public: Public) -> None:
    for maker in makers(public.value):
        for error in raised_by(maker):
            assert says_that_it_raises(docstring_of(public.value), error, exceptions_by_name()), (
                f"making a {public} raises {error.__name__}, and its docstring does not say so"
            )


@names_of(VALUES)
def test_a_value_is_told_where_it_is_defined(public: Public) -> None:
    assert any(public.name in told_names(module) for module in defining(public)), f"nothing is said of {public}"


def defining(public: Public) -> Iterator[ModuleType]:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "docmill" and vars(module).get(public.name) is public.value:
            yield module


@cache
def told_names(module: ModuleType) -> set[str]:
    return names_with_words(ast.parse(inspect.getsource(module)).body)


def names_with_words(lines: list[ast.stmt]) -> set[str]:
    """The names that are assigned to and have a string below."""
    return {
        target.id
        for line, below in pairwise(lines)
        if isinstance(line, ast.Assign | ast.AnnAssign)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
        for target in (line.targets if isinstance(line, ast.Assign) else [line.target])
        if isinstance(target, ast.Name)
    }


@names_of([public for public in CLASSES if issubclass(public.value, Enum)])
def test_every_member_of_an_enum_is_told(public: Public) -> None:
    tree = ast.parse(textwrap.dedent(inspect.getsource(public.value))).body[0]
    assert isinstance(tree, ast.ClassDef)
    assert not {member.name for member in public.value} - names_with_words(tree.body)
