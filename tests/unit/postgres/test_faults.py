"""Real faults: hosts are killed and paused, the server is restarted. Nothing that was told is lost or done twice."""

import os
import signal
import time
from pathlib import Path

import pytest
from anyio import create_task_group
from postgres import Cluster

from docmill import DocumentProcessingQueue, JobOptions, JobStatus, StoreError, StoreUnavailableError
from docmill.runtime import committer

from .support import Desk, Make, becomes, query, working
from .trial import Figures, kill_again_and_again, restart_again_and_again, trial

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="only a fork begins a host fast enough"),
]


def check(figures: Figures, *, jobs: int, documents: int) -> None:
    assert figures.lost == []
    assert figures.repeated == []
    assert figures.unfinished == 0
    assert figures.jobs >= jobs
    assert figures.documents >= documents


def test_twenty_kills_of_a_host_lose_nothing_and_repeat_nothing(dsn: str, tmp_path: Path) -> None:
    figures = kill_again_and_again(dsn, tmp_path, 20)

    check(figures, jobs=30, documents=300)
    assert figures.adopted >= 20
    print(f"{figures.facts} facts, {figures.documents} starts, {figures.jobs} jobs, {figures.adopted} adoptions")


def test_a_server_that_is_restarted_under_load_loses_nothing(cluster: Cluster, dsn: str, tmp_path: Path) -> None:
    figures = restart_again_and_again(dsn, tmp_path, cluster.restart, 3)  # type: ignore[arg-type]

    check(figures, jobs=10, documents=100)
    assert figures.adopted == 0  # nobody was given up only since the server was away


def test_of_three_hosts_one_is_killed_and_its_jobs_go_on_elsewhere_within_the_lease(dsn: str, tmp_path: Path) -> None:
    with trial(dsn, tmp_path, pace=10.0) as hosts:
        pids = [hosts.begin() for _ in range(3)]
        time.sleep(0.7)
        died = hosts.kill(pids[0])
        adopted = hosts.adopted(pids[0], died)
        time.sleep(0.5)
        hosts.rest(*pids[1:])
        figures = hosts.figures()
        resumed = hosts.resumed(pids[0], died)

    check(figures, jobs=10, documents=100)
    assert figures.adopted >= 1
    assert adopted <= 1.0 + 0.2 + 0.5  # the lease, a beat, and a busy machine
    print(f"{adopted:.2f} s until the dead host's jobs were adopted, {resumed:.2f} s until one of them went on")


def test_a_host_that_is_paused_for_longer_than_its_lease_repeats_nothing_when_it_awakes(
    dsn: str, tmp_path: Path
) -> None:
    with trial(dsn, tmp_path, pace=10.0) as hosts:
        sleeper, other = hosts.begin(), hosts.begin()
        time.sleep(0.7)
        os.kill(sleeper, signal.SIGSTOP)
        fell_asleep = time.monotonic()
        time.sleep(2.5)
        ((adopted,),) = hosts.query("SELECT count(*) FROM docmill_job WHERE epoch > 1")
        assert adopted > 0  # or all of this proves nothing
        os.kill(sleeper, signal.SIGCONT)
        awoke = time.monotonic()
        hosts.wait_for(lambda facts: any("created" in one and one["host"] == 0 and one["at"] > awoke for one in facts))
        time.sleep(0.3)
        hosts.rest(sleeper, other)
        figures = hosts.figures()
        resumed = hosts.resumed(sleeper, fell_asleep)

    check(figures, jobs=10, documents=100)
    assert resumed < 2.5
    print(f"{adopted} jobs adopted from the sleeper, after {resumed:.2f} s")


async def test_nothing_starts_while_the_server_is_down_and_all_goes_on_when_it_is_back(
    cluster: Cluster, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk()
    async with working(make(lease=5.0), desk) as queue, working(make(lease=5.0)) as other:
        job_id = await queue.create_job(["slow", *map(str, range(200))], "CHECK", JobOptions(max_concurrent=2))
        jobs = []

        async def wait() -> None:
            jobs.append(await other.wait(job_id))

        async with create_task_group() as tasks:
            tasks.start_soon(wait)
            await becomes(lambda: desk.started)
            cluster.stop("kill")
            await becomes(lambda: queue._scheduler.desk.paused)
            started = list(desk.started)
            await becomes(lambda: "the store cannot record" in caplog.text)
            assert desk.started == started
            with pytest.raises(StoreError, match="cannot be reached"):
                await other.load_job(job_id)
            cluster.start()
            desk.open.set()
        assert len(jobs[0].results) == 201
        assert len(set(desk.started)) == len(desk.started) == 201


async def test_a_server_that_stays_away_stops_the_queue_and_its_jobs_go_on_elsewhere(
    cluster: Cluster, make: Make, monkeypatch: pytest.MonkeyPatch, dsn: str
) -> None:
    monkeypatch.setattr(committer, "PATIENCE", 0.2)
    desk = Desk()
    queue = DocumentProcessingQueue({"CHECK": desk}, store=make())
    await queue.start()
    job_id = await queue.create_job(["a", "slow"], "CHECK")
    await becomes(lambda: desk.started == ["a", "slow"])
    cluster.stop("fast")
    desk.open.set()
    for call in (lambda: queue.wait(job_id), lambda: queue.create_job(["b"], "CHECK")):
        with pytest.raises(StoreUnavailableError, match="and the queue has stopped: the PostgreSQL database"):
            await call()
    await queue.aclose(0.0)
    cluster.start()
    assert query(dsn, "SELECT count(*) FROM docmill_host") == [(1,)]

    second = Desk()
    second.open.set()
    async with working(make(), second) as other:
        await becomes(lambda: other.get_job_status(job_id))
        assert (await other.wait(job_id)).status is JobStatus.COMPLETED
