"""
The store in memory.
"""

from __future__ import annotations

from .store import MemoryStore


__all__ = ["MemoryStore"]
