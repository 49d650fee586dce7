"""Processors for worker processes, in a module that a worker can import: what a document's id says is done."""

import asyncio
import ctypes
import fcntl
import inspect
import logging
import os
import re
import signal
import stat
import struct
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from docmill import PermanentError, RetryAfter, ServiceUnavailableError
from docmill.engines.threads import spend

AGES = 3600.0

STAY = 5.0
"""Virtual seconds that a ``stay`` takes where there is nobody who could end it."""


def act(document_id: str, context: Any) -> Any:
    """Do what the first word of the id says: ``exit-3`` is ``exit``."""
    return ACTS[document_id.partition("-")[0]](document_id, context)


def told(document_id: str, context: Any) -> Any:
    """Do what the metadata says at the first attempts, then succeed."""
    if context.attempt <= context.metadata.get("times", 1):
        return ACTS[context.metadata["act"]](document_id, context)
    return f"{document_id} is done"


def stay(document_id: str, context: Any) -> str:
    """Be at work until somebody ends that; where time is virtual, for a while."""
    if context.metadata["way"] == "inline":
        spend(STAY)
        return f"{document_id} is done"
    while not Path(context.metadata["release"]).exists():
        time.sleep(0.002)
    return f"{document_id} is done"


def document_id(document_id: str) -> str:
    return document_id


def process_id(document_id: str) -> int:
    return os.getpid()


def segfault(*_: Any) -> None:
    ctypes.string_at(0)


def leave(*_: Any) -> None:
    os._exit(7)


