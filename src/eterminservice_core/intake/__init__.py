"""
Bookings, cancellations and practices from files and feeds.
"""

from __future__ import annotations

from .jsonl import LinesTaken, RefusedLine, import_lines, record_lines


__all__ = ["LinesTaken", "RefusedLine", "import_lines", "record_lines"]
