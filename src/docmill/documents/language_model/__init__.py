"""An optional language model that looks for what the rules of extraction did not find; off unless it is given.

Nothing that it says is taken on trust: a value that does not stand on the pages is dropped.
"""

from docmill.documents.language_model.completion import complete
from docmill.documents.language_model.openai import OpenAICompatible
from docmill.documents.language_model.port import LanguageModel, UnusableAnswerError

__all__ = ["LanguageModel", "OpenAICompatible", "UnusableAnswerError", "complete"]
