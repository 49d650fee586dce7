"""What is claimed of deaths in worker processes comes from the artifact of a run."""

import json

from .deaths import ARTIFACT, FIGURES, KINDS


def test_nobody_was_harmed_by_any_death_and_nothing_is_left() -> None:
    backends = json.loads(ARTIFACT.read_text())["backends"]

    assert set(backends) == {"asyncio", "trio"}
    for figures in backends.values():
        assert set(figures) == set(FIGURES)
        assert figures["documents"] >= 5_000
        assert set(figures["deaths"]) == set(KINDS)
        assert sum(figures["deaths"].values()) * 10 == figures["documents"]
        assert figures["lost"] == figures["innocent_failures"] == 0
        assert figures["processes_left"] == figures["descriptors_left"] == 0
