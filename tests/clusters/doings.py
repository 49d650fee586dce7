"""Processors for the workers of a cluster: what a document's id says is done.

Their module is not installed, so they travel by value, and what they write down goes to the job's folder.
"""

import logging
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio

from docmill import PermanentError, RetryAfter, ServiceUnavailableError

QUICK = 0.005
"""Seconds that a quick document takes."""


def act(document_id: str, context: Any) -> Any:
    """Do what the first word of the id says: ``kill-3`` is ``kill``."""
    return ACTS[document_id.partition("-")[0]](document_id, context)


async def act_async(document_id: str, context: Any) -> Any:
    """The same, after a moment on a loop of anyio."""
    await anyio.sleep(QUICK)
    return act(document_id, context)


class Summing:
    """Acts, and counts what came of it."""

    def __call__(self, document_id: str, context: Any) -> Any:
        return act(document_id, context)

    def finalize(self, outcomes: Sequence[Any], context: Any) -> Any:
        if context.metadata.get("summary") == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        return {"good": sum(outcome.success for outcome in outcomes), "all": len(outcomes), "pid": os.getpid()}


def folder(context: Any) -> Path:
    return Path(context.metadata["folder"])


def write_down(context: Any, name: str) -> None:
    """Add this process to a file of the job's folder."""
    with (folder(context) / name).open("a") as file:
        file.write(f"{os.getpid()}\n")


def okay(document_id: str, context: Any) -> str:
    return document_id


def quick(document_id: str, context: Any) -> dict[str, Any]:
    time.sleep(QUICK)
    return {"id": document_id, "pid": os.getpid()}


def nap(document_id: str, context: Any) -> dict[str, Any]:
    time.sleep(context.metadata["seconds"])
    return {"id": document_id, "pid": os.getpid()}


def spin(document_id: str, context: Any) -> None:
    end = time.thread_time() + context.metadata["seconds"]
    while time.thread_time() < end:
        pass


def once(document_id: str, context: Any) -> str:
    write_down(context, document_id)
    time.sleep(QUICK)
    return document_id


def hold(document_id: str, context: Any) -> str:
    write_down(context, "held")
    context.report(0.5, str(os.getpid()))
    while not (folder(context) / "release").exists():
        time.sleep(0.005)
    return document_id


def kill(document_id: str, context: Any) -> None:
    write_down(context, "killed")
    os.kill(os.getpid(), signal.SIGKILL)


def flaky(document_id: str, context: Any) -> int:
    if context.attempt < 3:
        raise ValueError(context.attempt)
    return int(context.attempt)


def facts(document_id: str, context: Any) -> dict[str, Any]:
    return {
        "id": context.document_id,
        "job": context.job_id,
        "type": context.job_type,
        "owner": context.owner,
        "metadata": dict(context.metadata),
        "seconds": context.remaining(),
    }


def log(document_id: str, context: Any) -> None:
    logging.getLogger("remote").warning("%s says hello", document_id)


def later(document_id: str, context: Any) -> str:
    if context.attempt == 1:
        raise RetryAfter(0.05)
    return document_id


class TwoWordsError(Exception):
    """Cannot be unpickled: it takes two arguments and keeps one."""

    def __init__(self, one: object, two: object) -> None:
        super().__init__(one)


def raising(make: Any) -> Any:
    def step(document_id: str, context: Any) -> None:
        raise make()

    return step


ACTS = {
    "ok": okay,
    "quick": quick,
    "nap": nap,
    "spin": spin,
    "once": once,
    "hold": hold,
    "kill": kill,
    "flaky": flaky,
    "facts": facts,
    "log": log,
    "later": later,
    "value": raising(lambda: ValueError("broken")),
    "permanent": raising(lambda: PermanentError("needs a password")),
    "sysexit": raising(lambda: SystemExit(3)),
    "group": raising(lambda: ExceptionGroup("several", [ValueError("one"), ValueError("two")])),
    "twowords": raising(lambda: TwoWordsError("out of reach", "of pickle")),
    "down": raising(lambda: ServiceUnavailableError("no answer")),
    "object": lambda *_: object(),
    "nan": lambda *_: float("nan"),
    "huge": lambda *_: "x" * 5_000,
}
