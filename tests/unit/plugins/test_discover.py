"""What is found among the installed packages, and that finding it imports nothing."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from docmill import DocumentProcessingQueue, PluginError, ProcessingJobType
from docmill.plugins import Plugin, discover
from docmill.ports import DeferredProcessor

from .conftest import Install

RAISES = "raise AssertionError('somebody imports me')"


def test_a_plugin_is_found_by_its_entry_point_and_not_imported(install: Install) -> None:
    install("words-plugin", {"WORDS": "words_plugin:count"}, RAISES, version="2.1")

    (plugin,) = discover().values()

    assert plugin == Plugin(job_type="WORDS", distribution="words-plugin", version="2.1", value="words_plugin:count")
    assert isinstance(plugin, DeferredProcessor)
    assert "words_plugin" not in sys.modules


def test_a_queue_with_a_plugin_does_not_import_it_either(install: Install) -> None:
    install("words-plugin", {"WORDS": "words_plugin:count"}, RAISES)

    DocumentProcessingQueue(discover())

    assert "words_plugin" not in sys.modules


def test_it_says_what_it_is(install: Install) -> None:
    install("words-plugin", {"WORDS": "words_plugin:count"}, version="2.1")

    plugin = discover()["WORDS"]

    assert repr(plugin) == (
        "Plugin(job_type='WORDS', distribution='words-plugin', version='2.1', value='words_plugin:count')"
    )
    assert str(plugin) == "words_plugin:count of words-plugin 2.1"


def test_without_plugins_there_are_none() -> None:
    assert discover() == {}


def test_they_are_sorted_by_job_type(install: Install) -> None:
    install("one", {"C": "one:c", "A": "one:a"})
    install("two", {"B": "two:b"})

    assert list(discover()) == ["A", "B", "C"]


def test_other_groups_of_entry_points_are_left_alone(install: Install, tmp_path: Path) -> None:
    install("words-plugin", {"WORDS": "words_plugin:count"})
    with (tmp_path / "words_plugin-1.0.dist-info" / "entry_points.txt").open("a") as file:
        file.write("\n[console_scripts]\nwords = words_plugin:main\n")

    assert list(discover()) == ["WORDS"]


def test_what_is_installed_is_looked_up_once(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("words-plugin", {"WORDS": "words_plugin:count"})
    first = discover()["WORDS"]
    monkeypatch.setattr(metadata.MetadataPathFinder, "find_distributions", None)

    assert discover()["WORDS"] is first


def test_the_dict_is_the_callers_own(install: Install) -> None:
    install("words-plugin", {"WORDS": "words_plugin:count"})
    discover().clear()

    assert list(discover()) == ["WORDS"]


def test_what_is_installed_later_is_found_on_request(install: Install) -> None:
    install("one", {"A": "one:a"})
    assert list(discover()) == ["A"]
    install("two", {"B": "two:b"})

    assert list(discover()) == ["A"]
    assert list(discover(refresh=True)) == ["A", "B"]
    assert list(discover()) == ["A", "B"]


def test_a_folder_that_is_new_on_the_path_is_looked_at(install: Install) -> None:
    assert discover() == {}
    install("one", {"A": "one:a"})

    assert list(discover()) == ["A"]


def test_two_packages_with_one_job_type_are_an_error_that_names_both(install: Install) -> None:
    install("alpha-words", {"WORDS": "alpha_words:count", "OTHER": "alpha_words:other"}, version="1.2")
    install("beta-words", {"WORDS": "beta_words:run"}, version="0.9")

    with pytest.raises(PluginError) as caught:
        discover()

    assert str(caught.value) == (
        "'WORDS' is provided twice, by alpha_words:count of alpha-words 1.2 and by beta_words:run of beta-words 0.9. "
        "Uninstall one of the packages, or leave it out: discover(exclude=[NAME])"
    )


def test_all_job_types_that_are_provided_twice_are_named_at_once(install: Install) -> None:
    install("alpha", {"A": "alpha:a", "B": "alpha:b"})
    install("beta", {"A": "beta:a", "B": "beta:b"})

    with pytest.raises(PluginError, match=r"'A' is provided twice.*; 'B' is provided twice"):
        discover()


@pytest.mark.parametrize(
    "exclude",
    [["beta-words"], ("Beta_Words", "never-installed"), "beta.words", {"beta-words"}],
    ids=["list", "spelled otherwise", "one name", "set"],
)
def test_a_package_may_be_left_out_however_its_name_is_spelled(install: Install, exclude: Any) -> None:
    install("alpha-words", {"WORDS": "alpha_words:count"})
    install("beta-words", {"WORDS": "beta_words:run"})

    assert discover(exclude=exclude)["WORDS"].distribution == "alpha-words"


def test_leaving_a_package_out_once_does_not_leave_it_out_later(install: Install) -> None:
    install("alpha", {"A": "alpha:a"})

    assert discover(exclude=["alpha"]) == {}
    assert list(discover()) == ["A"]


def test_of_two_versions_on_the_path_the_one_counts_that_would_be_imported(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("words-plugin", {"WORDS": "words_plugin:count"}, version="1.0")
    newer = tmp_path / "newer"
    newer.mkdir()
    info = newer / "words_plugin-2.0.dist-info"
    (tmp_path / "words_plugin-1.0.dist-info").rename(info)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: words-plugin\nVersion: 2.0\n")
    install("words-plugin", {"WORDS": "words_plugin:count"}, version="1.0")
    monkeypatch.syspath_prepend(newer)

    assert discover()["WORDS"].version == "2.0"


def test_an_installation_that_has_lost_its_metadata_is_found_all_the_same(install: Install) -> None:
    install("words-plugin", {"WORDS": "words_plugin:count"}, metadata="")

    assert str(discover()["WORDS"]) == "words_plugin:count of (unknown name) (unknown version)"


def test_a_processor_of_the_host_replaces_a_plugin_of_the_same_type(install: Install) -> None:
    install("checker", {"QUALITY_CHECK": "checker:check", "WORDS": "checker:words"})

    def check(document_id: str) -> str:
        return document_id

    merged = {**discover(), ProcessingJobType.QUALITY_CHECK: check}

    assert merged["QUALITY_CHECK"] is check
    assert list(merged) == ["QUALITY_CHECK", "WORDS"]


def test_importing_docmill_does_not_import_what_looks_for_plugins() -> None:
    code = (
        "import sys, docmill; "
        "assert not {'docmill.plugins', 'importlib.metadata', 'email'} & set(sys.modules); "
        "import docmill.plugins; assert 'importlib.metadata' in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
