"""Documents run on a Ray cluster. Needs the extra ``docmill[ray]``, and docmill in the workers."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Unpack

import ray
from ray.exceptions import RayTaskError, TaskCancelledError, WorkerCrashedError

from docmill.core.verdict import describe
from docmill.engines.remote.cluster import Listener
from docmill.engines.remote.engine import RemoteEngine, Settings
from docmill.engines.remote.mailbox import Mailbox
from docmill.engines.remote.tasks import run_on_ray

__all__ = ["RayEngine"]


class RayEngine(RemoteEngine):
    """Runs the documents of all processors on a Ray cluster.

    A worker process runs one chunk at a time. At the end of a budget, and on forced cancel, it is killed, and Ray
    starts another one. Ray's own retries are off.

    Args:
        address: the cluster, as for ``ray.init``; None for one on this machine, started and ended with the queue.
            If ``ray.init`` was called before, that connection is used, and left as it is.
        options: of the tasks, as for ``ray.remote``: ``num_cpus`` (1 if left out), ``resources``, ``memory``,
            ``runtime_env`` and so on.
        settings: ``chunk_seconds`` of work in a chunk (0.5), ``max_result_bytes`` of a result as JSON (1 MiB),
            ``patience`` in seconds without a connection, after which jobs fail with ``engine_lost`` (300).

    Raises:
        ValueError: a number is out of its range, or Ray has no such option.
    """

    def __init__(
        self, address: str | None = None, *, options: Mapping[str, Any] | None = None, **settings: Unpack[Settings]
    ) -> None:
        super().__init__(RayCluster(address, options or {}), **settings)


class RayCluster:
    """The way to a Ray cluster."""

    name = "Ray"
    kills = True
    exact = True

    def __init__(self, address: str | None, options: Mapping[str, Any]) -> None:
        self._address = address
        self._options = {"num_cpus": 1, **options, "max_retries": 0, "num_returns": 1}
        self._refs: dict[int, Any] = {}
        self._warmers: list[Any] = []
        self._listener: Any = None  # until it is connected
        self._mailbox: Any = None
        self._ours = False
        self._run = ray.remote(run_on_ray).options(**self._options)

    def connect(self, listener: Listener) -> None:
        """Connect, unless the program has, and open a mailbox for what workers tell."""
        with suppress(Exception):
            self._cancel_all()
        if self._ours:
            ray.shutdown()
        self._listener = listener
        if self._ours or not ray.is_initialized():
            ray.init(self._address or "local", include_dashboard=False, log_to_driver=False, logging_level="error")
            self._ours = True
        self._open_mailbox()

    def slots(self) -> int:
        """The chunks that the processors of the cluster are enough for."""
        if self._mailbox is None:
            self._open_mailbox()
        cpus = float(self._options["num_cpus"]) or 1.0
        return max(1, int(ray.cluster_resources().get("CPU", 0.0) / cpus))

    def submit(self, number: int, chunk: bytes, *, alone: bool) -> None:  # noqa: ARG002 - a process has one chunk at a time
        """Send a chunk."""
        mailbox = self._mailbox or self._open_mailbox()
        ref = self._refs[number] = self._run.remote(chunk, mailbox)
        ref.future().add_done_callback(partial(self._ended, number))

    def stop(self, number: int) -> None:
        """Kill the process that runs a chunk."""
        ref = self._refs.pop(number, None)
        if ref is not None:
            self._keep_warm()
            ray.cancel(ref, force=True)

    def abandon(self, number: int) -> None:
        """Never asked for: what runs is killed."""

    def close(self) -> None:
        """Kill what runs, and disconnect if this connection is our own."""
        self._cancel_all()
        if self._ours:
            ray.shutdown()
        elif self._mailbox is not None:
            ray.kill(self._mailbox)
        self._mailbox = None

    def _cancel_all(self) -> None:
        # Asked to cancel something without a connection, Ray would start a cluster.
        refs = [*self._refs.values(), *self._warmers] if ray.is_initialized() else []
        self._refs.clear()
        self._warmers.clear()
        for ref in refs:
            ray.cancel(ref, force=True)

    def _keep_warm(self) -> None:
        """Leave something to be done, since Ray starts a process no further when nothing waits for it any more."""
        if self._warmers:
            _, self._warmers = ray.wait(self._warmers, num_returns=len(self._warmers), timeout=0)
        self._warmers += [self._run.remote(b"", None) for _ in range(self.slots() - len(self._warmers))]

    def _ended(self, number: int, future: Any) -> None:
        self._refs.pop(number, None)
        try:
            self._listener.answered(number, future.result())
        except WorkerCrashedError:
            self._listener.lost(number, "died")
        except TaskCancelledError:
            self._listener.lost(number, "was stopped by somebody else")
        except RayTaskError as error:
            self._listener.broke(number, f"could not run it: {describe(error.cause or error)}")
        except Exception as error:  # noqa: BLE001 - a node that is gone, or the whole cluster
            self._listener.gone(number, f"is gone: {describe(error)}")

    def _open_mailbox(self) -> Any:
        mailbox = self._mailbox = ray.remote(Mailbox).options(num_cpus=0, max_concurrency=1_000).remote()
        self._read(mailbox)
        return mailbox

    def _read(self, mailbox: Any) -> None:
        """Wait for what workers tell, and then for more of it."""
        mailbox.take.remote().future().add_done_callback(partial(self._read_on, mailbox))

    def _read_on(self, mailbox: Any, future: Any) -> None:
        if mailbox is not self._mailbox:
            return
        if future.exception() is not None:
            self._mailbox = None  # its node is gone, and with it what it had
            return
        for note in future.result():
            self._listener.noted(note)
        self._read(mailbox)
