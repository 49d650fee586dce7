"""The anyio runtime around the rules: it calls processors, watches the time, records and tells."""

from docmill.runtime.context import Context
from docmill.runtime.host import Host
from docmill.runtime.registry import Registry
from docmill.runtime.shared import DistantEvents, Elsewhere
from docmill.runtime.signals import Signals, Turn
from docmill.runtime.streams import DistantBook, EventStream, LocalBook, OutcomeStream

__all__ = [
    "Context",
    "DistantBook",
    "DistantEvents",
    "Elsewhere",
    "EventStream",
    "Host",
    "LocalBook",
    "OutcomeStream",
    "Registry",
    "Signals",
    "Turn",
]
