"""What a language model answered, taken out of what the server sent. Both are the word of a stranger."""

import json
import re
from collections.abc import Mapping
from typing import Any

from docmill.documents.language_model.port import UnusableAnswerError

__all__ = ["object_in", "text_of"]

_FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.DOTALL)


def text_of(response: bytes) -> str:
    """The message in a response of the chat completions protocol.

    Raises:
        UnusableAnswerError: it has no message.
    """
    try:
        content = _loaded(response)["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        raise UnusableAnswerError("the language model's server sent no message") from None
    if not isinstance(content, str):
        raise UnusableAnswerError("the language model refused to answer")
    return content


def object_in(message: str) -> Mapping[str, Any]:
    """The JSON object that a message is, with or without a fence around it.

    Raises:
        UnusableAnswerError: it is none.
    """
    fenced = _FENCED.fullmatch(message)
    answer = _loaded(fenced[1] if fenced else message)
    if not isinstance(answer, dict):
        raise UnusableAnswerError("the language model did not answer with a JSON object")
    return answer


def _loaded(data: bytes | str) -> Any:
    try:
        # Numbers stay as they are written: a price is no binary fraction, and a long one costs time as an int.
        return json.loads(data, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise UnusableAnswerError("the language model did not answer in JSON") from None
