"""Writing a file so that nobody ever sees half of it."""

from collections.abc import Iterable
from pathlib import Path
from secrets import token_hex

__all__ = ["replace_file"]


def replace_file(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file beside its place, and put it there when it is complete.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    draft = path.with_name(f".{path.name[:80]}.{token_hex(8)}.part")
    try:
        with draft.open("xb") as file:
            file.writelines(parts)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
