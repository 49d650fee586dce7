"""Who hears what."""

from docmill.emitter.emitter import Emitter
from docmill.emitter.listening import Listening
from docmill.emitter.mailbox import Mailbox

__all__ = ["Emitter", "Listening", "Mailbox"]
