"""The seed's HTTP API and stream as an ASGI 3 application that depends on no framework."""

from docmill.asgi.app import BatchProcessingApp
from docmill.asgi.websocket import CloseCode

__all__ = ["BatchProcessingApp", "CloseCode"]
