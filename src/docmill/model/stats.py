"""What a queue is doing."""

import attrs

__all__ = ["Stats"]


@attrs.frozen(kw_only=True)
class Stats:
    """What a queue is doing now.

    Attributes:
        jobs: retained jobs.
        pending: jobs not started.
        processing: jobs started and not decided.
        running: attempts at work.
        lanes: tasks that run documents, idle ones included.
        abandoned: attempts that did not stop when they were told to, and are still running.
        listener_failures: how often a listener has raised.
        dropped_events: document events that a slow async listener did not get.
    """

    jobs: int
    pending: int
    processing: int
    running: int
    lanes: int
    abandoned: int
    listener_failures: int
    dropped_events: int