def kill_itself(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def stop_itself(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def hang(*_: Any) -> None:
    time.sleep(AGES)


def hang_in_native_code(*_: Any) -> None:
    """PyDLL, other than CDLL, keeps the lock of the interpreter."""
    ctypes.PyDLL(None).sleep(int(AGES))


def hang_in_a_regex(*_: Any) -> None:
    re.match(r"(a+)+$", "a" * 60 + "b")


def ignore_signals_and_hang(*_: Any) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    hang()


def swallow_everything(*_: Any) -> None:
    while True:
        with suppress(BaseException):
            hang()


def eat_memory(*_: Any) -> int:
    eaten = []
    while True:
        eaten.append(bytes(2**24))


def eat_a_little(document_id: str) -> int:
    return len(bytes(2**29))


class EatALittle:
    def __call__(self, document_id: str) -> int:
        return eat_a_little(document_id)


def raising(error: Callable[[], BaseException]) -> Callable[[str, Any], Any]:
    def step(document_id: str, context: Any) -> Any:
        raise error()

    return step


class UnreadableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise SystemExit


class WantsMoreError(Exception):
    """Cannot be unpickled: it takes two arguments and keeps one."""

    def __init__(self, one: object, two: object) -> None:
        super().__init__(one)


def recurse(*_: Any) -> Any:
    return recurse()


def start_a_child(document_id: str, context: Any) -> int:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    Path(context.metadata["file"]).write_text(str(child.pid))
    return child.pid


def start_a_child_and(end: Callable[..., Any]) -> Callable[[str, Any], Any]:
    def step(document_id: str, context: Any) -> Any:
        start_a_child(document_id, context)
        return end()

    return step


def fork_a_child(document_id: str, context: Any) -> int:
    """A fork that lives on, prints, logs and reports in the name of its parent, and then is still there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pid = os.fork()
    if pid == 0:
        print(f"{document_id}: the fork prints")
        logging.getLogger("parser").error("the fork logs")
        context.report(0.9, "the fork reports")
        time.sleep(AGES)
        os._exit(0)
    Path(context.metadata["file"]).write_text(str(pid))
    return pid


def fork_a_child_that_returns(document_id: str, context: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pid = os.fork()
    if pid == 0:
        return "the fork's result"
    os.waitpid(pid, 0)
    return "the worker's result"


def fork_in_a_fork(document_id: str, context: Any) -> int:
    """How many of its files a fork of a fork has lost."""
    if own_fork():
        return os.waitstatus_to_exitcode(os.waitpid(own_fork.pid, 0)[1])
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(20)]
    if own_fork():
        os._exit(os.waitstatus_to_exitcode(os.waitpid(own_fork.pid, 0)[1]))
    os._exit(sum(not Path(f"/proc/self/fd/{number}").exists() for number in files))


def own_fork() -> bool:
    """Whether this is the parent; its child's id is ``own_fork.pid`` then."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own_fork.pid = os.fork()
    return own_fork.pid != 0


def start_a_thread_that_never_ends(document_id: str, context: Any) -> int:
    threading.Thread(target=threading.Event().wait, name="never").start()
    return os.getpid()


def report_late(document_id: str, context: Any) -> str:
    """A thread of this document's reports when the next one is at work."""
    threading.Timer(0.05, context.report, (0.9, f"late, of {document_id}")).start()
    return document_id


def lines() -> list[int]:
    """The descriptors on which the host listens, but for the output."""
    found = []
    for number in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        try:
            mode, flags = os.fstat(number).st_mode, fcntl.fcntl(number, fcntl.F_GETFL)
        except OSError:  # the descriptor of the listing itself
            continue
        if number > 2 and (stat.S_ISSOCK(mode) or (stat.S_ISFIFO(mode) and flags & os.O_ACCMODE != os.O_RDONLY)):
            found.append(number)
    return found


def say(data: bytes) -> None:
    """Write to the line to the host, past everything that would stop it."""
    (line,) = lines()
    os.write(line, data)


def say_what_is_told(context: Any) -> None:
    """In the name of the call that is running, if the metadata says so."""
    data = bytes.fromhex(context.metadata["say"])
    if context.metadata["numbered"]:
        number = inspect.getclosurevars(context._report).nonlocals["number"]
        body = struct.pack(">I", number) + data[5:]
        data = struct.pack(">IB", len(body), data[4]) + body
    say(data)


def say_and_return(document_id: str, context: Any) -> str:
    """Say what the metadata says, and go on as if nothing were."""
    say_what_is_told(context)
    return document_id


def say_and_wait(document_id: str, context: Any) -> str:
    say_what_is_told(context)
    time.sleep(AGES)
    return document_id


def children_inherit(document_id: str) -> str:
    """What a program sees that inherits whatever may be inherited."""
    listing = subprocess.run(["ls", "-l", "/proc/self/fd"], close_fds=False, capture_output=True, text=True, check=True)
    return listing.stdout


def context_of(document_id: str, context: Any) -> dict[str, Any]:
    return {
        "job_id": context.job_id,
        "job_type": context.job_type,
        "document_id": context.document_id,
        "attempt": context.attempt,
        "owner": context.owner,
        "metadata": dict(context.metadata),
    }


def surroundings(document_id: str) -> dict[str, Any]:
    return {
        "path": sys.path,
        "main": getattr(sys.modules["__main__"], "__file__", None),
        "cwd": str(Path.cwd()),
        "thread": threading.current_thread() is threading.main_thread(),
        "boot": os.environ.get("DOCMILL_WORKER"),
        "stdin": sys.stdin.read(),
    }


class Summing:
    """An object with a ``finalize``."""

    def __init__(self, factor: int) -> None:
        self.factor = factor

    def __call__(self, document_id: str, context: Any) -> int:
        if document_id == "broken":
            raise ValueError("broken")
        return len(document_id) * self.factor

    def finalize(self, outcomes: Any, context: Any) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "sum": sum(outcome.data for outcome in outcomes if outcome.success),
            "errors": [outcome.error for outcome in outcomes if not outcome.success],
            "document": context.document_id,
            "attempt": context.attempt,
            "owner": context.owner,
            "batch": context.metadata.get("batch"),
            "has_time": context.remaining() > 0,
        }


class SummingOnTheLoop(Summing):
    async def finalize(self, outcomes: Any, context: Any) -> list[Any]:
        return [outcome.success for outcome in outcomes]


class FinalizeDies(Summing):
    def finalize(self, outcomes: Any, context: Any) -> Any:
        os._exit(3)


class FinalizeHangs(Summing):
    def finalize(self, outcomes: Any, context: Any) -> Any:
        time.sleep(AGES)


ACTS: dict[str, Callable[..., Any]] = {
    "ok": lambda document_id, _: document_id,
    "pid": lambda *_: os.getpid(),
    "stay": stay,
    "nothing": lambda *_: None,
    "tuple": lambda *_: {"pair": (1, 2), "whole": 3, 4: "four"},
    "nan": lambda *_: float("nan"),
    "object": lambda *_: object(),
    "huge": lambda *_: "x" * 5_000,
    "segfault": segfault,
    "exit": leave,
    "sigkill": kill_itself,
    "stop": stop_itself,
    "hang": hang,
    "native": hang_in_native_code,
    "regex": hang_in_a_regex,
    "ignoring": ignore_signals_and_hang,
    "swallowing": swallow_everything,
    "memory": eat_memory,
    "permanent": raising(lambda: PermanentError("needs a password")),
    "value": raising(lambda: ValueError("broken")),
    "later": raising(lambda: RetryAfter(0.05, "busy")),
    "down": raising(lambda: ServiceUnavailableError("no answer")),
    "nomemory": raising(MemoryError),
    "recursion": recurse,
    "sysexit": raising(lambda: SystemExit(3)),
    "generatorexit": raising(GeneratorExit),
    "interrupt": raising(KeyboardInterrupt),
    "cancelled": raising(asyncio.CancelledError),
    "group": raising(lambda: ExceptionGroup("several", [ValueError("one"), TypeError("two")])),
    "single": raising(lambda: ExceptionGroup("one", [PermanentError("inside of a group")])),
    "mixed": raising(lambda: BaseExceptionGroup("mixed", [ValueError("one"), SystemExit()])),
    "unreadable": raising(UnreadableError),
    "unspeakable": raising(UnspeakableError),
    "unpicklable": raising(lambda: WantsMoreError("out of reach of pickle", threading.Lock())),
    "bidi": raising(lambda: ValueError("a\x1b[31m\u202eb\nc")),
    "long": raising(lambda: ValueError("x" * 5_000)),
    "fork": fork_a_child,
    "forkreturns": fork_a_child_that_returns,
    "forkfork": fork_in_a_fork,
    "child": start_a_child,
    "childexit": start_a_child_and(leave),
    "childhang": start_a_child_and(hang),
    "thread": start_a_thread_that_never_ends,
    "late": report_late,
    "say": say_and_return,
    "saywait": say_and_wait,
    "nap": lambda document_id, _: (time.sleep(0.03), os.getpid())[1],
}
