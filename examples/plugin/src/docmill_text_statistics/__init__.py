"""A processor for docmill: words, sentences, reading time and language of text, Markdown and HTML files."""

from docmill_text_statistics.processor import TextStatistics

__all__ = ["TextStatistics", "text_statistics"]

text_statistics = TextStatistics()
"""The plugin: a processor with its defaults. Make a ``TextStatistics`` of your own for other ones."""
