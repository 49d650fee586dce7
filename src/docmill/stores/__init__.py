"""Where jobs are recorded: in memory, in an SQLite file, or in a PostgreSQL database."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from docmill.stores.memory import MemoryStore

if TYPE_CHECKING:
    from docmill.stores.postgres import PostgresStore
    from docmill.stores.sqlite import SQLiteStore

__all__ = ["MemoryStore", "PostgresStore", "SQLiteStore"]

MODULES = {"PostgresStore": "docmill.stores.postgres", "SQLiteStore": "docmill.stores.sqlite"}


def __getattr__(name: str) -> Any:
    """A store with a driver is imported when it is asked for."""
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(MODULES[name]), name)
