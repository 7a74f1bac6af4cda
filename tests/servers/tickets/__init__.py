"""Strict ticket systems for tests, written from the wire formats, not from the connectors."""
