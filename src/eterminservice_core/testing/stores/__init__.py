"""
What every store must keep: inherit `StoreContract` in a test, and open yours.

    class TestPigeonholes(StoreContract):
        def open_store(self, clock):
            return PigeonholeStore(clock=clock)

For messages that show both sides of what failed, say in ``conftest.py``, before the
import: ``pytest.register_assert_rewrite("eterminservice_core.testing.stores")``.

Needs pytest: ``pip install pytest``.
"""

from __future__ import annotations

from .attempts import AttemptPromises
from .books import BookPromises
from .notices import NoticePromises
from .reservations import ReservationPromises
from .timetables import TimetablePromises
from .upkeep import UpkeepPromises


__all__ = ["StoreContract"]


class StoreContract(
    BookPromises,
    NoticePromises,
    TimetablePromises,
    ReservationPromises,
    AttemptPromises,
    UpkeepPromises,
):
    """
    All that a `Store` promises to those who call it; one test for each promise.

    `open_store` gives a new, empty store on the clock it is handed.  Each test gets one
    of its own.
    """
