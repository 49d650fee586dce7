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
    """A store with a driver is imported when it is asked for.

    Raises:
        ImportError: its driver is not installed.
    """
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(MODULES[name]), name)
    except ModuleNotFoundError as error:
        if error.name == "psycopg":
            raise ImportError(f"{name} needs psycopg: pip install 'docmill[postgres]'") from error
        raise
