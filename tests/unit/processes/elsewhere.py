"""A module that workers cannot import by its name, unless pytest was started with ``python -m pytest``."""


def whisper(text: str) -> str:
    return text.lower()


def check(document_id: str) -> str:
    return whisper(document_id)
