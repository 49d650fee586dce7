"""What README.md says of reliability comes from the artifact of a run, and cannot drift from it."""

import json

from docmill.testing.simulator import reliability_line

from .simulate import ARTIFACT, FIGURES, MARKED, README


def test_the_artifact_has_every_figure_of_both_backends() -> None:
    backends = json.loads(ARTIFACT.read_text())["backends"]

    assert set(backends) == {"asyncio", "trio"}
    for figures in backends.values():
        assert set(figures) == set(FIGURES)
        assert figures["runs"] >= 5_000
        assert figures["crashes"] > 0
        assert figures["store_faults"] > 0
        assert figures["violations"] == 0


def test_the_readme_says_what_the_artifact_says() -> None:
    said = MARKED.search(README.read_text())
    assert said is not None
    assert said[2] == reliability_line(json.loads(ARTIFACT.read_text()))


def test_the_sentence_adds_the_backends_up() -> None:
    one = {"runs": 600, "jobs": 1, "documents": 2, "crashes": 3, "store_faults": 4, "violations": 0}
    artifact = {"backends": {"asyncio": one | {"virtual_hours": 1.3}, "trio": one | {"virtual_hours": 1.3}}}
    assert reliability_line(artifact) == (
        "1,200 simulated runs on asyncio and trio (2 jobs, 4 documents, 6 crashes, 8 store faults, 3 virtual hours): "
        "0 violations of the contract."
    )
