"""Lives of a process that a kill ends, what they have written down, and a nursery that begins them at once.

The nursery has imported everything and forks, so that a life costs milliseconds.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Diary", "Nursery", "nursery", "read", "serve"]


class Diary:
    """Appends facts to a file, each in one call: like a pipe, that outlives the process, and that several may share.

    A kill can still tear a line where a page of the file ends: the system calls it a short write. Whoever was killed
    then was not told that it is written, so the line is none; but it must not take the next one with it.
    """

    def __init__(self, path: str | Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def __call__(self, **fact: Any) -> None:
        os.write(self._file, b"\n" + json.dumps(fact).encode() + b"\n")


def read(data: bytes) -> list[dict[str, Any]]:
    """The facts of a diary, without those that a kill has torn."""
    return [json.loads(line) for line in data.splitlines() if line.startswith(b"{") and line.endswith(b"}")]


class Nursery:
    """Begins lives, and ends them."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def begin(self, **arguments: Any) -> int:
        """Begin a life, and give back its process id."""
        return int(self._ask(arguments))

    def kill(self, pid: int) -> int:
        """Kill a life, and give back how it ended."""
        os.kill(pid, signal.SIGKILL)
        return self.wait(pid)

    def wait(self, pid: int) -> int:
        """Wait for the end of a life, and give back how it ended."""
        return int(self._ask(pid))

    def _ask(self, what: Any) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


@contextmanager
def nursery(script: Path) -> Iterator[Nursery]:
    """A nursery, in a process of its own, that runs a script which calls `serve`; it ends what it has begun."""
    command = [sys.executable, str(script)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Nursery(process)
        assert process.stdin is not None
        process.stdin.close()


def serve(live: Callable[..., None]) -> None:
    """Be a nursery: a line is a life to begin, or the process to wait for. What is left at the end is killed."""
    children = set()
    for line in sys.stdin:
        asked = json.loads(line)
        if isinstance(asked, int):
            children.discard(asked)
            print(os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1]), flush=True)
            continue
        pid = os.fork()
        if not pid:
            code = 1
            try:
                live(**asked)
                code = 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        children.add(pid)
        print(pid, flush=True)
    for pid in children:
        os.kill(pid, signal.SIGKILL)
