"""Why a document cannot be processed. Each is permanent: a second attempt would end in the same way."""

from docmill.errors import PermanentError

__all__ = [
    "CorruptDocumentError",
    "DocumentError",
    "DocumentNotFoundError",
    "DocumentTooLargeError",
    "EncryptedDocumentError",
    "UnsafePathError",
    "UnsupportedDocumentError",
]


class DocumentError(PermanentError):
    """A document cannot be processed; the message says why, and what would help.

    Attributes:
        code: what it is, for programs.
    """

    code = "document_error"


class DocumentNotFoundError(DocumentError):
    """The source has no document of this name."""

    code = "not_found"


class UnsafePathError(DocumentError):
    """A document's id leads out of the folder of its source, or is no path."""

    code = "unsafe_path"


class UnsupportedDocumentError(DocumentError):
    """It is not of a kind that is read."""

    code = "unsupported"


class EncryptedDocumentError(DocumentError):
    """It needs a password."""

    code = "encrypted"


class CorruptDocumentError(DocumentError):
    """It claims to be of a kind that is read, and cannot be parsed."""

    code = "corrupt"


class DocumentTooLargeError(DocumentError):
    """It exceeds one of the `Limits`, whose name and figure the message gives."""

    code = "too_large"
