"""For tests: virtual time, in which a 24-hour rule takes milliseconds, stores that crash, and a check of processors."""

from docmill.testing.conformance import ConformanceError, Finding, Report, Severity, Verdict, check_processor
from docmill.testing.disk import SimulatedDisk, SimulatedStore
from docmill.testing.faults import Fault, FaultyStore, StoreFault
from docmill.testing.virtual import DeadlockError, VirtualTimeLoop, simulate, virtual_backends

__all__ = [
    "ConformanceError",
    "DeadlockError",
    "Fault",
    "FaultyStore",
    "Finding",
    "Report",
    "Severity",
    "SimulatedDisk",
    "SimulatedStore",
    "StoreFault",
    "Verdict",
    "VirtualTimeLoop",
    "check_processor",
    "simulate",
    "virtual_backends",
]
