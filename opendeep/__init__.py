"""OpenDeep places phone calls for people."""

__version__ = "0.1.0"
