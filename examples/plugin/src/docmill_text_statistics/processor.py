"""The processor: what docmill calls, and what it says of a document that cannot be read."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docmill import Outcome, PermanentError, ProcessingContext, processor

from docmill_text_statistics.counting import Tally
from docmill_text_statistics.reading import READERS, decode

LINES_PER_REPORT = 2_000


# A worker process is killed at the end of a document's budget, and fails alone if a document wants too much
# memory: neither harms the program. A thread could not be stopped.
@processor(isolation="process", max_memory=2**30)
@dataclass(frozen=True, kw_only=True)
class TextStatistics:
    """Counts what is in a text file below a folder; the document's id is the path from that folder.

    It holds its configuration and nothing else, so it can be pickled and sent to worker processes.

    Args:
        root: the folder; by default what the environment variable TEXT_STATISTICS_ROOT says when a document is
            processed, or the working directory.
        words_per_minute: how fast a person reads, above 0.
        max_bytes: the largest file that is read.

    Raises:
        ValueError: a number is not one of the allowed values.
    """

    root: Path | None = None
    words_per_minute: int = 230
    max_bytes: int = 20_000_000

    def __post_init__(self) -> None:
        """Refuse what would only fail document by document."""
        for name in ("words_per_minute", "max_bytes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, got {getattr(self, name)!r}")

    def __call__(self, document_id: str, context: ProcessingContext) -> dict[str, Any]:
        """Process one document.

        Raises:
            PermanentError: it cannot be read, and trying again would not help. Any other exception, such as an
                OSError of a network drive, is left to docmill, which tries again.
        """
        path = self._find(document_id)
        read = READERS.get(path.suffix.lower())
        if read is None:
            raise PermanentError(f"cannot read {path.suffix or 'a file without a suffix'}, only {', '.join(READERS)}")
        lines = read(decode(self._load(path))).splitlines()
        tally = Tally()
        for number, line in enumerate(lines, start=1):
            tally.add(line)
            if number % LINES_PER_REPORT == 0:
                context.report(number / len(lines), f"line {number:,} of {len(lines):,}")
        return {
            "words": tally.words,
            "sentences": tally.sentences,
            "reading_minutes": round(tally.words / self.words_per_minute, 1),
            "language": tally.language,
        }

    def finalize(self, outcomes: Sequence[Outcome], context: ProcessingContext) -> dict[str, Any]:
        """Sum up a batch: this becomes ``Job.summary``."""
        results = [outcome.data for outcome in outcomes if outcome.success]
        languages = Counter(result["language"] or "unknown" for result in results)
        return {
            "documents": len(results),
            "unreadable": len(outcomes) - len(results),
            "words": sum(result["words"] for result in results),
            "languages": dict(sorted(languages.items())),
        }

    def _find(self, document_id: str) -> Path:
        root = (self.root or Path(os.environ.get("TEXT_STATISTICS_ROOT", "."))).resolve()
        path = (root / document_id).resolve()
        # An id may come from a stranger: "../secret.txt", or a link that leads out of the folder.
        if not path.is_relative_to(root):
            raise PermanentError("is outside of the folder")
        if not path.is_file():
            raise PermanentError("there is no such file")
        return path

    def _load(self, path: Path) -> bytes:
        with path.open("rb") as file:
            data = file.read(self.max_bytes + 1)
        if len(data) > self.max_bytes:
            raise PermanentError(f"is larger than {self.max_bytes:,} bytes")
        return data
