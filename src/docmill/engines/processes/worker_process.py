"""One worker process as its host sees it: started, spoken to, killed, and known to be dead."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, Protocol

from anyio import BrokenResourceError, ClosedResourceError, Event, notify_closing, wait_writable

from docmill.core.verdict import describe, escape
from docmill.engines.processes.frames import CHUNK, Frames, Kind, frame, split
from docmill.loops import Loop

__all__ = ["Boss", "WorkerProcess", "how_it_died"]

BOOT: Final = (
    "import json, os, sys; boot = json.loads(os.environ.pop('DOCMILL_WORKER')); sys.path[:] = boot.pop('path'); "
    "from docmill.engines.processes.worker import main; main(**boot)"
)

OVERHEAD: Final = 2**16
"""Bytes that a worker may say beyond a result, such as the text of a log record."""

MAX_LINE: Final = 4_096

MOST_READS: Final = 32
"""Reads of CHUNK bytes that empty the pipe of a process that is dead."""

logger = logging.getLogger("docmill.worker")


class Boss(Protocol):
    """Whom a worker process reports to. All calls are made in the loop's thread."""

    def loaded(self, worker: "WorkerProcess") -> None:
        """It has loaded the next processor, or cannot."""
        ...

    def died(self, worker: "WorkerProcess") -> None:
        """It is dead, and its process is gone."""
        ...


class Call:
    """What was asked of a worker, until it has answered.

    Attributes:
        number: which of the worker's calls it is.
        done: set when there is an answer, or never will be.
        kind: RESULT or FAILED; None if the worker died first.
        body: the answer as JSON.
        report: takes what the processor says of its progress.
    """

    __slots__ = ("body", "done", "kind", "number", "report")

    def __init__(self, number: int, report: Callable[[float, str], None]) -> None:
        self.number = number
        self.done = Event()
        self.kind: Kind | None = None
        self.body = b""
        self.report = report


