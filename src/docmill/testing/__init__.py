"""For tests: virtual time, in which a 24-hour rule takes milliseconds."""

from docmill.testing.virtual import DeadlockError, VirtualTimeLoop, simulate, virtual_backends

__all__ = ["DeadlockError", "VirtualTimeLoop", "simulate", "virtual_backends"]
