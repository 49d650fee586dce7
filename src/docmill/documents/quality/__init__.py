"""The Document Quality Service: is a document fit for use, and what is wrong with it if it is not.

`check` looks at the file (its type, encryption, damage, scripts), at how its pages are made (drawn, scanned, with or
without a text layer) and at their pictures (resolution, contrast, sharpness, noise, skew). `ISSUES` lists all that it
may find, with how bad it is and what it costs of the score.
"""

from docmill.documents.quality.checking import check
from docmill.documents.quality.issues import ISSUES, IssueKind
from docmill.documents.quality.results import PageQuality, Quality, Reason

__all__ = ["ISSUES", "IssueKind", "PageQuality", "Quality", "Reason", "check"]
