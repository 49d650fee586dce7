"""Packages that are installed for one test: a folder on sys.path with modules and their metadata."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a package: its name, what its entry points say, and the source of its one module.

    The folder is on sys.path from the first one on, and its modules are forgotten after the test.
    """
    before = set(sys.modules)

    def install(
        distribution: str,
        entry_points: dict[str, str],
        source: str | None = None,
        *,
        version: str = "1.0",
        metadata: str | None = None,
    ) -> Path:
        info = tmp_path / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        lines = [f"{name} = {value}" for name, value in entry_points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[docmill.processors]", *lines]))
        if metadata is None:
            metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        if metadata:
            (info / "METADATA").write_text(metadata)
        module = tmp_path / f"{distribution.replace('-', '_')}.py"
        if source is not None:
            module.write_text(dedent(source))
        if str(tmp_path) not in sys.path:
            monkeypatch.syspath_prepend(tmp_path)
        return module

    yield install
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file is not None and Path(file).is_relative_to(tmp_path):
            del sys.modules[name]
