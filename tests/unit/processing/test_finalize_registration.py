"""A finalize that cannot work is refused when the queue is made, not when the batch is done."""

from collections.abc import Callable
from typing import Any

import pytest

from docmill import DocumentProcessingQueue


def processor_with(finalize: Any) -> Callable[[str], str]:
    def answer(document_id: str) -> str:
        return document_id

    answer.finalize = finalize  # type: ignore[attr-defined]
    return answer


def in_pieces(outcomes: Any, context: Any) -> Any:
    yield outcomes


@pytest.mark.parametrize(
    "finalize, words",
    [
        ("summary", "got 'summary'"),
        (in_pieces, "is a generator"),
        (lambda: None, r"but it takes \(\)"),
        (lambda outcomes, context, more: None, r"but it takes \(outcomes, context, more\)"),
    ],
    ids=["no callable", "generator", "too few", "too many"],
)
def test_it_is_refused_with_words_that_help(finalize: Any, words: str) -> None:
    with pytest.raises(TypeError, match=rf"finalize of the processor for 'CHECK' must be a callable.*{words}"):
        DocumentProcessingQueue({"CHECK": processor_with(finalize)})
