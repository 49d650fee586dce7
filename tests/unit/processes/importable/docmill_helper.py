"""What a processor that travels by value may use: a module that a worker can import."""


def shout(text: str) -> str:
    return text.upper()
