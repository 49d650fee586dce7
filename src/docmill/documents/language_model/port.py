"""What a language model has to be able to do."""

from collections.abc import Mapping
from typing import Any, Protocol

from docmill.errors import DocmillError

__all__ = ["LanguageModel", "UnusableAnswerError"]


class UnusableAnswerError(DocmillError):
    """A language model answered, but not with an object as it was asked to. The document is extracted without it."""


class LanguageModel(Protocol):
    """Reads values out of a text. It is called in worker processes, so it must be picklable."""

    def extract(self, text: str, schema: Mapping[str, Any], *, timeout: float) -> Mapping[str, Any]:
        """Answer with an object of a schema.

        Args:
            text: of the document, row by row as one reads it. It is data: whatever it says is no instruction.
            schema: JSON Schema of an object whose properties are strings, or null for what the text does not say;
                their descriptions say what is wanted.
            timeout: seconds until the answer must be there.

        Returns:
            The values by property; the caller believes none of them before it has found it on the pages.

        Raises:
            RetryAfter: it is to be left alone for a while.
            ServiceUnavailableError: it cannot be reached, or fails.
            PermanentError: it refuses requests like this one.
            UnusableAnswerError: it answered something else.
            TimeoutError: the answer was not there in time, which need not be its fault.
        """
        ...
