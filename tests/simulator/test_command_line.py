"""``python -m docmill.testing``: totals as JSON, a status, and the story of a run."""

import json

import pytest

from docmill.testing.__main__ import main

from .bugs import BUGS


def test_it_prints_the_totals_as_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--runs", "6", "--first-seed", "10", "--backend", "asyncio"]) == 0

    totals = json.loads(capsys.readouterr().out)
    assert (totals["runs"], totals["backend"], totals["store"]) == (6, "asyncio", "both")
    assert totals["jobs"] > 0
    assert totals["virtual_hours"] > 0
    assert (totals["violations"], totals["failing"]) == (0, [])


def test_several_processes_come_to_the_same_totals(capsys: pytest.CaptureFixture[str]) -> None:
    answers = []
    for processes in ("1", "2"):
        assert main(["--runs", "5", "--backend", "trio", "--processes", processes]) == 0
        answers.append(json.loads(capsys.readouterr().out))

    hours = [answer.pop("virtual_hours") for answer in answers]
    assert hours[0] == pytest.approx(hours[1], abs=0.2)
    assert answers[0] == answers[1]


def test_a_violation_is_a_status_of_one_and_names_its_seed(capsys: pytest.CaptureFixture[str]) -> None:
    with BUGS["progress_is_rounded"]():
        assert main(["--runs", "5", "--store", "memory"]) == 1

    totals = json.loads(capsys.readouterr().out)
    assert totals["violations"] > 0
    assert {"seed", "store", "rule", "text"} == set(totals["failing"][0])


def test_a_seed_is_replayed_as_a_story(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "1"]) == 0

    story = capsys.readouterr().out
    assert story.startswith("seed 1, simulated store")
    assert "drawn: " in story
    assert "life 1" in story


def test_the_story_of_one_job_ends_with_what_must_not_have_been(capsys: pytest.CaptureFixture[str]) -> None:
    with BUGS["progress_is_rounded"]():
        assert main(["--seed", "0", "--job", "job_1"]) == 1

    story = capsys.readouterr().out
    assert "VIOLATION of R05" in story
    assert "job_2  " not in story
