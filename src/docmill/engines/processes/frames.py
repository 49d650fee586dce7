"""What the host and its worker processes say to each other: frames over two pipes.

A frame is its length (4 bytes, big endian), its kind (1 byte) and its body. What the host says may be a
pickle, since it comes from the side that decides what code runs. What a worker says is never more than JSON:
whatever a broken document has made of the worker, the host reads data.

===========  =========  ==========================================================================
kind         from       body
===========  =========  ==========================================================================
LOAD         host       pickle: a processor and how it is declared
CALL         host       JSON: processor, document, attempt, seconds of budget left
JOB          host       pickle: what the documents that follow have in common
FINALIZE     host       pickle: processor, outcomes, seconds of budget left
END          host       nothing: the worker is to end
LOADED       worker     JSON: null, or why the processor that was sent cannot be loaded
RESULT       worker     JSON: what the processor has returned
FAILED       worker     JSON: the verdict, and whether the worker has to be replaced
REPORT       worker     JSON: fraction and message
LOG          worker     JSON: logger, level, text
===========  =========  ==========================================================================
"""

from collections.abc import Iterator
from enum import IntEnum
from struct import Struct
from typing import Final

__all__ = ["CHUNK", "FrameTooLargeError", "Frames", "Kind", "frame"]

HEADER: Final = Struct(">IB")

CHUNK: Final = 2**16
"""Bytes that are read at once: as many as a pipe holds, and few enough for malloc not to map new pages each time."""


class Kind(IntEnum):
    """What a frame is about."""

    LOAD = 1
    CALL = 2
    JOB = 3
    FINALIZE = 4
    END = 5
    LOADED = 6
    RESULT = 7
    FAILED = 8
    REPORT = 9
    LOG = 10


class FrameTooLargeError(Exception):
    """The other side announces a frame that is larger than any that is allowed."""


def frame(kind: Kind, body: bytes) -> bytes:
    """A frame, ready to be sent."""
    return HEADER.pack(len(body), kind) + body


class Frames:
    """Takes bytes as they come, and gives back the frames that are whole.

    Args:
        max_bytes: how large the body of a frame may be; None for any size.
    """

    def __init__(self, max_bytes: int | None = None) -> None:
        self._buffer = bytearray()
        self._max_bytes = max_bytes

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The kinds and bodies of the frames that end in ``data``.

        Raises:
            FrameTooLargeError: the frame that has begun is too large.
        """
        buffer = self._buffer
        buffer += data
        while len(buffer) >= HEADER.size:
            length, kind = HEADER.unpack_from(buffer)
            if self._max_bytes is not None and length > self._max_bytes:
                raise FrameTooLargeError(f"a frame of {length:,} bytes, over {self._max_bytes:,}")
            end = HEADER.size + length
            if len(buffer) < end:
                return
            body = bytes(buffer[HEADER.size : end])
            del buffer[:end]
            yield kind, body
