"""The simulator finds what it is made for: each mistake of the bug bank, within 2,000 seeds."""

import pytest

from .bugs import BUGS, finds

WITHIN = 2_000

FIRST_SEED = {
    "a_retry_comes_late": 14,
    "a_retry_comes_early": 7,
    "the_wait_does_not_double": 38,
    "a_document_is_lost_between_two_attempts": 38,
    "the_terminal_event_comes_twice": 1,
    "it_is_shown_before_it_is_durable": 3,
    "every_attempt_has_a_budget_of_its_own": 2,
    "a_rogue_cancellation_is_swallowed": 94,
    "a_listener_kills_the_queue": 10,
    "progress_is_rounded": 0,
    "the_breaker_lets_two_probe": 0,
    "a_late_success_closes_the_circuit": 0,
    "broken_documents_open_the_circuit": 0,
    "stuck_attempts_do_not_count": 25,
    "cleanup_takes_a_job_that_is_not_drained": 160,
    "cleanup_keeps_what_is_old": 2,
    "a_key_outlives_its_job": 879,
    "a_reopening_makes_jobs_young": 1,
    "another_owner_sees_the_job": 1,
    "an_abandoned_seat_is_not_replaced": 6,
    "processed_falls_over_a_crash": 13,
    "a_recorded_document_runs_again": 1,
    "elapsed_time_is_lost_over_a_crash": 11,
    "the_end_is_told_again_after_an_orderly_close": 7,
    "a_crash_loop_is_seen_too_early": 13,
    "a_crash_loop_is_seen_too_late": 1269,
    "an_orderly_close_counts_as_a_crash": 25,
    "a_sequence_number_is_left_out": 0,
    "the_duration_counts_from_the_creation": 0,
    "the_last_progress_is_not_told": 0,
    "the_idempotency_key_is_ignored": 0,
    "one_attempt_too_many_at_once": 0,
    "one_attempt_too_many": 0,
    "two_callers_have_cancelled": 9,
    "the_timeout_comes_late": 3,
    "a_job_without_a_result_is_completed": 2,
    "the_estimate_forgets_the_concurrency": 8,
    "a_waiting_document_is_forgotten_at_the_decision": 0,
    "a_stream_skips_the_first_failure": 0,
    "a_retry_takes_all_documents": 2,
    "lanes_are_left_after_the_close": 0,
    "a_listener_that_raises_is_not_counted": 10,
    "whoever_runs_in_a_crowd_is_blamed": 13,
    "one_crash_convicts": 11,
    "nobody_is_ever_convicted": 11,
    "the_neighbour_of_the_guilty_is_convicted": 11,
    "suspects_run_among_the_others": 11,
    "an_orderly_close_makes_suspects": 25,
    "suspects_run_first": 11,
    "a_suspect_does_not_wait_until_nothing_else_runs": 13,
    "a_suspect_starts_before_that_is_recorded": 11,
    "a_suspect_is_tried_again_among_the_others": 11,
    "the_others_go_on_before_that_is_recorded": 53,
    "a_document_starts_before_it_is_reserved": 1,
    "a_conviction_is_no_progress": 13,
}


def test_every_bug_has_its_seed() -> None:
    assert set(FIRST_SEED) == set(BUGS)
    assert len(BUGS) >= 15
    assert max(FIRST_SEED.values()) < WITHIN


@pytest.mark.parametrize("name", BUGS)
def test_the_simulator_finds(name: str) -> None:
    with BUGS[name]():
        assert finds(FIRST_SEED[name])


@pytest.mark.parametrize("name", BUGS)
def test_without_the_bug_the_same_run_is_clean(name: str) -> None:
    assert finds(FIRST_SEED[name]) == []


@pytest.mark.parametrize("name", ["a_retry_comes_late", "progress_is_rounded", "one_attempt_too_many_at_once"])
def test_it_is_found_on_trio_too(name: str) -> None:
    with BUGS[name]():
        assert any(finds(seed, backend="trio") for seed in range(60))


@pytest.mark.xfail(reason="the canary: with a bug switched on, runs must not be clean", strict=True)
def test_the_canary_lives() -> None:
    with BUGS["the_terminal_event_comes_twice"]():
        assert not any(finds(seed) for seed in range(20))
