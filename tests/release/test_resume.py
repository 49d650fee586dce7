"""What is claimed of opening large files comes from the artifact of a run."""

import json

from .resume import ARTIFACT, CASES, FIGURES


def test_a_million_documents_are_at_work_again_within_three_seconds_and_four_hundred_bytes_each() -> None:
    artifact = json.loads(ARTIFACT.read_text())

    assert set(artifact) == set(CASES)
    for figures in artifact.values():
        assert set(figures) == set(FIGURES)
        assert figures["documents"] >= 1_000_000
        assert figures["seconds"] <= 3.0
        assert figures["bytes_per_document"] <= 400
