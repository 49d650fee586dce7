"""How problems speak of JSON values and places, without repeating what a stranger has sent."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["is_within", "kind_of", "span", "step_into"]

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")

SHOWN: Final = 60


def kind_of(value: Any) -> str:
    """What a value is, in JSON's words: its number if it is a short one, else only its kind."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        return _number(value)
    kinds = (("a string", str), ("an object", Mapping), ("an array", Sequence))
    return next((words for words, kind in kinds if isinstance(value, kind)), "what JSON does not have")


def _number(value: int | float) -> str:
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else "a number that is not finite"
    return str(value) if value.bit_length() <= 64 else "a number that is too large"


def step_into(path: str, key: Any) -> str:
    """The JSON path of a key of the object at ``path``."""
    if isinstance(key, str) and NAME.fullmatch(key):
        return f"{path}.{key}"
    text = key if isinstance(key, str) else repr(key)
    return f"{path}[{json.dumps(text if len(text) <= SHOWN else text[:SHOWN] + '...')}]"


def is_within(number: int, least: int, most: int | None) -> bool:
    """Whether a number is in a range, which may have no upper end."""
    return least <= number and (most is None or number <= most)


def span(least: int, most: int | None) -> str:
    """A range in words."""
    return f"{least} or more" if most is None else f"{least} to {most}"
