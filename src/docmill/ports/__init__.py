"""What a host may supply: processors, a store, an engine, a clock."""

from docmill.ports.clock import Clock
from docmill.ports.documents import DocumentSource
from docmill.ports.engine import Engine, EngineContext, JudgedError, Runner
from docmill.ports.processing import (
    Declaration,
    DeferredProcessor,
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
    "Declaration",
    "DeferredProcessor",
    "DocumentSource",
    "Engine",
    "EngineContext",
    "Isolation",
    "JobRecord",
    "JudgedError",
    "ProcessingContext",
    "Processor",
    "ProcessorSpec",
    "Runner",
    "Store",
    "inspect_processor",
    "processor",
]
