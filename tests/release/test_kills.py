"""What is claimed of killed processes comes from the artifact of a run."""

import json

from .kills import ARTIFACT, FIGURES


def test_no_kill_lost_what_was_acknowledged_or_repeated_what_was_recorded() -> None:
    figures = json.loads(ARTIFACT.read_text())["sqlite"]

    assert set(figures) == set(FIGURES)
    assert figures["kills"] >= 1_000
    assert figures["facts"] >= 10_000
    assert figures["documents_started"] >= 10_000
    assert figures["lost"] == figures["repeated"] == figures["unfinished"] == 0


def test_documents_are_at_work_again_within_a_second_of_the_start_of_the_process() -> None:
    assert json.loads(ARTIFACT.read_text())["sqlite"]["resume_ms"]["max"] <= 1_000
