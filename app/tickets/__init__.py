"""Connectors of ticket systems, one module each (registry.py names them)."""
