"""Words, sentences, and a guess at the language by its most frequent words."""

import re
from collections import Counter

__all__ = ["Tally"]

WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
END_OF_SENTENCE = re.compile(r"[.!?\u2026](?=[\s\"'\u201d\u2019\u00bb)\]]|$)")

# Words that are frequent in one of these languages and rare in the others.
STOP_WORDS = {
    "de": "der die und das nicht ist ein eine mit von auf für dem den sich auch wird sind werden oder",
    "en": "the and of to is that it for was with this are be have from not they which you would",
    "es": "el los las y que es por con una para su como más pero fue este esta muy ser hay",
    "fr": "le les et des est une dans pour que qui sur pas avec il elle nous vous sont cette du",
    "it": "il di che è per una non sono con della gli anche questo alla nel come più dei ma lo",
}
SHARED_BY = Counter(word for words in STOP_WORDS.values() for word in words.split())
LANGUAGE_OF = {
    word: language
    for language, words in STOP_WORDS.items()
    for word in words.split()
    if SHARED_BY[word] == 1  # "con" is Spanish and Italian, and so tells nothing
}

ENOUGH = 3
"""Stop words that a guess needs."""


class Tally:
    """What was counted so far, line by line."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.words = 0
        self.sentences = 0
        self._languages: Counter[str] = Counter()

    def add(self, line: str) -> None:
        """Count a line."""
        words = WORD.findall(line)
        self.words += len(words)
        self.sentences += len(END_OF_SENTENCE.findall(line))
        self._languages.update(LANGUAGE_OF[word] for word in map(str.lower, words) if word in LANGUAGE_OF)

    @property
    def language(self) -> str | None:
        """The language's code; None if too few words tell, or two languages are as likely."""
        (first, most), (_, second) = [*self._languages.most_common(2), ("", 0), ("", 0)][:2]
        return first if most >= ENOUGH and most > second else None
