"""Where jobs are recorded."""

from docmill.stores.memory import MemoryStore

__all__ = ["MemoryStore"]
