"""The processing services of a document platform: quality checks, extraction and analysis of real documents."""
