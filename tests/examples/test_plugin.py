"""The example of a plugin is built and installed as anybody else's would be, passes its own tests, and is found."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "plugin"

pytestmark = pytest.mark.slow


def run(*command: str | Path, **settings: str) -> str:
    """What a command has printed; without what the suite around it has set for itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV", "UV_"))}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=240, check=False, env=kept | settings, cwd=ROOT
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by uv, which brings uv_build with it and needs no network; else by uv_build, where that is installed."""
    out = tmp_path_factory.mktemp("dist")
    uv = shutil.which("uv", path=os.pathsep.join([str(ROOT / ".uv" / "bin"), os.environ.get("PATH", "")]))
    uv_build = shutil.which("uv-build", path=str(Path(sys.executable).parent))
    if uv:
        run(uv, "build", "--quiet", "--wheel", "--out-dir", out, EXAMPLE)
    elif uv_build:
        code = f"import os, uv_build; os.chdir({str(EXAMPLE)!r}); uv_build.build_wheel({str(out)!r})"
        run(sys.executable, "-c", code, PATH=os.pathsep.join([str(Path(uv_build).parent), os.environ.get("PATH", "")]))
    else:
        pytest.skip("there is neither uv nor uv_build to build it with: python3 -m pip install -q --target .uv uv")
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which it is installed: its wheel is pure Python, so that means to unpack it."""
    site = tmp_path_factory.mktemp("site")
    with ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def python(*arguments: str | Path, site: Path, **settings: str) -> str:
    return run(sys.executable, *arguments, PYTHONPATH=str(site), PYTHONDONTWRITEBYTECODE="1", **settings)


def test_the_wheel_has_what_a_typed_plugin_needs(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = {name.partition("/")[2] for name in archive.namelist()}
        (entry_points,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        stated = archive.read(entry_points).decode()

    assert {"__init__.py", "py.typed", "entry_points.txt", "licenses/LICENSE"} <= names
    assert not [name for name in names if "test" in name]
    assert "[docmill.processors]\nTEXT_STATISTICS = docmill_text_statistics:text_statistics" in stated


def test_its_own_tests_pass_on_what_was_installed(site: Path) -> None:
    said = python("-m", "pytest", "-q", "-p", "no:cacheprovider", EXAMPLE / "tests", site=site)

    assert re.search(r"^\d\d passed in", said, re.MULTILINE), said


def test_the_program_of_its_readme_finds_it_and_runs(site: Path, tmp_path: Path) -> None:
    readme = (EXAMPLE / "README.md").read_text("utf-8")
    (tmp_path / "program.py").write_text(readme.split("```python\n")[1].split("```")[0])
    (tmp_path / "chapter-1.md").write_text("# One\n\nThis is the first of the chapters, and it is short.\n")
    (tmp_path / "cover.png").write_bytes(b"\x89PNG")

    said = python(tmp_path / "program.py", site=site, TEXT_STATISTICS_ROOT=str(tmp_path))

    assert said.splitlines() == [
        "chapter-1.md {'words': 12, 'sentences': 1, 'reading_minutes': 0.1, 'language': 'en'}",
        "{'documents': 1, 'unreadable': 1, 'words': 12, 'languages': {'en': 1}}",
    ]


def test_looking_for_plugins_does_not_import_it(site: Path) -> None:
    code = (
        "import sys; from docmill.plugins import discover; "
        "print(discover()['TEXT_STATISTICS'], 'docmill_text_statistics' in sys.modules)"
    )

    said = python("-c", code, site=site)

    assert said.strip() == "docmill_text_statistics:text_statistics of docmill-text-statistics 0.1.0 False"
