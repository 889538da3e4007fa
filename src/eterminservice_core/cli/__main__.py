"""
Makes ``python -m eterminservice_core.cli`` the command.
"""

from __future__ import annotations

from . import main


main()
