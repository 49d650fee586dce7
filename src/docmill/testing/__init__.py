"""For tests: virtual time, in which a 24-hour rule takes milliseconds, and stores that crash and fail."""

from docmill.testing.disk import SimulatedDisk, SimulatedStore
from docmill.testing.faults import Fault, FaultyStore, StoreFault
from docmill.testing.virtual import DeadlockError, VirtualTimeLoop, simulate, virtual_backends

__all__ = [
    "DeadlockError",
    "Fault",
    "FaultyStore",
    "SimulatedDisk",
    "SimulatedStore",
    "StoreFault",
    "VirtualTimeLoop",
    "simulate",
    "virtual_backends",
]
