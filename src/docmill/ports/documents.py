"""Where documents come from."""

from typing import Protocol, runtime_checkable

__all__ = ["DocumentSource"]


@runtime_checkable
class DocumentSource(Protocol):
    """Gives the bytes of documents by their ids. It travels to worker processes, so it must be picklable.

    Methods are called from several threads and processes at the same time.
    """

    def read(self, document_id: str, limit: int) -> bytes:
        """Read all of one document.

        Args:
            document_id: as it was given to the job; nobody has checked it.
            limit: bytes; no more than one beyond that are ever read.

        Raises:
            DocumentNotFoundError: there is no such document.
            DocumentTooLargeError: it has more bytes than ``limit``.
            UnsafePathError: the id leads to a place where no documents of this source are.
        """
        ...
