"""Where processors execute."""

from docmill.engines.local import LocalEngine

__all__ = ["LocalEngine"]
