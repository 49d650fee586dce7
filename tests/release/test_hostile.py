"""What is claimed of hostile documents comes from the artifact of a run."""

import json

from .hostile import ARTIFACT, FIGURES, INNOCENT_EVERY, TYPED


def test_every_hostile_document_ended_and_nobody_else_was_harmed() -> None:
    figures = json.loads(ARTIFACT.read_text())

    assert set(figures) == set(FIGURES)
    assert figures["documents"] >= 2_000
    assert figures["innocent_documents"] * (INNOCENT_EVERY + 2) >= figures["documents"]
    assert sum(figures["outcomes"].values()) == figures["documents"]
    assert set(figures["outcomes"]) <= TYPED | {"read", "truncated", "document_timeout", "worker_died"}
    assert figures["untyped"] == {}
    assert figures["lost"] == figures["over_budget"] == figures["innocent_failures"] == 0
    assert figures["peak_worker_mib"] <= figures["max_memory_mib"]
    assert figures["processes_left"] == figures["descriptors_left"] == 0
