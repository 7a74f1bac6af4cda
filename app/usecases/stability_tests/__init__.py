"""Tests as evidence: read from the files of the tools that made them, kept, and planned as game days."""
