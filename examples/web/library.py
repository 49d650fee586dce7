"""The documents: examples for everybody, and uploads in a folder for each user."""

import re
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio

__all__ = ["Library", "UploadError"]


class UploadError(Exception):
    """A file that is not taken: why, and the HTTP status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Library:
    """A folder of documents, whose ids are paths in it.

    Args:
        root: the folder; it is made if it is missing.
        limit: bytes that a document may have.
        many: documents that a user may have.
    """

    def __init__(self, root: Path, *, limit: int = 20_000_000, many: int = 200) -> None:
        root.mkdir(exist_ok=True)
        self.root = root
        self.limit = limit
        self._many = many

    def documents(self, folder: str) -> list[dict[str, Any]]:
        """The documents that a user sees, the user's own first."""
        own = sorted((self.root / folder).glob("*"))
        return [self._describe(path) for path in (*own, *sorted(self.root.glob("*.*")))]

    async def save(self, folder: str, name: str, chunks: AsyncIterator[bytes]) -> dict[str, Any]:
        """Keep a file of a user.

        Args:
            folder: the user's.
            name: what the file was called; it is kept under a name like it.
            chunks: its bytes.

        Raises:
            UploadError: it is too large, or there are too many.
        """
        place = self.root / folder
        place.mkdir(exist_ok=True)
        if len(list(place.iterdir())) >= self._many:
            raise UploadError(409, f"There are {self._many} documents already, and no place for more.")
        path = _free_path(place, _safe_name(name))
        try:
            await self._write(path, chunks)
        except BaseException:  # whoever sends it may leave at any time
            path.unlink()
            raise
        return self._describe(path)

    async def _write(self, path: Path, chunks: AsyncIterator[bytes]) -> None:
        size = 0
        async with await anyio.open_file(path, "wb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > self.limit:
                    raise UploadError(413, f"A document may have {self.limit / 1e6:g} MB.")
                await file.write(chunk)
        if not size:
            raise UploadError(400, "The file is empty.")

    def _describe(self, path: Path) -> dict[str, Any]:
        place = path.relative_to(self.root)
        return {
            "id": place.as_posix(),
            "name": path.name,
            "size": path.stat().st_size,
            "own": len(place.parts) > 1,
        }


def _safe_name(name: str) -> str:
    """The last part of a path, with nothing in it that means something to a file system."""
    plain = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    kept = re.sub(r"[^\w .()+-]", "_", plain).strip(" .")
    return kept[-60:].strip(" .") or "document"


def _free_path(folder: Path, name: str) -> Path:
    """A new and empty file of that name, or of a similar one if the name is taken."""
    wanted = Path(name)
    for number in range(1, 1000):
        path = folder / (name if number == 1 else f"{wanted.stem} ({number}){wanted.suffix}")
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            continue
        return path
    raise UploadError(409, "There are too many documents of this name.")
