"""
What authors of transports, stores and applications need to test theirs.
"""
