"""What is claimed of several hosts with PostgreSQL comes from the artifact of a run."""

import json
from typing import Any

import pytest

from .postgres import ARTIFACT, FIGURES


@pytest.fixture
def artifact() -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(ARTIFACT.read_text())
    return figures


def test_no_kill_restart_or_pause_lost_what_was_acknowledged_or_repeated_what_was_recorded(
    artifact: dict[str, Any],
) -> None:
    assert set(artifact) == {"kills", "restarts", "changes"}
    for figures in artifact.values():
        assert set(FIGURES) <= set(figures)
        assert figures["lost"] == figures["repeated"] == figures["unfinished"] == 0
        assert figures["facts"] >= 3_000
        assert figures["documents_started"] >= 1_000


def test_it_was_done_often_enough(artifact: dict[str, Any]) -> None:
    assert artifact["kills"]["times"] >= 200
    assert artifact["restarts"]["times"] >= 100
    assert artifact["changes"]["times"] >= 10


def test_the_jobs_of_dead_hosts_were_adopted_and_went_on_within_the_lease_and_a_beat(artifact: dict[str, Any]) -> None:
    changes = artifact["changes"]
    assert changes["adopted"] >= changes["times"]
    assert changes["adopted_ms"]["max"] <= 1_000 * (1.2 * changes["lease_s"] + 0.5)
    assert changes["resumed_ms"]["max"] <= 1_000 * 3 * changes["lease_s"]
    assert artifact["restarts"]["adopted"] == 0
