"""What the host and its worker processes say to each other: frames over two pipes.

A frame is its length (4 bytes, big endian), its kind (1 byte) and its body. What the host says may be a
pickle, since it comes from the side that decides what code runs. What a worker says is never more than JSON:
whatever a broken document has made of the worker, the host reads data.

===========  =========  ==========================================================================
kind         from       body
===========  =========  ==========================================================================
LOAD         host       pickle: a processor and how it is declared
CALL         host       number of the call, processor, attempt, seconds of budget left, document
JOB          host       pickle: what the documents that follow have in common
FINALIZE     host       pickle: number of the call, processor, outcomes, seconds of budget left
END          host       nothing: the worker is to end
STARTED      worker     nothing: it runs, and can load processors
LOADED       worker     nothing: it has loaded the next processor, or knows that it cannot
RESULT       worker     number of the call, JSON: what the processor has returned
FAILED       worker     number of the call, JSON: the verdict, and whether the worker has to be replaced
REPORT       worker     number of the call, JSON: fraction and message
LOG          worker     JSON: logger, level, text
===========  =========  ==========================================================================
"""

from collections.abc import Iterator
from enum import IntEnum
from struct import Struct
from typing import Final

__all__ = ["CHUNK", "FrameTooLargeError", "Frames", "Kind", "call_frame", "frame", "numbered", "read_call", "split"]

HEADER: Final = Struct(">IB")
NUMBER: Final = Struct(">I")
CALL: Final = Struct(">IIId")

CHUNK: Final = 2**16
"""Bytes that are read at once: as many as a pipe holds, and few enough for malloc not to map new pages each time."""


class Kind(IntEnum):
    """What a frame is about."""

    LOAD = 1
    CALL = 2
    JOB = 3
    FINALIZE = 4
    END = 5
    STARTED = 6
    LOADED = 7
    RESULT = 8
    FAILED = 9
    REPORT = 10
    LOG = 11


class FrameTooLargeError(Exception):
    """The other side announces a frame that is larger than any that is allowed."""


def call_frame(number: int, processor: int, attempt: int, seconds: float, document_id: str) -> bytes:
    """What asks for an attempt; made for every document, and so not of JSON."""
    return frame(Kind.CALL, CALL.pack(number, processor, attempt, seconds) + document_id.encode())


def read_call(body: bytes) -> tuple[int, int, int, float, str]:
    """What ``call_frame`` was made of."""
    return (*CALL.unpack_from(body), body[CALL.size :].decode())


def numbered(number: int, body: bytes) -> bytes:
    """The body of a frame that belongs to a call."""
    return NUMBER.pack(number) + body


def split(body: bytes) -> tuple[int, bytes]:
    """The number of the call that a frame belongs to, and the rest of its body.

    Raises:
        struct.error: there is none.
    """
    return NUMBER.unpack_from(body)[0], body[NUMBER.size :]


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
