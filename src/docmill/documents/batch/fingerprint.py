"""A document in a few hundred bytes: enough to tell whether another one is the same, or nearly the same."""

import base64
import hashlib
import itertools
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from docmill.documents.batch.signature import ROWS
from docmill.documents.pages import Reading

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["fingerprint"]

SHINGLE = 3
"""Words that are hashed together: enough for their order to count, few enough for one changed word to cost little."""

MAX_WORDS = 50_000
"""Words that are looked at; what two long documents have in common shows in their beginning."""

MIN_SHINGLES = 16
"""With fewer, such as on a cover sheet, documents that have nothing to do with each other look the same."""

CHUNK = 4_096
"""Shingles that are hashed at a time, which bounds the memory: 128 rows of 8 bytes for each."""


def fingerprint(reading: Reading, data: bytes) -> dict[str, Any]:
    """Describe the content of a document so that it can be compared with the others of its batch.

    Args:
        reading: what was read of it.
        data: the file, byte by byte.

    Returns:
        ``sha256``: of the file, in hexadecimal;
        ``minhash``: base64 of 128 little-endian unsigned 32-bit numbers, or None if there is too little text. The
        share of equal numbers in two of them estimates how many of their three-word sequences are the same;
        ``words``: how many words the document has.
    """
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "minhash": _minhash(_normalised_words(reading)),
        "words": sum(len(page.words) for page in reading.pages),
    }


def _normalised_words(reading: Reading) -> Iterator[str]:
    """Words as they compare: letter case and compatibility forms, such as ligatures, make no difference."""
    for page in reading.pages:
        for word in page.words:
            yield unicodedata.normalize("NFKC", word.text).casefold()


def _minhash(words: Iterable[str]) -> str | None:
    import numpy as np

    looked_at = list(itertools.islice(words, MAX_WORDS))
    shingles = {" ".join(looked_at[start : start + SHINGLE]) for start in range(len(looked_at) - SHINGLE + 1)}
    if len(shingles) < MIN_SHINGLES:
        return None
    hashes = np.fromiter((_hash(shingle) for shingle in shingles), np.uint64, len(shingles))
    factors, offsets = _permutations()
    smallest = np.full(ROWS, np.iinfo(np.uint64).max, np.uint64)
    for start in range(0, len(hashes), CHUNK):
        permuted = hashes[start : start + CHUNK] * factors + offsets
        np.minimum(smallest, permuted.min(axis=1), out=smallest)
    return base64.b64encode((smallest >> np.uint64(32)).astype("<u4").tobytes()).decode("ascii")


def _hash(text: str) -> int:
    """The same in every process, which the built-in hash is not; an unpaired surrogate is as good as any character."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


@cache
def _permutations() -> "tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]":
    """A factor and an offset for each row, fixed for all time: fingerprints are stored, and compared years later."""
    import numpy as np

    factors, offsets = (
        np.array([[_hash(f"{purpose} {row}")] for row in range(ROWS)], np.uint64) for purpose in ("factor", "offset")
    )
    return factors | np.uint64(1), offsets
