"""The queue with blocking calls: for scripts, for threads, and for notebook cells that do not await.

The queue itself runs on an event loop in a thread of its own, so all of this works where a loop is running
already, such as in Jupyter, and where none is.
"""

from docmill.blocking.batch import process_documents
from docmill.blocking.owned import OwnedQueue
from docmill.blocking.queue import DocumentProcessingQueue
from docmill.blocking.streams import EventStream, OutcomeStream

__all__ = ["DocumentProcessingQueue", "EventStream", "OutcomeStream", "OwnedQueue", "process_documents"]
