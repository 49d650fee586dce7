"""A lock file: one holder at a time, gone with its process."""

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from docmill.errors import StoreInUseError

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["FileLock"]

_held: dict[str, int] = {}
"""The process that holds each lock, by path: a fork knows of its parent's locks, and has none of them."""

_guard = threading.Lock()


class FileLock:
    """A lock file beside something that only one queue may have open.

    The system lets go of it when the process ends, however it ends. It belongs to the process and not to the
    open file, so that a child that outlives the process does not keep it.

    Args:
        path: the lock file; it is made if it is not there, and stays.
        guarded: what it guards, for the message.
    """

    def __init__(self, path: str, guarded: str) -> None:
        self._path = os.path.realpath(path)
        self._guarded = guarded
        self._file: Any = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            StoreInUseError: somebody has it.
            OSError: the file cannot be made.
        """
        with _guard:
            # Looked up before the file is opened: closing it again would let go of the lock of this process.
            if _held.get(self._path) == os.getpid():
                raise StoreInUseError(f"{self._guarded} is open in another queue of this process; close that one first")
            file = Path(self._path).open("a+b", buffering=0)  # noqa: SIM115 - it is closed by release
            try:
                self._lock(file)
            except OSError as error:
                holder = self._holder(file)
                file.close()
                raise StoreInUseError(
                    f"{self._guarded} is open in {holder}; close the queue there, or use a file of its own here"
                ) from error
            with suppress(OSError):  # on a full disk the lock is as good without a name
                file.truncate(0)
                file.write(str(os.getpid()).encode())
            self._file = file
            _held[self._path] = os.getpid()

    def release(self) -> None:
        """Let go of it; doing so again does nothing."""
        with _guard:
            file, self._file = self._file, None
            if file is not None:
                file.close()
                if _held.get(self._path) == os.getpid():
                    del _held[self._path]

    @staticmethod
    def _lock(file: Any) -> None:
        if fcntl is not None:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    @staticmethod
    def _holder(file: Any) -> str:
        with suppress(OSError, ValueError):
            file.seek(0)
            return f"process {int(file.read())}"
        return "another process"
