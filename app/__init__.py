"""Forestay: business continuity risk on the CMDB a company already has."""

__version__ = "0.1.0"
