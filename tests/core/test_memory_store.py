"""
What only the memory store can get wrong: taking its own writes back.
"""

from __future__ import annotations

import pytest

from eterminservice_core import BSNR, Practice
from eterminservice_core.storage import MemoryStore


FIRST, SECOND = BSNR("391234511"), BSNR("241234601")


def registered(store: MemoryStore) -> list[BSNR]:
    """
    Who is in the books.
    """
    with store.transaction() as tx:
        return list(tx.practices(after=None, limit=10))


def test_an_inner_transaction_is_a_part_of_the_outer_one() -> None:
    store = MemoryStore()

    with pytest.raises(ZeroDivisionError), store.transaction():  # noqa: PT012 — both fail
        with store.transaction() as inner:
            inner.add_practice(Practice(FIRST, name="Praxis"))
        raise ZeroDivisionError

    assert registered(store) == []


def test_an_inner_one_that_fails_takes_back_only_its_own() -> None:
    store = MemoryStore()

    with store.transaction() as outer:
        outer.add_practice(Practice(FIRST, name="Praxis"))
        with pytest.raises(ZeroDivisionError), store.transaction() as inner:  # noqa: PT012 — it fails after its write
            inner.add_practice(Practice(SECOND, name="Praxis"))
            raise ZeroDivisionError

    assert registered(store) == [FIRST]
