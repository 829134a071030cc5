"""a2a: one local endpoint for every model account you already have.

Holds the version and imports nothing, so that importing one room never starts another.
"""

__version__ = "0.1.0"
