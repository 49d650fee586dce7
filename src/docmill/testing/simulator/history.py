"""What happened in one run, and what of it must not have."""

from hashlib import sha256
from typing import Any, NamedTuple

from anyio import current_time

__all__ = ["History", "Line", "Violation"]


class Line(NamedTuple):
    """One thing that happened: when, in which life, to which job (empty if to none), what, and the facts of it."""

    at: float
    life: int
    job: str
    what: str
    facts: tuple[Any, ...]


class Violation(NamedTuple):
    """An invariant of the contract that did not hold."""

    rule: str
    at: float
    text: str


class History:
    """The lines of a run in order, and the violations.

    A checker adds to it and never raises: what is raised inside of a processor or a listener, the queue under
    test would swallow.

    Attributes:
        life: the number of the life that the queue is in, from 1.
    """

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.violations: list[Violation] = []
        self.life = 0

    def note(self, job: str, what: str, *facts: Any) -> None:
        """Something happened."""
        self.lines.append(Line(current_time(), self.life, job, what, facts))

    def violate(self, rule: str, text: str) -> None:
        """Something happened that must not."""
        self.violations.append(Violation(rule, current_time(), text))

    def expect(self, holds: bool, rule: str, text: str, *facts: Any) -> None:
        """Note a violation unless something holds; ``text`` is formatted with the facts then."""
        if not holds:
            self.violate(rule, text.format(*facts))

    @property
    def digest(self) -> str:
        """A fingerprint of everything that happened: the same seed must have the same."""
        return sha256("\n".join(map(repr, self.lines)).encode()).hexdigest()[:16]
