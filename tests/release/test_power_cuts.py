"""What is claimed of power cuts comes from the artifact of a run."""

import json

from .power_cuts import ARTIFACT, FIGURES


def test_with_full_no_power_cut_lost_or_corrupted_anything() -> None:
    figures = json.loads(ARTIFACT.read_text())["FULL"]

    assert set(figures) == set(FIGURES)
    assert figures["cuts"] == sum(figures["by_habit"].values()) >= 100_000
    assert all(figures["by_habit"].values())
    assert figures["acknowledged"] > figures["cuts"]
    assert figures["lost"] == figures["corrupt"] == 0


def test_the_controls_failed_as_they_have_to() -> None:
    artifact = json.loads(ARTIFACT.read_text())

    assert artifact["NORMAL"]["lost"] > 0
    assert artifact["NORMAL"]["corrupt"] == 0
    assert artifact["OFF"]["corrupt"] > 0
