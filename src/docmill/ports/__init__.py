"""What a host may supply: processors, a store, an engine, a clock."""

from docmill.ports.clock import Clock
from docmill.ports.engine import Engine, EngineContext, Runner
from docmill.ports.processing import (
    Isolation,
    ProcessingContext,
    Processor,
    ProcessorSpec,
    inspect_processor,
    processor,
)
from docmill.ports.store import Change, JobRecord, Store

__all__ = [
    "Change",
    "Clock",
    "Engine",
    "EngineContext",
    "Isolation",
    "JobRecord",
    "ProcessingContext",
    "Processor",
    "ProcessorSpec",
    "Runner",
    "Store",
    "inspect_processor",
    "processor",
]
