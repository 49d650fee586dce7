"""What does not add up in a document: its sums, its dates, its numbers, and what is hidden in it."""

from docmill.documents.anomalies.catalogue import ANOMALIES
from docmill.documents.anomalies.find import find_anomalies

__all__ = ["ANOMALIES", "find_anomalies"]
