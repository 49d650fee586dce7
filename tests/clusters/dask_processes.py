"""A Dask cluster of processes that can be killed and started again, on this host or on several."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from distributed import Client
from namespaces import Host

__all__ = ["DaskProcesses"]


class DaskProcesses:
    """A scheduler and its workers.

    Args:
        scratch: a folder for what they write.
        port: where the scheduler listens.
        address: on which address.
        settings: of Dask, for the scheduler and the workers.
    """

    def __init__(self, scratch: str, port: int, address: str = "127.0.0.1", **settings: str) -> None:
        self.address = f"tcp://{address}:{port}"
        self.workers: list[subprocess.Popen[bytes]] = []
        self._scratch = scratch
        self._listen = ["--host", address, "--port", str(port)]
        self._settings = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"} | settings
        self._scheduler: subprocess.Popen[bytes] | None = None

    def _start(self, program: str, arguments: Sequence[str], host: Host | None = None) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", f"distributed.cli.{program}", *arguments]
        with Path(self._scratch, f"{program}.log").open("ab") as log:
            return subprocess.Popen(
                command if host is None else host.command(command),
                cwd=self._scratch,
                env=os.environ | self._settings,
                stdout=log,
                stderr=log,
            )

    def start_scheduler(self) -> None:
        self._scheduler = self._start("dask_scheduler", [*self._listen, "--no-dashboard"])

    def start_worker(self, host: Host | None = None) -> None:
        """Start a worker of one thread in a process of its own, with a nanny that starts it again when it dies."""
        own = "127.0.0.1" if host is None else host.address
        arguments = ["--nworkers", "1", "--nthreads", "1", "--no-dashboard", "--local-directory", self._scratch]
        self.workers.append(self._start("dask_worker", [self.address, "--host", own, *arguments], host))

    def client(self, **settings: Any) -> Client:
        return Client(self.address, set_as_default=False, timeout=30, **settings)

    def kill_scheduler(self) -> None:
        assert self._scheduler is not None
        self._scheduler.kill()
        self._scheduler.wait()

    def stop_workers(self) -> None:
        """End the workers; those that have already ended since their scheduler is gone do not mind."""
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait()
        self.workers.clear()

    def close(self) -> None:
        self.stop_workers()
        self.kill_scheduler()
