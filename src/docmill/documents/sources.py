"""Where the bytes of documents come from: a folder, a mapping, or whatever fsspec reaches."""

import errno
import os
import stat
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, TypeAlias
from urllib.parse import unquote

from docmill.documents.errors import DocumentNotFoundError, DocumentTooLargeError, UnsafePathError
from docmill.ports import DocumentSource

__all__ = ["AnySource", "DocumentSource", "FolderSource", "FsspecSource", "MemorySource", "as_source"]

AnySource: TypeAlias = DocumentSource | str | os.PathLike[str] | Mapping[str, bytes]
"""What `as_source` accepts."""

OPEN_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)

# Without O_NONBLOCK the opening of a pipe waits until somebody writes into it.
OPEN_FILE = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)

CAN_WALK = os.open in os.supports_dir_fd


class FolderSource:
    """Documents in a folder and its subfolders; an id is a path relative to the folder, with ``/``.

    Nothing outside of the folder is ever read: not by ``..``, nor by an absolute path, nor through a symbolic link,
    whatever happens to the files meanwhile. Links that stay inside are followed. Only regular files are documents.

    Args:
        root: the folder.

    Raises:
        NotADirectoryError: it is none.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root).resolve()
        if not self.root.is_dir():
            raise NotADirectoryError(f"{str(root)!r} is not a folder")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.root)!r})"

    def read(self, document_id: str, limit: int) -> bytes:
        """As `DocumentSource.read`.

        Args:
            document_id: as it was given to the job.
            limit: bytes that the document may have.

        Raises:
            DocumentNotFoundError: there is no such file, or it may not be read.
            DocumentTooLargeError: it has more bytes than ``limit``.
            UnsafePathError: the id leads out of the folder, or is no path.
        """
        path = _safe_path(document_id)
        try:
            descriptor = _open_inside(self.root, path, document_id)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise DocumentNotFoundError(f"there is no document {document_id!r}") from error
        except PermissionError as error:
            raise DocumentNotFoundError(f"document {document_id!r} must not be read by this process") from error
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENAMETOOLONG):
                raise UnsafePathError(f"document id {document_id!r} is no path to a document") from error
            if error.errno in (errno.ENXIO, errno.ENODEV):
                raise DocumentNotFoundError(f"{document_id!r} is not a regular file") from error
            raise
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise DocumentNotFoundError(f"{document_id!r} is not a regular file")
            _check_size(document_id, status.st_size, limit)
            return _read_up_to(partial(os.read, descriptor), document_id, limit)
        finally:
            os.close(descriptor)


class MemorySource:
    """Documents that are at hand, by their ids. All of them are copied to each worker process, so it is for a few.

    Args:
        documents: their bytes by their ids.
    """

    def __init__(self, documents: Mapping[str, bytes]) -> None:
        self._documents = dict(documents)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self._documents):,} documents>"

    def read(self, document_id: str, limit: int) -> bytes:
        """As `DocumentSource.read`.

        Args:
            document_id: as it was given to the job.
            limit: bytes that the document may have.

        Raises:
            DocumentNotFoundError: there is no such document.
            DocumentTooLargeError: it has more bytes than ``limit``.
        """
        try:
            data = self._documents[document_id]
        except KeyError:
            raise DocumentNotFoundError(f"there is no document {document_id!r}") from None
        _check_size(document_id, len(data), limit)
        return bytes(data)


class FsspecSource:
    """Documents in a bucket, on a server, or wherever else fsspec has a file system for.

    An id is a path below the URL. For a local folder take `FolderSource`, which sees to symbolic links.

    Args:
        url: such as ``s3://bucket/folder``.
        options: for the file system; they travel to the worker processes with the source, secrets among them.

    Raises:
        ValueError: the URL is that of a local folder.
    """

    def __init__(self, url: str, **options: Any) -> None:
        if "://" not in url or url.startswith(("file:", "local:")):
            raise ValueError(f"{url!r} is no URL of a remote file system; for a local folder take FolderSource")
        self.url = url
        self._options = options
        self._opened: tuple[Any, str] | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def read(self, document_id: str, limit: int) -> bytes:
        """As `DocumentSource.read`.

        Args:
            document_id: as it was given to the job.
            limit: bytes that the document may have.

        Raises:
            DocumentNotFoundError: there is no such file.
            DocumentTooLargeError: it has more bytes than ``limit``.
            UnsafePathError: the id is no path below the URL.
            ImportError: fsspec is not installed (extra ``fsspec``).
        """
        _safe_path(unquote(document_id))
        relative = _safe_path(document_id)
        files, root = self._files()
        path = f"{root.rstrip('/')}/{relative}"
        try:
            found = files.info(path)
            if found.get("type") != "file":
                raise DocumentNotFoundError(f"{document_id!r} is not a file")
            if found.get("size") is not None:
                _check_size(document_id, found["size"], limit)
            with files.open(path, "rb") as file:
                return _read_up_to(file.read, document_id, limit)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise DocumentNotFoundError(f"there is no document {document_id!r}") from error

    def _files(self) -> tuple[Any, str]:
        if self._opened is None:
            try:
                from fsspec.core import url_to_fs
            except ImportError as error:
                raise ImportError("fsspec is not installed: pip install 'docmill[fsspec]'") from error
            self._opened = url_to_fs(self.url, **self._options)
        return self._opened


def as_source(value: AnySource) -> DocumentSource:
    """Make a source of a folder's path, a URL that fsspec knows, or a mapping; a source stays what it is.

    Raises:
        TypeError: it is none of these.
        NotADirectoryError: it is a path, and there is no folder.
    """
    if isinstance(value, Mapping):
        return MemorySource(value)
    if isinstance(value, str) and "://" in value:
        return FsspecSource(value)
    if isinstance(value, str | os.PathLike):
        return FolderSource(value)
    if isinstance(value, DocumentSource):
        return value
    raise TypeError(f"documents come from a folder, a URL, a mapping of bytes, or a DocumentSource, not from {value!r}")


def _safe_path(document_id: str) -> PurePosixPath:
    """The id as a path that goes down only, as any system reads it."""
    path, windows = PurePosixPath(document_id), PureWindowsPath(document_id)
    if not path.parts or "\0" in document_id or path.is_absolute() or windows.anchor or ".." in windows.parts:
        raise UnsafePathError(f"document id {document_id!r} is no path below the folder of the documents")
    try:
        os.fsencode(document_id)
    except UnicodeEncodeError as error:
        raise UnsafePathError(f"document id {document_id!r} is no path") from error
    return path


def _open_inside(root: Path, path: PurePosixPath, document_id: str) -> int:
    """Open a file below a folder; the descriptor is for the caller to close."""
    real = Path(os.path.realpath(root / path))
    if not real.is_relative_to(root):
        raise UnsafePathError(f"document id {document_id!r} leads out of the folder of the documents")
    if not CAN_WALK:
        return os.open(real, OPEN_FILE)
    # A path without links was found above. Should there be one by now, it is not followed, at any step.
    *folders, name = real.relative_to(root).parts or (".",)
    folder = os.open(root, OPEN_FOLDER)
    try:
        for part in folders:
            inner = os.open(part, OPEN_FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(name, OPEN_FILE, dir_fd=folder)
    finally:
        os.close(folder)


def _check_size(document_id: str, size: int, limit: int) -> None:
    if size > limit:
        raise DocumentTooLargeError(f"document {document_id!r} has {size:,} bytes, and max_bytes is {limit:,}")


def _read_up_to(read: Callable[[int], bytes], document_id: str, limit: int) -> bytes:
    """All that is in a file, which may have grown since its size was asked for."""
    chunks, left = [], limit + 1
    while left > 0 and (chunk := read(min(left, 2**20))):
        chunks.append(chunk)
        left -= len(chunk)
    if left <= 0:
        raise DocumentTooLargeError(f"document {document_id!r} has more bytes than max_bytes, which is {limit:,}")
    return b"".join(chunks)
