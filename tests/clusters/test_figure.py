"""300 documents, a killer, one that raises and a dying worker: 300 outcomes, once each, and no innocent failed."""

from pathlib import Path

import pytest

from .figure import check, run_figure
from .places import Place, record

REMOTE = pytest.mark.parametrize("kind", ["ray", "dask"], indirect=True, scope="session")


@REMOTE
@pytest.mark.parametrize("run, anyio_backend", [(1, "asyncio"), (2, "trio"), (3, "asyncio")])
async def test_every_document_is_recorded_once_whoever_dies(place: Place, tmp_path: Path, run: int) -> None:
    check(await run_figure(place, tmp_path))


@REMOTE
@pytest.mark.release
@pytest.mark.parametrize("run", range(1, 11))
async def test_every_document_is_recorded_once_in_many_runs(place: Place, tmp_path: Path, run: int) -> None:
    figures = await run_figure(place, tmp_path)
    record(place, figures)
    check(figures)
