"""The client of a Dask cluster, and whether it still has the connection that it had."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import uuid4
from weakref import WeakMethod

from distributed import Client

__all__ = ["ANSWER_WITHIN", "DaskClient"]

ANSWER_WITHIN: Final = 10.0
"""Seconds in which the scheduler has to say what workers it has, and a worker to give its answer."""

logger = logging.getLogger("docmill")


class DaskClient:
    """The client that the host has given or, once that is closed, one of our own.

    Attributes:
        client: the client.
        topic: what workers tell things under; a new one for each connection, or what is told under an old one would
            be heard twice.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.topic = ""
        self._ours = False
        self._address, self._security = client.scheduler.address, client.security
        self._comm: Any = None

    def connect(self, hear: Callable[[Any], None]) -> None:
        """Connect, if that is necessary, and hear what workers tell as long as the object of ``hear`` is there."""
        if self.client.status != "running":
            self.client = Client(self._address, security=self._security, set_as_default=False, timeout=ANSWER_WITHIN)
            self._ours = True
        self._comm = self.client.scheduler_comm
        self.topic = f"docmill-{uuid4().hex}"
        weak = WeakMethod(hear)  # the client keeps its handlers for ever

        def heard(event: Any) -> None:
            if (listener := weak()) is not None:
                listener(event)

        self.client.subscribe_topic(self.topic, heard)
        allowed = self.client.run_on_scheduler(lambda dask_scheduler: int(dask_scheduler.allowed_failures))
        if allowed:
            logger.warning("Dask's scheduler runs again what kills workers: its allowed-failures is %d, not 0", allowed)

    def workers(self) -> Mapping[str, int]:
        """The threads of each worker.

        Raises:
            ConnectionError: there is no connection, or another one. The client makes that by itself, and it is not
                told anything any more: the scheduler has forgotten the topic, and perhaps is a new one.
        """
        if self.client.status != "running":
            raise ConnectionError(f"the client is {self.client.status}")
        if self.client.scheduler_comm is not self._comm:
            raise ConnectionError("the connection was lost, and what had been sent with it")
        workers: Mapping[str, int] = self.client.sync(self.client.scheduler.ncores, callback_timeout=ANSWER_WITHIN)
        return workers

    def close(self) -> None:
        """Hear of nothing any more, and close the client if it is our own."""
        if self.client.status == "running":
            self.client.unsubscribe_topic(self.topic)
        if self._ours:
            self.client.close()
