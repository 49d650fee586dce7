"""Zip archives that nobody vouches for."""

import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO

from docmill.documents.errors import CorruptDocumentError, DocumentTooLargeError, EncryptedDocumentError
from docmill.documents.limits import Limits

__all__ = ["Archive"]

ENTRY = b"PK\x01\x02"
"""Each entry of a directory begins with it."""

CHUNK = 2**16

SMALL = 2**20
"""Bytes up to which it does not matter how well a file is packed: long runs of the same are common in small ones."""

ENCRYPTED = 0x1

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Archive:
    """Reads parts of an archive, within the limits. Nothing is ever written to disk, whatever names are in it.

    Raises:
        CorruptDocumentError: it is no archive.
        DocumentTooLargeError: it has too many entries.
    """

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.max_unpacked_bytes
        # Before the directory is parsed: each of its entries becomes an object.
        entries = data.count(ENTRY)
        if entries > limits.max_entries:
            raise DocumentTooLargeError(f"it has {entries:,} entries, and max_entries is {limits.max_entries:,}")
        try:
            self._zip = zipfile.ZipFile(BytesIO(data))
        except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, OSError) as error:
            raise CorruptDocumentError(f"it is no zip archive that could be read: {error}") from error

    @property
    def names(self) -> list[str]:
        """Of all entries, as they are in the archive."""
        return self._zip.namelist()

    def chunks(self, name: str) -> Iterator[bytes]:
        """Unpack one entry, piece by piece.

        Raises:
            CorruptDocumentError: it cannot be unpacked.
            DocumentTooLargeError: it is packed too well, or all that was unpacked is too much.
            EncryptedDocumentError: it needs a password.
        """
        entry = self._zip.getinfo(name)
        if entry.flag_bits & ENCRYPTED:
            raise EncryptedDocumentError("it needs a password; store a copy that is not encrypted")
        if entry.compress_type not in METHODS:
            raise CorruptDocumentError(f"{name!r} in it is packed in a way that documents are not")
        most = max(entry.compress_size * self._limits.max_zip_ratio, SMALL)
        unpacked = 0
        try:
            with self._zip.open(entry) as file:
                while chunk := file.read(CHUNK):
                    unpacked += len(chunk)
                    self._left -= len(chunk)
                    self._check(name, unpacked > most)
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError) as error:
            raise CorruptDocumentError(f"{name!r} in it cannot be unpacked: {error}") from error

    def _check(self, name: str, packed_too_well: bool) -> None:
        if packed_too_well:
            limit = self._limits.max_zip_ratio
            raise DocumentTooLargeError(f"{name!r} in it is packed too well, and max_zip_ratio is {limit:,}")
        if self._left < 0:
            limit = self._limits.max_unpacked_bytes
            raise DocumentTooLargeError(f"it unpacks to more, and max_unpacked_bytes is {limit:,}")
