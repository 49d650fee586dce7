"""Text that is there for programs only."""

from collections.abc import Iterator, Mapping
from typing import Any

from docmill.documents.anomalies.case import report
from docmill.documents.findings import Anomaly

__all__ = ["invisible_text"]

CODE = "invisible_text"


def invisible_text(quality: Mapping[str, Any] | None) -> Iterator[Anomaly]:
    """What the quality check says about invisible text, except for what is only good to know.

    The text layer of a scan is invisible, too, and rightly so: the quality check tells the two apart.
    """
    for issue in (quality or {}).get("issues", ()):
        if issue["code"] == CODE and issue["severity"] != "info":
            place = {"field": "page", "value": None, "page": issue["page"], "bbox": None}
            yield report(CODE, issue["message"], [place])
