"""A plugin is loaded once, and a broken one says what is wrong with it."""

import pickle
import sys
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest

from docmill import PluginError
from docmill.plugins import Plugin, discover
from docmill.testing import check_processor

from .conftest import Install

COUNT = """
def count(document_id, context):
    return len(document_id)
"""


def test_a_function_is_loaded(install: Install) -> None:
    install("words", {"WORDS": "words:count"}, COUNT)

    assert discover()["WORDS"].docmill_load() is sys.modules["words"].count


def test_an_object_and_an_attribute_of_one_are_loaded(install: Install) -> None:
    source = """
    class Counter:
        def __call__(self, document_id, context):
            return len(document_id)

        def twice(self, document_id, context):
            return 2 * len(document_id)

    counter = Counter()
    """
    install("words", {"ONCE": "words:counter", "TWICE": "words:counter.twice"}, source)
    plugins = discover()

    assert plugins["ONCE"].docmill_load() is sys.modules["words"].counter
    assert plugins["TWICE"].docmill_load()("ab", None) == 4


@pytest.mark.parametrize("value", ["words:count [extra]", "words : count", "words:count[extra,other]"])
def test_the_forms_that_the_specification_allows_are_understood(install: Install, value: str) -> None:
    install("words", {"WORDS": value}, COUNT)

    assert discover()["WORDS"].docmill_load().__name__ == "count"


def test_it_is_loaded_once_by_however_many_threads(install: Install) -> None:
    source = """
    import pathlib, time

    with pathlib.Path(__file__).with_suffix(".log").open("a") as log:
        log.write("imported ")
    time.sleep(0.05)

    def __getattr__(name):
        if name != "count":
            raise AttributeError(name)
        return lambda document_id, context: document_id
    """
    module = install("words", {"WORDS": "words:count"}, source)
    plugin, loaded = discover()["WORDS"], []
    threads = [threading.Thread(target=lambda: loaded.append(plugin.docmill_load())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert module.with_suffix(".log").read_text() == "imported "
    assert len(loaded) == 8
    assert plugin.docmill_load() is plugin.docmill_load()


def test_called_directly_it_loads_and_calls(install: Install) -> None:
    install("words", {"WORDS": "words:count"}, COUNT)

    assert discover()["WORDS"]("four", None) == 4


def test_called_directly_it_calls_one_that_takes_only_the_document(install: Install) -> None:
    source = """
    async def shout(document_id):
        return document_id.upper()
    """
    install("shouting", {"SHOUT": "shouting:shout"}, source)
    plugin = discover()["SHOUT"]

    async def call() -> Any:
        return await plugin("quiet", None)

    assert anyio.run(call) == "QUIET"


BROKEN = {
    "it needs what is not installed": ("import nowhere_to_be_found", "count", ModuleNotFoundError, "nowhere_to_be"),
    "its module is broken": ("1 / 0", "count", ZeroDivisionError, "ZeroDivisionError: division by zero"),
    "its module is no Python": ("def", "count", SyntaxError, "SyntaxError: invalid syntax"),
    "its module exits": ("raise SystemExit(3)", "count", SystemExit, "SystemExit: 3"),
    "its module lacks it": ("", "count", AttributeError, "has no attribute 'count'"),
    "it is not callable": ("count = 7", "count", TypeError, r"must be a callable \(document_id, context\), got 7"),
    "it is a class": ("class count: ...", "count", TypeError, "make an object of the class first"),
    "it is a generator": ("def count(document_id, context): yield 1", "count", TypeError, "is a generator"),
    "it takes nothing": ("def count(): ...", "count", TypeError, r"must take \(document_id, context\)"),
    "it names the module only": (COUNT, "", TypeError, "must be a callable .* got <module 'broken'"),
}


@pytest.mark.parametrize("source, attribute, cause, words", BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_one_clear_error(
    install: Install, source: str, attribute: str, cause: type[BaseException], words: str
) -> None:
    value = f"broken:{attribute}" if attribute else "broken"
    install("broken", {"BROKEN": value}, source, version="3.0")
    plugin = discover()["BROKEN"]

    with pytest.raises(PluginError, match=words) as caught:
        plugin.docmill_load()

    assert str(caught.value).startswith(f"the plugin for 'BROKEN' ({value} of broken 3.0) cannot be used: ")
    assert isinstance(caught.value.__cause__, cause)
    with pytest.raises(PluginError, match=words):
        plugin("a", None)


@pytest.mark.parametrize("value", ["", ":count", ".words:count", "no reference at all", "words:count:twice"])
def test_an_entry_point_that_names_nothing_is_the_same_error(install: Install, value: str) -> None:
    install("words", {}, COUNT)
    plugin = Plugin(job_type="WORDS", distribution="words", version="1.0", value=value)

    with pytest.raises(PluginError, match="the plugin for 'WORDS'"):
        plugin.docmill_load()


def test_ctrl_c_during_an_import_is_no_fault_of_the_plugin(install: Install) -> None:
    install("slow", {"SLOW": "slow:count"}, "raise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        discover()["SLOW"].docmill_load()


def test_a_broken_plugin_is_tried_again_since_it_may_have_been_repaired(install: Install, tmp_path: Path) -> None:
    install("words", {"WORDS": "words:count"}, "import words_dependency\n" + COUNT)
    plugin = discover()["WORDS"]
    with pytest.raises(PluginError, match="words_dependency"):
        plugin.docmill_load()
    (tmp_path / "words_dependency.py").touch()

    assert plugin.docmill_load()("four", None) == 4


def test_a_message_of_a_plugin_cannot_forge_a_line_of_the_log(install: Install) -> None:
    install("broken", {"BROKEN": "broken:run"}, r"raise ValueError('first\nsecond')")

    with pytest.raises(PluginError, match=r"ValueError: first\\nsecond$"):
        discover()["BROKEN"].docmill_load()


def test_check_processor_checks_what_a_plugin_stands_for(install: Install) -> None:
    source = """
    import anyio

    async def find(document_id, context):
        await anyio.sleep(0.001)
        if document_id != "a":
            raise LookupError(document_id)
        return document_id
    """
    install("finding", {"FIND": "finding:find"}, source)

    report = check_processor(discover()["FIND"], ["a"], runs=4)

    assert report.processor == "find"
    assert {finding.backend for finding in report.of("cancel")} == {"asyncio", "trio"}


def test_it_can_be_pickled_loaded_or_not(install: Install) -> None:
    install("words", {"WORDS": "words:count"}, COUNT)
    plugin = discover()["WORDS"]
    fresh = pickle.loads(pickle.dumps(plugin))
    plugin.docmill_load()

    assert fresh == pickle.loads(pickle.dumps(plugin)) == plugin
    assert fresh("four", None) == 4
