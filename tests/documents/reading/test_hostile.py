"""Documents that mean harm, next to ones that do not, through the real queue; `tests.release.hostile` has the rest."""

import sys
from pathlib import Path

import pytest

from tests.release.hostile import FIGURES, MAX_MEMORY, prepare, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it watches the memory of processes, and their descriptors"),
]


def test_hostile_documents_end_in_a_result_or_a_typed_error_and_harm_nobody(tmp_path: Path) -> None:
    suspects, innocents = prepare(tmp_path, scale=1, copies=4)

    figures = run(tmp_path, suspects, innocents, budget=5.0)

    assert {*FIGURES, "endings"} == set(figures)
    assert figures["untyped"] == {}
    assert figures["lost"] == figures["over_budget"] == figures["innocent_failures"] == 0
    assert figures["innocent_documents"] > 10
    assert sum(figures["outcomes"].values()) == figures["documents"] > 100
    assert figures["peak_worker_mib"] * 2**20 < MAX_MEMORY
    assert figures["processes_left"] == 0
    endings = figures["endings"]
    for name in ("forms-twice.pdf", "forms-fan.pdf"):
        assert endings[f"hostile/{name}"] in {"document_timeout", "worker_died", "MemoryError"}
    for name in ("zip-bomb.docx", "zip-deep.docx", "zip-entries.docx", "lies.png"):
        assert endings[f"hostile/{name}"] == "DocumentTooLargeError"