class WorkerProcess:
    """A process that runs one call after another.

    A thread of its own starts it, and waits until it is dead: the process is bound to that thread, so that it
    ends with the host whatever it does (see ``worker._die_with``). Everything else happens in the loop's thread.

    Attributes:
        pid: the process's id; None before it has one.
        started: whether it runs, and is able to load processors.
        loaded: how many processors it has loaded.
        sent: how many processors were sent to it.
        calls: how many calls it has been handed.
        job_id: the job that it knows about.
        dying: whether it was killed or told to end, or has died by itself.
        expected: whether its end was wanted.
        reason: how it died, in words.
    """

    def __init__(self, loop: Loop, boss: Boss, max_result_bytes: int) -> None:
        self.pid: int | None = None
        self.started = False
        self.loaded = 0
        self.sent = 0
        self.calls = 0
        self.job_id: str | None = None
        self.dying = False
        self.expected = False
        self.reason = ""
        self._loop = loop
        self._boss = boss
        self._call: Call | None = None
        self._frames = Frames(max_result_bytes + OVERHEAD)
        self._output = b""
        self._lock = threading.Lock()
        self._reaped = self._closed = False
        self._broken = ""
        self._process: subprocess.Popen[bytes] | None = None
        # Two pipes and not a socket: reading one end of that would wake whoever sleeps at the other.
        their_requests, self._requests = os.pipe()
        self._answers, their_answers = os.pipe()
        self._printed, their_output = os.pipe()
        for descriptor in (self._requests, self._answers, self._printed):
            os.set_blocking(descriptor, False)
        self._unwatch_answers = loop.watch(self._answers, self._hear)
        self._unwatch_printed = loop.watch(self._printed, self._read_output)
        theirs = their_requests, their_answers, their_output
        self.thread = threading.Thread(
            target=self._keep, args=(theirs, max_result_bytes), name="docmill-keeper", daemon=True
        )
        self.thread.start()

    def post(self, data: bytes) -> None:
        """Send frames from a task of its own if they are too many for now."""
        rest = self._send_some(memoryview(data))
        if rest:
            self._loop.spawn(partial(self._send_all, rest), "docmill post")

    async def send(self, data: bytes) -> None:
        """Send frames; waits only where they are many bytes and the worker is slow to read them."""
        rest = self._send_some(memoryview(data))
        if rest:
            await self._send_all(rest)

    async def _send_all(self, view: memoryview) -> None:
        with suppress(ClosedResourceError, BrokenResourceError):
            while view := self._send_some(view):
                await wait_writable(self._requests)

    def _send_some(self, view: memoryview) -> memoryview:
        """Send what there is room for, and give back the rest: nothing if nobody will read it any more."""
        try:
            while view:
                view = view[os.write(self._requests, view) :]
        except BlockingIOError:
            return view
        except OSError:
            return view[:0]  # it is dying, and its keeper will say so
        return view

    def ask(self, report: Callable[[float, str], None]) -> Call:
        """Expect an answer."""
        self.calls += 1
        self._call = Call(self.calls, report)
        return self._call

    def kill(self, broken: str = "") -> None:
        """Kill it, and all processes that it has started; at once, whatever they do.

        Args:
            broken: what is wrong with it, if it was not killed for the sake of its document.
        """
        self.dying, self.expected = True, not broken
        self._broken = broken
        self._signal()

    def dismiss(self) -> None:
        """Let it end by itself: nothing will be asked of it any more."""
        self.dying = self.expected = True
        self.post(frame(Kind.END, b""))

    def abandon(self) -> None:
        """Kill it, and have nothing to do with it any more: the loop ends."""
        self.kill()
        self._close()

    def _signal(self) -> None:
        with self._lock:
            if self._process is not None and not self._reaped:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)

    def _keep(self, theirs: tuple[int, int, int], max_result_bytes: int) -> None:
        """The keeper's whole life: start the process, wait for its death, tell."""
        try:
            process = self._start(*theirs, max_result_bytes)
        except Exception as error:  # noqa: BLE001 - nobody else could tell that it will never run
            self.reason = f"cannot be started ({describe(error)})"
        else:
            if self.dying:
                self._signal()
            self._bury(process)
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        if not self._loop.call_soon(self._died):
            self._close()

    def _start(self, requests: int, answers: int, output: int, max_result_bytes: int) -> subprocess.Popen[bytes]:
        entries: list[object] = [*sys.path]
        boot = {
            # What is no text there is passed over, as imports do.
            "path": [entry or os.getcwd() for entry in entries if isinstance(entry, str)],  # noqa: PTH109
            "requests": requests,
            "answers": answers,
            "parent": os.getpid(),
            "max_result_bytes": max_result_bytes,
            "level": logging.getLogger().level,
        }
        process = subprocess.Popen(  # noqa: S603 - this interpreter, with our own line
            [sys.executable, "-P", "-X", "faulthandler", "-c", BOOT],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(requests, answers),
            env=os.environ | {"DOCMILL_WORKER": json.dumps(boot)},
            process_group=0,
        )
        with self._lock:
            self._process = process
        self.pid = process.pid
        return process

    def _bury(self, process: "subprocess.Popen[bytes]") -> None:
        # Its process group can be signalled safely only as long as its id cannot be given to somebody else.
        if hasattr(os, "waitid"):
            with suppress(ChildProcessError):
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            self._signal()
        with self._lock:
            code = process.wait()
            self._reaped = True
        self.reason = how_it_died(code)

    def _hear(self) -> bool:
        """Take in what has come; True if there may be more."""
        try:
            data = os.read(self._answers, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._unwatch_answers()
            return False
        try:
            for kind, body in self._frames.feed(data):
                self._heard(kind, body)
        except Exception as error:  # noqa: BLE001 - a worker that says what it must not say is broken
            self.kill(f"said what it must not say ({describe(error)})")
        return True

    def _heard(self, kind: int, body: bytes) -> None:
        match kind:
            case Kind.RESULT | Kind.FAILED:
                number, answer = split(body)
                if number > self.calls:
                    raise ValueError("an answer to what it was not asked")
                if self._call is not None and number == self._call.number:  # else it comes too late
                    call, self._call = self._call, None
                    call.kind, call.body = Kind(kind), answer
                    call.done.set()
            case Kind.REPORT:
                number, report = split(body)
                if self._call is not None and number == self._call.number:
                    fraction, message = json.loads(report)
                    self._call.report(float(fraction), str(message))
            case Kind.LOG:
                name, level, text = json.loads(body)
                self._log(logging.getLogger(str(name)), int(level), str(text))
            case Kind.STARTED:
                self.started = True
            case Kind.LOADED:
                if self.loaded >= self.sent:
                    raise ValueError("that it has loaded what it was not sent")
                self.loaded += 1
                self._boss.loaded(self)
            case _:
                raise ValueError(f"a frame of kind {kind}")

    def _read_output(self) -> bool:
        """Log the lines that were written to stdout and stderr; True if there may be more."""
        try:
            data = os.read(self._printed, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._unwatch_printed()
        *lines, rest = (self._output + data).split(b"\n")
        if len(rest) > MAX_LINE or not data:
            lines.append(rest)
            rest = b""
        self._output = rest
        for line in lines:
            if line.strip():
                self._log(logger, logging.INFO, line.decode(errors="replace"))
        return bool(data)

    def _log(self, target: logging.Logger, level: int, text: str) -> None:
        safe = "\n".join(escape(line) for line in text.rstrip().split("\n"))
        target.log(level, "%s", safe, extra={"worker_pid": self.pid})

    def _died(self) -> None:
        if self._closed:
            return
        self.dying = True
        # What it has said before it died still counts, but no more than pipes hold: others may write to them.
        for read in (self._hear, self._read_output):
            for _ in range(MOST_READS):
                if not read():
                    break
        self._close()
        if self._broken:
            self.reason = f"{self._broken} and was killed"
        call, self._call = self._call, None
        if call is not None:
            call.done.set()
        self._boss.died(self)

    def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        with suppress(RuntimeError):  # the loop is gone, and with it who could be waiting
            notify_closing(self._requests)
        self._unwatch_answers()
        self._unwatch_printed()
        for descriptor in (self._requests, self._answers, self._printed):
            os.close(descriptor)


def how_it_died(code: int) -> str:
    """A process's exit code in words."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
    return f"was killed by {name}{hint}"
