"""A report for people: one HTML file with page pictures, and a frame around every value that was found."""

from docmill.documents.report.pictures import PagePictures
from docmill.documents.report.writer import write_report

__all__ = ["PagePictures", "write_report"]
