"""
The pure domain: values and decisions, no I/O, no clock, no randomness.

Import from `eterminservice_core`; the modules here are its chapters.
"""
