"""
Failed promises show both sides, also where the promise stands in the package.
"""

from __future__ import annotations

import pytest


pytest.register_assert_rewrite("eterminservice_core.testing.stores")
