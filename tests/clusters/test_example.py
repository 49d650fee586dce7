"""What users are shown of clusters: the example runs on all of them, and so do the lines of the page."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .places import Place

ROOT = Path(__file__).parents[2]


def run(*command: str, **environment: str) -> str:
    line, everything = [sys.executable, *command], os.environ | environment
    done = subprocess.run(line, check=False, cwd=ROOT, env=everything, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_reads_all_but_the_document_that_kills(kind: str) -> None:
    said = run("examples/cluster.py", kind)

    assert "COMPLETED: 299 read, 1 failed" in said
    assert "page-77: worker_died after 2 attempts" in said


def test_the_example_refuses_a_word_that_it_does_not_know() -> None:
    line = [sys.executable, "examples/cluster.py", "spark"]
    done = subprocess.run(line, check=False, cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 2
    assert "usage: cluster.py" in done.stderr


@pytest.mark.parametrize("kind", ["dask"], indirect=True, scope="session")
def test_every_block_of_the_page_runs(place: Place) -> None:
    said = run(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/docs/test_documents.py", "-k", "cluster"),
        DASK_SCHEDULER=place.client.scheduler.address,  # type: ignore[attr-defined]
    )

    assert "1 passed" in said
