"""
Stores: in memory for tests and first steps, and in SQL, imported where it is needed.

`eterminservice_core.storage.sql` needs the extra ``sql``.
"""

from __future__ import annotations

from .memory import MemoryStore


__all__ = ["MemoryStore"]
